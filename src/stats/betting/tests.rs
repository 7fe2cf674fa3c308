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
    assert!((STAKES.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(STAKES.iter().all(|(stake, _)| (0.0..=1.0).contains(stake)));
}

#[test]
fn without_values_nothing_is_shown() {
    let test = BettingTest::new();
    assert!((test.evidence(Direction::Above, 0.0) - 1.0).abs() < f64::EPSILON);
    assert_eq!(test.bound(Direction::Above, 20.0), None);
    assert_eq!(test.fewest_more(Direction::Below, 0.05, 101.0), 7);
}

#[test]
fn the_expected_number_of_pairs_is_what_it_takes() {
    let mut test = test_of(&[0.0; 3]);
    assert_eq!(test.fewest_more(Direction::Below, 0.05, 101.0), 4);
    assert!((test.expected_more(Direction::Below, 0.05, 101.0) - 4.0).abs() < 1e-9);
    assert!(test.expected_more(Direction::Above, 0.05, 101.0).is_infinite());
    for _ in 0..4 {
        assert!(test.evidence(Direction::Below, 0.05) < 101.0);
        test.push(Observation { value: 0.0, error: 0.001 });
    }
    assert!(test.expected_more(Direction::Below, 0.05, 101.0).abs() < f64::EPSILON);
}

#[test]
fn wealth_stays_finite_and_usable() {
    let test = test_of(&vec![1.0; 3000]);
    assert!(test.evidence(Direction::Above, 0.0).is_finite());
    assert!(test.bound(Direction::Above, 1e6).unwrap() > 0.9);
    assert!(test_of(&[f64::NAN, f64::INFINITY]).values().is_empty());
}

proptest! {
    #[test]
    fn evidence_falls_as_the_bound_rises(
        values in prop::collection::vec(-0.2_f64..0.2, 1..40), one in -0.3_f64..0.3, other in -0.3_f64..0.3,
    ) {
        let test = test_of(&values);
        let (low, high) = (one.min(other), one.max(other));
        prop_assert!(test.evidence(Direction::Above, low) >= test.evidence(Direction::Above, high));
        prop_assert!(test.evidence(Direction::Below, low) <= test.evidence(Direction::Below, high));
    }

    #[test]
    fn a_bound_is_what_the_evidence_says(values in prop::collection::vec(-0.2_f64..0.2, 8..40)) {
        let test = test_of(&values);
        for direction in [Direction::Above, Direction::Below] {
            if let Some(bound) = test.bound(direction, 20.0) {
                prop_assert!(test.evidence(direction, bound) >= 20.0);
                let beyond = if direction == Direction::Above { bound + 1e-6 } else { bound - 1e-6 };
                prop_assert!(test.evidence(direction, beyond) < 20.0);
            }
        }
    }

    #[test]
    fn bounds_only_tighten(values in prop::collection::vec(-0.05_f64..0.05, 9..40)) {
        let before = test_of(&values[..values.len() - 1]).bound(Direction::Below, 20.0);
        let after = test_of(&values).bound(Direction::Below, 20.0);
        if let Some(before) = before {
            prop_assert!(after.unwrap() <= before + 1e-9);
        }
    }

    #[test]
    fn mirrored_values_mirror_the_answer(values in prop::collection::vec(-0.2_f64..0.2, 1..30), bound in -0.1_f64..0.1) {
        let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
        let above = test_of(&values).evidence(Direction::Above, bound);
        let below = test_of(&mirrored).evidence(Direction::Below, -bound);
        prop_assert!((above - below).abs() <= 1e-9 * above);
    }
}
