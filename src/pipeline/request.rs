//! What a command asks for, resolved: nothing here was typed by a user or read from the environment any more.

use std::path::PathBuf;
use std::time::Duration;

use crate::discover::{Filter, Selection};
use crate::domain::{CargoFlags, Claim, Layout, MachineFacts, Metric, Variables};
use crate::judge::{GatePolicy, Policy};
use crate::measure::counter::{CountOptions, InstructionSource};
use crate::measure::plan::launch_options;
use crate::measure::runner::LaunchOptions;
use crate::store::BaselineFile;

/// When a launch that counts is given up. A set-up may take a minute, and five times as long under a counter.
const COUNT_LIMIT: Duration = Duration::from_mins(5);

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Project {
    /// The user's workspace root.
    pub root: PathBuf,
    /// Our own folder below Cargo's target folder.
    pub area: PathBuf,
    /// The `cargo` to call.
    pub cargo: PathBuf,
    /// The environment it is called with.
    pub environment: Variables,
}

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The user's files as they are.
    WorkTree,
    /// A commit.
    Revision(String),
}

/// Whether the built-in harness takes part, and which of its benchmarks.
#[derive(Debug, Clone)]
pub enum Harness {
    /// It does not.
    Off,
    /// It does; only benchmarks of these patterns (`strings::*`), or all when there are none.
    On {
        /// Which of its benchmarks.
        select: Filter,
    },
}

/// How to build and what to leave out.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Which packages, targets and features.
    pub selection: Selection,
    /// How Cargo is called.
    pub flags: CargoFlags,
    /// Which benchmarks by name.
    pub filter: Filter,
    /// The filter as the user wrote it, for messages.
    pub words: Vec<String>,
    /// The built-in harness.
    pub harness: Harness,
    /// How functions are laid out.
    pub layout: Layout,
}

/// Whether the user asked for certain metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insistence {
    /// By name: one that cannot be had is told for each benchmark.
    Asked,
    /// No: what cannot be had is left out, with a note.
    Default,
}

/// How to measure.
#[derive(Debug, Clone)]
pub struct Measuring {
    /// Which figures.
    pub metrics: Vec<Metric>,
    /// What it means that one of them cannot be had.
    pub insistence: Insistence,
    /// Paired time per benchmark and phase, a ceiling.
    pub budget: Duration,
    /// Measure pairs even of identical executables.
    pub identical: bool,
    /// What counts instructions.
    pub instructions_by: InstructionSource,
    /// When a launch is given up, instead of a multiple of the time it should take.
    pub launch_timeout: Option<Duration>,
}

impl Measuring {
    /// How a launch is counted.
    pub fn count_options(&self) -> CountOptions {
        CountOptions {
            time_limit: self.launch_timeout.unwrap_or(COUNT_LIMIT),
            source: self.instructions_by,
            caches: false,
        }
    }

    /// How long a launch measures, and when it is given up. `iteration` is how long one takes, if that is known.
    pub fn launch_options(&self, iteration: Option<Duration>) -> LaunchOptions {
        let options = launch_options(self.budget, iteration);
        LaunchOptions { time_limit: self.launch_timeout.unwrap_or(options.time_limit), ..options }
    }
}

/// What is measured again before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    /// Nothing.
    Never,
    /// What looks regressed.
    Suspects,
    /// What looks regressed or improved.
    Always,
}

/// How to judge.
#[derive(Debug, Clone)]
pub struct Judging {
    /// Thresholds and the error that is accepted.
    pub policy: Policy,
    /// What makes the gate fail.
    pub gate: GatePolicy,
    /// What is measured twice.
    pub confirm: Confirm,
    /// Whether a stored baseline may clear a benchmark without pairs.
    pub screen: bool,
    /// Whether a few benchmarks are measured against themselves first.
    pub null_control: bool,
}

/// When the harness's claims are part of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HarnessClaims {
    /// Never.
    Never,
    /// Those that were confirmed, where their executables differ between the sides.
    WhenChanged,
    /// All of them.
    Always,
}

/// Claims as part of a comparison.
#[derive(Debug, Clone)]
pub struct ClaimGate {
    /// The user's own.
    pub own: Vec<Claim<String>>,
    /// The harness's.
    pub harness: HarnessClaims,
    /// What committed baseline files know about claims.
    pub known: Vec<BaselineFile>,
    /// Paired time per claim, a ceiling.
    pub budget: Duration,
}

/// A comparison: `check` and `compare`.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// The command's name, for the report.
    pub command: &'static str,
    /// Where.
    pub project: Project,
    /// What is compared with; `None` for the default.
    pub baseline: Option<String>,
    /// What is judged.
    pub candidate: Subject,
    /// What takes part.
    pub scope: Scope,
    /// How it is measured.
    pub measuring: Measuring,
    /// How it is judged.
    pub judging: Judging,
    /// Which claims are held to.
    pub claims: ClaimGate,
    /// On which machine.
    pub machine: MachineFacts,
    /// What orders and pinning are drawn from; recorded with the results.
    pub seed: u64,
}

/// A measurement without judgement: `run`.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// Where.
    pub project: Project,
    /// What to measure: the work tree, or each commit of a range.
    pub what: RunSubject,
    /// What takes part.
    pub scope: Scope,
    /// How it is measured.
    pub measuring: Measuring,
    /// On which machine.
    pub machine: MachineFacts,
}

/// What `run` measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunSubject {
    /// The user's files as they are.
    WorkTree,
    /// The commits of a range, oldest first, skipping what is stored.
    Range(String),
}
