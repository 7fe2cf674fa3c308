//! `publish` against a server that plays GitHub's API. Reports are made by hand, so nothing is built.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod failures;
mod hostile;
mod merged;
mod places;
#[cfg(target_os = "linux")]
mod played;
mod races;
pub(crate) mod server;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use server::{Server, TOKEN};

/// A commit of one digit.
pub(crate) fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// The commit that the event is about.
fn head() -> String {
    commit('a')
}

/// A benchmark of a report.
fn benchmark(name: &str, verdict: &str, change: f64) -> Value {
    let metric = json!({
        "metric": "wall-time", "unit": "ns", "baseline": 1200.0, "candidate": 1200.0 * (1.0 + change),
        "change": change, "interval": [change - 0.01, change + 0.01], "confidence": 0.999, "threshold": 0.05,
        "verdict": verdict, "method": "paired", "pairs": 18, "drawn_pairs": 18, "seconds": 9.1,
        "reason": null, "reason_code": null, "limit": "5%", "accepted": null
    });
    json!({
        "name": name, "arch": "x86_64", "verdict": verdict, "metrics": [metric], "renamed_from": null,
        "causes": [], "machine": null, "source": "benches/parse.rs"
    })
}

/// A report about a commit.
fn report(exit_code: u8, candidate: &str, benchmarks: &[Value]) -> Value {
    json!({
        "schema": 1, "command": "check", "exit_code": exit_code, "verdict": null,
        "baseline": { "revision": "origin/main", "commit": commit('0') },
        "candidate": { "revision": "HEAD", "commit": candidate, "dirty": false },
        "machine": { "key": "k", "cpu_model": "AMD EPYC 7763", "arch": "x86_64", "os": "linux", "logical_cpus": 2 },
        "machines": [], "partition": null, "judged_by": null,
        "toolchain": { "rustc": "1.95.0", "target": "x86_64-unknown-linux-gnu", "profile": "bench" },
        "benchmarks": benchmarks, "acceptances": [], "claims": [], "errors": [], "notes": [], "seconds": 61.0
    })
}

/// One benchmark regressed, and another did not change.
fn regressed() -> Value {
    let both = [benchmark("parser::parse::json/large", "regressed", 0.2), unchanged()];
    report(100, &head(), &both)
}

fn unchanged() -> Value {
    benchmark("parser::parse::json/small", "unchanged", 0.001)
}

/// All is well.
fn passed() -> Value {
    report(0, &head(), &[unchanged()])
}

/// A job that publishes: its files and its environment.
pub(crate) struct Job {
    folder: TempDir,
    address: String,
    event: Value,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

/// How a job ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Job {
    /// A job about a run that measured the head of `fork:fix`, with its report.
    pub(crate) fn new(server: &Server, run: u64, report: &Value) -> Self {
        let job = Self::without_report(server, run);
        fs::write(job.report(), report.to_string()).unwrap();
        job
    }

    fn without_report(server: &Server, run: u64) -> Self {
        let event = json!({ "action": "completed", "workflow_run": {
            "id": run, "run_attempt": 1, "head_sha": head(), "head_branch": "fix", "event": "pull_request",
            "head_repository": { "owner": { "login": "fork" } }, "pull_requests": []
        }});
        let folder = tempfile::tempdir().unwrap();
        Self { folder, address: server.address.clone(), event, arguments: Vec::new(), variables: Vec::new() }
    }

    pub(crate) fn event(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.event);
        self
    }

    fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn report(&self) -> PathBuf {
        self.path("perfguard.json")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self) -> Ended {
        let event = self.path("event.json");
        fs::write(&event, self.event.to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-perfguard"));
        command.current_dir(self.folder.path()).env_clear();
        command.args(["perfguard", "publish", "perfguard.json"]).args(&self.arguments);
        command.env("GITHUB_EVENT_PATH", event).env("GITHUB_REPOSITORY", "o/r").env("GITHUB_TOKEN", TOKEN);
        command.env("GITHUB_API_URL", &self.address).env("GITHUB_ACTIONS", "true");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap();
        let ended = Ended {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        // Whatever happens, the token is not told.
        assert!(!ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN), "{ended:?}");
        ended
    }

    /// Runs, and published.
    fn published(&self) -> Ended {
        let ended = self.run();
        assert_eq!(ended.code, 0, "{ended:?}");
        ended
    }
}

/// A server with one pull request, from a fork, at the event's head.
fn one_pull() -> Server {
    let server = Server::new();
    server.pull(12, "fork", "fix", &head());
    server
}

#[test]
fn a_report_becomes_one_comment_and_a_check_run() {
    let server = one_pull();
    let ended = Job::new(&server, 7, &regressed()).published();
    assert!(ended.stdout.contains("failure, gate failed: 1 of 2 benchmarks regressed"), "{}", ended.stdout);
    assert!(ended.stdout.contains("comment on #12: written"), "{}", ended.stdout);
    insta::assert_snapshot!("comment", server.comments().concat());
    let check = server.shown(&head());
    let told = ["name", "external_id", "conclusion", "status"]
        .map(|field| check[field].as_str().unwrap().to_owned());
    assert_eq!(told, ["perfguard", "default", "failure", "completed"]);
    let found = &check["output"]["annotations"];
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        (&found[0]["path"], &found[0]["start_line"], &found[0]["annotation_level"]),
        (&json!("benches/parse.rs"), &json!(1), &json!("failure"))
    );

    // The next run's stands in its place.
    let id = server.state().comments[0]["id"].clone();
    Job::new(&server, 8, &passed()).published();
    let [comment] = &server.comments()[..] else { panic!("{:?}", server.comments()) };
    assert!(
        comment.starts_with("<!-- perfguard:default 8 1 -->\n### ✅ perfguard: gate passed"),
        "{comment}"
    );
    assert_eq!(server.state().comments[0]["id"], id, "it is changed, and nobody is told twice");
    assert_eq!(server.shown(&head())["conclusion"], "success");

    // The same again changes nothing.
    let writes = |server: &Server| {
        server
            .asked()
            .iter()
            .filter(|asked| asked.what.contains("/comments/") || asked.what.ends_with("/comments"))
            .count()
    };
    let before = writes(&server);
    Job::new(&server, 8, &passed()).published();
    assert_eq!(writes(&server), before);
}

#[test]
fn an_older_run_overwrites_nothing() {
    let server = one_pull();
    Job::new(&server, 8, &passed()).published();
    let (before, check) = (server.comments(), server.shown(&head()));
    let late = Job::new(&server, 7, &regressed()).published();
    assert!(late.stdout.contains("a newer run is published already"), "{}", late.stdout);
    assert_eq!((server.comments(), server.shown(&head())), (before, check));
    // A second attempt is newer than the first.
    let again =
        Job::new(&server, 8, &regressed()).event(|event| event["workflow_run"]["run_attempt"] = 2.into());
    again.published();
    assert!(server.comments()[0].starts_with("<!-- perfguard:default 8 2 -->"), "{:?}", server.comments());
    assert_eq!(server.shown(&head())["conclusion"], "failure");
}

#[test]
fn only_a_bots_own_mark_is_changed() {
    let server = one_pull();
    let copied = "<!-- perfguard:default 1 1 -->\nwritten by a person, who copied the mark";
    server.comment(12, "User", copied);
    server.comment(12, "Bot", "another bot: <!-- perfguard:default 1 1 -->");
    server.comment(12, "Bot", "<!-- perfguard:windows 1 1 -->\nanother key");
    server.comment(13, "Bot", "<!-- perfguard:default 1 1 -->\nanother pull request");
    // It stands behind more than a page of others.
    for number in 0..120 {
        server.comment(12, "User", &format!("talk {number}"));
    }
    server.comment(12, "Bot", "<!-- perfguard:default 1 1 -->\nan old one");
    server.comment(12, "Bot", "<!-- perfguard:default 2 1 -->\nan old one, twice");
    let others = server.comments()[..124].to_vec();
    Job::new(&server, 7, &passed()).published();
    let comments = server.comments();
    assert_eq!(comments[..124], others);
    assert_eq!(comments.len(), 125);
    assert!(comments[124].starts_with("<!-- perfguard:default 7 1 -->"), "{}", comments[124]);

    Job::new(&server, 7, &passed())
        .with(&["--comment-key", "windows", "--check-name", "perf on windows"])
        .published();
    assert_eq!(server.comments().len(), 125);
    let check = server.shown(&head());
    assert_eq!((&check["external_id"], &check["name"]), (&json!("windows"), &json!("perf on windows")));
}

#[test]
fn annotations_come_in_batches() {
    let server = one_pull();
    let many: Vec<Value> =
        (0..120).map(|number| benchmark(&format!("p::t::{number}"), "regressed", 0.2)).collect();
    Job::new(&server, 7, &report(100, &head(), &many)).published();
    let check = server.shown(&head());
    assert_eq!(check["output"]["annotations"].as_array().unwrap().len(), 120);
    assert_eq!(server.state().checks.len(), 1);

    // What GitHub does not take is left out, and the verdict is shown all the same.
    let mut odd = benchmark("p::t::odd", "regressed", 9.0);
    odd["source"] = "benches/(refused).rs".into();
    let ended = Job::new(&server, 8, &report(100, &head(), &[odd])).published();
    assert!(ended.stderr.contains("the check run has no annotations"), "{}", ended.stderr);
    let check = server.shown(&head());
    assert_eq!((&check["conclusion"], &check["output"]["annotations"]), (&json!("failure"), &json!([])));
}

#[test]
fn the_trusted_job_may_demand_more_than_the_one_that_measured() {
    let server = one_pull();
    let mut open = benchmark("parser::parse::json/large", "inconclusive", 0.02);
    open["metrics"][0]["reason_code"] = "undecided".into();
    open["metrics"][0]["reason"] = "the budget ended before the pairs could decide".into();
    let some = report(0, &head(), &[open, unchanged()]);
    Job::new(&server, 7, &some).published();
    assert_eq!(server.shown(&head())["conclusion"], "success");
    Job::new(&server, 8, &some).with(&["--require-verdict"]).published();
    assert_eq!(server.shown(&head())["conclusion"], "failure");
    assert!(server.comments()[0].contains("no verdict where one is required"), "{:?}", server.comments());
    // It says that it passed, and does not.
    let mut forged = regressed();
    forged["exit_code"] = 0.into();
    Job::new(&server, 9, &forged).published();
    assert_eq!(server.shown(&head())["conclusion"], "failure");
    Job::new(&server, 10, &report(0, &head(), &[])).published();
    assert_eq!(server.shown(&head())["conclusion"], "neutral", "nothing compared is no pass");
}

#[test]
fn a_badge_is_written_and_a_dry_run_asks_nobody() {
    let server = one_pull();
    let badge = |report: &Value| -> Value {
        let job = Job::new(&server, 7, report).with(&["--badge", "badge.json"]);
        job.published();
        serde_json::from_str(&fs::read_to_string(job.path("badge.json")).unwrap()).unwrap()
    };
    let green = json!({ "schemaVersion": 1, "label": "performance", "message": "no regressions", "color": "brightgreen" });
    assert_eq!(badge(&passed()), green);
    assert_eq!(badge(&regressed())["message"], "regressed");
    let missing = Job::without_report(&server, 9).with(&["--badge", "badge.json"]);
    assert_eq!(missing.run().code, 101);
    assert!(fs::read_to_string(missing.path("badge.json")).unwrap().contains("did not run"));

    let asked = server.asked().len();
    let dry = Job::new(&server, 20, &regressed()).with(&["--dry-run", "--badge", "badge.json"]);
    let ended = dry.published();
    assert_eq!(server.asked().len(), asked);
    assert!(!dry.path("badge.json").exists());
    for told in [
        "check run `perfguard`: failure",
        "failure at benches/parse.rs:1:",
        "badge: regressed",
        "<!-- perfguard:default 20 1 -->",
    ] {
        assert!(ended.stdout.contains(told), "{told}: {}", ended.stdout);
    }
    // No event and no token is needed for that.
    for name in ["GITHUB_TOKEN", "GITHUB_REPOSITORY"] {
        Job::new(&server, 20, &regressed()).with(&["--dry-run"]).variable(name, "").published();
    }
}
