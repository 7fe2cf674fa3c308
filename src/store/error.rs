//! What can go wrong with a store, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

use crate::domain::{RunId, RunUid};

/// An action on a store that failed.
#[derive(Debug)]
pub struct StoreError {
    action: &'static str,
    path: PathBuf,
    pub(super) problem: Problem,
}

/// Why it failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The folder cannot be made.
    #[error("its folder cannot be made")]
    Folder(#[source] io::Error),
    /// The `.gitignore` beside it cannot be written.
    #[error("the .gitignore beside it cannot be written")]
    Ignore(#[source] io::Error),
    /// A link leads to it, or to its folder, where there should be none.
    #[error("{} is a link, and only a folder and a file of its own are used there", .0.display())]
    Linked(PathBuf),
    /// A pipe, a device or a folder is in its place, or in that of a file that belongs to it.
    #[error("it cannot be opened: {} is no regular file", .0.display())]
    NotAFile(PathBuf),
    /// Something in its schema that no version of this program makes.
    #[error("its schema is not what this program makes: the {kind} `{name}` {oddity}")]
    Schema {
        /// What it is, in the words of SQL.
        kind: String,
        /// Its name.
        name: String,
        /// What is odd about it.
        oddity: Oddity,
    },
    /// It was deleted, or another file was put in its place, while it was open.
    #[error("it was deleted or replaced while it was open")]
    Gone,
    /// A signal came while another process kept it locked.
    #[error("interrupted while another process kept it locked")]
    Interrupted,
    /// It was to be read only, and is not there.
    #[error("there is no such file")]
    Missing,
    /// It is a folder or a device, or access to it or to its folder is denied.
    #[error("the file cannot be opened")]
    CannotOpen(#[source] rusqlite::Error),
    /// The file is no `SQLite` database.
    #[error("it is not an SQLite database")]
    NotADatabase,
    /// The file is a database of another program.
    #[error("it is a database of another program (application id {application_id})")]
    Foreign {
        /// What the file's header says.
        application_id: i32,
    },
    /// A newer version of this program wrote it.
    #[error("it has schema version {found}, and this program knows versions up to {known}")]
    Newer {
        /// What the file's header says.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// It is to be read only, and an older version wrote it.
    #[error("it has the older schema version {found}, and only writing brings it to version {known}")]
    Older {
        /// What the file's header says; 0 for an empty file.
        found: usize,
        /// The newest version.
        known: usize,
    },
    /// The file is damaged.
    #[error("the file is damaged: {0}")]
    Corrupt(String),
    /// A value makes no sense: damaged, or written by something else.
    #[error("it holds a value that makes no sense: {0}")]
    Nonsense(String),
    /// The file, its folder or the file system is read-only, or it was opened only to be read.
    #[error("it is read-only")]
    ReadOnly,
    /// The disk or the quota is full.
    #[error("the disk is full")]
    Full,
    /// Another process kept it locked.
    #[error("it was locked by another process for more than {seconds} s")]
    Locked {
        /// How long was waited.
        seconds: u64,
    },
    /// Something was asked for that the store does not take.
    #[error(transparent)]
    Refused(Refusal),
    /// Anything else that `SQLite` reports.
    #[error("SQLite reports: {0}")]
    Sql(rusqlite::Error),
}

/// What is odd about an object of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// No version has it.
    #[error("is none of it")]
    Unknown,
    /// It is defined otherwise.
    #[error("is defined otherwise")]
    Different,
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// There are two of that name.
    #[error("is there twice")]
    Twice,
}

/// What the store does not take: a mistake of the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such run.
    #[error("it holds no run {0}")]
    UnknownRun(RunId),
    /// No such comparison.
    #[error("it holds no comparison {0}")]
    UnknownComparison(i64),
    /// No such run, or one that was not completed.
    #[error("it holds no completed run {0}")]
    NoEvidence(i64),
    /// No run of that name.
    #[error("it holds no run {0}")]
    NoSharedRun(RunUid),
    /// A result of one machine in a run of another.
    #[error("a result of the machine `{measured}` came in a run on `{run}`")]
    WrongMachine {
        /// The machine in the key.
        measured: String,
        /// The machine of the run.
        run: String,
    },
    /// A measurement without launches.
    #[error("the measurement has no launches")]
    NoLaunches,
    /// A duration or a ratio that is no number.
    #[error("{0} is not a number")]
    NotANumber(&'static str),
    /// The comparison already has a pair of this index.
    #[error("its comparison already has a pair {0}")]
    PairTwice(u32),
}

const FREE_SPACE: &str = "free some space and run again: everything finished before is already stored";

impl StoreError {
    /// An action on the store at `path` failed.
    pub(super) fn new(action: &'static str, path: &Path, problem: Problem) -> Self {
        Self { action, path: path.to_owned(), problem }
    }

    /// Why it failed.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Which store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match &self.problem {
            Problem::Full => Some(FREE_SPACE),
            Problem::Folder(error) | Problem::Ignore(error) if error.kind() == io::ErrorKind::StorageFull => {
                Some(FREE_SPACE)
            }
            Problem::Folder(_) | Problem::Ignore(_) | Problem::ReadOnly | Problem::CannotOpen(_) => {
                Some("make its folder writable, or name another file with --store")
            }
            Problem::Missing | Problem::Older { .. } => {
                Some("measure something first, or name another file with --store")
            }
            Problem::NotADatabase | Problem::Foreign { .. } => {
                Some("name another file with --store, or move this one out of the way")
            }
            Problem::Newer { .. } => Some("update cargo-perfguard"),
            Problem::Corrupt(_) | Problem::Nonsense(_) => Some(
                "keep a copy, try `sqlite3 store.db .recover`, or move the file out of the way to begin afresh",
            ),
            Problem::Locked { .. } => Some("wait for the other run, or end it, and run again"),
            Problem::Linked(_) | Problem::NotAFile(_) => {
                Some("remove it, or name another file with --store: nothing was read or written there")
            }
            Problem::Schema { .. } => Some(
                "somebody else changed it, and may have forged what it holds: move the file out of the way to begin afresh",
            ),
            Problem::Gone => Some("run again, and keep benchmarks and clean-up jobs away from the file"),
            Problem::Refused(_) | Problem::Interrupted | Problem::Sql(_) => None,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {} {}: {}", self.action, self.path.display(), self.problem)
    }
}

impl Error for StoreError {
    /// The problem is part of the message: what follows is what caused the problem.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                ErrorCode::NotADatabase => Self::NotADatabase,
                ErrorCode::DatabaseCorrupt => {
                    Self::Corrupt(message.clone().unwrap_or_else(|| failure.to_string()))
                }
                ErrorCode::ReadOnly => Self::ReadOnly,
                ErrorCode::DiskFull => Self::Full,
                // The index of the write-ahead log cannot grow.
                _ if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Self::Full,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Locked { seconds: 0 },
                ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Self::CannotOpen(error),
                _ => Self::Sql(error),
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Nonsense(error.to_string()),
            _ => Self::Sql(error),
        }
    }
}
