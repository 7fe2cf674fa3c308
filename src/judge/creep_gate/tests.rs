//! What has to be proven before creep fails a change.

use super::super::fixtures::{both, counts, measured, rules};
use super::super::next::{Step, most_tests_of, next, tests_of};
use super::*;
use crate::domain::random::Generator;
use crate::domain::{CommitId, CountKind, PairedEvidence, Sides};
use crate::judge::{Policy, Rules};

const TIME: [Metric; 1] = [Metric::WallTime];
const COUNTS: [Metric; 1] = [Metric::Instructions];

fn sum(metric: Metric, change: f64) -> Creep {
    Creep {
        since: "v1".into(),
        benchmark: both().name,
        metric,
        change: Creep::millionths(change),
        limit: Creep::millionths(0.10),
        raised_from: None,
        this_change: None,
        known: 9,
        commits: 9,
        largest: vec![(CommitId::from_hex(&"a".repeat(40)).unwrap(), 30_000)],
    }
}

/// A benchmark that crept by `before`, and by `ratios` with this change.
fn crept(before: f64, ratios: &[f64]) -> BenchmarkEvidence {
    let creep = CreepEvidence { sums: vec![sum(Metric::WallTime, before)], ..CreepEvidence::default() };
    BenchmarkEvidence { pairs: Some(measured(ratios)), creep: Some(creep), ..both() }
}

fn with(evidence: &BenchmarkEvidence, fresh: PairedEvidence, anchor: Option<&[f64]>) -> BenchmarkEvidence {
    let mut evidence = evidence.clone();
    let creep = evidence.creep.get_or_insert_with(CreepEvidence::default);
    let limits = anchor_limits(creep).collect();
    creep.change = Some(fresh);
    creep.anchor = anchor.map(|ratios| {
        let (pairs, remeasured) = (Some(measured(ratios)), Some(measured(ratios)));
        Box::new(BenchmarkEvidence { pairs, remeasured, limits, ..both() })
    });
    evidence
}

fn held(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> MetricOutcome {
    crate::judge::verdict(evidence, None, rules).metrics.remove(0)
}

#[test]
fn a_change_that_crosses_the_limit_is_proven_slower_and_then_compared_with_the_release() {
    let policy = Policy::new();
    let rules = rules(&policy, &TIME, Some(4));
    let step = |evidence: &BenchmarkEvidence| next(evidence, &rules, 10);
    let slower = crept(0.095, &[0.009; 20]);
    assert_eq!(step(&slower), Step::CreepChange);
    assert_eq!(held(&slower, &rules).verdict, Verdict::Unchanged);
    let proven = with(&slower, measured(&[0.009; 20]), None);
    assert_eq!(step(&proven), Step::CreepAnchor);
    let mut suspect = with(&slower, measured(&[0.009; 20]), Some(&[0.12; 20]));
    let anchor = |evidence: &mut BenchmarkEvidence| evidence.creep.as_mut().unwrap().anchor.take().unwrap();
    let mut once = anchor(&mut suspect);
    once.remeasured = None;
    suspect.creep.as_mut().unwrap().anchor = Some(once);
    assert_eq!(step(&suspect), Step::CreepAnchor, "the release is measured again as any baseline is");
    assert_eq!(held(&suspect, &rules).verdict, Verdict::Unchanged);
    let exceeded = with(&slower, measured(&[0.009; 20]), Some(&[0.12; 20]));
    assert_eq!(step(&exceeded), Step::Done);
    let found = held(&exceeded, &rules);
    assert_eq!(found.verdict, Verdict::Regressed);
    assert_eq!(found.reason.as_ref().unwrap().code(), "crept");
    assert!(found.interval.unwrap().0 > 0.0 && found.pairs == 40, "{found:?}");
    let Some(Reason::Crept { change, limit, .. }) = found.reason else { panic!("{found:?}") };
    assert!((change - 0.12_f64.exp_m1()).abs() < 1e-9 && (limit - 0.1).abs() < 1e-9);
}

#[test]
fn what_others_added_fails_nobody() {
    let policy = Policy::new();
    let rules = rules(&policy, &TIME, Some(4));
    // Far beyond the limit, and this change adds nothing: or nothing that is proven.
    for (first, fresh) in [([0.0; 20], [0.0; 20]), ([0.009; 20], [0.0; 20]), ([0.009; 20], [-0.002; 20])] {
        let found = with(&crept(0.30, &first), measured(&fresh), Some(&[0.26; 20]));
        assert_eq!(held(&found, &rules).verdict, Verdict::Unchanged, "{fresh:?}");
    }
    // Slower, and the release says that the limit is kept.
    let kept = with(&crept(0.095, &[0.009; 20]), measured(&[0.009; 20]), Some(&[0.05; 20]));
    assert_eq!(held(&kept, &rules).verdict, Verdict::Unchanged);
    // Below the limit nothing is asked.
    assert_eq!(next(&crept(0.08, &[0.009; 20]), &rules, 10), Step::Done);
    assert_eq!(next(&crept(0.30, &[-0.009; 20]), &rules, 10), Step::Done);
    // What regressed by itself needs no other reason.
    let regressed = BenchmarkEvidence { remeasured: Some(measured(&[0.3; 20])), ..crept(0.30, &[0.3; 20]) };
    assert_eq!(next(&regressed, &rules, 10), Step::Done);
    assert_eq!(held(&regressed, &rules).reason, None);
}

#[test]
fn counts_are_compared_exactly() {
    let policy = Policy::new().with_limits([(Metric::Instructions, Limit::relative(0.05).unwrap())].into());
    let rules = rules(&policy, &COUNTS, Some(1));
    let counted = |baseline, candidate| {
        Some(Sides {
            baseline: counts(CountKind::Instructions, &[baseline; 5], "a"),
            candidate: counts(CountKind::Instructions, &[candidate; 5], "b"),
        })
    };
    let of = |before, baseline, candidate| {
        let creep =
            CreepEvidence { sums: vec![sum(Metric::Instructions, before)], ..CreepEvidence::default() };
        BenchmarkEvidence { instructions: counted(baseline, candidate), creep: Some(creep), ..both() }
    };
    let mut slower = of(0.09, 1000.0, 1020.0);
    assert_eq!(next(&slower, &rules, 1), Step::CreepAnchor);
    assert_eq!(next(&of(0.09, 1000.0, 1000.0), &rules, 1), Step::Done);
    assert_eq!(next(&of(0.09, 1000.0, 1005.0), &rules, 1), Step::Done, "9.545 % of 10 %");
    let limits: std::collections::BTreeMap<Metric, Limit> =
        anchor_limits(slower.creep.as_ref().unwrap()).collect();
    for (anchor, verdict) in [(915.0, Verdict::Regressed), (950.0, Verdict::Unchanged)] {
        let anchor =
            BenchmarkEvidence { instructions: counted(anchor, 1020.0), limits: limits.clone(), ..both() };
        slower.creep.as_mut().unwrap().anchor = Some(Box::new(anchor));
        assert_eq!(next(&slower, &rules, 1), Step::Done);
        assert_eq!(held(&slower, &rules).verdict, verdict);
    }
}

#[test]
fn counts_that_vary_are_taken_often_enough_to_prove_that_they_crept() {
    let policy = Policy::new().with_limits([(Metric::Instructions, Limit::relative(0.05).unwrap())].into());
    let rules = rules(&policy, &COUNTS, Some(20));
    let evidence = |before| BenchmarkEvidence {
        instructions: Some(Sides {
            baseline: counts(CountKind::Instructions, &[1000.0, 1001.0], "a"),
            candidate: counts(CountKind::Instructions, &[1020.0, 1021.0], "b"),
        }),
        creep: Some(CreepEvidence {
            sums: vec![sum(Metric::Instructions, before)],
            ..CreepEvidence::default()
        }),
        ..both()
    };
    // Within the threshold five launches clear it; that it is worse at all takes as many as the run's tests ask for.
    assert_eq!(next(&evidence(0.01), &rules, 20), Step::CountInstructions(5));
    assert_eq!(next(&evidence(0.09), &rules, 20), Step::CountInstructions(7));
}

#[test]
fn what_may_cross_takes_a_share_of_the_error_and_the_rest_takes_none() {
    let policy = Policy::new();
    let open = rules(&policy, &TIME, None);
    let untimed = |before| BenchmarkEvidence { pairs: None, ..crept(before, &[]) };
    assert_eq!(tests_of(&untimed(0.06), &open), 2, "6 % and 5 % are more than 10 %");
    assert_eq!(tests_of(&untimed(0.04), &open), 1, "4 % and 5 % are less");
    assert_eq!(most_tests_of(&untimed(0.04), &open), 2);
    // With an absolute part, five percent are not all that a change may add.
    let limit = Limit::parse("5% + 2ns", Metric::WallTime).unwrap();
    let absolute = Policy::new().with_limits([(Metric::WallTime, limit)].into());
    assert_eq!(tests_of(&untimed(0.04), &rules(&absolute, &TIME, None)), 2);
}

/// Each condition alone is wrong by chance; a failure needs both. Where one of them is false, it does not fail more often than
/// that one does.
#[test]
fn a_gate_of_two_proofs_is_wrong_no_more_often_than_either() {
    const TRIALS: usize = 120;
    let policy = Policy::new().with_alpha(0.05).unwrap();
    let rules = rules(&policy, &TIME, Some(1));
    let mut random = Generator::new(7);
    let mut draw = |mean: f64| -> Vec<f64> { (0..16).map(|_| mean + 0.01 * random.normal()).collect() };
    let mut failures = |change: f64, anchor: f64| {
        let fails = |_: &usize| {
            let crept = crept(0.30, &draw(change.max(0.009)));
            let evidence = with(&crept, measured(&draw(change)), Some(&draw(anchor)));
            held(&evidence, &rules).verdict == Verdict::Regressed
        };
        (0..TRIALS).filter(fails).count()
    };
    let limit = 0.10_f64.ln_1p();
    let (unchanged, at_the_limit, both) =
        (failures(0.0, 2.0 * limit), failures(0.02, limit), failures(0.02, 2.0 * limit));
    // Five percent of 120, and three standard deviations.
    assert!(unchanged <= 13 && at_the_limit <= 13, "{unchanged} {at_the_limit}");
    assert!(both > TRIALS * 9 / 10, "{both}");
}
