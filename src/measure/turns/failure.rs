//! What can go wrong while two processes take turns.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::domain::sample::SampleError;

/// Why one side of a pair yielded no samples.
#[derive(Debug, thiserror::Error)]
pub enum TurnFailure {
    /// The executable could not be started.
    #[error("start {}: {source}", program.display())]
    Start {
        /// What was to be started.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended well, and never came to the benchmark.
    #[error("find the benchmark `{id}` in the executable")]
    Absent {
        /// Criterion's id of the benchmark.
        id: String,
    },
    /// It ended in the middle, or badly.
    #[error("run the benchmark: the process ended with {status}{}", Tail(stderr))]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// It was killed because it took longer than a launch may.
    #[error("finish within {} s{}", limit.as_secs_f64(), Tail(stderr))]
    TimedOut {
        /// How long a launch may take.
        limit: Duration,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// A custom `Measurement` that counts something other than nanoseconds.
    #[error("take its measurement for time: it counts `{unit}`")]
    NotTime {
        /// The unit, as Criterion's formatter says it.
        unit: String,
    },
    /// It said something that is no answer.
    #[error("understand what the benchmark answered: `{answer}`")]
    Nonsense {
        /// What it said.
        answer: String,
    },
    /// Its samples are none.
    #[error("use its samples: {0}")]
    Samples(#[from] SampleError),
    /// A socket, a file or a process could not be handled.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl TurnFailure {
    /// For `map_err`: a failed system call, and what it was for.
    pub(super) fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System { what, source: source.into() }
    }
}

/// The end of standard error, after a colon, when there is any.
struct Tail<'a>(&'a str);

impl fmt::Display for Tail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}
