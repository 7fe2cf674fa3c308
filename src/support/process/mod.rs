//! Child processes that never outlive us: each starts in a process group of its own, and the whole group ends with it.
//!
//! Four things hold that promise. A [`Group`] that is dropped kills what is left of its group. A signal (SIGINT,
//! SIGTERM, SIGHUP) kills every live group and marks the program [`interrupted`]. On Linux, processes that left their group
//! fall to a program that [adopts](adopt_strays) them, and are killed with the last group. When we are killed outright, Linux
//! kills our children for us, and a watchdog that listens to us kills the rest of their groups, and whoever has our
//! folder of temporary files in its environment.

mod group;
mod registry;
mod run;
mod spawner;
mod stopwatch;
mod strays;
mod system;
mod tail;
mod told;
mod watchdog;

#[cfg(unix)]
mod before_exec;

use std::io;
use std::time::Duration;

pub use group::Group;
pub use registry::{interrupted, interrupted_by, live, watch_signals};
pub use run::{Finished, Stream, run, run_redrawing};
pub use stopwatch::Timed;
pub use strays::{adopt as adopt_strays, dismiss as dismiss_watchdog};
pub use system::GRACE;
pub use tail::Tail;

/// Becomes another program, in this very process; comes back only if that fails.
#[cfg(unix)]
pub fn replace_self(command: &mut std::process::Command) -> io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

/// There is no such thing here.
#[cfg(not(unix))]
pub fn replace_self(_: &mut std::process::Command) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// Why a child process gave no result. A child that ends with a failure is no error here.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("failed to start `{program}`: {error}")]
    Start {
        /// What was to be started.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// Its end could not be waited for.
    #[error("failed to wait for `{program}`: {error}")]
    Wait {
        /// What was running.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// It ran longer than it was allowed to, and was killed.
    #[error("`{program}` did not finish within {} s", limit.as_secs_f64())]
    TimedOut {
        /// What was running.
        program: String,
        /// How long it was allowed to run.
        limit: Duration,
        /// The end of what it had written to its standard output.
        stdout: Tail,
        /// The end of what it had written to its standard error.
        stderr: Tail,
    },
    /// A signal told the program to stop.
    #[error("interrupted while `{program}` ran")]
    Interrupted {
        /// What was running or to be started.
        program: String,
    },
}

impl ProcessError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Start { program, error } if error.kind() == io::ErrorKind::NotFound => {
                Some(format!("is `{program}` installed and on PATH?"))
            }
            Self::Start { program, error } if error.kind() == io::ErrorKind::PermissionDenied => {
                Some(format!("is `{program}` executable, on a file system mounted without noexec?"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
