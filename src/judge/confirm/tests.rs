//! What becomes of suspects, and how often the two tests are wrong together.

use proptest::prelude::*;

use super::super::fixtures::rules;
use super::super::paired::tests::pairs_of;
use super::super::{PairObservation, Policy};
use super::*;
use crate::domain::random::Generator;
use crate::domain::{Metric, Sides};
use crate::stats::{BettingTest, Direction, ErrorBudget, Observation};

const MARGIN: f64 = 0.05;
const ALPHA: f64 = 0.01;

/// The first test of a run of so many.
fn first_of(family: usize, ratios: &[f64]) -> PairedTest {
    let test = PairedTest::new(MARGIN, ErrorBudget::new(ALPHA, family).unwrap()).unwrap();
    test.to_find_suspects().with_pairs(&pairs_of(ratios))
}

fn again(first: &PairedTest, ratios: &[f64]) -> PairedTest {
    first.to_confirm().with_pairs(&pairs_of(ratios))
}

/// The verdict, the code of its reason (empty without one), and whether its interval may be told.
fn verdict(first: &[f64], fresh: Option<&[f64]>) -> (Verdict, String, bool) {
    let first = first_of(1, first);
    let fresh = fresh.map(|fresh| again(&first, fresh));
    let fresh = fresh.as_ref().map_or(Remeasurement::Outstanding, Remeasurement::Measured);
    let found = combine(&first, fresh);
    (found.verdict, because(found.reason.as_ref().map_or("", Reason::code)), found.unselected)
}

const WORSE: [f64; 8] = [0.3; 8];
const SAME: [f64; 8] = [0.0; 8];
const BETTER: [f64; 8] = [-0.3; 8];
const FEW: [f64; 2] = [0.3; 2];

fn because(code: &str) -> String {
    code.to_owned()
}

#[test]
fn only_what_fails_twice_has_regressed() {
    assert_eq!(verdict(&WORSE, Some(&WORSE)), (Verdict::Regressed, because(""), true));
    assert_eq!(verdict(&WORSE, Some(&SAME)), (Verdict::Inconclusive, because("not-repeated"), true));
    assert_eq!(verdict(&WORSE, Some(&BETTER)), (Verdict::Inconclusive, because("not-repeated"), true));
    assert_eq!(verdict(&WORSE, Some(&FEW)), (Verdict::Inconclusive, because("repeat-undecided"), true));
    assert_eq!(verdict(&WORSE, None), (Verdict::Inconclusive, because("repeat-outstanding"), true));
}

#[test]
fn an_improvement_has_an_interval_only_from_fresh_pairs() {
    assert_eq!(verdict(&BETTER, Some(&BETTER)), (Verdict::Improved, because(""), true));
    assert_eq!(verdict(&BETTER, None), (Verdict::Improved, because(""), false));
    assert_eq!(
        verdict(&BETTER, Some(&SAME)),
        (Verdict::Unchanged, because("improvement-not-repeated"), false)
    );
}

#[test]
fn what_is_not_worse_needs_no_second_look() {
    assert_eq!(verdict(&SAME, None), (Verdict::Unchanged, because(""), true));
    assert_eq!(verdict(&FEW, None), (Verdict::Inconclusive, because("budget-ended"), true));
    assert_eq!(verdict(&[], None), (Verdict::Inconclusive, because("no-pairs"), true));
    // Better, but by less than the threshold: not named.
    assert_eq!(verdict(&[-0.03; 12], None), (Verdict::Unchanged, because(""), true));
}

#[test]
fn both_tests_go_half_of_the_way_and_the_fresh_pairs_convince_by_themselves() {
    // How many agreeing pairs make a suspect, and how many fresh ones confirm it.
    for (family, suspected, confirmed) in [(1, 4, 7), (20, 6, 7), (200, 8, 7), (2000, 10, 9)] {
        let pairs = |count: usize| vec![0.3; count];
        assert_eq!(first_of(family, &pairs(suspected - 1)).state(), PairedState::Undecided, "{family}");
        let first = first_of(family, &pairs(suspected));
        assert_eq!(first.state(), PairedState::Regressed, "{family}");
        assert_eq!(again(&first, &pairs(confirmed - 1)).state(), PairedState::Undecided, "{family}");
        let second = again(&first, &pairs(confirmed));
        assert_eq!(second.state(), PairedState::Regressed, "{family}");
        assert!(second.interval().unwrap().0 >= MARGIN && (second.confidence() - 0.98).abs() < 1e-12);
    }
}

#[test]
fn what_nobody_measures_again_has_to_show_it_alone() {
    let limit = Limit::relative(MARGIN).unwrap();
    let policy = Policy::new();
    let state = |confirm, count: usize| {
        let rules = Rules { confirm, ..rules(&policy, &[Metric::WallTime], Some(20)) };
        first_test(&limit, 1000.0, &rules).with_pairs(&pairs_of(&vec![0.3; count])).state()
    };
    for confirm in [Confirm::Suspects, Confirm::Always] {
        assert_eq!(state(confirm, 6), PairedState::Regressed);
    }
    assert_eq!(state(Confirm::Never, 11), PairedState::Undecided);
    assert_eq!(state(Confirm::Never, 12), PairedState::Regressed);
    let alone = PairedTest::new(MARGIN, ErrorBudget::new(ALPHA, 1).unwrap()).unwrap();
    let alone = alone.with_pairs(&pairs_of(&WORSE));
    assert_eq!(combine(&alone, Remeasurement::Waived).verdict, Verdict::Regressed);
}

/// A pair of this log ratio, whose candidate takes so many nanoseconds.
fn observation(ratio: f64, candidate: f64) -> PairObservation {
    let observed = |value| Observation { value, error: 0.001 };
    PairObservation {
        ratio: observed(ratio),
        candidate: observed(candidate.ln()),
        medians: Sides { baseline: candidate / ratio.exp(), candidate },
    }
}

#[test]
fn the_margin_and_the_cap_are_each_shown_by_their_own_pairs() {
    let limit = Limit::parse("5% | 900ns", Metric::WallTime).unwrap();
    let test = PairedTest::of_limit(&limit, 1000.0, ErrorBudget::new(ALPHA, 2).unwrap()).unwrap();
    let mut first = test.to_find_suspects();
    for _ in 0..5 {
        first.push_observation(observation(0.0, 1000.0));
    }
    assert_eq!(first.state(), PairedState::Regressed);
    assert!(first.exceeds_cap() && !first.exceeds_margin());
    let fresh = |ratio, candidate, count| {
        let mut second = first.to_confirm();
        for _ in 0..count {
            second.push_observation(observation(ratio, candidate));
        }
        (second.state(), second.exceeds_cap(), second.exceeds_margin())
    };
    assert_eq!(fresh(0.0, 1000.0, 7), (PairedState::Regressed, true, false));
    // The first pairs spoke against a slowdown: what would confirm one that they had suspected does not outweigh them.
    assert_eq!(fresh(0.3, 800.0, 8), (PairedState::Undecided, false, false));
    assert_eq!(fresh(0.3, 800.0, 20), (PairedState::Regressed, false, true));
}

/// How many of `runs` benchmarks at the threshold itself fail, where `fresh` gives the pairs of the second test from those of
/// the first.
fn failures(runs: usize, error: f64, fresh: impl Fn(&[f64], &mut Generator) -> Vec<f64>) -> usize {
    let mut random = Generator::new(29);
    let budget = ErrorBudget::new(error, 20).unwrap();
    let push = |mut test: PairedTest, ratios: &[f64]| {
        for (place, &ratio) in ratios.iter().enumerate() {
            test.push_observation(observation(ratio, 1000.0));
            if test.state() != PairedState::Undecided {
                return (test, place + 1);
            }
        }
        (test, ratios.len())
    };
    let fails = |_: &usize| {
        let drawn = series(&mut random);
        let (first, taken) = push(PairedTest::new(MARGIN, budget).unwrap().to_find_suspects(), &drawn);
        if first.state() != PairedState::Regressed {
            return false;
        }
        let (second, _) = push(first.to_confirm(), &fresh(&drawn[..taken], &mut random));
        combine(&first, Remeasurement::Measured(&second)).verdict == Verdict::Regressed
    };
    (0..runs).filter(fails).count()
}

/// 25 log ratios around the threshold.
fn series(random: &mut Generator) -> Vec<f64> {
    (0..25).map(|_| MARGIN.ln_1p() + 0.02 * random.normal()).collect()
}

#[test]
fn a_suspect_and_its_fresh_pairs_keep_the_error_together() {
    // An error of 20 % among 20 tests: 15 of 1500. More than 27 would come once in a thousand times.
    let found = failures(1500, 0.2, |_, random| series(random));
    assert!(found <= 27, "{found}");
}

#[test]
fn pairs_that_count_twice_would_be_noticed() {
    let found = failures(1500, 0.2, |first, _| first.repeat(3));
    assert!(found > 27, "{found}");
}

proptest! {
    #[test]
    fn a_failure_is_shown_by_both_together_and_by_the_fresh_pairs_alone(
        centre in 0.03_f64..0.2,
        errors in prop::collection::vec(-0.06_f64..0.06, 30),
        taken in 3_usize..15,
        family in 1_usize..3000,
    ) {
        let ratios: Vec<f64> = errors.iter().map(|error| centre + error).collect();
        let (early, late) = ratios.split_at(taken);
        let first = first_of(family, early);
        let second = again(&first, late);
        let wealth = |ratios: &[f64], pick: fn(&BettingTest, f64) -> f64| {
            let mut test = BettingTest::new();
            for pair in pairs_of(ratios) {
                test.push(super::super::observe(&pair).unwrap().ratio);
            }
            pick(&test, MARGIN.ln_1p())
        };
        let ended = wealth(early, |test, bound| test.on_sides().wealths(Direction::Above, bound).last().unwrap());
        let fresh = wealth(late, |test, bound| test.on_sides().evidence(Direction::Above, bound));
        let found = combine(&first, Remeasurement::Measured(&second));
        let needed = family as f64 / ALPHA * (1.0 - 1e-9);
        if found.verdict == Verdict::Regressed {
            prop_assert!(ended * fresh >= needed, "{ended} {fresh}");
            prop_assert!(fresh >= 1.0 / ALPHA);
            prop_assert!(found.figures.interval().is_none_or(|(lower, _)| lower >= MARGIN));
        } else if first.state() == PairedState::Regressed && second.state() == PairedState::Undecided {
            prop_assert!(ended * fresh < needed * 1.000_001 || fresh < 1.0 / ALPHA, "{ended} {fresh}");
        }
    }
}
