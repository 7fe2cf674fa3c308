//! What can go wrong between machines, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::domain::RunUid;
use crate::support::area::AreaError;
use crate::support::lock::LockError;
use crate::support::process::ProcessError;

use super::text::TextError;

/// Why a place could not be used. No text in it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Neither a remote of the repository nor anything like a place.
    #[error("`{0}` is neither a remote of this repository nor a URL of git's")]
    NoRemote(String),
    /// A kind of place that cannot be compacted.
    #[error("{0} keeps each run by itself: there is nothing to compact")]
    NotCompacted(String),
    /// A path that is no folder.
    #[error("{0} is no folder")]
    NotAFolder(PathBuf),
    /// Git could not be run, or ran for too long.
    #[error("git could not be asked: {0}")]
    Process(#[from] ProcessError),
    /// Git refused, or the other side did.
    #[error("failed to {action} {place}: {said}")]
    Git {
        /// What was to be done.
        action: &'static str,
        /// Where, without secrets.
        place: String,
        /// What git said, without secrets.
        said: String,
    },
    /// The other side does not let us write.
    #[error("failed to send results to {place}: writing was refused: {said}")]
    Refused {
        /// Where, without secrets.
        place: String,
        /// What git and the other side said, without secrets.
        said: String,
    },
    /// The place was compacted by others again and again.
    #[error("failed to compact {0}: others compacted it at the same time; nothing was lost")]
    Raced(String),
    /// Our own folder of objects.
    #[error(transparent)]
    Area(#[from] AreaError),
    /// The lock on it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Our own repository is damaged.
    #[error("failed to {action} {}: {why}", folder.display())]
    Own {
        /// What was to be done.
        action: &'static str,
        /// Which folder.
        folder: PathBuf,
        /// Why it failed.
        why: String,
    },
    /// No URL of a database.
    #[error("`{url}` is no URL of a PostgreSQL database: {why}")]
    NoDatabase {
        /// The URL, without secrets.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// This program was built without what speaks to a database.
    #[error("this cargo-perfguard was built without PostgreSQL")]
    WithoutPostgres,
    /// A database.
    #[error("failed to {action} {place}: {said}")]
    Database {
        /// What was to be done.
        action: &'static str,
        /// Where, without secrets.
        place: String,
        /// What it said, without secrets.
        said: String,
        /// What kind of fault it is.
        fault: DatabaseFault,
    },
    /// A folder of runs.
    #[error("failed to {action} {}: {error}", path.display())]
    Folder {
        /// What was to be done.
        action: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
}

impl ExchangeError {
    /// Whether something was asked for that cannot be.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoRemote(_)
                | Self::NotCompacted(_)
                | Self::NotAFolder(_)
                | Self::NoDatabase { .. }
                | Self::WithoutPostgres
        )
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoRemote(_) => Some(
                "name a remote (`git remote` lists them), a URL of git's, a folder as dir:PATH, or a database as postgres://…"
                    .to_owned(),
            ),
            Self::NotCompacted(_) => None,
            Self::NotAFolder(_) => Some("make the folder first".to_owned()),
            Self::Process(error) => error.hint(),
            Self::Git { action, .. } => Some(format!(
                "everything measured is in the store of this machine: see that git itself can {} there, and run again",
                if *action == PULL { "fetch" } else { "push" }
            )),
            Self::Refused { .. } => Some(
                "everything measured is in the store of this machine: let the user or token that git uses there push \
                 references under refs/perfguard/ (in GitHub Actions `permissions: { contents: write }`, which jobs of \
                 forks never have), or name another place with --to, and run again"
                    .to_owned(),
            ),
            Self::Raced(_) => Some("run it again, from one job alone".to_owned()),
            Self::Area(error) => Some(error.hint()),
            Self::Lock(error) => error.hint(),
            Self::Own { folder, .. } => {
                Some(format!("remove {}: it holds nothing but what can be fetched again", folder.display()))
            }
            Self::NoDatabase { .. } => Some("write it as postgres://USER@HOST/NAME; PGPASSWORD may hold the password".to_owned()),
            Self::WithoutPostgres => Some(
                "take a release binary, or install it with `--features postgres` added to the line in the README"
                    .to_owned(),
            ),
            Self::Database { fault, .. } => Some(fault.hint().to_owned()),
            Self::Folder { .. } => Some("everything measured is in the store of this machine".to_owned()),
        }
    }
}

/// What kind of fault a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseFault {
    /// It cannot be reached, or does not answer.
    Connection,
    /// It does not allow it.
    Permission,
    /// Its tables are a newer program's.
    Newer,
    /// Its tables are not as they should be, or it has troubles of its own.
    Tables,
}

impl DatabaseFault {
    fn hint(self) -> &'static str {
        match self {
            Self::Connection => {
                "everything measured is in the store of this machine: see that `psql` can reach the database, and run again. \
                 The way is encrypted and the server's certificate is checked (SSL_CERT_FILE names certificates of your own) \
                 unless the host is this machine or the URL says `sslmode=disable`"
            }
            Self::Permission => {
                "everything measured is in the store of this machine: sending needs INSERT and SELECT on the tables \
                 perfguard_*, and CREATE on the schema once; receiving needs SELECT"
            }
            Self::Newer => "update cargo-perfguard",
            Self::Tables => {
                "everything measured is in the store of this machine: see what the database's own log says"
            }
        }
    }
}

/// What a failed fetch was for.
pub(super) const PULL: &str = "fetch results from";
/// What a failed push was for.
pub(super) const PUSH: &str = "send results to";

/// Something at a place that is not taken. The rest is.
#[derive(Debug, thiserror::Error)]
pub enum Oddity {
    /// What is called so is no run.
    #[error("`{0}` is no id of a run")]
    NoId(String),
    /// It cannot be read.
    #[error("run {uid} cannot be read: {why}")]
    Unreadable {
        /// Which run.
        uid: RunUid,
        /// Why.
        why: TextError,
    },
    /// It is there, but not as a run is.
    #[error("run {uid} cannot be read: {why}")]
    Shape {
        /// Which run.
        uid: RunUid,
        /// What is odd.
        why: &'static str,
    },
    /// Two runs of one id differ.
    #[error("run {0} has other content than the run of that id that is known here, which is kept")]
    Differs(RunUid),
    /// The place has other content under an id of ours.
    #[error("run {0} is there already with other content, which stays")]
    Occupied(RunUid),
}
