//! What was found about a metric, as a report needs it: every figure, and why whenever there is no result.

use crate::domain::{BuildFingerprint, Limit, Method, Metric, MetricOutcome, Provenance, Sides, Verdict};

use super::confirm::{Confirmation, Confirmed, combine};
use super::exact::{CountFinding, CountRemark, Repeats};
use super::paired::PairedTest;
use super::stored::Cleared;

/// The threshold of a limit as a fraction, where that makes sense.
fn threshold(limit: &Limit, baseline: Option<f64>) -> Option<f64> {
    baseline.map(|baseline| limit.fraction(baseline)).filter(|fraction| fraction.is_finite())
}

/// The outcome of pairs and of the confirmation, if there was a suspect.
///
/// The candidate's value is the baseline's times the paired change, so that the two values and the change agree: the
/// ratio of pairs is known far better than the values themselves.
pub fn paired(
    metric: Metric,
    limit: Limit,
    first: &PairedTest,
    confirmation: Confirmation<'_>,
) -> MetricOutcome {
    let Confirmed { verdict, figures, doubt } = combine(first, confirmation);
    let again = match confirmation {
        Confirmation::Measured(second) => (second.pairs(), second.seconds()),
        Confirmation::Waived | Confirmation::Outstanding => (0, 0.0),
    };
    let (baseline, change) = (figures.baseline(), figures.estimate());
    let interval = figures.interval();
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
        pairs: first.pairs() + again.0,
        seconds: first.seconds() + again.1,
        reason: doubt
            .map(|doubt| doubt.to_string())
            .or_else(|| over_cap.map(|cap| CountRemark::AboveCap(cap).to_string())),
    }
}

/// The outcome of counts.
pub fn counts(metric: Metric, limit: Limit, finding: &CountFinding, seconds: f64) -> MetricOutcome {
    let Sides { baseline, candidate } = finding.values.map(|value| value.is_finite().then_some(value));
    let method = match finding.repeats {
        Repeats::Exactly => Some(Method::Exact),
        Repeats::Varies => finding.interval.map(|_| Method::Paired),
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
        seconds,
        reason: finding.remark.map(|remark| remark.to_string()),
    }
}

/// The outcome of byte-identical executables: nothing has changed. `value` is what is known of both, if anything.
pub fn identical(metric: Metric, limit: Limit, value: Option<f64>) -> MetricOutcome {
    without_measuring(metric, limit, value, "the executables are identical")
}

/// The outcome of executables that differ, but not in what this benchmark executes: the same instructions equally often,
/// and as many allocations. `glance` are the few pairs that saw no difference: figures to show, too few for an interval.
pub fn same_code(metric: Metric, limit: Limit, glance: &PairedTest) -> MetricOutcome {
    MetricOutcome {
        verdict: Verdict::Unchanged,
        method: Some(Method::Paired),
        baseline: glance.baseline(),
        candidate: glance.candidate(),
        change: glance.estimate(),
        threshold: threshold(&limit, glance.baseline()),
        pairs: glance.pairs(),
        seconds: glance.seconds(),
        ..MetricOutcome::without_figures(
            metric,
            limit,
            Verdict::Unchanged,
            "both sides execute the same machine code, equally often, and a glance at the clock agrees",
        )
    }
}

fn without_measuring(metric: Metric, limit: Limit, value: Option<f64>, reason: &str) -> MetricOutcome {
    MetricOutcome {
        metric,
        verdict: Verdict::Unchanged,
        method: Some(Method::Exact),
        baseline: value,
        candidate: value,
        change: Some(0.0),
        interval: Some((0.0, 0.0)),
        confidence: Some(1.0),
        limit,
        threshold: threshold(&limit, value),
        pairs: 0,
        seconds: 0.0,
        reason: Some(reason.to_owned()),
    }
}

/// The outcome of a candidate that stored occasions cleared. `seconds` is what its one measurement took.
pub fn cleared(metric: Metric, limit: Limit, cleared: &Cleared, seconds: f64) -> MetricOutcome {
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
        pairs: 0,
        seconds,
        reason: None,
    }
}

/// What forbids a comparison, if anything: an emulator on either side, or builds that differ in more than the code.
///
/// The reason names each field that differs, with both values.
pub fn not_comparable(
    metric: Metric,
    limit: Limit,
    builds: Sides<&BuildFingerprint>,
    provenance: Sides<Provenance>,
) -> Option<MetricOutcome> {
    let refuse =
        |reason: String| Some(MetricOutcome::without_figures(metric, limit, Verdict::NotComparable, reason));
    let differences = builds.baseline.differences(builds.candidate);
    if !differences.is_empty() {
        let named: Vec<String> = differences
            .iter()
            .map(|(field, baseline, candidate)| {
                format!("{field} differs: `{baseline}` on the baseline, `{candidate}` on the candidate")
            })
            .collect();
        return refuse(named.join("; "));
    }
    if [provenance.baseline, provenance.candidate].contains(&Provenance::Emulated) {
        return refuse(format!("measured under an emulator: its {metric} is no evidence"));
    }
    None
}

/// The outcome of a benchmark that only one side has.
///
/// `has_it` is the side that does.
pub fn one_sided(
    metric: Metric,
    limit: Limit,
    has_it: crate::domain::Side,
    value: Option<f64>,
) -> MetricOutcome {
    let (verdict, reason, baseline, candidate) = match has_it {
        crate::domain::Side::Candidate => (Verdict::New, "only the candidate has it", None, value),
        crate::domain::Side::Baseline => (Verdict::Missing, "only the baseline has it", value, None),
    };
    let outcome = MetricOutcome::without_figures(metric, limit, verdict, reason);
    MetricOutcome { baseline, candidate, ..outcome }
}

/// What remains of an outcome when the null control has shown that the machine was not fit to time anything.
///
/// Exact figures stand; everything that was timed becomes inconclusive for that `reason`, its figures still shown.
#[must_use]
pub fn on_unfit_machine(outcome: MetricOutcome, reason: &str) -> MetricOutcome {
    let timed = matches!(outcome.method, Some(Method::Paired | Method::Stored));
    if !(timed && outcome.verdict.is_decided()) {
        return outcome;
    }
    MetricOutcome { verdict: Verdict::Inconclusive, reason: Some(reason.to_owned()), ..outcome }
}

#[cfg(test)]
mod tests {
    use super::super::paired::tests::pairs_of;
    use super::*;
    use crate::domain::Side;
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

    #[test]
    fn a_regression_carries_every_figure_of_its_confirmation() {
        let limit = limit("5%");
        let (first, second) = (test_of(&limit, &[0.3; 8]), test_of(&limit, &[0.2; 8]));
        let found = paired(Metric::WallTime, limit, &first, Confirmation::Measured(&second));
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
            paired(Metric::WallTime, limit, &suspect, Confirmation::Outstanding),
            paired(Metric::WallTime, limit, &empty, Confirmation::Waived),
            one_sided(Metric::WallTime, limit, Side::Baseline, Some(3.0)),
            on_unfit_machine(paired(Metric::WallTime, limit, &suspect, Confirmation::Waived), "unfit"),
        ] {
            assert!(!found.verdict.is_decided());
            assert!(found.reason.is_some(), "{found:?}");
        }
        let exact = identical(Metric::WallTime, limit, None);
        assert_eq!(on_unfit_machine(exact.clone(), "unfit"), exact);
    }

    #[test]
    fn a_value_above_its_cap_fails_and_says_so() {
        let limit = limit("5% | 500ns");
        let over = test_of(&limit, &[0.0; 10]);
        let found = paired(Metric::WallTime, limit, &over, Confirmation::Measured(&over.clone()));
        assert_eq!(found.verdict, Verdict::Regressed);
        assert!(found.reason.unwrap().contains("cap of 500"));
    }

    #[test]
    fn differences_and_emulators_are_named() {
        let build = BuildFingerprint {
            rustc: "1.95.0".into(),
            host: "x86_64-unknown-linux-gnu".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "bench".into(),
            settings: String::new(),
            features: String::new(),
            rustflags: String::new(),
            instrument: "criterion 0.8.2".into(),
        };
        let other = BuildFingerprint { rustc: "1.96.0".into(), ..build.clone() };
        let judged = |candidate: &BuildFingerprint, provenance| {
            let builds = Sides { baseline: &build, candidate };
            let provenance = Sides { baseline: Provenance::Native, candidate: provenance };
            not_comparable(Metric::WallTime, limit("5%"), builds, provenance)
        };
        assert_eq!(judged(&build, Provenance::Native), None);
        let reason = judged(&other, Provenance::Native).unwrap().reason.unwrap();
        assert!(["rustc", "1.95.0", "1.96.0"].iter().all(|part| reason.contains(part)), "{reason}");
        assert!(judged(&build, Provenance::Emulated).unwrap().reason.unwrap().contains("emulator"));
    }
}
