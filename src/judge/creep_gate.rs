//! Whether a change makes a benchmark creep past what it may since a release. Pure.
//!
//! Two things have to be proven: that this change is slower than its baseline at all, by pairs that nobody has looked at
//! before, and that the candidate is slower than the release by more than the limit, by a comparison of its own. Each is
//! shown at one test's share of the run's error, and a failure needs both, so it is wrong no more often than either.

use super::compared::{causes, compared};
use super::exact::judge_counts;
use super::paired::{PairedState, PairedTest};
use super::rules::Rules;
use crate::domain::evidence::both_counted;
use crate::domain::{
    BenchmarkEvidence, BenchmarkOutcome, Creep, CreepEvidence, HistoryCheck, Identical, Insistence, Limit,
    Method, Metric, MetricOutcome, Objection, Reason, Verdict,
};

/// A limit that allows nothing.
pub(super) fn nothing() -> Limit {
    Limit::absolute(0.0).unwrap_or_else(|| unreachable!("zero is not negative"))
}

/// Whether a change can cross the limit without being beyond the threshold of its own, which is gated as ever.
fn may_cross(sum: &Creep, threshold: &Limit) -> bool {
    threshold.has_absolute_part() || sum.with(threshold.relative_part()) > Creep::fraction(sum.limit)
}

/// Those sums of a benchmark that a change may cross unnoticed.
fn watched<'a>(evidence: &'a BenchmarkEvidence, rules: &Rules<'_>) -> impl Iterator<Item = &'a Creep> {
    let sums = evidence.creep.iter().flat_map(|creep| &creep.sums);
    sums.filter(|sum| rules.wants(sum.metric) && may_cross(sum, &rules.limit(evidence, sum.metric)))
}

/// Whether creep of a metric takes a share of the run's error.
pub(super) fn takes_share(evidence: &BenchmarkEvidence, metric: Metric, rules: &Rules<'_>) -> bool {
    watched(evidence, rules).any(|sum| sum.metric == metric)
}

/// How many shares of the run's error creep takes at most.
pub(super) fn most_shares(evidence: &BenchmarkEvidence) -> usize {
    evidence.creep.as_ref().map_or(0, |creep| creep.sums.len())
}

/// By how much this change is slower, where that is known and no verdict, doubt or accident of layout says otherwise.
fn slowdown(found: &MetricOutcome) -> Option<f64> {
    let within = matches!(found.verdict, Verdict::Unchanged | Verdict::Inconclusive);
    let doubtful =
        matches!(found.reason, Some(Reason::SameCode | Reason::CodeLayout | Reason::UnfitMachine(_)));
    found.change.filter(|change| within && !doubtful && *change > 0.0)
}

/// The metrics whose sum is beyond the limit with this change.
fn crossing(evidence: &BenchmarkEvidence, found: &BenchmarkOutcome, rules: &Rules<'_>) -> Vec<Metric> {
    let beyond = |sum: &Creep| {
        let found = found.metrics.iter().find(|found| found.metric == sum.metric)?;
        (sum.with(slowdown(found)?) > Creep::fraction(sum.limit)).then_some(sum.metric)
    };
    watched(evidence, rules).filter_map(beyond).collect()
}

/// Whether this change is proven to make a metric worse at all.
fn is_proven_worse(evidence: &BenchmarkEvidence, metric: Metric, rules: &Rules<'_>) -> bool {
    if metric.is_count() {
        let Some(both) = evidence.counts_of(metric).and_then(both_counted) else { return false };
        let values = both.map(|counts| counts.values(metric));
        let found = judge_counts(values.as_ref().map(Vec::as_slice), &nothing(), rules.error_budget());
        return found.verdict == Verdict::Regressed;
    }
    fresh_test(evidence, rules).is_some_and(|test| test.state() == PairedState::Regressed)
}

/// The test of fresh pairs, whether this change is slower at all; `None` without any.
fn fresh_test(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Option<PairedTest> {
    let fresh = evidence.creep.as_ref().and_then(|creep| creep.change.as_ref());
    let pairs = &fresh.or(evidence.remeasured.as_ref())?.pairs;
    PairedTest::of_pairs(&nothing(), pairs, rules.error_budget())
}

/// Shows the figures of the fresh pairs: they prove the slowdown, and were not selected for being large.
fn show_what_proves(evidence: &BenchmarkEvidence, rules: &Rules<'_>, found: &mut MetricOutcome) {
    let Some(test) = fresh_test(evidence, rules).filter(|_| found.metric == Metric::WallTime) else { return };
    found.method = Some(Method::Paired);
    found.baseline = test.baseline();
    found.change = test.estimate();
    found.candidate = found.baseline.zip(found.change).map(|(baseline, change)| baseline * (1.0 + change));
    found.interval = test.interval();
    found.slower_in_turns = test.slower_in_turns();
    found.confidence = found.interval.map(|_| test.confidence());
    if evidence.remeasured.is_none() {
        found.pairs += test.pairs();
        found.drawn_pairs += test.drawn_pairs();
        found.seconds += test.seconds();
    }
}

/// What is to be found out about creep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreepStep {
    /// Whether this change is slower at all.
    Change,
    /// How the candidate compares with the release, by these metrics.
    Anchor(Vec<Metric>),
    /// Nothing.
    Nothing,
}

/// What is to be found out about a benchmark of which everything else is known.
pub fn creep_step(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> CreepStep {
    let Some(creep) = evidence.creep.as_ref().filter(|_| watched(evidence, rules).next().is_some()) else {
        return CreepStep::Nothing;
    };
    let mut metrics = crossing(evidence, &compared(evidence, None, rules), rules);
    if metrics.contains(&Metric::WallTime) && creep.change.is_none() && evidence.remeasured.is_none() {
        return CreepStep::Change;
    }
    metrics.retain(|metric| is_proven_worse(evidence, *metric, rules));
    if metrics.is_empty() { CreepStep::Nothing } else { CreepStep::Anchor(metrics) }
}

/// The rules by which the candidate is compared with the release, by some metrics: the same shares of the same error.
pub fn anchor_rules<'a>(rules: &Rules<'a>, metrics: &'a [Metric]) -> Rules<'a> {
    Rules {
        metrics,
        insistence: Insistence::Default,
        identical: Identical::Settled,
        history: HistoryCheck::Off,
        ..*rules
    }
}

/// What a sum may come to, as a limit of a comparison with the release.
pub fn anchor_limits(evidence: &CreepEvidence) -> impl Iterator<Item = (Metric, Limit)> + '_ {
    evidence.sums.iter().filter_map(|sum| Some((sum.metric, Limit::relative(Creep::fraction(sum.limit))?)))
}

/// What a comparison `found`, and regressed what this change is proven to carry past the limit.
pub(super) fn with_creep(
    evidence: &BenchmarkEvidence,
    unfit: Option<&Objection>,
    rules: &Rules<'_>,
    mut found: BenchmarkOutcome,
) -> BenchmarkOutcome {
    let Some(CreepEvidence { sums, anchor: Some(anchor), .. }) = &evidence.creep else { return found };
    let mut metrics = crossing(evidence, &found, rules);
    metrics.retain(|metric| is_proven_worse(evidence, *metric, rules));
    let by_anchor = compared(anchor, unfit, &anchor_rules(rules, &metrics));
    let was = found.verdict();
    for metric in &mut found.metrics {
        let exceeded = by_anchor.metrics.iter().find(|other| other.metric == metric.metric);
        let exceeded = exceeded.filter(|other| other.verdict == Verdict::Regressed);
        let sum = sums.iter().find(|sum| sum.metric == metric.metric);
        let Some((exceeded, sum)) = exceeded.zip(sum) else { continue };
        show_what_proves(evidence, rules, metric);
        metric.verdict = Verdict::Regressed;
        metric.reason = Some(Reason::Crept {
            since: sum.since.clone(),
            change: exceeded.change.unwrap_or_default(),
            limit: Creep::fraction(sum.limit),
        });
    }
    if was != Verdict::Regressed && found.verdict() == Verdict::Regressed {
        found.causes = causes(evidence);
    }
    found
}

/// The sums of a benchmark with what this change adds to each.
pub(super) fn with_this_change<'a>(
    evidence: &'a BenchmarkEvidence,
    found: &'a BenchmarkOutcome,
) -> impl Iterator<Item = Creep> + 'a {
    let sums = evidence.creep.iter().flat_map(|creep| &creep.sums);
    sums.map(move |sum| {
        let own = found.metrics.iter().find(|found| found.metric == sum.metric);
        let change = own.and_then(|found| found.change);
        Creep { this_change: change.map(Creep::millionths), ..sum.clone() }
    })
}

#[cfg(test)]
mod tests;
