//! Why a tree cannot be put back to what it was.

use std::io;
use std::path::PathBuf;

/// Why a tree cannot be put back to what it was.
#[derive(Debug, thiserror::Error)]
pub enum PristineError {
    /// A file or folder could not be read, written or removed.
    #[error("failed to restore {path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The original content is not to be had any more.
    #[error("failed to restore {0}: its content is gone")]
    Gone(PathBuf),
    /// Nobody wrote down how the tree was.
    #[error("failed to restore {0}: it is not known how it was")]
    Unknown(PathBuf),
}

impl From<PristineError> for io::Error {
    fn from(error: PristineError) -> Self {
        Self::other(error)
    }
}
