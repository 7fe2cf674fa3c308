//! Everything that can go wrong around the program: kills, signals, bad benches, broken builds, full disks, damaged
//! stores. Whatever happens, the user's files stay as they are, no process stays behind, and the next run works.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod benches;
mod builds;
mod disk;
mod kill;
mod store;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::sandbox::Sandbox;

/// Long enough for any machine; reached only when a test fails.
const PATIENCE: Duration = Duration::from_mins(5);

/// What tells the processes of one test from all others: children inherit it.
const MARK: &str = "FAULTS_MARK";

/// A run of the program that ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts the exit code and words that stderr must have.
    #[track_caller]
    fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in {}", self.stderr);
        }
    }

    /// The one JSON document on stdout.
    #[track_caller]
    fn json(&self) -> Value {
        let document: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr));
        assert_eq!(document["exit_code"].as_i64(), self.code.map(i64::from), "{document}");
        document
    }
}

/// Runs the program to its end.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    Ended::of(sandbox.process(arguments).stdin(Stdio::null()).output().unwrap())
}

/// A mark that nothing else has, not even in another run of the tests.
fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("{}-{}-{now}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A run of the program that goes on.
struct Running {
    child: Child,
    mark: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mark = mark();
        command.env(MARK, &mark).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: command.spawn().unwrap(), mark }
    }

    /// Sends a signal to the program alone.
    fn signal(&self, signal: Signal) {
        let signal = if is_ignored(signal) { Signal::TERM } else { signal };
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until something has come about, while the program runs.
    #[track_caller]
    fn until(&mut self, what: &str, mut holds: impl FnMut(&str) -> bool) {
        let child = &mut self.child;
        let mark = &self.mark;
        eventually(what, || {
            let ended = child.try_wait().unwrap();
            holds(mark) || ended.is_some_and(|status| panic!("ended with {status} before {what}"))
        });
    }

    /// Waits for its end, and for the end of everything that it started.
    fn end(self) -> Ended {
        let ended = Ended::of(self.child.wait_with_output().unwrap());
        eventually("the end of every process", || processes(&self.mark).is_empty());
        ended
    }
}

/// The programs that live and have the mark. One that only waits to be reaped does not live.
fn processes(mark: &str) -> Vec<PathBuf> {
    let wanted = format!("{MARK}={mark}");
    let marked = |folder: &Path| {
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    let folders = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    folders
        .filter(|folder| marked(folder))
        .filter_map(|folder| fs::read_link(folder.join("exe")).ok())
        .collect()
}

#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what} did not come about");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Everything that belongs to the user: the files of the work tree and of git, with content and mode.
#[derive(Debug, PartialEq, Eq)]
struct Belongings(BTreeMap<PathBuf, (u32, Vec<u8>)>);

impl Belongings {
    fn of(sandbox: &Sandbox) -> Self {
        let mut found = BTreeMap::new();
        let mut folders = vec![sandbox.root()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = fs::symlink_metadata(&path).unwrap();
                if path == sandbox.path("target") || path == sandbox.path(".perfguard") {
                    continue;
                }
                let content = if metadata.is_dir() {
                    folders.push(path.clone());
                    Vec::new()
                } else if metadata.is_symlink() {
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                } else {
                    fs::read(&path).unwrap()
                };
                found.insert(path, (metadata.permissions().mode(), content));
            }
        }
        Self(found)
    }

    /// Asserts that nothing has changed since.
    #[track_caller]
    fn are_untouched(&self, sandbox: &Sandbox) {
        let now = Self::of(sandbox);
        let differs = |(path, state): &(&PathBuf, &(u32, Vec<u8>))| now.0.get(*path) != Some(state);
        let changed: Vec<_> = self.0.iter().filter(differs).map(|(path, _)| path).collect();
        let new: Vec<_> = now.0.keys().filter(|path| !self.0.contains_key(*path)).collect();
        assert!(changed.is_empty() && new.is_empty(), "changed: {changed:?}, new: {new:?}");
        assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    }
}

/// How many rows a table of a sandbox's store has; 0 while there is none.
fn stored(sandbox: &Sandbox, table: &str) -> u32 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(store) = Connection::open_with_flags(sandbox.path(".perfguard/store.db"), flags) else { return 0 };
    store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap_or(0)
}

/// Asserts that a store is whole.
#[track_caller]
fn is_sound(path: &Path) {
    let found: String =
        Connection::open(path).unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
}

/// Whether whoever started the tests wants a signal ignored, as shells do for what they start in the background: the
/// program obeys that, so another signal must do.
fn is_ignored(signal: Signal) -> bool {
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return false };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal.as_raw() - 1) & 1 == 1
}
