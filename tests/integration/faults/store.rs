//! Stores that cannot be used. All are found out before anything is built.

use std::fs;

use rusqlite::Connection;

use super::{Belongings, is_sound, run};
use crate::sandbox::Sandbox;

const RUN: &[&str] = &["run", "--no-builtin", "--bench", "work", "--budget", "300ms", "--store", "kept.db"];

/// A sandbox with an empty store at `kept.db`.
fn with_store() -> Sandbox {
    let sandbox = Sandbox::new("gauge");
    drop(perfguard::store::Store::open(&sandbox.path("kept.db")).unwrap());
    sandbox
}

/// Runs, and asserts that the store is refused and stays as it is.
#[track_caller]
fn refused(sandbox: &Sandbox, words: &[&str]) {
    let before = Belongings::of(sandbox);
    for command in [RUN, &["report", "--store", "kept.db"]] {
        run(sandbox, command).says(101, words);
    }
    let ended = run(sandbox, &[RUN, &["--format", "json"]].concat());
    assert_eq!(ended.json()["errors"].as_array().unwrap().len(), 1);
    before.are_untouched(sandbox);
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let sandbox = with_store();
    Connection::open(sandbox.path("kept.db")).unwrap().pragma_update(None, "user_version", 999).unwrap();
    refused(&sandbox, &["kept.db", "schema version 999", "update cargo-perfguard"]);
}

#[test]
fn a_store_of_an_older_version_is_brought_up_to_date_to_be_read() {
    let sandbox = Sandbox::new("gauge");
    let old = include_str!("../../../src/store/tests/fixtures/v1.sql");
    Connection::open(sandbox.path("kept.db")).unwrap().execute_batch(old).unwrap();
    let report = run(&sandbox, &["report", "--format", "json", "--store", "kept.db"]);
    report.says(0, &[]);
    assert!(report.stdout.contains("pkg::bench::group/function/"), "{}", report.stdout);
    let history = run(&sandbox, &["history", "group/function", "--format", "json", "--store", "kept.db"]);
    history.says(0, &[]);
    assert!(history.stdout.contains("pkg::bench::group/function/"), "{}", history.stdout);
    run(&sandbox, &["history", "group/nothing", "--store", "kept.db"]).says(2, &["nothing is stored about"]);
    is_sound(&sandbox.path("kept.db"));
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let sandbox = Sandbox::new("gauge");
    sandbox.write("kept.db", &"The quick brown fox jumps over the lazy dog.\n".repeat(200));
    refused(&sandbox, &["kept.db", "not an SQLite database", "--store"]);
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let sandbox = Sandbox::new("gauge");
    Connection::open(sandbox.path("kept.db")).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    refused(&sandbox, &["kept.db", "database of another program"]);
}

#[test]
fn a_corrupt_store_is_left_alone() {
    let sandbox = with_store();
    let path = sandbox.path("kept.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    refused(&sandbox, &["kept.db", "damaged"]);
}

#[test]
fn a_folder_in_the_place_of_the_store_is_named() {
    let sandbox = Sandbox::new("gauge");
    fs::create_dir(sandbox.path("kept.db")).unwrap();
    refused(&sandbox, &["kept.db", "cannot be opened", "--store"]);
}

#[test]
fn a_store_that_another_process_holds_for_long_is_waited_for_in_vain() {
    let mut sandbox = with_store();
    let holder = Connection::open(sandbox.path("kept.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    sandbox.without_slot(|sandbox| {
        run(sandbox, RUN).says(101, &["kept.db", "another process", "wait for the other run"]);
    });
    holder.execute_batch("ROLLBACK").unwrap();
    drop(holder);
    is_sound(&sandbox.path("kept.db"));
    run(&sandbox, RUN).says(0, &[]);
}
