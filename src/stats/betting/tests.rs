//! Properties of the betting test; its error rates are in `stats::simulation`.

use proptest::prelude::*;

use super::*;

fn test_of(values: &[f64]) -> BettingTest {
    let mut test = BettingTest::new();
    for &value in values {
        test.push(Observation { value, error: 0.001 });
    }
    test
}

#[test]
fn shares_sum_to_one_and_stakes_cannot_ruin() {
    let test = BettingTest::new();
    let (sides, nearness) = (test.on_sides(), test.on_nearness_too());
    for (bets, bound) in [(sides, 0.1), (nearness, 0.1), (nearness, -0.1)] {
        let bets = bets.bets(Direction::Below, bound);
        assert!((bets.iter().map(|bet| bet.share).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(bets.iter().all(|bet| (0.0..=1.0).contains(&bet.stake)));
    }
}

#[test]
fn without_values_nothing_is_shown() {
    let test = BettingTest::new();
    for bets in [test.on_sides(), test.on_nearness_too()] {
        assert!((bets.evidence(Direction::Above, 0.0) - 1.0).abs() < f64::EPSILON);
        assert_eq!(bets.bound(Direction::Above, 20.0), None);
    }
    assert_eq!(test.on_sides().fewest_more(Direction::Below, 0.05, 101.0), 7);
}

#[test]
fn the_expected_number_of_pairs_is_what_it_takes() {
    let mut test = test_of(&[0.0; 3]);
    assert_eq!(test.on_sides().fewest_more(Direction::Below, 0.05, 101.0), 4);
    assert!((test.on_sides().expected_more(Direction::Below, 0.05, 101.0) - 4.0).abs() < 1e-9);
    assert!(test.on_sides().expected_more(Direction::Above, 0.05, 101.0).is_infinite());
    for _ in 0..4 {
        assert!(test.on_sides().evidence(Direction::Below, 0.05) < 101.0);
        test.push(Observation { value: 0.0, error: 0.001 });
    }
    assert!(test.on_sides().expected_more(Direction::Below, 0.05, 101.0).abs() < f64::EPSILON);
}

#[test]
fn three_changes_near_none_show_what_takes_five_sides() {
    let shown = |values: &[f64]| test_of(values).on_nearness_too().evidence(Direction::Below, 0.06) >= 20.0;
    let near = 0.019;
    assert!(shown(&[near; 3]) && !shown(&[near; 2]));
    assert!(shown(&[-near; 3]), "on either side of none");
    // A third of the bound away, or beyond, only the side counts.
    for away in [0.021, -0.021, -0.5] {
        assert!(shown(&[away; 5]) && !shown(&[away; 4]), "{away}");
    }
    let on_sides = |values: &[f64]| test_of(values).on_sides().evidence(Direction::Below, 0.06) >= 20.0;
    assert!(on_sides(&[near; 5]) && !on_sides(&[near; 4]));
    // That a change is above none, or below it, is no news of nearness.
    let test = test_of(&[0.001, 0.3, -0.2, 0.07, 0.1]);
    for (direction, bound) in [(Direction::Above, 0.06), (Direction::Above, 0.0), (Direction::Below, -0.06)] {
        let found = [test.on_sides(), test.on_nearness_too()].map(|bets| bets.evidence(direction, bound));
        assert_eq!(found[0].to_bits(), found[1].to_bits());
    }
    let fewest = |values: &[f64]| test_of(values).on_nearness_too().fewest_more(Direction::Below, 0.06, 20.0);
    assert_eq!((fewest(&[]), fewest(&[0.0]), fewest(&[0.03])), (3, 2, 4));
}

#[test]
fn the_interval_of_three_near_changes_has_both_ends() {
    let bound = |values: &[f64], direction| test_of(values).on_nearness_too().bound(direction, 20.0);
    let near = [0.004, -0.002, 0.001];
    let ends = [Direction::Above, Direction::Below].map(|direction| bound(&near, direction).unwrap());
    // All three are near no change with any bound beyond three times the largest.
    assert!((ends[0] + 0.012).abs() < 1e-6 && (ends[1] - 0.012).abs() < 1e-6, "{ends:?}");
    assert_eq!(test_of(&near).on_sides().bound(Direction::Below, 20.0), None);
    // Where all are zero, any bound has them near; but within their own error nobody knows the side.
    let upper = bound(&[0.0; 3], Direction::Below).unwrap();
    assert!((0.001..0.002).contains(&upper), "{upper}");
    // Where they are surely above none, so is the lower end.
    let lower = bound(&[0.2; 8], Direction::Above).unwrap();
    assert!(lower > 0.19, "{lower}");
}

#[test]
fn wealth_stays_finite_and_usable() {
    let test = test_of(&vec![1.0; 3000]);
    assert!(test.on_sides().evidence(Direction::Above, 0.0).is_finite());
    assert!(test.on_sides().bound(Direction::Above, 1e6).unwrap() > 0.9);
    assert!(test_of(&[f64::NAN, f64::INFINITY]).values().is_empty());
}

proptest! {
    #[test]
    fn evidence_falls_as_the_bound_rises(
        values in prop::collection::vec(-0.2_f64..0.2, 1..40), one in -0.3_f64..0.3, other in -0.3_f64..0.3,
    ) {
        let (low, high) = (one.min(other), one.max(other));
        let test = test_of(&values);
        prop_assert!(test.on_sides().evidence(Direction::Above, low) >= test.on_sides().evidence(Direction::Above, high));
        prop_assert!(test.on_sides().evidence(Direction::Below, low) <= test.on_sides().evidence(Direction::Below, high));
    }

    #[test]
    fn a_bound_is_what_the_evidence_says(
        values in prop::collection::vec(-0.2_f64..0.2, 8..40),
        around in -0.2_f64..0.2,
        close in 1.0_f64..100.0,
        nearness: bool,
    ) {
        let values: Vec<f64> = values.iter().map(|value| around + value / close).collect();
        let test = test_of(&values);
        let bets = if nearness { test.on_nearness_too() } else { test.on_sides() };
        for direction in [Direction::Above, Direction::Below] {
            if let Some(bound) = bets.bound(direction, 20.0) {
                prop_assert!(bets.evidence(direction, bound) >= 20.0);
                let beyond = if direction == Direction::Above { bound + 1e-6 } else { bound - 1e-6 };
                // Beside no change, where nearness begins, wealth is not steady.
                prop_assert!(nearness && bound.abs() < 1e-6 || bets.evidence(direction, beyond) < 20.0);
            }
        }
    }

    #[test]
    fn evidence_of_changes_falls_as_the_bound_comes_nearer_to_none(
        values in prop::collection::vec(-0.1_f64..0.1, 1..20), one in 0.0_f64..0.3, other in 0.0_f64..0.3,
    ) {
        let test = test_of(&values);
        let bets = test.on_nearness_too();
        let (near, far) = (one.min(other), one.max(other));
        prop_assert!(bets.evidence(Direction::Above, -near) <= bets.evidence(Direction::Above, -far));
        prop_assert!(bets.evidence(Direction::Below, near) <= bets.evidence(Direction::Below, far));
    }

    /// Mantel's theorem, by counting: whatever both sides' values are, as long as they come from one distribution.
    #[test]
    fn one_in_four_at_the_most_seems_near_none_when_both_sides_err_alike(
        values in prop::collection::vec((-3.0_f64..3.0, 0.0_f64..1.0), 1..9), beyond in 0.0_f64..3.0,
    ) {
        let all: f64 = values.iter().map(|(_, weight)| weight).sum();
        let (bound, truth) = (1.0, 1.0 + beyond);
        let near = |one: f64, other: f64| (truth + one - other).abs() < NEAR * bound;
        let pairs = values.iter().flat_map(|one| values.iter().map(move |other| (one, other)));
        let chance: f64 = pairs
            .filter(|(one, other)| near(one.0, other.0))
            .map(|(one, other)| one.1 / all * (other.1 / all))
            .sum();
        prop_assert!(chance * (1.0 + NEARNESS_GAINS) <= 1.0 + 1e-12, "{chance}");
    }

    #[test]
    fn bounds_only_tighten(values in prop::collection::vec(-0.05_f64..0.05, 9..40)) {
        let before = test_of(&values[..values.len() - 1]).on_sides().bound(Direction::Below, 20.0);
        let after = test_of(&values).on_sides().bound(Direction::Below, 20.0);
        if let Some(before) = before {
            prop_assert!(after.unwrap() <= before + 1e-9);
        }
    }

    #[test]
    fn mirrored_values_mirror_the_answer(values in prop::collection::vec(-0.2_f64..0.2, 1..30), bound in -0.1_f64..0.1) {
        let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
        let above = test_of(&values).on_sides().evidence(Direction::Above, bound);
        let below = test_of(&mirrored).on_sides().evidence(Direction::Below, -bound);
        prop_assert!((above - below).abs() <= 1e-9 * above);
    }
}
