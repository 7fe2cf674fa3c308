//! GitHub's API as far as publishing asks it, with its limits, and with failures that a test puts in its way.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "ghs_0123456789secret";

/// What becomes of a request instead of being answered as usual.
pub(crate) enum Instead {
    /// Another answer.
    Answer(u16, Vec<(&'static str, String)>, Value),
    /// The connection is lost before anything is done.
    Drop,
    /// The connection is lost when it is done.
    DropDone,
    /// This happens first; then it is answered as usual.
    First(Box<dyn FnOnce() + Send>),
}

/// A request that somebody is waiting for: how it begins (`POST /check-runs`), and what becomes of it.
struct Trap {
    begins: String,
    /// How many that begin so are let through first.
    skip: usize,
    instead: Instead,
}

#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) what: String,
}

#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    pub(crate) number: u64,
    pub(crate) owner: &'static str,
    pub(crate) branch: &'static str,
    pub(crate) head: String,
    pub(crate) merge: Option<String>,
    pub(crate) open: bool,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) pulls: Vec<PullRequest>,
    /// Commits and their parents.
    pub(crate) commits: BTreeMap<String, Vec<String>>,
    /// Each with `id`, `body`, `user.type` and `pull`.
    pub(crate) comments: Vec<Value>,
    pub(crate) checks: Vec<Value>,
    pub(crate) asked: Vec<Asked>,
    next: u64,
    traps: Vec<Trap>,
}

/// The server. It ends with the test's process.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { address, state: Arc::default() };
        let state = Arc::clone(&server.state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                thread::spawn(move || serve(&state, stream));
            }
        });
        server
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Puts something in the way of the next request that begins so.
    pub(crate) fn trap(&self, begins: &str, instead: Instead) {
        self.trap_after(0, begins, instead);
    }

    /// The same, of a later one.
    pub(crate) fn trap_after(&self, skip: usize, begins: &str, instead: Instead) {
        self.state().traps.push(Trap { begins: begins.to_owned(), skip, instead });
    }

    /// Whether everything that was put in the way was met.
    pub(crate) fn is_clear(&self) -> bool {
        self.state().traps.is_empty()
    }

    pub(crate) fn pull(&self, number: u64, owner: &'static str, branch: &'static str, head: &str) {
        let (merge, open) = (None, true);
        self.state().pulls.push(PullRequest { number, owner, branch, head: head.to_owned(), merge, open });
    }

    pub(crate) fn comment(&self, pull: u64, kind: &str, body: &str) {
        let mut state = self.state();
        let id = state.id();
        state.comments.push(json!({ "id": id, "pull": pull, "body": body, "user": { "type": kind } }));
    }

    /// The texts of all comments, oldest first.
    pub(crate) fn comments(&self) -> Vec<String> {
        self.state().comments.iter().map(|comment| comment["body"].as_str().unwrap().to_owned()).collect()
    }

    /// The check run of a name that GitHub shows on a commit.
    pub(crate) fn shown(&self, head: &str) -> Value {
        let state = self.state();
        state.checks.iter().rfind(|check| check["head_sha"] == head).cloned().unwrap_or(Value::Null)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }
}

impl State {
    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// What is in the way of a request.
    fn met(&mut self, what: &str) -> Option<Instead> {
        for index in 0..self.traps.len() {
            if what.starts_with(&self.traps[index].begins) {
                if self.traps[index].skip == 0 {
                    return Some(self.traps.remove(index).instead);
                }
                self.traps[index].skip -= 1;
            }
        }
        None
    }
}

fn serve(state: &Mutex<State>, mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let (mut length, mut bearer, mut line) = (0, String::new(), String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let (name, value) = line.trim().split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => value.trim().clone_into(&mut bearer),
            _ => {}
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let path = path.strip_prefix("/repos/o/r").unwrap_or("/elsewhere");
    let what = format!("{method} {path}");
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let met = {
        let mut state = state.lock().unwrap();
        state.asked.push(Asked { what: what.clone() });
        state.met(&what)
    };
    let (status, headers, answer) = match met {
        Some(Instead::Drop) => return,
        Some(Instead::Answer(status, headers, answer)) => (status, headers, answer),
        Some(Instead::DropDone) => {
            answer(&mut state.lock().unwrap(), method, path, &body);
            return;
        }
        Some(Instead::First(happens)) => {
            happens();
            let (status, said) = answer(&mut state.lock().unwrap(), method, path, &body);
            (status, Vec::new(), said)
        }
        None if bearer != format!("Bearer {TOKEN}") => {
            (401, Vec::new(), json!({ "message": "Bad credentials" }))
        }
        None => {
            let (status, said) = answer(&mut state.lock().unwrap(), method, path, &body);
            (status, Vec::new(), said)
        }
    };
    // A text is sent as it is.
    let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    let text = if status == 204 { String::new() } else { text };
    let mut head =
        format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n", text.len());
    for (name, value) in headers {
        head = format!("{head}{name}: {value}\r\n");
    }
    let _ = stream.write_all(format!("{head}\r\n{text}").as_bytes());
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn refused(message: &str) -> (u16, Value) {
    (422, json!({ "message": format!("Validation Failed: {message}") }))
}

fn parameter<'a>(query: &'a str, name: &str) -> &'a str {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or("")
}

/// A page of a list.
fn page(all: Vec<Value>, query: &str) -> Value {
    let (size, number): (usize, usize) =
        (parameter(query, "per_page").parse().unwrap(), parameter(query, "page").parse().unwrap_or(1));
    assert!(size <= 100);
    Value::Array(all.into_iter().skip(size * (number - 1)).take(size).collect())
}

fn pull_json(pull: &PullRequest) -> Value {
    json!({ "number": pull.number, "head": { "sha": pull.head }, "merge_commit_sha": pull.merge })
}

/// What GitHub says, and does.
fn answer(state: &mut State, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (method, &parts[..]) {
        ("GET", ["pulls"]) => {
            assert_eq!(parameter(query, "state"), "open");
            let head = parameter(query, "head").replace("%2F", "/").replace("%2D", "-");
            let of = |pull: &&PullRequest| pull.open && format!("{}:{}", pull.owner, pull.branch) == head;
            (200, Value::Array(state.pulls.iter().filter(of).map(pull_json).collect()))
        }
        ("GET", ["pulls", asked]) => {
            let pull = state.pulls.iter().find(|pull| Some(pull.number) == number(asked));
            pull.map_or((404, json!({ "message": "Not Found" })), |pull| (200, pull_json(pull)))
        }
        ("GET", ["git", "commits", commit]) => match state.commits.get(*commit) {
            Some(parents) => {
                let parents: Vec<Value> = parents.iter().map(|sha| json!({ "sha": sha })).collect();
                (200, json!({ "sha": commit, "parents": parents }))
            }
            None => (404, json!({ "message": "Not Found" })),
        },
        ("GET", ["issues", pull, "comments"]) => {
            let of = |comment: &&Value| comment["pull"].as_u64() == number(pull);
            (200, page(state.comments.iter().filter(of).cloned().collect(), query))
        }
        ("POST", ["issues", pull, "comments"]) => {
            let text = body["body"].as_str().unwrap();
            if text.chars().count() > 65_536 {
                return refused("body is too long (maximum is 65536 characters)");
            }
            let id = state.id();
            let pull = number(pull);
            let made = json!({ "id": id, "pull": pull, "body": text, "user": { "type": "Bot" } });
            state.comments.push(made.clone());
            (201, made)
        }
        ("PATCH" | "DELETE", ["issues", "comments", id]) => {
            let at = state.comments.iter().position(|comment| comment["id"].as_u64() == number(id));
            let Some(at) = at else { return (404, json!({ "message": "Not Found" })) };
            if state.comments[at]["user"]["type"] != "Bot" {
                return (403, json!({ "message": "Resource not accessible by integration" }));
            }
            if method == "DELETE" {
                state.comments.remove(at);
                return (204, Value::Null);
            }
            state.comments[at]["body"] = body["body"].clone();
            (200, state.comments[at].clone())
        }
        ("GET", ["commits", commit, "check-runs"]) => {
            let name = parameter(query, "check_name").replace("%20", " ");
            let of = |check: &&Value| check["head_sha"] == **commit && check["name"] == name.as_str();
            // The newest first.
            let all: Vec<Value> = state.checks.iter().filter(of).rev().cloned().collect();
            (200, json!({ "total_count": all.len(), "check_runs": page(all, query) }))
        }
        ("POST", ["check-runs"]) => {
            if let Some(answer) = unfit(&body["output"]) {
                return answer;
            }
            let mut check = body.clone();
            let id = state.id();
            check["id"] = id.into();
            state.checks.push(check);
            (201, json!({ "id": id }))
        }
        ("PATCH", ["check-runs", id]) => {
            let at = state.checks.iter().position(|check| check["id"].as_u64() == number(id)).unwrap();
            if let Some(answer) = unfit(&body["output"]) {
                return answer;
            }
            let check = &mut state.checks[at];
            for (field, value) in body.as_object().unwrap() {
                if field != "output" {
                    check[field] = value.clone();
                }
            }
            for field in ["title", "summary"] {
                check["output"][field] = body["output"][field].clone();
            }
            if let Some(added) = body["output"]["annotations"].as_array() {
                check["output"]["annotations"].as_array_mut().unwrap().extend(added.iter().cloned());
            }
            (200, json!({ "id": check["id"] }))
        }
        _ => (404, json!({ "message": format!("nothing is known about {method} {path}") })),
    }
}

/// What GitHub does not take of a check run.
fn unfit(output: &Value) -> Option<(u16, Value)> {
    let long = |field: &str| output[field].as_str().is_none_or(|text| text.is_empty() || text.len() > 65_535);
    if long("title") || long("summary") {
        return Some(refused("output.summary is too long"));
    }
    let annotations = output["annotations"].as_array().cloned().unwrap_or_default();
    if annotations.len() > 50 {
        return Some(refused("output.annotations has more than 50 items"));
    }
    let wrong = |one: &Value| {
        one["path"]
            .as_str()
            .is_none_or(|path| path.starts_with('/') || path.is_empty() || path.contains("(refused)"))
            || one["title"].as_str().is_none_or(|title| title.chars().count() > 255)
            || one["start_line"].as_u64().is_none_or(|line| line == 0)
            || one["message"].as_str().is_none_or(|text| text.is_empty() || text.len() > 64 << 10)
    };
    annotations.iter().any(wrong).then(|| refused("output.annotations"))
}
