//! What was found about a metric, as a report needs it: every figure, and why whenever there is no result.

use crate::domain::{Doubt, Limit, Method, Metric, MetricOutcome, Reason, Side, Sides, Variation, Verdict};

use super::confirm::{Combined, Remeasurement, combine};
use super::exact::{CountFinding, Repeats};
use super::history_check::Cleared;
use super::paired::PairedTest;

/// With fewer pairs than this in a budget, the budget is too small for the benchmark.
const FEW_PAIRS: f64 = 12.0;

/// The threshold of a limit as a fraction, where that makes sense.
fn threshold(limit: &Limit, baseline: Option<f64>) -> Option<f64> {
    baseline.map(|baseline| limit.fraction(baseline)).filter(|fraction| fraction.is_finite())
}

/// The outcome of pairs and of the re-measurement, if there was a suspect. `budget` is the paired time each had, in seconds.
///
/// The candidate's value is the baseline's times the paired change, so that the two values and the change agree: the
/// ratio of pairs is known far better than the values themselves.
pub(super) fn paired(
    metric: Metric,
    limit: Limit,
    first: &PairedTest,
    again: Remeasurement<'_>,
    budget: f64,
) -> MetricOutcome {
    let Combined { verdict, figures, unselected, reason } = combine(first, again);
    let fresh = match again {
        Remeasurement::Measured(second) => (second.pairs(), second.drawn_pairs(), second.seconds()),
        Remeasurement::Waived | Remeasurement::Outstanding => (0, 0, 0.0),
    };
    let (pairs, seconds) = (first.pairs() + fresh.0, first.seconds() + fresh.2);
    let (baseline, change) = (figures.baseline(), figures.estimate());
    let interval = figures.interval().filter(|_| unselected);
    let over_cap = (verdict == Verdict::Regressed && figures.exceeds_cap()).then(|| figures.cap()).flatten();
    MetricOutcome {
        metric,
        verdict,
        method: (figures.pairs() > 0).then_some(Method::Paired),
        baseline,
        candidate: baseline.zip(change).map(|(baseline, change)| baseline * (1.0 + change)),
        change,
        interval,
        confidence: interval.map(|_| figures.confidence()),
        limit,
        threshold: threshold(&limit, baseline),
        pairs,
        drawn_pairs: first.drawn_pairs() + fresh.1,
        seconds,
        slower_in_turns: figures.slower_in_turns(),
        reason: reason
            .map(|reason| too_short(reason, pairs, seconds, budget))
            .or(over_cap.map(Reason::AboveCap)),
        accepted: None,
    }
}

/// Says that the budget was too small for even a few pairs, where that is why nothing was decided.
fn too_short(reason: Reason, pairs: u32, seconds: f64, budget: f64) -> Reason {
    let each = seconds / f64::from(pairs.max(1));
    match reason {
        Reason::Undecided { doubt: doubt @ (Doubt::Budget | Doubt::RepeatUndecided), .. }
            if pairs > 0 && each * FEW_PAIRS > budget =>
        {
            Reason::Undecided { doubt, short_of: Some((each, budget)) }
        }
        other => other,
    }
}

/// The outcome of counts. `source` is where counts that vary probably come from.
pub(super) fn counts(
    metric: Metric,
    limit: Limit,
    finding: &CountFinding,
    source: Option<Variation>,
    seconds: f64,
) -> MetricOutcome {
    let Sides { baseline, candidate } = finding.values.map(|value| value.is_finite().then_some(value));
    let method = match finding.repeats {
        Repeats::Exactly => Some(Method::Exact),
        Repeats::Varies => finding.interval.map(|_| Method::Paired),
    };
    let reason = match (source, finding.doubt, finding.above_cap) {
        (None, None, None) => None,
        (None, None, Some(cap)) => Some(Reason::AboveCap(cap)),
        (source, doubt, above_cap) => Some(Reason::CountsVary { source, doubt, above_cap }),
    };
    MetricOutcome {
        metric,
        verdict: finding.verdict,
        method,
        baseline,
        candidate,
        change: finding.change,
        interval: finding.interval,
        confidence: finding.confidence,
        limit,
        threshold: threshold(&limit, baseline),
        pairs: 0,
        drawn_pairs: 0,
        seconds,
        slower_in_turns: None,
        reason,
        accepted: None,
    }
}

/// The outcome of byte-identical executables: nothing has changed.
pub(super) fn identical(metric: Metric, limit: Limit) -> MetricOutcome {
    MetricOutcome {
        method: Some(Method::Exact),
        change: Some(0.0),
        interval: Some((0.0, 0.0)),
        confidence: Some(1.0),
        ..MetricOutcome::without_figures(metric, limit, Verdict::Unchanged, Reason::Identical)
    }
}

/// The outcome of what was neither counted nor measured, because the benchmark runs nothing that differs.
pub(super) fn unreached(metric: Metric, limit: Limit, changed: usize) -> MetricOutcome {
    MetricOutcome {
        method: Some(Method::Exact),
        change: Some(0.0),
        interval: Some((0.0, 0.0)),
        confidence: Some(1.0),
        ..MetricOutcome::without_figures(metric, limit, Verdict::Unchanged, Reason::Unreached(changed))
    }
}

/// The outcome of executables that differ, but not in what this benchmark executes: the same instructions equally often,
/// and as many allocations. `quick` are the few pairs that saw no difference: figures to show, too few for an interval.
pub(super) fn same_code(metric: Metric, limit: Limit, quick: &PairedTest) -> MetricOutcome {
    MetricOutcome {
        method: Some(Method::Paired),
        baseline: quick.baseline(),
        candidate: quick.candidate(),
        change: quick.estimate(),
        threshold: threshold(&limit, quick.baseline()),
        pairs: quick.pairs(),
        drawn_pairs: quick.drawn_pairs(),
        seconds: quick.seconds(),
        ..MetricOutcome::without_figures(metric, limit, Verdict::Unchanged, Reason::SameCode)
    }
}

/// The outcome of a candidate that stored runs cleared, with one pair that agrees. `looking` is what asking the
/// store took, in seconds.
pub(super) fn cleared(
    metric: Metric,
    limit: Limit,
    cleared: &Cleared,
    confirming: &PairedTest,
    looking: f64,
) -> MetricOutcome {
    MetricOutcome {
        metric,
        verdict: Verdict::Unchanged,
        method: Some(Method::Stored),
        baseline: Some(cleared.baseline),
        candidate: Some(cleared.candidate),
        change: Some(cleared.change),
        interval: Some(cleared.interval),
        confidence: Some(cleared.confidence),
        limit,
        threshold: threshold(&limit, Some(cleared.baseline)),
        pairs: confirming.pairs(),
        drawn_pairs: confirming.drawn_pairs(),
        slower_in_turns: confirming.slower_in_turns(),
        seconds: looking + confirming.seconds(),
        reason: None,
        accepted: None,
    }
}

/// The outcome of a benchmark that only one side has.
pub(super) fn one_sided(metric: Metric, limit: Limit, has_it: Side) -> MetricOutcome {
    let verdict = match has_it {
        Side::Candidate => Verdict::New,
        Side::Baseline => Verdict::Missing,
    };
    MetricOutcome::without_figures(metric, limit, verdict, Reason::OnlyOn(has_it))
}

/// What remains of an outcome where the A/A test has shown that the machine was not fit to time anything.
///
/// Exact figures stand; everything that was timed becomes inconclusive for that `reason`, its figures still shown.
pub(super) fn on_unfit_machine(outcome: MetricOutcome, reason: Reason) -> MetricOutcome {
    let timed = matches!(outcome.method, Some(Method::Paired | Method::Stored));
    if !(timed && outcome.verdict.is_decided()) {
        return outcome;
    }
    MetricOutcome { verdict: Verdict::Inconclusive, reason: Some(reason), ..outcome }
}

#[cfg(test)]
mod tests {
    use super::super::paired::tests::pairs_of;
    use super::*;
    use crate::stats::ErrorBudget;

    fn limit(text: &str) -> Limit {
        Limit::parse(text, Metric::WallTime).unwrap()
    }

    fn test_of(limit: &Limit, ratios: &[f64]) -> PairedTest {
        let budget = ErrorBudget::new(0.01, 1).unwrap();
        let mut test = PairedTest::of_limit(limit, 1000.0, budget).unwrap();
        for pair in pairs_of(ratios) {
            test.push(&pair).unwrap();
        }
        test
    }

    fn judged(limit: Limit, first: &PairedTest, again: Remeasurement<'_>) -> MetricOutcome {
        paired(Metric::WallTime, limit, first, again, 10.0)
    }

    #[test]
    fn a_regression_carries_every_figure_of_its_remeasurement() {
        let limit = limit("5%");
        let (first, second) = (test_of(&limit, &[0.3; 8]), test_of(&limit, &[0.2; 8]));
        let found = judged(limit, &first, Remeasurement::Measured(&second));
        assert_eq!((found.verdict, found.method), (Verdict::Regressed, Some(Method::Paired)));
        assert_eq!(found.pairs, 16);
        assert!((found.change.unwrap() - 0.2_f64.exp_m1()).abs() < 1e-9);
        let ratio = found.candidate.unwrap() / found.baseline.unwrap() - 1.0;
        assert!((ratio - found.change.unwrap()).abs() < 1e-12);
        assert!(found.interval.unwrap().0 > 0.05);
        assert_eq!(found.threshold, Some(0.05));
        assert_eq!(found.reason, None);
    }

    #[test]
    fn whatever_has_no_result_says_why() {
        let limit = limit("5%");
        let suspect = test_of(&limit, &[0.3; 8]);
        let empty = test_of(&limit, &[]);
        for found in [
            judged(limit, &suspect, Remeasurement::Outstanding),
            judged(limit, &empty, Remeasurement::Waived),
            one_sided(Metric::WallTime, limit, Side::Baseline),
            on_unfit_machine(judged(limit, &suspect, Remeasurement::Waived), Reason::Emulated),
        ] {
            assert!(!found.verdict.is_decided());
            assert!(found.reason.is_some(), "{found:?}");
        }
        let exact = identical(Metric::WallTime, limit);
        assert_eq!(on_unfit_machine(exact.clone(), Reason::Emulated), exact);
    }

    #[test]
    fn a_value_above_its_cap_fails_and_says_so() {
        let limit = limit("5% | 500ns");
        let over = test_of(&limit, &[0.0; 10]);
        let found = judged(limit, &over, Remeasurement::Measured(&over.clone()));
        assert_eq!(found.verdict, Verdict::Regressed);
        assert_eq!(found.reason, Some(Reason::AboveCap(500.0)));
    }

    #[test]
    fn a_budget_with_room_for_too_few_pairs_is_named() {
        let limit = limit("5%");
        let open = test_of(&limit, &[0.2, -0.2, 0.2]);
        let each = open.seconds() / 3.0;
        let short =
            |budget| match paired(Metric::WallTime, limit, &open, Remeasurement::Waived, budget).reason {
                Some(Reason::Undecided { doubt: Doubt::Budget, short_of }) => short_of,
                other => panic!("{other:?}"),
            };
        assert_eq!(short(each * 11.0), Some((each, each * 11.0)));
        assert_eq!(short(each * 13.0), None);
    }
}
