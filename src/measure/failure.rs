//! Why a launch gave no samples. Each becomes the verdict `failed` of one benchmark; the others go on.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::criterion::error::ProtocolError;
use super::criterion::files::FilesError;
use super::excess::Excess;
use crate::domain::library::Family;
use crate::domain::{Failure, SampleError};
use crate::support::process::ProcessError;

/// A launch that gave no samples, and the last lines it printed.
#[derive(Debug)]
pub struct LaunchFailure {
    /// What went wrong.
    pub kind: FailureKind,
    /// The last lines of both streams, without escape sequences; empty when nothing was printed.
    pub output_tail: String,
}

/// What went wrong with a launch, worded to follow the name of what was launched and a colon.
#[derive(Debug, thiserror::Error)]
pub enum FailureKind {
    /// The source tree's home could not be made current.
    #[error("its source tree cannot be made current: {0}")]
    Home(io::Error),
    /// There is no place for what it prints or reports.
    #[error("its launch cannot be prepared: {0}")]
    Unstartable(io::Error),
    /// The process could not be started, or not be looked after.
    #[error(transparent)]
    Process(Box<ProcessError>),
    /// It ended without ever speaking as a bench of its library does.
    #[error("it is not a {} bench: it reported nothing", .0.title())]
    NotOf(Family),
    /// It panicked.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// It exited with a code other than zero.
    #[error("it exited with code {0}")]
    Exited(i32),
    /// A signal ended it.
    #[error("signal {0} ended it")]
    Signalled(i32),
    /// It neither reported nor ended in time.
    #[error("it did not end within {limit:?}")]
    Hung {
        /// The time it had.
        limit: Duration,
    },
    /// It announced that it would take longer than it may.
    #[error("it cannot take its samples within {limit:?}: they would take about {estimate:.1?}")]
    TooSlow {
        /// How long the samples would take.
        estimate: Duration,
        /// The time it had.
        limit: Duration,
    },
    /// It said, printed or wrote more than anybody needs.
    #[error("{0}")]
    Excessive(Excess),
    /// It ended well, but reported no measurement of the benchmark.
    #[error("it ended without a measurement")]
    Silent,
    /// It has no such benchmark.
    #[error("its executable ended without running the benchmark, or does not have it")]
    Absent,
    /// It takes no notice of its arguments, and so cannot be asked for one benchmark.
    #[error("it ignores its arguments, and measures whatever its filter says")]
    Unfiltered,
    /// What it reported are no samples.
    #[error("it reported unusable samples: {0}")]
    Nonsense(SampleError),
    /// It measures something other than time.
    #[error("it measures in `{0}`, not in time")]
    ForeignUnit(String),
    /// It broke the rules of Criterion's protocol.
    #[error("it broke Criterion's protocol: {0}")]
    Garbled(ProtocolError),
    /// What was counted cannot be read.
    #[error("what callgrind counted cannot be read: {0}")]
    Uncounted(String),
    /// What the copied library told cannot be read.
    #[error("what its copied library told cannot be read: {0}")]
    Untold(String),
    /// It is not to be run.
    #[error("it is marked #[ignore]")]
    Ignored,
    /// What it is to read cannot be opened.
    #[error("its standard input cannot be read: {path}: {error}", path = path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What is run before it failed.
    #[error("`{program}`, which prepares it, failed: {kind}")]
    Unprepared {
        /// The program.
        program: String,
        /// How.
        kind: Box<FailureKind>,
    },
    /// The files it wrote cannot be used.
    #[error("Criterion's files cannot be used: {0}")]
    Files(FilesError),
}

impl FailureKind {
    /// Whether nothing is broken: the benchmark measures something else than time, takes none, or has a name that changes
    /// with every start.
    pub fn is_unsuitable(&self) -> bool {
        match self {
            Self::ForeignUnit(_) | Self::Absent | Self::Ignored => true,
            // What takes no time is given more iterations than can be told.
            Self::Nonsense(error) => {
                matches!(error, SampleError::ZeroTime { .. } | SampleError::Iterations { .. })
            }
            _ => false,
        }
    }

    /// Whether a process ended badly by itself: by what it says it may be one that bears no second beside it.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only two processes at once are told apart by it"))]
    pub(super) fn is_bad_end(&self) -> bool {
        matches!(self, Self::Panicked(_) | Self::Exited(_) | Self::Signalled(_))
    }
}

impl fmt::Display for LaunchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)
    }
}

impl std::error::Error for LaunchFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.kind)
    }
}

impl From<SampleError> for FailureKind {
    fn from(error: SampleError) -> Self {
        Self::Nonsense(error)
    }
}

impl From<ProtocolError> for FailureKind {
    fn from(error: ProtocolError) -> Self {
        Self::Garbled(error)
    }
}

impl From<Excess> for FailureKind {
    fn from(excess: Excess) -> Self {
        Self::Excessive(excess)
    }
}

impl From<FilesError> for FailureKind {
    fn from(error: FilesError) -> Self {
        Self::Files(error)
    }
}

impl From<ProcessError> for FailureKind {
    fn from(error: ProcessError) -> Self {
        Self::Process(Box::new(error))
    }
}

impl From<FailureKind> for LaunchFailure {
    /// A failure of something that printed nothing.
    fn from(kind: FailureKind) -> Self {
        Self { kind, output_tail: String::new() }
    }
}

impl From<LaunchFailure> for Failure {
    fn from(failure: LaunchFailure) -> Self {
        Self {
            message: failure.to_string(),
            output: failure.output_tail.trim().to_owned(),
            unsuitable: failure.kind.is_unsuitable(),
        }
    }
}

/// What an exit status says about how a process failed; `None` when it ended well.
pub fn of_exit(status: ExitStatus) -> Option<FailureKind> {
    if status.success() {
        return None;
    }
    Some(match (status.code(), signal(status)) {
        (Some(code), _) => FailureKind::Exited(code),
        (None, signal) => FailureKind::Signalled(signal.unwrap_or(0)),
    })
}

/// Tells a panic from another bad end, by the last lines that were printed. What the panic says is no longer among them.
pub fn with_last_lines(kind: FailureKind, output_tail: String) -> LaunchFailure {
    let is_end = matches!(kind, FailureKind::Exited(_) | FailureKind::Signalled(_));
    match panic_message(&output_tail).filter(|_| is_end) {
        Some((message, others)) => {
            LaunchFailure { kind: FailureKind::Panicked(message), output_tail: others }
        }
        None => LaunchFailure { kind, output_tail },
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// The message of the first panic among the last lines, for later ones only follow from it; and the other lines.
fn panic_message(tail: &str) -> Option<(String, String)> {
    let lines: Vec<&str> = tail.lines().collect();
    let at = lines.iter().position(|line| line.contains(" panicked at "))?;
    let (_, told) = lines[at].split_once(" panicked at ")?;
    // Before Rust 1.73 the message stood in the headline, in quotes; since then it follows on its own line.
    let in_quotes = told.strip_prefix('\'').map(|told| told.rsplit_once("', ").unwrap_or((told, "")));
    let (message, place, next) = match in_quotes {
        Some((message, place)) => (message, place, at + 1),
        None => (lines.get(at + 1).copied().unwrap_or_default(), told.trim_end_matches(':'), at + 2),
    };
    let others = [&lines[..at], lines.get(next..).unwrap_or_default()].concat().join("\n");
    Some((format!("{message} ({place})"), others))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    /// A status as `waitpid` encodes it.
    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn a_panic_is_told_from_an_exit_and_a_signal() {
        let kind = |status, tail: &str| with_last_lines(of_exit(status).unwrap(), tail.to_owned()).kind;
        assert!(of_exit(exited(0)).is_none());
        assert!(matches!(kind(exited(3), "words"), FailureKind::Exited(3)));
        assert!(matches!(kind(ExitStatus::from_raw(9), ""), FailureKind::Signalled(9)));
        let tail = "words\n\nthread 'main' (1) panicked at benches/a.rs:1:2:\nno good\nnote: run with";
        let found = with_last_lines(of_exit(exited(101)).unwrap(), tail.to_owned());
        assert_eq!(found.to_string(), "it panicked: no good (benches/a.rs:1:2)");
        assert_eq!(found.output_tail, "words\n\nnote: run with", "what it said is told once");
        let aborted = kind(ExitStatus::from_raw(6), tail);
        assert!(matches!(aborted, FailureKind::Panicked(_)), "also when panics abort");
    }

    #[test]
    fn the_message_of_an_old_panic_stands_in_its_headline() {
        let tail = "thread 'main' panicked at 'it's no good', src/main.rs:1:2\nnote";
        let found = panic_message(tail).unwrap();
        assert_eq!(found, ("it's no good (src/main.rs:1:2)".to_owned(), "note".to_owned()));
        assert_eq!(panic_message("a panicked at b").unwrap().1, "");
    }

    #[test]
    fn only_what_no_mending_would_time_is_unsuitable() {
        let unsuitable = |kind: FailureKind| Failure::from(LaunchFailure::from(kind)).unsuitable;
        assert!(unsuitable(FailureKind::ForeignUnit("widgets".into())));
        assert!(unsuitable(FailureKind::Absent));
        assert!(!unsuitable(FailureKind::Panicked("no good".into())));
        assert!(!unsuitable(FailureKind::Nonsense(SampleError::Empty)));
        assert!(!unsuitable(FailureKind::Silent));
    }

    #[test]
    fn a_failure_is_told_in_its_own_words() {
        let failure = LaunchFailure::from(FailureKind::Hung { limit: Duration::from_secs(2) });
        assert_eq!(failure.to_string(), "it did not end within 2s");
    }
}
