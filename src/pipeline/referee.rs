//! Who judges the benchmarks of a comparison: what needs no measuring is settled first, then what can be counted, then
//! what must be timed.

mod counting;
mod glance;
mod placement;
mod timing;

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{Catalogue, ListedBench, Presence};
use super::claims::{Resolved, gate};
use super::error::PipelineError;
use super::layouts::Layouts;
use super::null_control::NullControl;
use super::prove::Arena;
use super::request::CompareRequest;
use super::session;
use crate::domain::{
    BenchmarkName, BenchmarkOutcome, BuiltBench, ClaimOutcome, Limit, Metric, MetricOutcome, OccasionId,
    Progress, Provenance, ReportedError, Revision, Sides, Verdict,
};
use crate::judge::{ErrorBudget, TargetInfo, outcome};
use crate::measure::runner::Runner;
use crate::store::Store;

pub(crate) use counting::Heaps;

/// Who judges the benchmarks of a catalogue.
pub(crate) struct Referee<'a> {
    pub(crate) request: &'a CompareRequest,
    pub(crate) revisions: &'a Sides<Revision>,
    pub(crate) store: &'a mut Store,
    pub(crate) runner: &'a mut dyn Runner,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) occasion: OccasionId,
    /// What allocations are counted in, where they are.
    pub(crate) heap: Option<Heaps>,
    /// What is decided, also when the rest breaks off.
    pub(crate) settled: BTreeMap<BenchmarkName, BenchmarkOutcome>,
    /// What a reader should know besides.
    pub(crate) notes: BTreeSet<String>,
    /// How many claims are tested besides.
    pub(crate) claims: usize,
    /// Whether the machine was fit, where that was asked.
    pub(crate) control: NullControl,
    /// The executables of each pair.
    pub(crate) layouts: Layouts,
}

/// A benchmark that both sides have, in executables that may be compared.
#[derive(Clone)]
struct Open {
    name: BenchmarkName,
    benches: Sides<BuiltBench>,
}

impl Referee<'_> {
    /// Judges every benchmark, and says how the run's error was divided.
    pub(crate) fn judge(&mut self, catalogue: &Catalogue) -> Result<ErrorBudget, PipelineError> {
        let mut open = Vec::new();
        for (name, presence) in &catalogue.entries {
            if let Some(benches) = self.triage(name, presence)? {
                open.push(Open { name: name.clone(), benches });
            }
        }
        let counted = self.count(&open)?;
        let timed = if self.wants(Metric::WallTime) { self.unclear(open, &counted)? } else { Vec::new() };
        let contests = self.contests(timed);
        let tests = Self::timed_tests(&contests) + counting::tests(&counted) + self.claims;
        let budget = self.request.judging.policy.error_budget(tests);
        self.judge_counts(&counted, budget);
        self.time(contests, budget)?;
        self.doubt_placement(&counted);
        self.name_causes(&counted);
        Ok(budget)
    }

    /// Puts claims to the test, all within the candidate.
    pub(crate) fn claims(
        &mut self,
        claims: &[Resolved],
        listed: &[ListedBench],
        layout: Option<&Result<String, String>>,
        budget: ErrorBudget,
    ) -> Result<(Vec<ClaimOutcome>, Vec<ReportedError>), PipelineError> {
        let (request, revision) = (self.request, &self.revisions.candidate);
        let heap = self.heap.take();
        let candidate = gate::Built {
            listed,
            heap: match &heap {
                Some(Ok(heap)) => Ok(&heap.candidate),
                Some(Err(reason)) => Err(reason),
                None => Err("nothing was built to count them in"),
            },
            layout,
        };
        gate::judge(request, &mut self.arena(), revision, claims, &candidate, budget)
    }

    /// What needs no measuring is settled at once; both executables of what does.
    fn triage(
        &mut self,
        name: &BenchmarkName,
        presence: &Presence,
    ) -> Result<Option<Sides<BuiltBench>>, PipelineError> {
        match presence {
            Presence::Only(side, bench) => {
                self.settle_all(name, bench, |metric, limit| outcome::one_sided(metric, limit, *side, None));
            }
            Presence::Unlisted(side, bench, reason) => {
                let reason = format!("the {side}'s executable cannot list its benchmarks: {reason}");
                self.settle_all(name, bench, |metric, limit| {
                    MetricOutcome::without_figures(metric, limit, Verdict::Failed, reason.as_str())
                });
            }
            Presence::Identical(benches) if !self.request.measuring.identical => {
                self.settle_all(name, &benches.candidate, |metric, limit| {
                    outcome::identical(metric, limit, None)
                });
            }
            Presence::Identical(benches) | Presence::Both(benches) => {
                return Ok(self.comparable(name, benches)?.then(|| (**benches).clone()));
            }
        }
        Ok(None)
    }

    /// Whether the two sides may be compared; settled when they may not.
    fn comparable(
        &mut self,
        name: &BenchmarkName,
        benches: &Sides<BuiltBench>,
    ) -> Result<bool, PipelineError> {
        let fingerprints = benches.as_ref().map(|bench| &bench.fingerprint);
        let provenances = benches.as_ref().map(session::provenance);
        let refused = |metric, limit| outcome::not_comparable(metric, limit, fingerprints, provenances);
        if refused(Metric::WallTime, Limit::default_for(Metric::WallTime)).is_none() {
            return Ok(true);
        }
        if provenances.candidate == Provenance::Emulated && self.wants(Metric::WallTime) {
            self.store_emulated(name, &benches.candidate)?;
        }
        self.settle_all(name, &benches.candidate, |metric, limit| {
            refused(metric, limit).unwrap_or_else(|| outcome::identical(metric, limit, None))
        });
        Ok(false)
    }

    fn wants(&self, metric: Metric) -> bool {
        self.request.measuring.metrics.contains(&metric)
    }

    fn limit(&self, name: &BenchmarkName, bench: &BuiltBench, metric: Metric) -> Limit {
        let target = TargetInfo::from_triple(&bench.fingerprint.target);
        self.request.judging.policy.limit(name, metric, &target)
    }

    /// The same of every metric that is wanted.
    fn settle_all(
        &mut self,
        name: &BenchmarkName,
        bench: &BuiltBench,
        found: impl Fn(Metric, Limit) -> MetricOutcome,
    ) {
        for &metric in &self.request.measuring.metrics {
            let limit = self.limit(name, bench, metric);
            self.settle(name, bench, found(metric, limit));
        }
    }

    /// Takes down what was found about a metric.
    fn settle(&mut self, name: &BenchmarkName, bench: &BuiltBench, found: MetricOutcome) {
        let fresh = || BenchmarkOutcome::new(name.clone(), bench.fingerprint.arch());
        self.settled.entry(name.clone()).or_insert_with(fresh).add(found);
    }

    fn arena(&mut self) -> Arena<'_> {
        Arena {
            store: self.store,
            occasion: self.occasion,
            runner: self.runner,
            progress: self.progress,
            measuring: &self.request.measuring,
            seed: self.request.seed,
            layouts: &mut self.layouts,
        }
    }
}
