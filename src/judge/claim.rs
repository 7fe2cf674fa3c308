//! Ratios held within one build: "faster beats slower by at least r".
//!
//! The same experiment as a comparison, with two benchmarks of one build as the sides: **the faster one is the
//! baseline, the slower one the candidate**, so that candidate/baseline is "how many times faster". It needs no stored
//! baseline and holds on any machine.

use std::cmp::Ordering;

use thiserror::Error;

use super::paired::{ObservationError, observe};
use crate::domain::{ClaimOutcome, ClaimVerdict, Pair, Sides};
use crate::stats::robust::hodges_lehmann;
use crate::stats::{BettingTest, Direction, ErrorBudget};

/// What is claimed of slower/faster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relation {
    /// The ratio is at least this.
    AtLeast(f64),
    /// The two are equal within this fraction: 0.02 for 2 %.
    EqualWithin(f64),
}

/// Why a claim cannot be tested.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum ClaimError {
    /// The ratio must be positive.
    #[error("test a ratio of {0}: it must be above 0")]
    Ratio(f64),
    /// The tolerance must be positive.
    #[error("test equality within {0}: it must be above 0")]
    Tolerance(f64),
}

/// The sequential test of a claim about time.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimTest {
    relation: Relation,
    budget: ErrorBudget,
    ratios: BettingTest,
}

impl ClaimTest {
    /// A test of `relation`. `budget` counts every claim and comparison of the run: a refuted claim fails the build.
    ///
    /// # Errors
    /// A ratio or tolerance that is not positive and finite.
    pub fn new(relation: Relation, budget: ErrorBudget) -> Result<Self, ClaimError> {
        let sound = |value: f64| value.is_finite() && value > 0.0;
        match relation {
            Relation::AtLeast(ratio) if !sound(ratio) => Err(ClaimError::Ratio(ratio)),
            Relation::EqualWithin(tolerance) if !sound(tolerance) => Err(ClaimError::Tolerance(tolerance)),
            _ => Ok(Self { relation, budget, ratios: BettingTest::new() }),
        }
    }

    /// Takes a pair whose baseline is the faster benchmark and whose candidate is the slower one.
    ///
    /// # Errors
    /// A pair without a ratio.
    pub fn push(&mut self, pair: &Pair) -> Result<(), ObservationError> {
        self.ratios.push(observe(pair)?.ratio);
        Ok(())
    }

    /// What the pairs have shown so far: confirmed at the level of one test, refuted at that of the whole run.
    pub fn verdict(&self) -> ClaimVerdict {
        let shown = |direction, bound: f64, threshold| {
            let mut wealths = self.ratios.wealths(direction, bound);
            wealths.position(|wealth| wealth >= threshold).unwrap_or(usize::MAX)
        };
        let (single, family_wise) = (self.budget.single(), self.budget.family_wise());
        let (confirmed, refuted) = match self.relation {
            Relation::AtLeast(ratio) => (
                shown(Direction::Above, ratio.ln(), single),
                shown(Direction::Below, ratio.ln(), family_wise),
            ),
            Relation::EqualWithin(tolerance) => {
                let edge = tolerance.ln_1p();
                let within =
                    shown(Direction::Above, -edge, single).max(shown(Direction::Below, edge, single));
                // Either edge may refute: each gets half of the error.
                let outside = shown(Direction::Above, edge, 2.0 * family_wise).min(shown(
                    Direction::Below,
                    -edge,
                    2.0 * family_wise,
                ));
                (within, outside)
            }
        };
        match confirmed.cmp(&refuted) {
            Ordering::Less => ClaimVerdict::Confirmed,
            Ordering::Equal => ClaimVerdict::Undecided,
            Ordering::Greater => ClaimVerdict::Refuted,
        }
    }

    /// slower/faster: the Hodges–Lehmann location over pairs.
    pub fn ratio(&self) -> Option<f64> {
        hodges_lehmann(self.ratios.values()).map(f64::exp)
    }

    /// The interval of the ratio, valid at every look, with the confidence of the budget.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let lower = self.ratios.bound(Direction::Above, self.budget.single())?.exp();
        let upper = self.ratios.bound(Direction::Below, self.budget.single())?.exp();
        (lower <= upper).then_some((lower, upper))
    }

    /// How many pairs counted.
    pub fn pairs(&self) -> usize {
        self.ratios.values().len()
    }

    /// The outcome to report under `name`. Of an equality, `at_least` is 1 and the reason tells the tolerance.
    pub fn outcome(&self, name: impl Into<String>) -> ClaimOutcome {
        let verdict = self.verdict();
        let (at_least, remark) = match self.relation {
            Relation::AtLeast(ratio) => (ratio, None),
            Relation::EqualWithin(tolerance) => {
                (1.0, Some(format!("claimed to be equal within {:.1} %", 100.0 * tolerance)))
            }
        };
        let undecided = (verdict == ClaimVerdict::Undecided)
            .then(|| format!("{} pairs neither confirm nor refute it", self.pairs()));
        let reason = match (undecided, remark) {
            (Some(undecided), Some(remark)) => Some(format!("{remark}; {undecided}")),
            (undecided, remark) => undecided.or(remark),
        };
        ClaimOutcome {
            name: name.into(),
            verdict,
            ratio: self.ratio(),
            interval: self.interval(),
            at_least,
            reason,
        }
    }
}

/// The claim "makes at least `fewer` fewer allocations", from repeated counts of the faster (baseline) and the slower
/// (candidate) benchmark.
///
/// `ratio` is slower/faster and absent when the faster one makes none; `at_least` is the number that was claimed.
pub fn fewer_allocations(name: impl Into<String>, counts: Sides<&[f64]>, fewer: f64) -> ClaimOutcome {
    let range = |counts: &[f64]| {
        let low = counts.iter().copied().reduce(f64::min)?;
        let high = counts.iter().copied().reduce(f64::max)?;
        (counts.len() >= 2 && low >= 0.0 && high.is_finite()).then_some((low, high))
    };
    let outcome = |verdict, ratio, interval, reason| ClaimOutcome {
        name: name.into(),
        verdict,
        ratio,
        interval,
        at_least: fewer,
        reason: Some(reason),
    };
    let (Some(faster), Some(slower)) = (range(counts.baseline), range(counts.candidate)) else {
        let reason = "it takes two counts of each to know whether they repeat".to_owned();
        return outcome(ClaimVerdict::Undecided, None, None, reason);
    };
    let (least, most) = (slower.0 - faster.1, slower.1 - faster.0);
    let verdict = if least >= fewer {
        ClaimVerdict::Confirmed
    } else if most < fewer {
        ClaimVerdict::Refuted
    } else {
        ClaimVerdict::Undecided
    };
    let (from, to) = (slower.0 / faster.1, slower.1 / faster.0);
    let interval = (from.is_finite() && to.is_finite()).then_some((from, to));
    let ratio = interval.map(|(from, to)| (from * to).sqrt());
    let reason = if least.total_cmp(&most).is_eq() {
        format!("{least} fewer allocations ({} instead of {})", faster.0, slower.0)
    } else {
        format!("between {least} and {most} fewer allocations: the counts vary")
    };
    outcome(verdict, ratio, interval, reason)
}

#[cfg(test)]
mod tests {
    use super::super::paired::tests::pairs_of;
    use super::*;

    fn outcome(relation: Relation, log_ratio: f64, count: usize) -> ClaimOutcome {
        let mut test = ClaimTest::new(relation, ErrorBudget::new(0.01, 20).unwrap()).unwrap();
        for pair in pairs_of(&vec![log_ratio; count]) {
            test.push(&pair).unwrap();
        }
        test.outcome("group/pattern")
    }

    #[test]
    fn claims_are_confirmed_refuted_or_left_open() {
        let claimed = Relation::AtLeast(1.5);
        let confirmed = outcome(claimed, 3.0_f64.ln(), 7);
        assert_eq!(confirmed.verdict, ClaimVerdict::Confirmed);
        assert!((confirmed.ratio.unwrap() - 3.0).abs() < 1e-9);
        assert!(confirmed.interval.unwrap().0 >= 1.5);
        assert_eq!(outcome(claimed, 1.2_f64.ln(), 12).verdict, ClaimVerdict::Refuted);
        // Refuting fails a build, so it takes more.
        let open = outcome(claimed, 1.2_f64.ln(), 11);
        assert_eq!(open.verdict, ClaimVerdict::Undecided);
        assert!(open.reason.is_some());
        assert_eq!(outcome(claimed, 3.0, 0).verdict, ClaimVerdict::Undecided);
    }

    #[test]
    fn equality_is_shown_from_both_sides() {
        let equal = Relation::EqualWithin(0.02);
        assert_eq!(outcome(equal, 0.0, 7).verdict, ClaimVerdict::Confirmed);
        assert_eq!(outcome(equal, 0.1, 13).verdict, ClaimVerdict::Refuted);
        assert_eq!(outcome(equal, -0.1, 13).verdict, ClaimVerdict::Refuted);
        assert_eq!(outcome(equal, 0.02_f64.ln_1p(), 30).verdict, ClaimVerdict::Undecided);
    }

    #[test]
    fn allocations_are_counted_not_timed() {
        let claim = |faster: &[f64], slower: &[f64], fewer| {
            let counts = Sides { baseline: faster, candidate: slower };
            fewer_allocations("strings/concat", counts, fewer)
        };
        assert_eq!(claim(&[1.0; 2], &[9.0; 2], 8.0).verdict, ClaimVerdict::Confirmed);
        assert_eq!(claim(&[1.0; 2], &[9.0; 2], 9.0).verdict, ClaimVerdict::Refuted);
        assert_eq!(claim(&[1.0, 2.0], &[9.0; 2], 8.0).verdict, ClaimVerdict::Undecided);
        assert_eq!(claim(&[1.0], &[9.0; 2], 8.0).verdict, ClaimVerdict::Undecided);
        assert_eq!(claim(&[0.0; 2], &[9.0; 2], 1.0).ratio, None);
    }

    #[test]
    fn impossible_claims_are_refused() {
        let budget = ErrorBudget::new(0.01, 1).unwrap();
        assert!(ClaimTest::new(Relation::AtLeast(0.0), budget).is_err());
        assert!(ClaimTest::new(Relation::EqualWithin(f64::NAN), budget).is_err());
    }
}
