//! What a report is made from: verdicts with the figures behind them.

use super::claim::ClaimOutcome;
use super::limit::Limit;
use super::machine::MachineFacts;
use super::metric::Metric;
use super::name::BenchmarkName;
use super::revision::Revision;
use super::verdict::{Method, Verdict};

/// Why a benchmark that got slower is inconclusive all the same: only where its code lies is left to explain it.
pub const PLACEMENT: &str = "it executes the same instructions on both sides, and in a simulation as many branches are \
                             mispredicted and as many reads and writes miss the caches: what differs may be no more than \
                             where its code lies in the executable, which any change elsewhere can move";

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
    /// How long that took, in seconds.
    pub seconds: f64,
    /// Why, whenever the verdict is not regressed, improved or unchanged; otherwise what else is worth knowing.
    pub reason: Option<String>,
}

impl MetricOutcome {
    /// An outcome without figures: what was found, and why nothing could be compared.
    pub fn without_figures(
        metric: Metric,
        limit: Limit,
        verdict: Verdict,
        reason: impl Into<String>,
    ) -> Self {
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
            seconds: 0.0,
            reason: Some(reason.into()),
        }
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
    /// The functions that gained most instructions, the guiltiest first, where it regressed and they were counted.
    pub causes: Vec<String>,
}

impl BenchmarkOutcome {
    /// A benchmark of which nothing is found yet.
    pub fn new(name: BenchmarkName, arch: impl Into<String>) -> Self {
        Self { name, arch: arch.into(), metrics: Vec::new(), causes: Vec::new() }
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
}

/// Something that could not be completed. Never a regression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedError {
    /// What it concerns: a benchmark, a bench target, a side; empty for the whole run.
    pub subject: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What the figures were taken with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// rustc's version.
    pub rustc: String,
    /// The target triple.
    pub target: String,
    /// The Cargo profile.
    pub profile: String,
}

/// Everything a command found, ready to be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The command's name.
    pub command: &'static str,
    /// The code the program will exit with.
    pub exit_code: u8,
    /// What was compared with; `None` where nothing was.
    pub baseline: Option<Revision>,
    /// What was measured.
    pub candidate: Option<Revision>,
    /// Where.
    pub machine: Option<MachineFacts>,
    /// With what.
    pub toolchain: Option<Toolchain>,
    /// The benchmarks.
    pub benchmarks: Vec<BenchmarkOutcome>,
    /// The claims.
    pub claims: Vec<ClaimOutcome>,
    /// What could not be completed.
    pub errors: Vec<ReportedError>,
    /// What a reader should know besides: targets left out, a machine that was not fit.
    pub notes: Vec<String>,
    /// How long the whole run took, in seconds.
    pub seconds: f64,
}

impl Report {
    /// The most telling verdict of all benchmarks; `None` when there are none.
    pub fn verdict(&self) -> Option<Verdict> {
        self.benchmarks.iter().map(BenchmarkOutcome::verdict).reduce(Verdict::join)
    }
}
