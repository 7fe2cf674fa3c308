//! Why the study could not go on. Worded to follow "failed to".

use std::io;
use std::path::PathBuf;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// A file or folder.
    #[error("use {path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A program could not be started.
    #[error("start {program}: {error}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// A program ended badly.
    #[error("run {program}: {output}")]
    Failed {
        /// Which.
        program: String,
        /// The end of what it said.
        output: String,
    },
    /// What a program wrote is not what was expected.
    #[error("understand {what}: {reason}")]
    Nonsense {
        /// What was read.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A drawing.
    #[error("draw: {0}")]
    Drawing(String),
}

impl StudyError {
    /// For `map_err` on what uses a file.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }
}
