//! Several processes at once, and processes that die.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::super::{Problem, Store};
use super::{add, begin, commit, key, measurement};

/// Names the store to [`child_that_stores_until_killed`].
const CHILD_STORE: &str = "PERFGUARD_TEST_CHILD_STORE";

#[test]
fn two_runs_at_once_lose_nothing() {
    const EACH: i64 = 40;
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join(".perfguard/store.db");
    thread::scope(|scope| {
        for run in 0..4 {
            let path = &path;
            // Opening races too: nobody made the file before.
            scope.spawn(move || {
                let mut store = Store::open(path).unwrap();
                for time in 0..EACH {
                    add(&mut store, run * EACH + time, key('a'), 100.0);
                }
            });
        }
    });
    let store = Store::open(&path).unwrap();
    let found = store.baseline_runs(&key('a').series(), &commit('a')).unwrap();
    assert!(found.iter().map(|found| found.started_ms).eq(0..4 * EACH));
    store.check().unwrap();
}

#[test]
fn a_writer_waits_for_another_connection() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    let mut store = Store::open(&path).unwrap();
    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| add(&mut store, 1, key('a'), 100.0));
        thread::sleep(Duration::from_millis(50));
        assert!(!writer.is_finished());
        lock.commit().unwrap();
        writer.join().unwrap();
    });
}

#[test]
fn a_lock_held_for_long_is_an_error_and_reading_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    let mut store = Store::open_waiting(&path, Duration::from_millis(20)).unwrap();
    let run = begin(&mut store, "m", 1);
    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let error = store.record(run, &measurement(key('a'), &[1.0])).unwrap_err();
    assert!(matches!(error.problem(), Problem::Locked { .. }), "{error}");
    assert!(error.hint().is_some());
    assert!(store.commits().unwrap().is_empty());
    drop(lock);
    store.record(run, &measurement(key('a'), &[1.0])).unwrap();
}

#[test]
#[ignore = "started by a_killed_process_loses_nothing_it_had_finished"]
fn child_that_stores_until_killed() {
    let Some(path) = std::env::var_os(CHILD_STORE) else { return };
    let mut store = Store::open(path.as_ref()).unwrap();
    for time in 0..i64::MAX {
        add(&mut store, time, key('a'), 100.0);
        let mut out = std::io::stdout();
        writeln!(out, "\nstored {time}").and_then(|()| out.flush()).unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing_it_had_finished() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "store::tests::sharing::child_that_stores_until_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(CHILD_STORE, &path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut stored = lines.filter(|line| line.starts_with("stored "));
    let told: Vec<String> = stored.by_ref().take(25).collect();
    child.kill().unwrap();
    let told = told.len() + stored.count();
    child.wait().unwrap();
    assert!(told >= 25, "the child stored only {told}");

    let store = Store::open(&path).unwrap();
    store.check().unwrap();
    let found = store.baseline_runs(&key('a').series(), &commit('a')).unwrap();
    // It may have been killed between finishing one and telling.
    assert!((told..=told + 1).contains(&found.len()), "told {told}, found {}", found.len());
}
