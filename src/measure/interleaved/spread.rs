//! What the turns of a pair show besides its ratio: how close they tell it, and what turns cost. Pure.

use super::answers::Batch;
use crate::domain::{Side, Sides};
use crate::stats::robust::{median, median_error};

/// Fewer turns of a side show no spread.
pub(super) const FEWEST: usize = 6;

/// The standard error of the logarithm of candidate/baseline, by how far neighbouring turns agree on it. What changes steadily
/// counts as spread here, and not for the judge: a pair is rather too long. `None` where too few turns tell it.
pub(super) fn error(batches: &Sides<Vec<Batch>>) -> Option<f64> {
    let turns = batches.baseline.iter().zip(&batches.candidate);
    let ratios =
        turns.map(|(baseline, candidate)| (candidate.per_iteration() / baseline.per_iteration()).ln());
    let ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite()).collect();
    if ratios.len() < FEWEST { None } else { median_error(&ratios) }
}

/// How many times as long an iteration of each side takes in turns as alone, where it took so many nanoseconds. `None` where
/// either tells nothing.
pub(super) fn slowdown(batches: &Sides<Vec<Batch>>, alone: Sides<f64>) -> Option<Sides<f64>> {
    let side = |side: Side| {
        let in_turns: Vec<f64> = batches.get(side).iter().map(|batch| batch.per_iteration()).collect();
        let times = median(&in_turns)? / alone.get(side);
        (times.is_finite() && times > 0.0).then_some(times)
    };
    Some(Sides { baseline: side(Side::Baseline)?, candidate: side(Side::Candidate)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::Generator;
    use crate::stats::robust::{MAD_TO_SD, MEDIAN_TO_MEAN};

    fn batches(ratios: &[f64]) -> Sides<Vec<Batch>> {
        let of = |cost: f64| Batch { iterations: 10, cost };
        Sides {
            baseline: ratios.iter().map(|_| of(1e6)).collect(),
            candidate: ratios.iter().map(|ratio| of(1e6 * ratio.exp())).collect(),
        }
    }

    #[test]
    fn turns_that_agree_are_close_whatever_they_say() {
        assert!(error(&batches(&[0.3; 8])).unwrap() < 1e-9);
        let apart = [0.31, 0.29, 0.31, 0.29, 0.31, 0.29, 0.31, 0.29];
        let found = error(&batches(&apart)).unwrap();
        assert!((found - 0.01 * MAD_TO_SD * MEDIAN_TO_MEAN / 8.0_f64.sqrt()).abs() < 1e-9, "{found}");
        assert_eq!(error(&batches(&[0.0; 5])), None, "too few");
        assert_eq!(error(&batches(&[f64::NEG_INFINITY; 8])), None, "turns of zero");
    }

    #[test]
    fn what_is_seen_alone_tells_what_turns_cost() {
        let turns = batches(&[0.1; 8]);
        let found = slowdown(&turns, Sides { baseline: 80_000.0, candidate: 100_000.0 }).unwrap();
        assert!((found.baseline - 1.25).abs() < 1e-9, "each side against itself: {found:?}");
        assert!((found.candidate - 0.1_f64.exp()).abs() < 1e-9, "{found:?}");
        assert_eq!(slowdown(&turns, Sides { baseline: 0.0, candidate: 1.0 }), None, "nothing was seen alone");
    }

    #[test]
    fn the_error_is_that_of_the_median() {
        let mut generator = Generator::new(7);
        let mut draw = || (0..25).map(|_| 0.05 * generator.normal()).collect::<Vec<f64>>();
        let (mut told, mut squares) = (0.0, 0.0);
        for _ in 0..400 {
            let ratios = draw();
            told += error(&batches(&ratios)).unwrap() / 400.0;
            squares += median(&ratios).unwrap().powi(2) / 400.0;
        }
        assert!((told / squares.sqrt() - 1.0).abs() < 0.1, "{told} {}", squares.sqrt());
    }
}
