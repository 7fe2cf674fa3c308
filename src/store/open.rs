//! Opening a store: its folder, its header, its settings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::error::{Problem, StoreError};
use super::migrations::{Identity, MIGRATIONS, identify, migrate};

/// The folder that gets a `.gitignore`.
const OWN_FOLDER: &str = ".perfguard";
/// How long another process may hold a lock before it is an error. Each holds it for milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to sleep where `SQLite` does not wait by itself.
const NAP: Duration = Duration::from_millis(10);
/// More than the number of distinct statements, so that each is compiled once.
const STATEMENTS: usize = 64;

/// All measurements of a workspace, in one file. Many processes may have it open at once.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    patience: Duration,
}

impl Store {
    /// Opens the store at `path`; makes the file, and its folder, where there is none, and brings an older one up
    /// to date. A folder called `.perfguard` also gets a `.gitignore` that keeps all of it out of git.
    ///
    /// # Errors
    /// No access, not a store, damaged, written by a newer version, disk full, locked for more than 30 s.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_waiting(path, PATIENCE)
    }

    /// As [`Store::open`], with another time to wait for locks of other processes.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_waiting(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        let fail = |problem| error("open the store", path, patience, problem);
        prepare_folder(path).map_err(fail)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| fail(error.into()))?;
        let connection = set_up(connection, patience).map_err(fail)?;
        tracing::debug!(path = %path.display(), "opens the store to write");
        Ok(Self { connection, path: path.to_owned(), patience })
    }

    /// Opens the store at `path` to read it; makes and changes nothing.
    ///
    /// # Errors
    /// No such file, no access, not a store, damaged, written by a newer version, or by an older one whose schema
    /// must be brought up to date first.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let fail = |problem| error("read the store", path, PATIENCE, problem);
        if matches!(path.try_exists(), Ok(false)) {
            return Err(fail(Problem::Missing));
        }
        if path.is_dir() {
            // SQLite finds this out too late to say so.
            let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
            return Err(fail(Problem::CannotOpen(rusqlite::Error::SqliteFailure(error, None))));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| fail(error.into()))?;
        let connection = set_up_to_read(connection).map_err(fail)?;
        tracing::debug!(path = %path.display(), "opens the store to read");
        Ok(Self { connection, path: path.to_owned(), patience: PATIENCE })
    }

    /// A store that lives and dies with the value.
    ///
    /// # Errors
    /// No memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from(":memory:");
        let connection = Connection::open_in_memory()
            .map_err(Problem::from)
            .and_then(|connection| set_up(connection, PATIENCE))
            .map_err(|problem| error("open the store", &path, PATIENCE, problem))?;
        Ok(Self { connection, path, patience: PATIENCE })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the whole file and looks for damage: seconds for a store of some gigabytes.
    ///
    /// # Errors
    /// The first damage found.
    pub fn check(&self) -> Result<(), StoreError> {
        self.read("check the store", |connection| {
            let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if found == "ok" { Ok(()) } else { Err(Problem::Corrupt(found)) }
        })
    }

    /// Runs queries, and words what goes wrong.
    pub(super) fn read<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Problem>,
    ) -> Result<T, StoreError> {
        work(&self.connection).map_err(|problem| error(action, &self.path, self.patience, problem))
    }

    /// Runs changes in one transaction that takes its lock at the start, so that it can wait for other processes
    /// but never has to give up half-way because of them.
    pub(super) fn write<T>(
        &mut self,
        action: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Problem>,
    ) -> Result<T, StoreError> {
        let attempt = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        attempt().map_err(|problem| error(action, &self.path, self.patience, problem))
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn error(action: &'static str, path: &Path, patience: Duration, problem: Problem) -> StoreError {
    let problem = match problem {
        Problem::Locked { .. } => Problem::Locked { seconds: patience.as_secs() },
        other => other,
    };
    StoreError::new(action, path, problem)
}

/// Makes the folder, and keeps git out of it when it is our own.
fn prepare_folder(path: &Path) -> Result<(), Problem> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(Problem::Folder)?;
    if !folder.ends_with(OWN_FOLDER) {
        return Ok(());
    }
    let ignore = folder.join(".gitignore");
    match fs::metadata(&ignore) {
        // One cut short by a crash is written again; one that the user changed stays.
        Ok(found) if found.len() > 0 => Ok(()),
        Ok(_) => fs::write(ignore, "*\n").map_err(Problem::Ignore),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::write(ignore, "*\n").map_err(Problem::Ignore)
        }
        Err(error) => Err(Problem::Ignore(error)),
    }
}

/// Settings, and the newest schema.
fn set_up(mut connection: Connection, patience: Duration) -> Result<Connection, Problem> {
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let identity = identify(&mut connection, MIGRATIONS.len())?;
    if connection.is_readonly("main")? {
        return Err(Problem::ReadOnly);
    }
    if identity == Identity::Blank {
        // Only possible before the first page is written; lets `prune` give space back without copying the file.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    use_write_ahead_log(&connection, patience)?;
    // A killed process loses nothing that was committed; only a power cut may lose the last moments. A flush to disk
    // after every pair would disturb what is being measured.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if identity != Identity::Version(MIGRATIONS.len()) {
        migrate(&mut connection, MIGRATIONS)?;
    }
    Ok(connection)
}

fn set_up_to_read(mut connection: Connection) -> Result<Connection, Problem> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    match identify(&mut connection, MIGRATIONS.len())? {
        Identity::Version(version) if version == MIGRATIONS.len() => Ok(connection),
        Identity::Version(found) => Err(Problem::Older { found, known: MIGRATIONS.len() }),
        Identity::Blank => Err(Problem::Older { found: 0, known: MIGRATIONS.len() }),
    }
}

/// Switches to write-ahead logging: readers and one writer at once. `SQLite` does not wait for locks here by itself.
/// File systems without shared memory keep their rollback journal.
fn use_write_ahead_log(connection: &Connection, patience: Duration) -> Result<(), Problem> {
    let deadline = Instant::now() + patience;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0)) {
            Ok(_) => return Ok(()),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                thread::sleep(NAP);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
