//! Why a command could not do what it was asked, and which exit code that is.

use std::path::PathBuf;

use super::claims::ClaimError;
use crate::build::BuildError;
use crate::build::library_copy::LibraryCopyError;
use crate::discover::DiscoverError;
use crate::domain::{BenchmarkName, Failure, Side, UnitKind};
use crate::exchange::ExchangeError;
use crate::source::{HarnessError, SourceError};
use crate::store::StoreError;
use crate::store::acceptance_file::AcceptanceFileError;
use crate::support::area::AreaError;
use crate::support::current::CurrentError;
use crate::support::lock::LockError;

/// Whose fault it was, as the exit code tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Asked for what cannot be: 2.
    Usage,
    /// Asked rightly, but it could not be completed: 101.
    Trouble,
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// Git had no answer.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The built-in harness could not be laid out.
    #[error(transparent)]
    Harness(#[from] HarnessError),
    /// The benches could not be found.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// A lock file that was given does not fit.
    #[error(
        "the packages of the {side} could not be found with {} as its Cargo.lock: cargo metadata failed\n{output}",
        path.display()
    )]
    LockFile {
        /// Whose.
        side: Side,
        /// Which file.
        path: PathBuf,
        /// What Cargo said.
        output: String,
    },
    /// A side did not build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store gave back something else than was measured.
    #[error("the store {} gave back something else than was measured: {what}", store.display())]
    Altered {
        /// Which store.
        store: PathBuf,
        /// What differs.
        what: String,
    },
    /// The build folder could not be used.
    #[error(transparent)]
    Site(#[from] CurrentError),
    /// A measuring library could not be copied.
    #[error(transparent)]
    Copy(#[from] LibraryCopyError),
    /// The workspace's lock could not be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Our own folder could not be used.
    #[error(transparent)]
    Area(#[from] AreaError),
    /// Nothing to measure.
    #[error(
        "nothing to measure: the workspace has no bench target of Criterion, of a fork of it or of divan, no #[bench] \
         function and no `[[command]]`{}",
        left_out(.0)
    )]
    NoBenches(Vec<String>),
    /// The user's filter means nothing.
    #[error("no benchmark matches `{filter}`")]
    NoMatch {
        /// What was asked for.
        filter: String,
        /// What exists and is spelt alike.
        near: Vec<String>,
    },
    /// The user's filter names bench targets that there are not, so nothing was built.
    #[error("no bench target can have a benchmark that matches `{filter}`")]
    NoTarget {
        /// What was asked for.
        filter: String,
        /// Those that are spelt alike, or else some that there are, as `package::target`.
        targets: Vec<String>,
    },
    /// The user's name means more than one benchmark.
    #[error("`{text}` matches {count} benchmarks")]
    Several {
        /// What was asked for.
        text: String,
        /// How many match.
        count: usize,
        /// Some of them.
        near: Vec<String>,
    },
    /// There is nothing to compare a benchmark with.
    #[error("cannot explain {name}: only the {side} has it")]
    OneSided {
        /// Which benchmark.
        name: BenchmarkName,
        /// Who has it.
        side: Side,
    },
    /// An executable does not tell its benchmarks.
    #[error("the benchmarks of {label} could not be listed: {}", told(failure))]
    Unlisted {
        /// The bench target.
        label: String,
        /// What of its package was compiled.
        unit: UnitKind,
        /// Why.
        failure: Failure,
    },
    /// A launch that counts instructions failed.
    #[error("the instructions of {name} could not be counted: {}", told(failure))]
    CountFailed {
        /// Which benchmark.
        name: BenchmarkName,
        /// Why.
        failure: Box<Failure>,
    },
    /// Instructions that cannot be counted here.
    #[error("the instructions of {name} cannot be counted: {reason}")]
    Uncounted {
        /// Which benchmark.
        name: BenchmarkName,
        /// Why.
        reason: String,
        /// What to do about it.
        remedy: Option<String>,
    },
    /// A benchmark of a kind that nobody can count.
    #[error("the instructions of {name} cannot be counted: {reason}")]
    Uncountable {
        /// Which benchmark.
        name: BenchmarkName,
        /// Why.
        reason: String,
    },
    /// A claim that cannot be tested.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// A file that should be an acceptance, and is none.
    #[error(transparent)]
    Acceptance(#[from] AcceptanceFileError),
    /// Nobody claims anything.
    #[error("no claims to test: the configuration has no `[[claim]]`, and the built-in suite is left out")]
    NoClaims,
    /// The user's filter means no claim.
    #[error("no claim matches {filter}")]
    NoClaimMatch {
        /// What was asked for.
        filter: String,
        /// What exists and is spelt alike.
        near: Vec<String>,
    },
    /// A signal came before anything was measured.
    #[error("interrupted before anything was measured")]
    Interrupted,
    /// A signal came while runs were received or sent.
    #[error("interrupted after {} of {} {way}", .done, counted(*.all))]
    ExchangeInterrupted {
        /// How many were dealt with.
        done: usize,
        /// How many there are.
        all: usize,
        /// What was done with them: `received`, `sent`.
        way: &'static str,
    },
    /// A place of results could not be used.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// A metric that cannot be measured here.
    #[error("{metric} cannot be measured: {reason}")]
    Metric {
        /// Which.
        metric: crate::domain::Metric,
        /// Why.
        reason: &'static str,
    },
}

/// A failure with the last lines the process printed.
fn told(failure: &Failure) -> String {
    let output = failure.output.trim();
    if output.is_empty() { failure.message.clone() } else { format!("{}\n{output}", failure.message) }
}

fn left_out(targets: &[String]) -> String {
    if targets.is_empty() { String::new() } else { format!(" ({})", targets.join("; ")) }
}

fn counted(runs: usize) -> String {
    if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") }
}

/// Names as a hint lists them.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

impl PipelineError {
    /// Which exit code it is.
    ///
    /// Exhaustive on purpose: a new error does not compile until somebody has chosen what CI sees.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Source(error) => source_fault(error),
            Self::Discover(error) => discover_fault(error),
            Self::Exchange(error) if error.is_usage() => Fault::Usage,
            Self::NoBenches(_)
            | Self::NoMatch { .. }
            | Self::NoTarget { .. }
            | Self::Several { .. }
            | Self::OneSided { .. }
            | Self::Uncountable { .. }
            | Self::Metric { .. }
            | Self::Claim(_)
            | Self::Acceptance(_)
            | Self::NoClaims
            | Self::NoClaimMatch { .. } => Fault::Usage,
            Self::Exchange(_)
            | Self::Harness(_)
            | Self::LockFile { .. }
            | Self::Build(_)
            | Self::Store(_)
            | Self::Altered { .. }
            | Self::Site(_)
            | Self::Copy(_)
            | Self::Lock(_)
            | Self::Interrupted
            | Self::ExchangeInterrupted { .. }
            | Self::Unlisted { .. }
            | Self::CountFailed { .. }
            | Self::Uncounted { .. }
            | Self::Area(_) => Fault::Trouble,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Discover(error) => error.hint(),
            Self::LockFile { side, .. } => Some(format!(
                "it must fit the manifests of the {side} as it is: in a checkout of that, put it in the place of Cargo.lock, \
                 run `cargo update --workspace`, and give what comes out"
            )),
            Self::Build(error) => error.hint(),
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::Altered { .. } => Some(
                "something else wrote to it during the run, which a benchmark can: look for who did, and begin a new store"
                    .to_owned(),
            ),
            Self::Site(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::NoBenches(_) => Some(
                "add a `[[bench]]` with `harness = false` that uses Criterion or divan, name a program with `[[command]]` in \
                 perfguard.toml, or let the built-in suite take part"
                    .to_owned(),
            ),
            Self::Claim(error) => error.hint(),
            Self::NoClaims => Some("leave --no-builtin out, or write a `[[claim]]`".to_owned()),
            Self::NoMatch { near, .. } | Self::NoClaimMatch { near, .. } if !near.is_empty() => {
                Some(format!("similar names: {}", quoted(near)))
            }
            Self::Several { near, .. } => Some(format!("give the full name: {}", quoted(near))),
            Self::OneSided { .. } => Some("name a revision that has it, too".to_owned()),
            Self::Unlisted { label, unit, .. } => {
                let name = label.rsplit("::").next().unwrap_or(label);
                let what = if *unit == UnitKind::Library { "--lib".to_owned() } else { format!("--bench {name}") };
                Some(format!("run it by itself: cargo bench {what}"))
            }
            Self::Uncounted { remedy, .. } => remedy.clone(),
            Self::NoTarget { targets, .. } => {
                Some(format!("full names begin with a bench target, such as {}", quoted(targets)))
            }
            Self::NoMatch { .. } => Some("`cargo perfguard list` shows every full name".to_owned()),
            Self::NoClaimMatch { .. } => {
                Some("a claim's name is group/pattern, such as strings/concat".to_owned())
            }
            Self::Area(error) => Some(error.hint()),
            Self::ExchangeInterrupted { .. } => {
                Some("what was done is kept; the same command goes on with the rest".to_owned())
            }
            Self::Exchange(error) => error.hint(),
            Self::Acceptance(_)
            | Self::Harness(_)
            | Self::Copy(_)
            | Self::Interrupted
            | Self::CountFailed { .. }
            | Self::Uncountable { .. }
            | Self::Metric { .. } => None,
        }
    }
}

/// What the user asked for cannot be, or git, a file or the clone is in the way.
fn source_fault(error: &SourceError) -> Fault {
    match error {
        SourceError::NotARepository(_)
        | SourceError::Bare(_)
        | SourceError::Unborn(_)
        | SourceError::Outside { .. }
        | SourceError::UnknownRevision { .. }
        | SourceError::AmbiguousRevision { .. }
        | SourceError::NotACommit { .. }
        | SourceError::FirstCommit { .. }
        | SourceError::NoDefaultBranch { .. }
        | SourceError::NoMergeBase { .. }
        | SourceError::NotARange(_)
        | SourceError::EmptyRange(_)
        | SourceError::Unusable { .. }
        | SourceError::NoWorkspace { .. } => Fault::Usage,
        SourceError::Ownership(_)
        | SourceError::Tracked { .. }
        | SourceError::Format { .. }
        | SourceError::Git { .. }
        | SourceError::Shallow { .. }
        | SourceError::Read { .. }
        | SourceError::Write { .. }
        | SourceError::MissingObject { .. }
        | SourceError::MissingSubmodule { .. }
        | SourceError::MissingLfs { .. }
        | SourceError::UnsafePath(_)
        | SourceError::Pristine(_)
        | SourceError::Changing => Fault::Trouble,
    }
}

/// What the user asked for cannot be, or Cargo is in the way.
fn discover_fault(error: &DiscoverError) -> Fault {
    match error {
        DiscoverError::NoManifest { .. }
        | DiscoverError::UnknownPackage { .. }
        | DiscoverError::UnknownBench { .. }
        | DiscoverError::UnknownProgram { .. }
        | DiscoverError::AmbiguousProgram { .. }
        | DiscoverError::CommandTarget { .. }
        | DiscoverError::Pattern { .. } => Fault::Usage,
        DiscoverError::Process(_)
        | DiscoverError::Metadata { .. }
        | DiscoverError::Answer(_)
        | DiscoverError::NoResolve
        | DiscoverError::Read { .. }
        | DiscoverError::Manifest { .. } => Fault::Trouble,
    }
}
