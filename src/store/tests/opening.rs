//! Opening: new, older, newer, foreign, damaged, inaccessible.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::super::{Problem, Store, StoreError};
use super::{add, commit, key};

/// A store of version 1 as its first release wrote it: schema and rows.
const V1: &str = include_str!("fixtures/v1.sql");

/// Every version ever released.
const OLDER: &[(&str, &str)] = &[("v1", V1)];

fn problem(result: Result<Store, StoreError>) -> Problem {
    let error = result.unwrap_err();
    assert!(!error.to_string().is_empty());
    error.problem
}

fn header(path: &Path, pragma: &str, value: i64) {
    Connection::open(path).unwrap().pragma_update(None, pragma, value).unwrap();
}

#[test]
fn only_our_own_folder_is_kept_out_of_git() {
    let root = tempfile::tempdir().unwrap();
    let own = root.path().join("a/.perfguard");
    drop(Store::open(&own.join("store.db")).unwrap());
    assert_eq!(fs::read_to_string(own.join(".gitignore")).unwrap(), "*\n");
    fs::write(own.join(".gitignore"), "*.db\n").unwrap();
    drop(Store::open(&own.join("store.db")).unwrap());
    assert_eq!(fs::read_to_string(own.join(".gitignore")).unwrap(), "*.db\n");
    drop(Store::open(&root.path().join("b/store.db")).unwrap());
    assert!(!root.path().join("b/.gitignore").exists());
}

#[test]
fn what_was_stored_is_there_after_opening_again() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    add(&mut Store::open(&path).unwrap(), 1, key('a'), 100.0);
    for store in [Store::open(&path).unwrap(), Store::open_read_only(&path).unwrap()] {
        assert_eq!(store.baseline_runs(&key('a').series(), &commit('a')).unwrap().len(), 1);
        store.check().unwrap();
    }
}

#[test]
fn a_store_of_every_older_version_is_brought_up_to_date() {
    let root = tempfile::tempdir().unwrap();
    for (name, fixture) in OLDER {
        let path = root.path().join(name);
        Connection::open(&path).unwrap().execute_batch(fixture).unwrap();
        let mut store = Store::open(&path).unwrap();
        let found = store.baseline_runs(&key('a').series(), &commit('a')).unwrap();
        assert_eq!(found.iter().map(|found| found.value).collect::<Vec<_>>(), [100.0, 104.0], "{name}");
        assert_eq!(store.machines().unwrap(), [super::facts("m")], "{name}");
        add(&mut store, 9, key('a'), 102.0);
        store.check().unwrap();
        // Everything that refers to runs leads to them, whatever they were called.
        let connection = Connection::open(&path).unwrap();
        let lost =
            "SELECT count(*) FROM measurement LEFT JOIN run ON run.id = measurement.run WHERE run.id IS NULL";
        assert_eq!(connection.query_row(lost, [], |row| row.get::<_, i64>(0)), Ok(0), "{name}");
        let broken =
            connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0));
        assert_eq!(broken, Ok(0_i64), "{name}");
        let columns = "SELECT count(run) FROM measurements_of";
        assert_eq!(connection.query_row(columns, [], |row| row.get::<_, i64>(0)), Ok(3), "{name}");
    }
}

#[test]
fn a_new_store_and_one_that_was_brought_up_to_date_are_the_same() {
    let root = tempfile::tempdir().unwrap();
    let schema = |path: &Path| -> Vec<(String, String)> {
        let connection = Connection::open(path).unwrap();
        let mut query =
            connection.prepare("SELECT type, name FROM sqlite_schema ORDER BY type, name").unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let (fresh, old) = (root.path().join("fresh"), root.path().join("old"));
    drop(Store::open(&fresh).unwrap());
    Connection::open(&old).unwrap().execute_batch(V1).unwrap();
    drop(Store::open(&old).unwrap());
    assert_eq!(schema(&fresh), schema(&old));
    assert!(!schema(&old).iter().any(|(_, name)| name.contains("occasion")));
}

#[test]
fn the_schema_of_a_released_version_never_changes() {
    let fresh = Connection::open_in_memory().unwrap();
    fresh.execute_batch(super::super::migrations::MIGRATIONS[0]).unwrap();
    let old = Connection::open_in_memory().unwrap();
    old.execute_batch(V1).unwrap();
    let schema = |connection: &Connection| -> Vec<String> {
        let mut query = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
            .unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(schema(&fresh), schema(&old));
}

#[test]
fn a_newer_version_is_refused_with_both_versions() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    drop(Store::open(&path).unwrap());
    header(&path, "user_version", 1000);
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error.problem(), Problem::Newer { found: 1000, .. }));
    assert!(error.to_string().contains("1000"), "{error}");
    assert_eq!(error.hint(), Some("update cargo-perfguard"));
    assert!(matches!(problem(Store::open_read_only(&path)), Problem::Newer { .. }));
}

#[test]
fn what_is_no_store_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let text = root.path().join("text");
    fs::write(&text, "not a database, but long enough to be taken for one\n".repeat(99)).unwrap();
    let before = fs::read(&text).unwrap();
    assert!(matches!(problem(Store::open(&text)), Problem::NotADatabase));
    assert_eq!(fs::read(&text).unwrap(), before);
    let foreign = root.path().join("foreign");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE a (x)").unwrap();
    assert!(matches!(problem(Store::open(&foreign)), Problem::Foreign { application_id: 0 }));
    header(&foreign, "application_id", 77);
    assert!(matches!(problem(Store::open(&foreign)), Problem::Foreign { application_id: 77 }));
}

#[test]
fn an_empty_file_becomes_a_store() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    fs::write(&path, "").unwrap();
    assert!(matches!(problem(Store::open_read_only(&path)), Problem::Older { found: 0, .. }));
    Store::open(&path).unwrap().check().unwrap();
}

#[test]
fn damage_is_named_and_never_a_panic() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    {
        let mut store = Store::open(&path).unwrap();
        for time in 0..50 {
            add(&mut store, time, key('a'), 100.0);
        }
        store.connection().pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    }
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let cut = Store::open(&path).and_then(|store| store.check());
    assert!(matches!(cut.unwrap_err().problem(), Problem::Corrupt(_)));
    let mut scribbled = whole;
    let middle = scribbled.len() / 4;
    scribbled[middle..].fill(0xa5);
    fs::write(&path, scribbled).unwrap();
    let error = Store::open(&path).and_then(|store| store.check()).unwrap_err();
    assert!(matches!(error.problem(), Problem::Corrupt(_)), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn samples_that_make_no_sense_are_an_error() {
    let mut store = Store::in_memory().unwrap();
    let run = super::begin(&mut store, "m", 1);
    let id = store.record(run, &super::measurement(key('a'), &[1.0])).unwrap();
    store.connection().execute("UPDATE launch SET samples = x'ff00'", []).unwrap();
    let error = store.launches(id).unwrap_err();
    assert!(matches!(error.problem(), Problem::Nonsense(_)), "{error}");
}

#[test]
fn places_without_access_are_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(problem(Store::open(&file.join("store.db"))), Problem::Folder(_)));
    assert!(matches!(problem(Store::open(root.path())), Problem::NotAFile(_)));
    assert!(matches!(problem(Store::open_read_only(&root.path().join("none"))), Problem::Missing));
}

#[test]
fn writing_to_what_is_open_for_reading_says_so() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    drop(Store::open(&path).unwrap());
    let mut store = Store::open_read_only(&path).unwrap();
    let error = store.prune(super::super::PruneRule { before_ms: 0, keep_newest: 0 }).unwrap_err();
    assert!(matches!(error.problem(), Problem::ReadOnly), "{error}");
}

#[test]
fn every_table_and_column_is_described() {
    let page = include_str!("../../../docs/schema.md");
    let store = Store::in_memory().unwrap();
    let mut query = store
        .connection()
        .prepare(
            "SELECT thing.name, field.name FROM sqlite_schema AS thing, pragma_table_xinfo(thing.name) AS field \
             WHERE thing.type IN ('table', 'view') AND thing.name NOT LIKE 'sqlite%'",
        )
        .unwrap();
    let fields = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let fields: Vec<(String, String)> = fields.map(Result::unwrap).collect();
    assert!(fields.len() > 60, "{fields:?}");
    for (table, column) in fields {
        let start = page.find(&format!("### {table}")).unwrap_or_else(|| panic!("{table} is not described"));
        let section = page[start + 3..].split("\n##").next().unwrap();
        assert!(section.contains(&format!("`{column}`")), "{table}.{column} is not described");
    }
}
