//! `sync pull` that ends early: what is there is whole, and the next one brings the rest.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use perfguard::exchange::Exchange as _;
use perfguard::exchange::folder::Folder;
use perfguard::exchange::git::GitRemote;
use perfguard::exchange::text;
use perfguard::store::Store;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};

use super::ran;
use super::sync::{made_run, shared};
use crate::sandbox::Sandbox;

/// Where the same runs lie.
const PLACES: [&str; 2] = ["origin", "dir:../place"];

/// Somebody who receives them.
struct Receiver<'a> {
    project: &'a Sandbox,
    place: &'a str,
    store: PathBuf,
}

impl<'a> Receiver<'a> {
    fn new(project: &'a Sandbox, place: &'a str, name: &str) -> Self {
        let store = project.path(&format!("../{name}-{}.db", place.len()));
        Self { project, place, store }
    }

    fn arguments(&self) -> [&str; 6] {
        ["sync", "pull", "--from", self.place, "--store", self.store.to_str().unwrap()]
    }

    fn process(&self) -> Command {
        let mut process = self.project.process(&self.arguments());
        process.stdout(Stdio::null()).stderr(Stdio::piped());
        process
    }

    /// How many rows a table has; none while it is not there.
    fn rows(&self, table: &str) -> u32 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let Ok(store) = Connection::open_with_flags(&self.store, flags) else { return 0 };
        store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap_or(0)
    }

    /// Asserts that the store is whole, and has runs in full or not at all.
    #[track_caller]
    fn is_sound(&self, benchmarks: u32) {
        if self.store.exists() {
            Store::open(&self.store).and_then(|store| store.check()).unwrap();
            assert_eq!(self.rows("measurement"), self.rows("run") * benchmarks);
            assert_eq!(self.rows("exchanged"), self.rows("run"));
        }
    }

    /// Receives what is missing, each once.
    #[track_caller]
    fn completes(&self, runs: u32, benchmarks: u32) {
        let missing = runs - self.rows("run");
        let plural = |count: u32| if count == 1 { "" } else { "s" };
        let got = ran(self.project, &self.arguments());
        let said = format!("received {missing} run{} with ", plural(missing));
        assert!(got.code == 0 && got.stdout.starts_with(&said) && got.stderr.is_empty(), "{said}: {got:?}");
        assert_eq!((self.rows("run"), self.rows("measurement")), (runs, runs * benchmarks));
        self.is_sound(benchmarks);
        let again = ran(self.project, &self.arguments()).stdout;
        assert!(again.starts_with("received 0 runs with 0 measurements "), "{again}");
    }
}

/// A project, and runs at each place.
fn filled(runs: u32, benchmarks: u32) -> Sandbox {
    let project = shared();
    fs::create_dir(project.path("../place")).unwrap();
    let made: Vec<_> = (0..runs).map(|number| made_run(number, benchmarks)).collect();
    let texts: Vec<_> = made.iter().map(|run| (run.uid, text::write(run).into_bytes())).collect();
    GitRemote::open("origin", &project.root(), &project.path("../sender.git")).unwrap().put(&texts).unwrap();
    Folder::open(&project.path("../place")).unwrap().put(&texts).unwrap();
    project
}

/// Kills so many pulls of each place at any moment, and takes the last up again.
fn kills(count: u32, runs: u32, benchmarks: u32) {
    let project = filled(runs, benchmarks);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for place in PLACES {
        let start = Instant::now();
        Receiver::new(&project, place, "whole").completes(runs, benchmarks);
        // Twice, the second time with nothing to do.
        let whole = start.elapsed().mul_f64(0.6);
        let (mut receiver, mut killed, mut of_this) = (Receiver::new(&project, place, "0"), 0, 0);
        for number in 1..=count {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let share = (random >> 40) as f64 / f64::from(1_u32 << 24);
            let mut child = receiver.process().spawn().unwrap();
            thread::sleep(whole.mul_f64(share));
            child.kill().unwrap();
            killed += u32::from(!child.wait().unwrap().success());
            receiver.is_sound(benchmarks);
            // One store is killed several times, and then another one.
            of_this += 1;
            if of_this == 3 || number == count {
                receiver.completes(runs, benchmarks);
                (receiver, of_this) = (Receiver::new(&project, place, &number.to_string()), 0);
            }
        }
        println!("{place}: {killed} of {count} pulls killed, a whole one takes {:.1} s", whole.as_secs_f64());
    }
}

#[test]
fn a_pull_that_is_killed_leaves_a_smaller_whole() {
    kills(4, 12, 40);
}

#[test]
#[ignore = "minutes; its figures are in docs/history.md"]
fn a_hundred_pulls_that_are_killed_lose_nothing() {
    kills(100, 100, 100);
}

/// A pull that was told to end when something was received. On a busy machine all may be there by then: that pull ends well,
/// and another one is tried.
fn interrupted<'a>(project: &'a Sandbox, place: &'a str) -> (Receiver<'a>, Output) {
    for attempt in 0..10 {
        let receiver = Receiver::new(project, place, &format!("interrupted-{attempt}"));
        let child = receiver.process().spawn().unwrap();
        while receiver.rows("run") == 0 {
            thread::sleep(Duration::from_millis(2));
        }
        // It is a child of ours that nobody waited for, so the number is still its own.
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let ended = child.wait_with_output().unwrap();
        if !ended.status.success() {
            return (receiver, ended);
        }
    }
    panic!("{place}: no pull of ten was interrupted");
}

#[test]
fn a_pull_that_is_interrupted_ends_between_two_runs() {
    let (runs, benchmarks) = (30, 60);
    let project = filled(runs, benchmarks);
    for place in PLACES {
        let (receiver, ended) = interrupted(&project, place);
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(101), "{place}: {said}");
        assert!(
            said.contains("interrupted after ") && said.contains("goes on with the rest"),
            "{place}: {said}"
        );
        assert!((1..runs).contains(&receiver.rows("run")), "{place}: {said}");
        receiver.is_sound(benchmarks);
        receiver.completes(runs, benchmarks);
    }
}
