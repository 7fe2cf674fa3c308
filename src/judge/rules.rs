//! What evidence is judged by: thresholds, the error that is accepted, and what was asked for.

use crate::domain::{BenchmarkEvidence, BenchmarkName, Limit, Metric};
use crate::stats::ErrorBudget;

use super::policy::Policy;
use super::target::TargetInfo;

/// Whether the user asked for certain metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insistence {
    /// By name: one that cannot be had is told for each benchmark.
    Asked,
    /// No: what cannot be had is left out, with a note.
    Default,
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

/// What becomes of benchmarks whose two executables have the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identical {
    /// They are unchanged, without measuring.
    Settled,
    /// They are measured all the same.
    Measured,
}

/// Whether stored runs of the baseline may clear a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryCheck {
    /// They may, together with one pair that agrees.
    Allowed,
    /// They may not.
    Off,
}

/// Everything that a judgement depends on besides the evidence.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Thresholds and the error that is accepted.
    pub policy: &'a Policy,
    /// The metrics that are wanted.
    pub metrics: &'a [Metric],
    /// What it means that one of them cannot be had.
    pub insistence: Insistence,
    /// What is measured again.
    pub confirm: Confirm,
    /// What identical executables mean.
    pub identical: Identical,
    /// Whether history may clear.
    pub history: HistoryCheck,
    /// Among how many tests the error of the run is divided; `None` while that is not known.
    pub tests: Option<usize>,
    /// Paired time for each benchmark, in seconds.
    pub budget: f64,
}

impl Rules<'_> {
    /// Whether a metric is wanted.
    pub fn wants(&self, metric: Metric) -> bool {
        self.metrics.contains(&metric)
    }

    /// The limit of a metric of a benchmark that is compiled for a target triple.
    pub fn limit_of(&self, name: &BenchmarkName, target: &str, metric: Metric) -> Limit {
        self.policy.limit(name, metric, &TargetInfo::from_triple(target))
    }

    /// The limit of a metric of a benchmark.
    pub fn limit(&self, evidence: &BenchmarkEvidence, metric: Metric) -> Limit {
        self.limit_of(&evidence.name, &evidence.presence.build().fingerprint.target, metric)
    }

    /// How the run's error is divided. While the number of tests is not known: that of a single test.
    pub fn error_budget(&self) -> ErrorBudget {
        self.policy.error_budget(self.tests.unwrap_or(1))
    }
}
