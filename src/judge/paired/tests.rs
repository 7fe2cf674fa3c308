//! The paired test on made-up pairs.

use proptest::prelude::*;

use super::*;
use crate::domain::{PairedLaunch, Side};

fn launch(samples: &[f64]) -> PairedLaunch {
    let ones = vec![1.0; samples.len()];
    PairedLaunch { samples: SampleSet::timed(&ones, samples).unwrap(), seconds: 0.25 }
}

fn pair(schedule: Schedule, baseline: &[f64], candidate: &[f64]) -> Pair {
    let launches = Sides { baseline: launch(baseline), candidate: launch(candidate) };
    Pair { index: 0, first: Side::Baseline, schedule, cpu: None, layout: None, slowdown: None, launches }
}

/// Nine samples of each side, in turns, `first` first, of costs that drift steadily, with noise from turn to turn.
fn drifting(first: Side, costs: Sides<f64>, drift: f64, noise: &[f64]) -> Pair {
    let log = |turn: usize| drift * turn as f64 + noise.get(turn).copied().unwrap_or(0.0);
    let samples = |side: Side| -> Vec<f64> {
        let turns = (usize::from(side != first)..18).step_by(2);
        turns.map(|turn| log(turn).exp() * costs.get(side)).collect()
    };
    Pair { first, ..pair(Schedule::Interleaved, &samples(Side::Baseline), &samples(Side::Candidate)) }
}

/// One pair per log ratio, in turns, around a baseline of 1000 ns that drifts steadily, by a quarter of a per cent a turn.
pub(crate) fn pairs_of(ratios: &[f64]) -> Vec<Pair> {
    let pair = |(ratio, index): (&f64, u32)| {
        let baseline = 1000.0 + f64::from(index);
        let costs = Sides { baseline, candidate: baseline * ratio.exp() };
        Pair { index, ..drifting(Side::Baseline, costs, 0.0025, &[]) }
    };
    ratios.iter().zip(0..).map(pair).collect()
}

fn test_of(margin: f64, family: usize, ratios: &[f64]) -> PairedTest {
    let mut test = PairedTest::new(margin, ErrorBudget::new(0.01, family).unwrap()).unwrap();
    for pair in pairs_of(ratios) {
        test.push(&pair).unwrap();
    }
    test
}

#[test]
fn interleaving_cancels_what_both_sides_share() {
    // The machine becomes ten times slower half-way; the candidate is always 10 % slower.
    let baseline = [100.0, 100.0, 100.0, 1000.0, 1000.0];
    let candidate = baseline.map(|value| value * 1.1);
    let seen = observe(&pair(Schedule::Interleaved, &baseline, &candidate)).unwrap();
    assert!((seen.ratio.value - 1.1_f64.ln()).abs() < 1e-12);
    assert!(seen.ratio.error < 1e-12);
    let seen = observe(&pair(Schedule::Sequential, &baseline, &candidate)).unwrap();
    assert!((seen.ratio.value - 1.1_f64.ln()).abs() < 1e-12);
    assert!((seen.medians.candidate - 110.0).abs() < 1e-9);
}

#[test]
fn what_turns_cost_is_told_once_pairs_agree_on_it() {
    let cost = |slowdowns: &[Option<f64>]| {
        let pairs = pairs_of(&vec![0.0; slowdowns.len()]);
        let slowed = pairs.into_iter().zip(slowdowns).map(|(pair, slowdown)| {
            let slowdown = slowdown.map(|candidate| Sides { baseline: 1.0, candidate });
            Pair { slowdown, ..pair }
        });
        PairedTest::of_any_change(ErrorBudget::new(0.01, 1).unwrap())
            .with_pairs(&slowed.collect::<Vec<_>>())
            .slower_in_turns()
    };
    let found = cost(&[Some(1.25), None, Some(1.26), Some(1.24), Some(1.25), Some(1.25)]).unwrap();
    assert!((found - 0.25).abs() < 1e-9, "{found}");
    assert_eq!(cost(&[Some(1.04); 9]), None, "turns may cost so much");
    assert_eq!(cost(&[Some(1.25); 4]), None, "too few");
    assert_eq!(cost(&[Some(0.6), Some(1.6), Some(1.1), Some(0.7), Some(1.5)]), None, "nobody knows");
    assert_eq!(cost(&[Some(0.0); 9]), None, "no number");
}

#[test]
fn the_error_within_a_pair_is_that_of_a_median() {
    let logs = [0.0, -0.02, 0.02, -0.01, 0.01_f64];
    let candidate: Vec<f64> = logs.iter().map(|log| 100.0 * log.exp()).collect();
    let seen = observe(&pair(Schedule::Interleaved, &[100.0; 5], &candidate)).unwrap();
    // Against their neighbours: 0, −0.01, −0.02, 0, 0.02, 0.005, −0.01, 0; their deviations have the median 0.0075.
    let expected = 1.4826 * 0.0075 * 1.2533 * (4.0_f64 / 3.0).sqrt() / 5.0_f64.sqrt();
    assert!((seen.ratio.error - expected).abs() < 1e-9, "{} {expected}", seen.ratio.error);
    assert!(seen.ratio.value.abs() < 1e-12);
}

#[test]
fn a_steady_drift_cancels_whoever_goes_first() {
    for first in Side::BOTH {
        for drift in [-0.3, -0.01, 0.0, 0.01, 0.3] {
            let seen =
                observe(&drifting(first, Sides { baseline: 100.0, candidate: 107.0 }, drift, &[])).unwrap();
            assert!((seen.ratio.value - 1.07_f64.ln()).abs() < 1e-9, "{first:?} {drift}: {seen:?}");
            assert!(seen.ratio.error < 1e-9);
        }
    }
}

#[test]
fn clear_cases_are_decided_with_an_interval_on_the_right_side() {
    for (ratios, state) in [
        (vec![0.0; 3], PairedState::NotWorse),
        // Farther from no change than a third of the margin: it takes five.
        (vec![-0.03; 5], PairedState::NotWorse),
        (vec![-0.03; 4], PairedState::Undecided),
        (vec![0.2; 12], PairedState::Regressed),
        (vec![-0.2; 12], PairedState::Improved),
        (vec![0.2; 11], PairedState::Undecided),
        (vec![0.0; 2], PairedState::Undecided),
    ] {
        let test = test_of(0.05, 20, &ratios);
        assert_eq!(test.state(), state, "{ratios:?}");
        if state != PairedState::Undecided {
            let (lower, upper) = test.interval().unwrap();
            let change = test.estimate().unwrap();
            assert!(lower <= change && change <= upper);
            assert!(lower <= ratios[0].exp_m1() && ratios[0].exp_m1() <= upper);
        }
    }
    assert!((test_of(0.05, 1, &[0.0; 7]).seconds() - 1.75).abs() < 1e-9);
}

#[test]
fn what_clears_sooner_does_not_widen_the_interval_of_what_is_slower() {
    let twice = test_of(0.05, 1, &[2.0_f64.ln(); 7]);
    assert_eq!(twice.state(), PairedState::Regressed);
    let (lower, upper) = twice.interval().unwrap();
    assert!(lower > 0.95 && upper < 1.05, "{lower} {upper}");
    let cleared = test_of(0.05, 1, &[0.0; 3]);
    let (lower, upper) = cleared.interval().unwrap();
    assert!(lower > -0.01 && upper < 0.01, "{lower} {upper}");
}

#[test]
fn a_margin_without_end_is_never_exceeded() {
    assert_eq!(test_of(f64::INFINITY, 1, &[3.0; 30]).state(), PairedState::NotWorse);
    let budget = ErrorBudget::new(0.01, 1).unwrap();
    assert_eq!(PairedTest::new(-0.1, budget), Err(PairedError::Margin(-0.1)));
    assert!(PairedTest::new(f64::NAN, budget).is_err());
}

#[test]
fn a_cap_fails_an_unchanged_benchmark_and_must_be_cleared_too() {
    let budget = ErrorBudget::new(0.01, 2).unwrap();
    let run = |text: &str, pairs: usize| {
        let limit = Limit::parse(text, crate::domain::Metric::WallTime).unwrap();
        let mut test = PairedTest::of_limit(&limit, 1000.0, budget).unwrap();
        for pair in pairs_of(&vec![0.0; pairs]) {
            test.push(&pair).unwrap();
        }
        test
    };
    assert_eq!(run("5% | 2us", 7).state(), PairedState::NotWorse);
    let over = run("5% | 900ns", 8);
    assert_eq!(over.state(), PairedState::Regressed);
    assert!(over.exceeds_cap() && !over.exceeds_margin());
    // Values from 1020 to 1029: a cap among them is neither exceeded nor kept.
    assert_eq!(run("5% | 1023ns", 10).state(), PairedState::Undecided);
}

#[test]
fn the_hopeless_are_dropped_and_the_promising_come_first() {
    let near = test_of(0.05, 1, &[0.0; 2]);
    let far = test_of(0.05, 1, &[0.0, 0.1, 0.0]);
    let (ExpectedPairs::More(near), ExpectedPairs::More(far)) =
        (near.expected_pairs(50), far.expected_pairs(50))
    else {
        panic!("both are undecided");
    };
    assert!(near < far, "{near} {far}");
    assert_eq!(test_of(0.05, 1, &[0.0; 7]).expected_pairs(50), ExpectedPairs::Decided);
    assert_eq!(test_of(0.05, 1, &[-0.03; 3]).expected_pairs(1), ExpectedPairs::Hopeless);
    let at_the_margin: Vec<f64> =
        (0..20).map(|i| 0.05_f64.ln_1p() + if i % 2 == 0 { 0.01 } else { -0.01 }).collect();
    assert_eq!(test_of(0.05, 1, &at_the_margin).expected_pairs(20), ExpectedPairs::Hopeless);
}

#[test]
fn an_improvement_in_sight_is_told() {
    let test = test_of(0.05, 20, &[-0.2; 7]);
    assert_eq!(test.state(), PairedState::NotWorse);
    let more = test.pairs_to_improved().unwrap();
    assert!((more - 5.0).abs() < 1e-9, "{more}");
    assert_eq!(test_of(0.05, 20, &[0.0; 7]).pairs_to_improved(), None);
}

proptest! {
    #[test]
    fn sides_that_change_places_change_the_sign(noise in prop::collection::vec(-0.2..0.2_f64, 18), ratio in 0.5..2.0_f64) {
        let pair = drifting(Side::Baseline, Sides { baseline: 100.0, candidate: 100.0 * ratio }, 0.01, &noise);
        let Sides { baseline, candidate } = pair.launches.clone();
        let launches = Sides { baseline: candidate, candidate: baseline };
        let swapped = Pair { first: Side::Candidate, launches, ..pair.clone() };
        let (one, other) = (observe(&pair).unwrap().ratio, observe(&swapped).unwrap().ratio);
        prop_assert!((one.value + other.value).abs() < 1e-12);
        prop_assert!((one.error - other.error).abs() < 1e-12);
    }

    #[test]
    fn verdict_and_interval_never_contradict(
        centre in -0.2_f64..0.2,
        errors in prop::collection::vec(-0.03_f64..0.03, 1..40),
        family in 1_usize..50,
    ) {
        let ratios: Vec<f64> = errors.iter().map(|error| centre + error).collect();
        let test = test_of(0.05, family, &ratios);
        match (test.state(), test.interval()) {
            (PairedState::Regressed, Some((lower, _))) => prop_assert!(lower >= 0.05),
            (PairedState::NotWorse, Some((_, upper))) => prop_assert!(upper <= 0.05),
            (PairedState::Improved, Some((_, upper))) => prop_assert!(upper <= 1e-12),
            (PairedState::Undecided, Some((lower, upper))) => {
                prop_assert!(upper > 0.05);
                prop_assert!(family > 1 || lower < 0.05);
            }
            (_, None) => prop_assert!(ratios.len() < 14 || test.state() == PairedState::Undecided),
        }
    }

    #[test]
    fn judging_stored_pairs_again_agrees_to_the_last_bit(
        ratios in prop::collection::vec(-0.2_f64..0.2, 1..30),
    ) {
        let one = test_of(0.05, 20, &ratios);
        let two = test_of(0.05, 20, &ratios);
        prop_assert_eq!(one.state(), two.state());
        let bits = |test: &PairedTest| {
            let interval = test.interval().map(|(lower, upper)| (lower.to_bits(), upper.to_bits()));
            (interval, test.estimate().map(f64::to_bits))
        };
        prop_assert_eq!(bits(&one), bits(&two));
    }
}
