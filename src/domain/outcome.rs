//! What a report is made from: verdicts with the figures behind them.

use super::axis::Axis;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::acceptance::{AcceptanceOutcome, Accepted};
use super::artifact::Toolchain;
use super::claim::ClaimOutcome;
use super::layout::LayoutsUsed;
use super::limit::Limit;
use super::machine::{MachineFacts, MachineKey};
use super::metric::Metric;
use super::name::BenchmarkName;
use super::partition::Partition;
use super::reach::Reach;
use super::reason::{Cause, Note, Reason, Trouble};
use super::revision::Revision;
use super::stage::StageTime;
use super::throughput::Work;
use super::verdict::{Method, Verdict};

/// What was found about one metric of one benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricOutcome {
    /// Which figure.
    pub metric: Metric,
    /// What was found.
    pub verdict: Verdict,
    /// How it was found, where something was.
    pub method: Option<Method>,
    /// The baseline's value, in the metric's unit.
    pub baseline: Option<f64>,
    /// The candidate's value, in the metric's unit.
    pub candidate: Option<f64>,
    /// candidate/baseline − 1: positive is worse.
    pub change: Option<f64>,
    /// The interval of `change`.
    pub interval: Option<(f64, f64)>,
    /// The probability with which the interval holds the truth.
    pub confidence: Option<f64>,
    /// The limit it was judged by.
    pub limit: Limit,
    /// The limit as a fraction of this baseline, where that makes sense.
    pub threshold: Option<f64>,
    /// How many pairs of launches were measured.
    pub pairs: u32,
    /// How many of them had a layout of their own.
    pub drawn_pairs: u32,
    /// How long that took, in seconds.
    pub seconds: f64,
    /// How much longer an iteration took in turns than alone, a fraction, where that is more than turns may cost: the change is
    /// that of code in turns, mostly with caches that the other side uses, too.
    pub slower_in_turns: Option<f64>,
    /// Why, whenever the verdict is not regressed, improved or unchanged; otherwise what else is worth knowing.
    pub reason: Option<Reason>,
    /// By what it is accepted, where it regressed and that is accepted.
    pub accepted: Option<Accepted>,
}

impl MetricOutcome {
    /// An outcome without figures: what was found, and why nothing could be compared.
    pub fn without_figures(metric: Metric, limit: Limit, verdict: Verdict, reason: Reason) -> Self {
        Self {
            metric,
            verdict,
            method: None,
            baseline: None,
            candidate: None,
            change: None,
            interval: None,
            confidence: None,
            limit,
            threshold: None,
            pairs: 0,
            drawn_pairs: 0,
            seconds: 0.0,
            slower_in_turns: None,
            reason: Some(reason),
            accepted: None,
        }
    }

    /// Whether it is a regression that nobody has accepted.
    pub fn fails(&self) -> bool {
        self.verdict == Verdict::Regressed && self.accepted.is_none()
    }
}

/// What was found about one benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchmarkOutcome {
    /// Which benchmark.
    pub name: BenchmarkName,
    /// The architecture it was compiled for.
    pub arch: String,
    /// Its metrics, in the order of [`Metric::ALL`].
    pub metrics: Vec<MetricOutcome>,
    /// Its name on the baseline, where that is another.
    pub renamed_from: Option<BenchmarkName>,
    /// What it comes from, where it regressed: what differs between the builds first, then the functions that gained most.
    pub causes: Vec<Cause>,
    /// Where it was measured, in a report of several machines.
    pub machine: Option<MachineKey>,
    /// The file of its bench target, from the repository's root; `None` where it is no file of the repository.
    pub source: Option<String>,
    /// What one iteration works on, where its bench declares that.
    pub work: Vec<Work>,
    /// Whether it runs what differs, where that was looked into.
    pub reach: Option<Reach>,
}

impl BenchmarkOutcome {
    /// A benchmark of which nothing is found yet.
    pub fn new(name: BenchmarkName, arch: impl Into<String>) -> Self {
        Self {
            name,
            arch: arch.into(),
            metrics: Vec::new(),
            renamed_from: None,
            causes: Vec::new(),
            machine: None,
            source: None,
            work: Vec::new(),
            reach: None,
        }
    }

    /// Takes down what was found about a metric.
    pub fn add(&mut self, found: MetricOutcome) {
        self.metrics.push(found);
        self.metrics.sort_by_key(|found| found.metric);
    }

    /// The most telling verdict of its metrics.
    pub fn verdict(&self) -> Verdict {
        self.metrics
            .iter()
            .map(|metric| metric.verdict)
            .reduce(Verdict::join)
            .unwrap_or(Verdict::Inconclusive)
    }

    /// Whether it has a regression that nobody has accepted.
    pub fn fails(&self) -> bool {
        self.metrics.iter().any(MetricOutcome::fails)
    }

    /// Whether it regressed, and all of that is accepted.
    pub fn is_accepted(&self) -> bool {
        self.verdict() == Verdict::Regressed && !self.fails()
    }
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// The gate: the work tree against its baseline.
    Check,
    /// Two revisions.
    Compare,
    /// One side measured, nothing judged.
    Run,
    /// Claims, without a baseline.
    Claims,
    /// Benchmarks that are only named.
    List,
    /// Stored baselines.
    Report,
    /// One benchmark over commits.
    History,
    /// Which functions account for a difference.
    Explain,
    /// Which commit made a benchmark slower.
    Bisect,
    /// Whether the machine is fit.
    Doctor,
    /// Looking after stored baselines.
    Baseline,
    /// A starter configuration.
    Init,
    /// Shell completions.
    Completions,
}

impl ReportKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Check,
        Self::Compare,
        Self::Run,
        Self::Claims,
        Self::List,
        Self::Report,
        Self::History,
        Self::Bisect,
        Self::Explain,
        Self::Doctor,
        Self::Baseline,
        Self::Init,
        Self::Completions,
    ];

    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Compare => "compare",
            Self::Run => "run",
            Self::Claims => "claims",
            Self::List => "list",
            Self::Report => "report",
            Self::History => "history",
            Self::Bisect => "bisect",
            Self::Explain => "explain",
            Self::Doctor => "doctor",
            Self::Baseline => "baseline",
            Self::Init => "init",
            Self::Completions => "completions",
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// By whom and by what rules a run was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedBy {
    /// The program's version.
    pub version: String,
    /// A digest of what decides over verdicts: thresholds, metrics, budget and selection.
    pub configuration: String,
    /// Whether every benchmark has to end with a verdict.
    pub verdict_required: bool,
}

/// Everything a command found, ready to be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was asked for.
    pub kind: ReportKind,
    /// The code the program will exit with.
    pub exit_code: u8,
    /// What was compared with; `None` where nothing was.
    pub baseline: Option<Revision>,
    /// What was measured.
    pub candidate: Option<Revision>,
    /// Where; `None` where several machines shared the work.
    pub machine: Option<MachineFacts>,
    /// Every machine, where several shared the work.
    pub machines: Vec<MachineFacts>,
    /// Which part of the work this is, where several machines share it.
    pub partition: Option<Partition>,
    /// What the builds of the two sides differ in on purpose.
    pub axes: Vec<Axis>,
    /// Who judged, and by what: reports can be merged where both are equal.
    pub judged_by: Option<JudgedBy>,
    /// With what.
    pub toolchain: Option<Toolchain>,
    /// In what layouts pairs were measured.
    pub layouts: Option<LayoutsUsed>,
    /// The benchmarks.
    pub benchmarks: Vec<BenchmarkOutcome>,
    /// The acceptances that were in force.
    pub acceptances: Vec<AcceptanceOutcome>,
    /// The claims.
    pub claims: Vec<ClaimOutcome>,
    /// What could not be completed.
    pub troubles: Vec<Trouble>,
    /// What a reader should know besides: targets left out, a machine that was not fit.
    pub notes: Vec<Note>,
    /// How long the whole run took, in seconds.
    pub seconds: f64,
    /// With what it spent that, where that is known.
    pub stages: Vec<StageTime>,
}

impl Report {
    /// A report of which nothing is found yet.
    pub fn new(kind: ReportKind) -> Self {
        Self {
            kind,
            exit_code: 0,
            baseline: None,
            candidate: None,
            machine: None,
            machines: Vec::new(),
            partition: None,
            axes: Vec::new(),
            judged_by: None,
            toolchain: None,
            layouts: None,
            benchmarks: Vec::new(),
            acceptances: Vec::new(),
            claims: Vec::new(),
            troubles: Vec::new(),
            notes: Vec::new(),
            seconds: 0.0,
            stages: Vec::new(),
        }
    }

    /// The most telling verdict of all benchmarks; `None` when there are none.
    pub fn verdict(&self) -> Option<Verdict> {
        self.benchmarks.iter().map(BenchmarkOutcome::verdict).reduce(Verdict::join)
    }
}
