//! What the comparison of a benchmark's two sides says, from evidence alone.

use crate::domain::evidence::{both_counted, not_counted};
use crate::domain::{
    BenchmarkEvidence, BenchmarkOutcome, BuildDifference, Cause, Confirm, Counts, Ended, Identical,
    Insistence, Limit, Metric, MetricOutcome, NotCounted, Note, Objection, OutputComparison, PairedEvidence,
    Presence, Provenance, Reach, Reason, SideBuild, Sides, Verdict, Work,
};

use super::confirm::{Remeasurement, first_test};
use super::history_check::{Cleared, Fresh, HistoryFinding, HistoryInput, history_check};
use super::paired::{PairedState, PairedTest};
use super::quick::{Looks, QuickCheck, suffices};
use super::rules::Rules;
use super::{code_layout, exact, outcome};

/// How many pairs confirm what history would clear.
pub const HISTORY_PAIRS: Looks = Looks::all(1);

/// What no comparison can bridge: other fields of a build may differ because the commit changed them, and then that is what
/// is measured.
const UNBRIDGEABLE: [&str; 3] = ["host", "target", "instrument"];

/// What the comparison of one benchmark says. `unfit` is what the run's A/A test objects, if anything.
pub fn compared(
    evidence: &BenchmarkEvidence,
    unfit: Option<&Objection>,
    rules: &Rules<'_>,
) -> BenchmarkOutcome {
    let mut found = BenchmarkOutcome::new(evidence.name.clone(), evidence.arch());
    found.renamed_from.clone_from(&evidence.renamed_from);
    found.source.clone_from(&evidence.source);
    found.reach.clone_from(&evidence.reach);
    found.work = Work::of(&evidence.throughput);
    for &metric in rules.metrics {
        if let Some(outcome) = of_metric(evidence, metric, unfit, rules) {
            found.add(outcome);
        }
    }
    if found.verdict() == Verdict::Regressed {
        found.causes = causes(evidence);
    }
    found
}

/// What a regression comes from: what differs between the builds first, because it outweighs code.
pub(super) fn causes(evidence: &BenchmarkEvidence) -> Vec<Cause> {
    let builds = evidence.presence.both().map(differences).unwrap_or_default();
    let functions = evidence.top_functions.iter().cloned().map(Cause::Function);
    builds.into_iter().map(Cause::Build).chain(functions).collect()
}

fn differences(builds: &Sides<SideBuild>) -> Vec<BuildDifference> {
    builds.baseline.fingerprint.differences(&builds.candidate.fingerprint)
}

/// What forbids a comparison, if anything: builds that no comparison can bridge.
pub(super) fn incomparable(builds: &Sides<SideBuild>) -> Option<Reason> {
    let mut differing = differences(builds);
    differing.retain(|difference| UNBRIDGEABLE.contains(&difference.field.as_str()));
    (!differing.is_empty()).then_some(Reason::BuildsDiffer(differing))
}

/// Whether an emulator runs either side: then its time is no evidence, while counts are the program's own.
pub(super) fn is_emulated(builds: &Sides<SideBuild>) -> bool {
    [builds.baseline.provenance, builds.candidate.provenance].contains(&Provenance::Emulated)
}

/// What is found about one metric; `None` where it is left out with a note.
fn of_metric(
    evidence: &BenchmarkEvidence,
    metric: Metric,
    unfit: Option<&Objection>,
    rules: &Rules<'_>,
) -> Option<MetricOutcome> {
    let limit = rules.limit(evidence, metric);
    let builds = match &evidence.presence {
        Presence::Only(side, _) => return Some(outcome::one_sided(metric, limit, *side)),
        Presence::Unlisted(side, _, failure) => {
            let reason = Reason::CannotList(*side, failure.clone());
            return Some(MetricOutcome::without_figures(metric, limit, Verdict::Failed, reason));
        }
        Presence::Both(builds) => builds,
    };
    let emulated = || (is_emulated(builds) && !metric.is_count()).then_some(Reason::Emulated);
    if let Some(reason) = incomparable(builds).or_else(emulated) {
        return Some(MetricOutcome::without_figures(metric, limit, Verdict::NotComparable, reason));
    }
    if evidence.presence.is_identical() && rules.identical == Identical::Settled {
        return Some(outcome::identical(metric, limit));
    }
    if let Some(found) = of_output(evidence, metric, limit) {
        return Some(found);
    }
    if metric.is_count() {
        return of_count(evidence, metric, rules);
    }
    let found = of_time(evidence, rules);
    Some(match unfit {
        None => found,
        Some(objection) => outcome::on_unfit_machine(found, Reason::UnfitMachine(objection.clone())),
    })
}

/// What both sides of a command print forbids: what does something else is neither faster nor slower.
fn of_output(evidence: &BenchmarkEvidence, metric: Metric, limit: Limit) -> Option<MetricOutcome> {
    let reason = match evidence.output.as_ref()? {
        OutputComparison::Equal | OutputComparison::Unasked => return None,
        OutputComparison::Failed(side, failure) => {
            return Some(failed(metric, limit, Reason::Failed(*side, failure.clone())));
        }
        OutputComparison::Differs(found) => Reason::OutputDiffers(found.clone()),
        OutputComparison::Varies(side) => Reason::OutputVaries(*side),
        OutputComparison::TooLong(side) => Reason::OutputTooLong(*side),
    };
    Some(MetricOutcome::without_figures(metric, limit, Verdict::NotComparable, reason))
}

/// What counts say.
fn of_count(evidence: &BenchmarkEvidence, metric: Metric, rules: &Rules<'_>) -> Option<MetricOutcome> {
    let limit = rules.limit(evidence, metric);
    let without = |verdict, reason| MetricOutcome::without_figures(metric, limit, verdict, reason);
    let Some(counts) = evidence.counts_of(metric) else {
        if let Some(Reach::Unreached { changed, .. }) = evidence.reach {
            return Some(outcome::unreached(metric, limit, changed));
        }
        return Some(without(Verdict::Inconclusive, Reason::Interrupted));
    };
    let Some(both) = both_counted(counts) else {
        let (side, why) = not_counted(counts)?;
        return match why {
            NotCounted::Interrupted => Some(without(Verdict::Inconclusive, Reason::Interrupted)),
            // What ails the benchmark itself is found by the clock as well; what only counting ails costs no verdict.
            _ if rules.insistence == Insistence::Default => None,
            // A crash is one, whoever looks on.
            NotCounted::Failed(failure) if !failure.unsuitable => {
                Some(without(Verdict::Failed, Reason::Failed(side, failure.clone())))
            }
            _ => Some(without(Verdict::NotComparable, Reason::NotCounted(side, why.clone()))),
        };
    };
    let values = both.map(|counts| counts.values(metric));
    let finding = exact::judge_counts(values.as_ref().map(Vec::as_slice), &limit, rules.error_budget());
    let varies = both.baseline.varies(metric) || both.candidate.varies(metric);
    let source = varies.then(|| likelier(both));
    let seconds = both.baseline.seconds + both.candidate.seconds;
    Some(outcome::counts(metric, limit, &finding, source, seconds))
}

fn likelier(both: Sides<&Counts>) -> crate::domain::Variation {
    let threads = if both.baseline.threads > both.candidate.threads { both.baseline } else { both.candidate };
    threads.likely_source()
}

/// That counts refute what traps showed, and why counts that nobody asked for by name are left out.
pub fn notes(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Vec<Note> {
    let mut notes =
        Vec::from_iter(refutes_reach(evidence).then(|| Note::ReachRefuted(evidence.name.clone())));
    if rules.insistence == Insistence::Default {
        notes.extend(not_counted_notes(evidence, rules));
    }
    notes
}

/// Whether a benchmark that runs nothing that differs was counted and did something else all the same.
fn refutes_reach(evidence: &BenchmarkEvidence) -> bool {
    let Some(both) = evidence.instructions.as_ref().and_then(both_counted) else { return false };
    let agree = both.baseline.agrees(both.candidate);
    // A few launches of each side that differ may have drawn other values.
    if !agree && both.baseline.launches().min(both.candidate.launches()) < exact::SURE {
        return false;
    }
    let counts_differ = !agree && both.baseline.repeats() && both.candidate.repeats();
    // What is executed counts with how often: where a slow machine counted fewer iterations of one side, that differs, too.
    let code_differs = both.baseline.executed().zip(both.candidate.executed()).is_some_and(
        |((iterations, code), (other_iterations, other))| iterations == other_iterations && code != other,
    );
    evidence.is_unreached() && (counts_differ || code_differs)
}

fn not_counted_notes(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Vec<Note> {
    let note = |&metric: &Metric| {
        let counts = evidence.counts_of(metric).filter(|_| metric.is_count())?;
        let (side, why) = not_counted(counts)?;
        let benchmark = match why {
            NotCounted::Interrupted => return None,
            // It is told once, as the error that it is.
            NotCounted::Failed(_) if fails_by_the_clock(evidence) => return None,
            NotCounted::Failed(_) => Some(evidence.name.clone()),
            NotCounted::Unavailable(..) | NotCounted::Uncountable(_) => None,
        };
        Some(Note::NotCounted { metric, benchmark, side, why: why.clone() })
    };
    rules.metrics.iter().filter_map(note).collect()
}

/// Whether a launch failed that was to be timed.
fn fails_by_the_clock(evidence: &BenchmarkEvidence) -> bool {
    let quick = evidence.quick.as_ref().filter(|_| evidence.pairs.is_none());
    let timed = [quick, evidence.pairs.as_ref(), evidence.remeasured.as_ref()];
    timed.into_iter().flatten().any(|timed| matches!(timed.ended, Ended::Failed(..)))
}

/// What the clock says, whatever else is known.
fn of_time(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> MetricOutcome {
    let metric = Metric::WallTime;
    let limit = rules.limit(evidence, metric);
    let open = |reason| MetricOutcome::without_figures(metric, limit, Verdict::Inconclusive, reason);
    if let Some(pairs) = &evidence.pairs {
        let found = of_pairs(evidence, pairs, rules);
        return if layout_explains(evidence, &found) {
            MetricOutcome { verdict: Verdict::Inconclusive, reason: Some(Reason::CodeLayout), ..found }
        } else {
            found
        };
    }
    if let Some(Reach::Unreached { changed, .. }) = evidence.reach
        && settled_by_reach(evidence, rules)
    {
        return outcome::unreached(metric, limit, changed);
    }
    if let Some((history, confirming)) = history_clears(evidence, rules) {
        let looking = evidence.history.as_ref().map_or(0.0, |history| history.seconds);
        return outcome::cleared(metric, limit, &history, &confirming, looking);
    }
    let Some(quick) = &evidence.quick else { return open(Reason::Interrupted) };
    if let Ended::Failed(side, failure) = &quick.ended {
        return failed(metric, limit, Reason::Failed(*side, failure.clone()));
    }
    match quick_check(evidence, rules) {
        Some(check) if check.agrees() && suffices(&limit) => outcome::same_code(metric, limit, check.test()),
        _ if quick.ended == Ended::Interrupted => open(Reason::Interrupted),
        _ => open(Reason::QuickCheckDiffers),
    }
}

/// What the paired measurement says.
fn of_pairs(evidence: &BenchmarkEvidence, pairs: &PairedEvidence, rules: &Rules<'_>) -> MetricOutcome {
    let metric = Metric::WallTime;
    let limit = rules.limit(evidence, metric);
    let failed_by = [Some(pairs), evidence.remeasured.as_ref()].into_iter().flatten().find_map(failure);
    if let Some(reason) = failed_by {
        return failed(metric, limit, reason);
    }
    match (&pairs.ended, first_test_of(evidence, rules)) {
        (Ended::Interrupted, test) => {
            let pairs = test.as_ref().map_or(0, PairedTest::pairs);
            MetricOutcome {
                pairs,
                drawn_pairs: test.as_ref().map_or(0, PairedTest::drawn_pairs),
                method: (pairs > 0).then_some(crate::domain::Method::Paired),
                ..MetricOutcome::without_figures(metric, limit, Verdict::Inconclusive, Reason::Interrupted)
            }
        }
        (_, None) => {
            let reason = Reason::Undecided { doubt: crate::domain::Doubt::NoPairs, short_of: None };
            MetricOutcome::without_figures(metric, limit, Verdict::Inconclusive, reason)
        }
        (_, Some(first)) => {
            let fresh = evidence.remeasured.as_ref().filter(|fresh| !fresh.pairs.is_empty());
            let second = fresh.map(|fresh| first.to_confirm().with_pairs(&fresh.pairs));
            let again = match (&second, rules.confirm) {
                (Some(second), _) => Remeasurement::Measured(second),
                (None, Confirm::Never) => Remeasurement::Waived,
                (None, _) => Remeasurement::Outstanding,
            };
            outcome::paired(metric, limit, &first, again, rules.budget)
        }
    }
}

/// A launch gave nothing. A benchmark that cannot be compared by time is left out; what is broken is trouble.
fn failed(metric: Metric, limit: Limit, reason: Reason) -> MetricOutcome {
    let unsuitable = matches!(&reason, Reason::Failed(_, failure) if failure.unsuitable);
    let verdict = if unsuitable { Verdict::NotComparable } else { Verdict::Failed };
    MetricOutcome::without_figures(metric, limit, verdict, reason)
}

fn failure(evidence: &PairedEvidence) -> Option<Reason> {
    match &evidence.ended {
        Ended::Failed(side, failure) => Some(Reason::Failed(*side, failure.clone())),
        _ => None,
    }
}

/// The first test of a benchmark with the pairs that were measured for it; `None` without any.
fn first_test_of(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Option<PairedTest> {
    let pairs = &evidence.pairs.as_ref()?.pairs;
    let baseline = pairs.first()?.launches.baseline.samples.median();
    let limit = rules.limit(evidence, Metric::WallTime);
    Some(first_test(&limit, baseline, rules).with_pairs(pairs))
}

/// What the paired measurement has shown so far.
pub(super) fn paired_state(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Option<PairedState> {
    first_test_of(evidence, rules).map(|test| test.state())
}

/// The test of the fresh pairs of a suspect; `None` where none was measured before.
pub fn test_to_confirm(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Option<PairedTest> {
    first_test_of(evidence, rules).map(|test| test.to_confirm())
}

/// The outcome of the clock, where that is a regression.
pub(super) fn regression_by_the_clock(
    evidence: &BenchmarkEvidence,
    rules: &Rules<'_>,
) -> Option<MetricOutcome> {
    let found = of_pairs(evidence, evidence.pairs.as_ref()?, rules);
    (found.verdict == Verdict::Regressed).then_some(found)
}

/// Whether the code's layout alone may explain a slowdown: same code, same counts, same simulated events, and executables as they
/// were linked.
fn layout_explains(evidence: &BenchmarkEvidence, found: &MetricOutcome) -> bool {
    let Some(simulated) = &evidence.simulated else { return false };
    let slowdown = found.baseline.zip(found.change).map_or(0.0, |(baseline, change)| baseline * change);
    found.verdict == Verdict::Regressed
        && evidence.executes_same_code()
        && code_layout::may_explain(found)
        && code_layout::only_layout_differs(simulated.as_ref(), slowdown)
}

/// Whether a benchmark runs nothing that differs, and that is enough to know how long it takes. A cap is about the value itself, and
/// who asks whether a file is there without opening it is not seen.
pub(super) fn settled_by_reach(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> bool {
    matches!(evidence.reach, Some(Reach::Unreached { unopened: 0, .. }))
        && evidence.quick.is_none()
        && rules.trusts_reach(evidence)
        && suffices(&rules.limit(evidence, Metric::WallTime))
}

/// The quick check of a benchmark, if there was one.
fn quick_check(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Option<QuickCheck> {
    let limit = rules.limit(evidence, Metric::WallTime);
    let pairs = &evidence.quick.as_ref()?.pairs;
    QuickCheck::of(&limit, pairs, rules.policy.error_budget(1), Looks::at(evidence))
}

/// Whether a quick check saw no difference, and that is enough.
pub(super) fn quick_check_agrees(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> bool {
    let interrupted = evidence.quick.as_ref().is_some_and(|quick| quick.ended == Ended::Interrupted);
    suffices(&rules.limit(evidence, Metric::WallTime))
        && (interrupted || quick_check(evidence, rules).is_some_and(|check| check.agrees()))
}

/// What history alone says: the figures where it would clear the benchmark.
pub(crate) fn history_alone(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Option<Cleared> {
    let history = evidence.history.as_ref()?;
    let input = HistoryInput {
        runs: &history.runs,
        differences: &history.differences,
        fresh: Fresh { value: history.fresh.0, error: history.fresh.1 },
        limit: rules.limit(evidence, Metric::WallTime),
        minimum_runs: rules.policy.minimum_runs(),
    };
    match history_check(&input, rules.error_budget()) {
        HistoryFinding::Clear(cleared) => Some(cleared),
        HistoryFinding::Measure(_) => None,
    }
}

/// What clears a benchmark by history: stored runs, and a pair that agrees. With the number of pairs and the seconds spent.
pub(super) fn history_clears(
    evidence: &BenchmarkEvidence,
    rules: &Rules<'_>,
) -> Option<(Cleared, PairedTest)> {
    let cleared = history_alone(evidence, rules)?;
    let history = evidence.history.as_ref()?;
    let limit = rules.limit(evidence, Metric::WallTime);
    let pairs = &history.confirming.as_ref()?.pairs;
    let check = QuickCheck::of(&limit, pairs, rules.policy.error_budget(1), HISTORY_PAIRS)?;
    check.agrees().then(|| (cleared, check.test().clone()))
}

#[cfg(test)]
mod tests;
