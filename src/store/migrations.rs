//! The schema's versions. Append-only: a released step is never edited, a change is one more step.
//!
//! `PRAGMA user_version` counts the steps taken and is set in the transaction that takes them, so that a store is at one
//! version or the next, whatever happens in between.

use rusqlite::{Connection, TransactionBehavior};

use super::error::Problem;

/// Marks the file as ours in its header: `pgrd`.
pub(super) const APPLICATION_ID: i32 = 0x7067_7264;

/// Step *n* leads from version *n* to version *n* + 1.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("schema/v1.sql"),
    include_str!("schema/v2.sql"),
    include_str!("schema/v3.sql"),
    include_str!("schema/v4.sql"),
    include_str!("schema/v5.sql"),
    include_str!("schema/v6.sql"),
    include_str!("schema/v7.sql"),
    include_str!("schema/v8.sql"),
];

/// What a file's header says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// There is nothing in it yet.
    Blank,
    /// It is at this version.
    Version(usize),
}

/// Reads whose file it is and which version it has, from one state of it.
pub(super) fn identify(connection: &mut Connection, known: usize) -> Result<Identity, Problem> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application_id: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match (application_id, tables) {
        (0, 0) => Ok(Identity::Blank),
        (APPLICATION_ID, _) => at_version(version, known).map(Identity::Version),
        _ => Err(Problem::Foreign { application_id }),
    }
}

/// Takes all the steps that are left, in one transaction.
pub(super) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), Problem> {
    // A table that is made anew is dropped first, and nothing that refers to it may go with it.
    connection.pragma_update(None, "foreign_keys", false)?;
    let migrated = steps_left(connection, migrations);
    connection.pragma_update(None, "foreign_keys", true)?;
    migrated
}

fn steps_left(connection: &mut Connection, migrations: &[&str]) -> Result<(), Problem> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again inside the transaction: another process may have taken the steps meanwhile.
    let version = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in &migrations[at_version(version, migrations.len())?..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migrations.len().cast_signed() as i64)?;
    transaction.commit()?;
    Ok(())
}

fn at_version(found: i64, known: usize) -> Result<usize, Problem> {
    usize::try_from(found)
        .ok()
        .filter(|&version| version <= known)
        .ok_or(Problem::Newer { found, known: known.cast_signed() as i64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn steps_are_taken_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(identify(&mut connection, 1).unwrap(), Identity::Blank);
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"];
        migrate(&mut connection, &steps[..1]).unwrap();
        assert_eq!(identify(&mut connection, 2).unwrap(), Identity::Version(1));
        migrate(&mut connection, &steps).unwrap();
        migrate(&mut connection, &steps).unwrap();
        assert_eq!(identify(&mut connection, 2).unwrap(), Identity::Version(2));
        connection.execute("INSERT INTO a (x, y) VALUES (1, 2)", []).unwrap();
    }

    #[test]
    fn a_failing_step_leaves_the_version_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "no SQL"];
        migrate(&mut connection, &steps).unwrap_err();
        assert_eq!(version(&connection), 1);
        connection.execute("INSERT INTO b VALUES (1)", []).unwrap_err();
    }

    #[test]
    fn a_newer_or_foreign_file_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
        let newer = |problem| matches!(problem, Problem::Newer { found: 2, known: 1 });
        assert!(newer(identify(&mut connection, 1).unwrap_err()));
        assert!(newer(migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap_err()));
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE a (x)").unwrap();
        assert!(matches!(identify(&mut foreign, 1), Err(Problem::Foreign { application_id: 0 })));
    }
}
