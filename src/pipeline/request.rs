//! What a command asks for, resolved: nothing here was typed by a user or read from the environment any more.

use super::axes::{SideSettings, axes};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::discover::{Filter, Selection};
use crate::domain::{
    Acceptance, Asked, BenchmarkName, CargoFlags, Claim, Coloring, Confirm, CreepWatch, HistoryCheck,
    Identical, Insistence, Layout, MachineFacts, Metric, Partition, ReachUse, ReportKind, Side, Sides,
    Variables,
};
use crate::judge::{GatePolicy, Policy, VerdictRequirement};
use crate::measure::counter::{CountOptions, InstructionSource};
use crate::measure::plan::{close, launch_options};
use crate::measure::runner::LaunchOptions;
use crate::source::SUITE_PACKAGE;
use crate::store::BaselineFile;
use crate::support::records::Records;
use crate::support::room::Room;

/// When a launch that counts is given up. A set-up may take a minute, and five times as long under a counter.
const COUNT_LIMIT: Duration = Duration::from_mins(5);

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Project {
    /// The user's workspace root.
    pub root: PathBuf,
    /// Our own folder below Cargo's target folder.
    pub area: PathBuf,
    /// Where source trees live and are built: the same folder, unless it lies in the user's repository.
    pub trees: PathBuf,
    /// The `cargo` to call.
    pub cargo: PathBuf,
    /// The environment it is called with.
    pub environment: Variables,
    /// What is known of what lies in our folders.
    pub records: Records,
    /// How much is kept between runs.
    pub room: Room,
}

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The user's files as they are.
    WorkTree,
    /// A commit.
    Revision(String),
}

/// Whether the built-in suite takes part, and which of its benchmarks.
#[derive(Debug, Clone)]
pub enum Suite {
    /// It does not.
    Off,
    /// It does; only benchmarks of these patterns (`strings::*`), or all when there are none.
    On {
        /// Which of its benchmarks.
        select: Filter,
        /// Whether it is measured in any case.
        when: SuiteWhen,
    },
}

/// When the built-in suite is measured in a workspace that has benches of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SuiteWhen {
    /// Where it can differ: when toolchain, profile or flags are not the same on both sides, or when it is asked for by its
    /// package or by a filter.
    #[default]
    CanDiffer,
    /// Always.
    Always,
}

impl Suite {
    /// The same suite, measured whenever it takes part.
    #[must_use]
    pub fn always(self) -> Self {
        match self {
            Self::Off => Self::Off,
            Self::On { select, .. } => Self::On { select, when: SuiteWhen::Always },
        }
    }
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
    /// The built-in suite.
    pub suite: Suite,
    /// How functions are laid out.
    pub layout: Layout,
    /// The part of the benchmarks that is measured, where several machines share them.
    pub partition: Option<Partition>,
    /// Whether bench targets are built that belong to other parts: claims may be about benchmarks of several.
    pub builds_everything: bool,
}

impl Scope {
    /// Whether a benchmark takes part: the user's filter, and what is selected of the built-in suite.
    pub fn includes(&self, name: &BenchmarkName) -> bool {
        let selected = name.package() != SUITE_PACKAGE
            || match &self.suite {
                Suite::Off => false,
                Suite::On { select, .. } => select.matches(name),
            };
        selected && self.filter.matches(name) && self.partition.is_none_or(|part| part.holds(name))
    }

    /// Whether a bench target has to be built.
    pub fn builds(&self, package: &str, target: &str) -> bool {
        self.builds_everything || self.partition.is_none_or(|part| part.holds_target(package, target))
    }

    /// Whether a bench target can hold a benchmark that the user's filter means, or that claims are about. The built-in suite's
    /// name is in no name of another package.
    pub fn may_match(&self, package: &str, target: &str) -> bool {
        let suites = package != SUITE_PACKAGE && self.filter.is_below(&format!("{SUITE_PACKAGE}::"));
        self.builds_everything || (!suites && self.filter.may_match_target(package, target))
    }

    /// The same scope, with the built-in suite whether or not it can differ; without where it is turned off.
    #[must_use]
    pub fn with_suite(self) -> Self {
        Self { suite: self.suite.always(), ..self }
    }

    /// The same scope, whatever the names of benchmarks are.
    #[must_use]
    pub fn of_every_name(&self) -> Self {
        Self { filter: Filter::default(), partition: None, ..self.clone() }
    }
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
    /// What becomes of identical executables.
    pub identical: Identical,
    /// What becomes of benchmarks that a change does not reach.
    pub reach: ReachUse,
    /// What counts instructions.
    pub instructions_by: InstructionSource,
    /// When a launch is given up, instead of a multiple of the time it should take.
    pub launch_timeout: Option<Duration>,
    /// Whether a comparison goes on from stored pairs of the same executables.
    pub resume: bool,
    /// Whether it is asked which functions account for a difference in instructions.
    pub explained: bool,
}

impl Measuring {
    /// How a launch is counted.
    pub fn count_options(&self) -> CountOptions {
        CountOptions {
            time_limit: self.launch_timeout.unwrap_or(COUNT_LIMIT),
            source: self.instructions_by,
            // Only the simulated processor has branches to mispredict.
            caches: self.metrics.contains(&Metric::BranchMisses),
        }
    }

    /// How long a launch measures, and when it is given up. `iteration` is how long one takes, if that is known.
    pub fn launch_options(&self, iteration: Option<Duration>) -> LaunchOptions {
        self.limited(launch_options(self.budget, iteration))
    }

    /// The same for a pair that is to tell a `change`, a fraction: no longer than that needs.
    pub(crate) fn pair_options(&self, iteration: Option<Duration>, change: f64) -> LaunchOptions {
        LaunchOptions { close: close(change), ..self.launch_options(iteration) }
    }

    fn limited(&self, options: LaunchOptions) -> LaunchOptions {
        LaunchOptions { time_limit: self.launch_timeout.unwrap_or(options.time_limit), ..options }
    }
}

/// Which acceptances count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AcceptFrom {
    /// Those in files of the change, and those that are given.
    #[default]
    Files,
    /// Those that are given.
    Flags,
    /// None.
    None,
}

/// Which regressions may be accepted.
#[derive(Debug, Clone, Default)]
pub struct Accepting {
    /// Which acceptances count.
    pub from: AcceptFrom,
    /// Those that are given on the command line.
    pub given: Vec<Acceptance>,
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
    /// Whether stored runs of the baseline may clear a benchmark.
    pub history: HistoryCheck,
    /// Whether a few benchmarks are measured against themselves first.
    pub aa_test: bool,
    /// Which regressions may be accepted.
    pub accepting: Accepting,
}

impl Judging {
    /// The same for a part of the work: where every benchmark needs a verdict, a part may have none.
    #[must_use]
    pub fn of_part(mut self, partition: Option<Partition>) -> Self {
        if partition.is_some() && self.gate.verdicts == VerdictRequirement::Every {
            self.gate.verdicts = VerdictRequirement::EveryOfPart;
        }
        self
    }
}

/// When the built-in suite's claims are part of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteClaims {
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
    /// The built-in suite's.
    pub suite: SuiteClaims,
    /// What committed baseline files know about claims.
    pub known: Vec<BaselineFile>,
    /// Paired time per claim, a ceiling.
    pub budget: Duration,
}

impl ClaimGate {
    /// Whether claims can only be looked into when the built-in suite is built.
    pub fn need_suite(&self) -> bool {
        let of_suite = |claim: &Claim<String>| {
            let start = format!("{SUITE_PACKAGE}::");
            claim.expectation.benchmarks().iter().any(|name| name.starts_with(&start))
        };
        self.suite == SuiteClaims::Always || self.own.iter().any(of_suite)
    }
}

/// A comparison: `check` and `compare`.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// `check` or `compare`.
    pub kind: ReportKind,
    /// Where.
    pub project: Project,
    /// What is compared with; `None` for the default.
    pub baseline: Option<String>,
    /// What is judged.
    pub candidate: Subject,
    /// What takes part.
    pub scope: Scope,
    /// What may creep, where that is watched.
    pub creep: Option<CreepWatch>,
    /// Whether the comparison is with the start of that watch.
    pub from_anchor: bool,
    /// What each side is built with besides.
    pub axes: Sides<SideSettings>,
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

impl CompareRequest {
    /// What takes part and how it is measured, on one line, the part of the work aside.
    fn selection(&self) -> String {
        let Scope { selection, flags, words, suite, layout, .. } = &self.scope;
        let flags = CargoFlags { color: Coloring::Never, jobs: None, ..flags.clone() };
        let suite = matches!(suite, Suite::On { .. });
        let Measuring { metrics, budget, instructions_by, reach, .. } = &self.measuring;
        let aa_test = self.judging.aa_test;
        let mut line = format!(
            "{selection:?} {flags:?} {words:?} {suite} {layout} {metrics:?} {budget:?} {instructions_by:?} {aa_test} {reach:?}"
        );
        // Axes are told by the names of files.
        for (side, settings) in Side::BOTH.map(|side| (side, self.axes.get(side))) {
            if let Some(lock) = &settings.lockfile {
                // Writing to a String cannot fail.
                let _ = write!(line, " {side} locked by {}", lock.digest());
            }
        }
        line
    }

    /// What is asked for, as the run's evidence keeps it.
    pub fn asked(&self) -> Asked {
        Asked {
            metrics: self.measuring.metrics.clone(),
            insistence: self.measuring.insistence,
            confirm: self.judging.confirm,
            identical: self.measuring.identical,
            reach: self.measuring.reach,
            history: self.judging.history,
            partition: self.scope.partition,
            selection: self.selection(),
            axes: axes(&self.axes),
        }
    }
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
