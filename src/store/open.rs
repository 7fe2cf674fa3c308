//! Opening a store: its folder, its header, its settings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::error::{Problem, StoreError};
use super::guard::{self, FileId, OWN_FOLDER};
use super::migrations::{Identity, MIGRATIONS, identify, migrate};
use crate::support::process::interrupted;
use crate::support::scratch::Scratch;

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
    /// Which file it is, where one was opened to be written.
    file: Option<FileId>,
    /// Where a copy lies that is read in its place.
    _copy: Option<Scratch>,
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
        let place = guard::locate(path).map_err(fail)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(&place, flags).map_err(|error| fail(error.into()))?;
        let connection = set_up(connection, &place, patience).map_err(fail)?;
        let file = guard::file_id(&place).map_err(|_| fail(Problem::Gone))?;
        tracing::debug!(path = %path.display(), "opens the store to write");
        Ok(Self { connection, path: path.to_owned(), patience, file, _copy: None })
    }

    /// Opens the store at `path` to read it; makes and changes nothing. A folder that cannot be written to is no
    /// obstacle: the file is then read as it is, or from a copy among temporary files where parts of it are in a log.
    ///
    /// # Errors
    /// No such file, no access, not a store, damaged, written by a newer version, or by an older one whose schema
    /// must be brought up to date first.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let fail = |problem| error("read the store", path, PATIENCE, problem);
        let place = guard::locate(path).map_err(fail)?;
        if matches!(place.try_exists(), Ok(false)) {
            return Err(fail(Problem::Missing));
        }
        let (connection, copy) = match read_in_place(&place) {
            Ok(connection) => (connection, None),
            Err(problem) => match read_on_read_only_disk(&place, &problem) {
                Some(opened) => opened.map_err(fail)?,
                None => return Err(fail(problem)),
            },
        };
        tracing::debug!(path = %path.display(), copied = copy.is_some(), "opens the store to read");
        Ok(Self { connection, path: path.to_owned(), patience: PATIENCE, file: None, _copy: copy })
    }

    /// A store that lives and dies with the value.
    ///
    /// # Errors
    /// No memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from(":memory:");
        let connection = Connection::open_in_memory()
            .map_err(Problem::from)
            .and_then(|connection| set_up(connection, &path, PATIENCE))
            .map_err(|problem| error("open the store", &path, PATIENCE, problem))?;
        Ok(Self { connection, path, patience: PATIENCE, file: None, _copy: None })
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
        let kept = attempt().and_then(|done| if self.is_there() { Ok(done) } else { Err(Problem::Gone) });
        kept.map_err(|problem| error(action, &self.path, self.patience, problem))
    }

    /// Whether the file that is open is still the one that others find.
    fn is_there(&self) -> bool {
        let Some(known) = self.file else { return true };
        let found = guard::locate(&self.path).ok().and_then(|place| guard::file_id(&place).ok());
        found.flatten() == Some(known)
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn error(action: &'static str, path: &Path, patience: Duration, problem: Problem) -> StoreError {
    let problem = match problem {
        Problem::Locked { .. } if interrupted() => Problem::Interrupted,
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
    if !folder.ends_with(OWN_FOLDER) {
        return fs::create_dir_all(folder).map_err(Problem::Folder);
    }
    // Nothing is made behind a link.
    if fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()) {
        return Err(Problem::Linked(folder.to_owned()));
    }
    fs::create_dir_all(folder).map_err(Problem::Folder)?;
    let ignore = folder.join(".gitignore");
    match fs::symlink_metadata(&ignore) {
        Ok(found) if !found.is_file() => Err(Problem::NotAFile(ignore)),
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
fn set_up(mut connection: Connection, path: &Path, patience: Duration) -> Result<Connection, Problem> {
    prepare(&mut connection, patience)?;
    let identity = identify(&mut connection, MIGRATIONS.len())?;
    believe(&connection, path, identity)?;
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

/// What every connection begins with.
fn prepare(connection: &mut Connection, patience: Duration) -> Result<(), Problem> {
    connection.busy_handler(Some(guard::waits(patience)))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    guard::harden(connection)
}

/// Makes sure that a file with our header is what we make, before anything else is read from it.
fn believe(connection: &Connection, path: &Path, identity: Identity) -> Result<(), Problem> {
    let Identity::Version(version) = identity else { return Ok(()) };
    guard::compare_schema(connection, version)?;
    guard::look_through(connection, path)
}

fn read_in_place(path: &Path) -> Result<Connection, Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    set_up_to_read(Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NOFOLLOW)?, path)
}

/// Opens a file whose folder does not take the index of the write-ahead log; `None` where that is not the matter.
fn read_on_read_only_disk(
    path: &Path,
    problem: &Problem,
) -> Option<Result<(Connection, Option<Scratch>), Problem>> {
    let refused = matches!(problem, Problem::CannotOpen(_) | Problem::ReadOnly | Problem::Sql(_));
    let log = guard::beside(path, "-wal");
    if !refused || is_writable(path.parent()?) || !path.is_file() {
        return None;
    }
    if fs::metadata(&log).map_or(0, |found| found.len()) == 0 {
        let uri = immutable(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let opened = Connection::open_with_flags(uri, flags).map_err(Problem::from);
        return Some(opened.and_then(|connection| Ok((set_up_to_read(connection, path)?, None))));
    }
    Some(copied(path, &log))
}

/// A copy of a database and its log, in a folder that only this user may enter.
fn copied(path: &Path, log: &Path) -> Result<(Connection, Option<Scratch>), Problem> {
    let folder = Scratch::new().map_err(Problem::Folder)?;
    let copy = folder.path().join("store.db");
    fs::copy(path, &copy).map_err(Problem::Folder)?;
    fs::copy(log, guard::beside(&copy, "-wal")).map_err(Problem::Folder)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&copy, flags)?;
    Ok((set_up_to_read(connection, &copy)?, Some(folder)))
}

#[cfg(unix)]
fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(_: &Path) -> bool {
    true
}

/// A path as a URI that says that nobody writes to the file.
fn immutable(path: &Path) -> Option<String> {
    let path = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Some(format!("file:{path}?immutable=1"))
}

fn set_up_to_read(mut connection: Connection, path: &Path) -> Result<Connection, Problem> {
    prepare(&mut connection, PATIENCE)?;
    let identity = identify(&mut connection, MIGRATIONS.len())?;
    believe(&connection, path, identity)?;
    match identity {
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
                    && Instant::now() < deadline
                    && !interrupted() =>
            {
                thread::sleep(NAP);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
