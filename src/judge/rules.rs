//! What evidence is judged by: thresholds, the error that is accepted, and what was asked for.

use crate::domain::{
    Asked, BenchmarkEvidence, BenchmarkName, Confirm, HistoryCheck, Identical, Insistence, Limit, Metric,
    ReachUse, RunEvidence,
};
use crate::stats::ErrorBudget;

use super::policy::Policy;
use super::target::TargetInfo;

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
    /// What becomes of benchmarks that the change does not reach.
    pub reach: ReachUse,
    /// Whether history may clear.
    pub history: HistoryCheck,
    /// Among how many tests the error of the run is divided; `None` while that is not known.
    pub tests: Option<usize>,
    /// Paired time for each benchmark, in seconds.
    pub budget: f64,
}

impl<'a> Rules<'a> {
    /// The rules of what was asked for, while it is not known among how many tests the error of the run is divided.
    pub fn new(policy: &'a Policy, asked: &'a Asked, budget: f64) -> Self {
        Self {
            policy,
            metrics: &asked.metrics,
            insistence: asked.insistence,
            confirm: asked.confirm,
            identical: asked.identical,
            reach: asked.reach,
            history: asked.history,
            tests: None,
            budget,
        }
    }

    /// The rules by which a finished run is judged.
    pub fn of_run(policy: &'a Policy, run: &'a RunEvidence) -> Self {
        Self { tests: Some(run.tests.unwrap_or(1)), ..Self::new(policy, &run.asked, run.budget) }
    }

    /// Whether a metric is wanted.
    pub fn wants(&self, metric: Metric) -> bool {
        self.metrics.contains(&metric)
    }

    /// The limit of a metric of a benchmark that is compiled for a target triple.
    pub fn limit_of(&self, name: &BenchmarkName, target: &str, metric: Metric) -> Limit {
        self.policy.limit(name, metric, &TargetInfo::from_triple(target))
    }

    /// The limit of a metric of a benchmark: what its evidence holds it to, or else the policy's.
    pub fn limit(&self, evidence: &BenchmarkEvidence, metric: Metric) -> Limit {
        if let Some(limit) = evidence.limits.get(&metric) {
            return *limit;
        }
        self.limit_of(&evidence.name, &evidence.presence.build().fingerprint.target, metric)
    }

    /// Whether a benchmark is known to run nothing that differs, and that is to be believed.
    pub fn trusts_reach(&self, evidence: &BenchmarkEvidence) -> bool {
        self.reach == ReachUse::Trust && self.identical == Identical::Settled && evidence.is_unreached()
    }

    /// How the run's error is divided. While the number of tests is not known: that of a single test.
    pub fn error_budget(&self) -> ErrorBudget {
        self.policy.error_budget(self.tests.unwrap_or(1))
    }
}
