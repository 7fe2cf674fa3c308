//! How long turns are: what short ones cost beside long ones. Pure.

use crate::domain::{Side, Sides};
use crate::stats::robust::median_above;

/// Where an iteration takes more than this many times as long in short turns as in long ones, turns are long.
const MOST: f64 = 1.05;

/// How long turns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnLength {
    /// A part of a long one: a clock that changes from one millisecond to the next changes less between them.
    Short,
    /// As the options of a launch have it: who comes back has time to fill the caches again.
    Long,
}

/// What the warm-ups of one benchmark's pairs have shown: how many times as long an iteration of each side takes in short turns
/// as in long ones nearby, as logarithms. A clock that wanders is the same for both, as it is not for what was seen before.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TurnCosts {
    logs: Sides<Vec<f64>>,
}

impl TurnCosts {
    /// Takes down what neighbouring turns of a side cost an iteration, short and long.
    pub(super) fn push(&mut self, side: Side, short: f64, long: f64) {
        let cost = (short / long).ln();
        if cost.is_finite() {
            self.logs.get_mut(side).push(cost);
        }
    }

    /// How long turns should be: long, once it is shown that either side loses too much in short ones. The mean of both would hide
    /// a candidate that has outgrown a cache.
    pub(super) fn wanted(&self) -> TurnLength {
        let costly = |side: Side| median_above(self.logs.get(side), MOST.ln()).is_some();
        if Side::BOTH.into_iter().any(costly) { TurnLength::Long } else { TurnLength::Short }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(baseline: &[f64], candidate: &[f64]) -> TurnLength {
        let mut costs = TurnCosts::default();
        for (side, times) in [(Side::Baseline, baseline), (Side::Candidate, candidate)] {
            for times in times {
                costs.push(side, 100.0 * times, 100.0);
            }
        }
        costs.wanted()
    }

    #[test]
    fn turns_are_long_where_short_ones_cost_either_side_too_much() {
        assert_eq!(wanted(&[], &[]), TurnLength::Short);
        assert_eq!(wanted(&[1.02, 1.0, 0.99], &[1.01, 1.04]), TurnLength::Short);
        let costly = [1.2, 1.18, 1.19, 1.21, 1.2];
        assert_eq!(wanted(&costly[..4], &costly[..4]), TurnLength::Short, "it is not shown yet");
        assert_eq!(wanted(&costly, &costly), TurnLength::Long);
        assert_eq!(wanted(&[1.0; 5], &costly), TurnLength::Long, "a side that outgrew a cache");
        assert_eq!(wanted(&[1.4, 0.8, 1.3, 1.01, 1.2], &[1.0; 5]), TurnLength::Short, "a clock that wanders");
        assert_eq!(wanted(&[f64::NAN, 0.0], &[f64::INFINITY]), TurnLength::Short, "no figures");
    }
}
