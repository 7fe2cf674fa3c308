//! Stores that are not what they seem.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};

use super::{NOTHING, Stranger, WITH_STORE, pipe};

fn poisoned(poison: &str) -> Stranger {
    let stranger = Stranger::new();
    let path = stranger.sandbox.path(".perfguard/store.db");
    drop(perfguard::store::Store::open(&path).unwrap());
    Connection::open(path).unwrap().execute_batch(poison).unwrap();
    stranger
}

#[test]
fn a_trigger_or_a_view_is_refused() {
    let rewrites = "CREATE TRIGGER t AFTER INSERT ON pair BEGIN UPDATE launch SET median = 1; END";
    poisoned(rewrites).refuses(&WITH_STORE, &["the trigger `t` is none of it", "begin afresh"]);
    let stranger = poisoned(
        "ALTER TABLE run_evidence RENAME TO forged; CREATE VIEW run_evidence AS SELECT * FROM forged",
    );
    stranger.refuses(&WITH_STORE[..1], &["`forged` is none of it"]);
}

#[test]
fn a_pipe_is_refused_at_once() {
    let stranger = Stranger::new();
    fs::create_dir(stranger.sandbox.path(".perfguard")).unwrap();
    pipe(&stranger.sandbox.path(".perfguard/store.db"));
    stranger.refuses(&WITH_STORE, &["no regular file"]);
}

#[test]
fn what_has_no_end_is_not_read() {
    let stranger = Stranger::new();
    pipe(&stranger.sandbox.path("pipe"));
    fs::File::create(stranger.sandbox.path("huge")).unwrap().set_len(3 << 30).unwrap();
    for (file, words) in
        [("/dev/zero", "no regular file"), ("pipe", "no regular file"), ("huge", "larger than 32 MiB")]
    {
        stranger.refuses(&[&["baseline", "import", file]], &[words]);
    }
    // To commit it would take git longer than all the rest.
    fs::remove_file(stranger.sandbox.path("huge")).unwrap();
    stranger.link("/dev/zero", "baselines/x86_64-0.toml");
    stranger.link("/dev/zero", "perfguard.toml");
    stranger.commit();
    stranger.refuses(&[&["check"], &["report"]], &["perfguard.toml", "no regular file"]);
    fs::remove_file(stranger.sandbox.path("perfguard.toml")).unwrap();
    stranger
        .refuses(&[&["check"], &["report"], &["baseline", "list"]], &["x86_64-0.toml", "no regular file"]);
}

#[test]
fn a_signal_ends_a_command_that_waits_for_a_locked_store() {
    let stranger = Stranger::new();
    let path = stranger.sandbox.path(".perfguard/store.db");
    drop(perfguard::store::Store::open(&path).unwrap());
    let holder = Connection::open(&path).unwrap();
    holder.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE; DELETE FROM machine").unwrap();
    for command in [&["report"][..], &["run"], &["baseline", "prune", "--older-than", "1d"]] {
        let mut program = stranger.sandbox.process(command);
        let child = program.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // However long it takes to come there: it waits for half a minute.
        thread::sleep(Duration::from_secs(3));
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let start = Instant::now();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(101), "{command:?}: {stderr}");
        assert!(stderr.contains("interrupted while another process kept it locked"), "{command:?}: {stderr}");
        assert!(start.elapsed() < Duration::from_secs(20), "{command:?}");
    }
    drop(holder);
}

#[test]
fn what_a_killed_run_left_among_temporary_files_goes_with_the_next_run() {
    let stranger = Stranger::new();
    let folder = stranger.sandbox.path("../temporary");
    let left = folder.join("perfguard-aB3dE6gH");
    fs::create_dir_all(left.join("launch")).unwrap();
    fs::write(left.join(".lock"), "").unwrap();
    let hour_ago = SystemTime::now() - Duration::from_hours(1);
    fs::File::open(&left).unwrap().set_modified(hour_ago).unwrap();
    let ended = stranger.sandbox.perfguard(NOTHING).env("TMPDIR", &folder).output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}
