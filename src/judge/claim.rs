//! Ratios held within one build: "faster beats slower by at least r".
//!
//! The same experiment as a comparison, with two benchmarks of one build as the sides: **the faster one is the
//! baseline, the slower one the candidate**, so that candidate/baseline is "how many times faster". It needs no stored
//! baseline and holds on any machine.

use std::cmp::Ordering;

use thiserror::Error;

use super::paired::{ACQUAINTANCE, ExpectedPairs, ObservationError, is_hopeless, observe};
use crate::domain::{AllocationBound, ClaimVerdict, Pair};
use crate::stats::robust::hodges_lehmann;
use crate::stats::{BettingTest, Direction, ErrorBudget};

/// A side of a bound, the bound, and the wealth that shows it.
type Question = (Direction, f64, f64);

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
    #[error("invalid ratio {0}: it must be above 0")]
    Ratio(f64),
    /// The tolerance must be positive.
    #[error("invalid tolerance {0}: it must be above 0")]
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

    /// The test that stored pairs make; `None` without any.
    pub fn of_pairs(relation: Relation, pairs: &[Pair], budget: ErrorBudget) -> Option<Self> {
        let mut test = Self::new(relation, budget).ok().filter(|_| !pairs.is_empty())?;
        for pair in pairs {
            // One without a ratio says nothing.
            let _ = test.push(pair);
        }
        Some(test)
    }

    /// Takes a pair whose baseline is the faster benchmark and whose candidate is the slower one.
    ///
    /// # Errors
    /// A pair without a ratio.
    pub fn push(&mut self, pair: &Pair) -> Result<(), ObservationError> {
        self.ratios.push(observe(pair)?.ratio);
        Ok(())
    }

    /// What must be shown to confirm (all of it, at the level of one test), and to refute (any of it, at the level of
    /// the whole run).
    fn questions(&self) -> (Vec<Question>, Vec<Question>) {
        let (single, family_wise) = (self.budget.single(), self.budget.family_wise());
        match self.relation {
            Relation::AtLeast(ratio) => (
                vec![(Direction::Above, ratio.ln(), single)],
                vec![(Direction::Below, ratio.ln(), family_wise)],
            ),
            Relation::EqualWithin(tolerance) => {
                let edge = tolerance.ln_1p();
                (
                    vec![(Direction::Above, -edge, single), (Direction::Below, edge, single)],
                    // Either edge may refute: each gets half of the error.
                    vec![
                        (Direction::Above, edge, 2.0 * family_wise),
                        (Direction::Below, -edge, 2.0 * family_wise),
                    ],
                )
            }
        }
    }

    /// What the pairs have shown so far: confirmed at the level of one test, refuted at that of the whole run.
    pub fn verdict(&self) -> ClaimVerdict {
        let shown = |&(direction, bound, threshold): &Question| {
            let mut wealths = self.ratios.on_sides().wealths(direction, bound);
            wealths.position(|wealth| wealth >= threshold).unwrap_or(usize::MAX)
        };
        let (confirming, refuting) = self.questions();
        let confirmed = confirming.iter().map(shown).max().unwrap_or(usize::MAX);
        let refuted = refuting.iter().map(shown).min().unwrap_or(usize::MAX);
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
        let lower = self.ratios.on_sides().bound(Direction::Above, self.budget.single())?.exp();
        let upper = self.ratios.on_sides().bound(Direction::Below, self.budget.single())?.exp();
        (lower <= upper).then_some((lower, upper))
    }

    /// How many pairs counted.
    pub fn pairs(&self) -> usize {
        self.ratios.values().len()
    }

    /// Whether `pairs_left` more pairs are likely to decide, if they are like the past ones.
    ///
    /// Never changes a verdict: a test that is dropped stays undecided.
    pub fn expected_pairs(&self, pairs_left: u32) -> ExpectedPairs {
        if self.verdict() != ClaimVerdict::Undecided {
            return ExpectedPairs::Decided;
        }
        let (confirming, refuting) = self.questions();
        let fewest = |&(direction, bound, threshold): &Question| {
            self.ratios.on_sides().fewest_more(direction, bound, threshold)
        };
        let confirmed = confirming.iter().map(fewest).max().unwrap_or(0);
        let refuted = refuting.iter().map(fewest).min().unwrap_or(0);
        if self.pairs() >= ACQUAINTANCE && confirmed.min(refuted) > pairs_left {
            return ExpectedPairs::Hopeless;
        }
        let expected = |&(direction, bound, threshold): &Question| {
            self.ratios.on_sides().expected_more(direction, bound, threshold)
        };
        let confirmed = confirming.iter().map(expected).fold(0.0, f64::max);
        let refuted = refuting.iter().map(expected).fold(f64::INFINITY, f64::min);
        let pairs = confirmed.min(refuted);
        if is_hopeless(self.pairs(), pairs_left, pairs) {
            return ExpectedPairs::Hopeless;
        }
        ExpectedPairs::More(pairs)
    }
}

/// A range of counts: the lowest and the highest.
type Range = (f64, f64);

/// What repeated counts say about a claim of allocations: of the benchmark spoken of, and of the one it is compared with,
/// where there is one. `None` for the ranges where it is not known whether the counts repeat.
pub fn allocations<N>(
    bound: &AllocationBound<N>,
    of: &[f64],
    compared: Option<&[f64]>,
) -> (ClaimVerdict, Option<(Range, Option<Range>)>) {
    let range = |counts: &[f64]| {
        let low = counts.iter().copied().reduce(f64::min)?;
        let high = counts.iter().copied().reduce(f64::max)?;
        (counts.len() >= 2 && low >= 0.0 && high.is_finite()).then_some((low, high))
    };
    let unknown = (ClaimVerdict::Undecided, None);
    let Some((low, high)) = range(of) else { return unknown };
    let verdict = |holds: bool, fails: bool| match (holds, fails) {
        (true, _) => ClaimVerdict::Confirmed,
        (false, true) => ClaimVerdict::Refuted,
        (false, false) => ClaimVerdict::Undecided,
    };
    let counted = (low, high);
    #[expect(clippy::cast_precision_loss, reason = "nobody claims 2^53 allocations")]
    match bound {
        AllocationBound::Exactly(count) => {
            let count = *count as f64;
            let same = low.total_cmp(&count).is_eq() && high.total_cmp(&count).is_eq();
            (verdict(same, count < low || high < count), Some((counted, None)))
        }
        AllocationBound::AtMost(count) => {
            (verdict(high <= *count as f64, low > *count as f64), Some((counted, None)))
        }
        AllocationBound::FewerThan(_) => {
            let Some(other) = compared.and_then(range) else { return unknown };
            (verdict(high < other.0, low >= other.1), Some((counted, Some(other))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::paired::tests::pairs_of;
    use super::*;

    fn test_of(relation: Relation, log_ratio: f64, count: usize) -> ClaimTest {
        let mut test = ClaimTest::new(relation, ErrorBudget::new(0.01, 20).unwrap()).unwrap();
        for pair in pairs_of(&vec![log_ratio; count]) {
            test.push(&pair).unwrap();
        }
        test
    }

    #[test]
    fn claims_are_confirmed_refuted_or_left_open() {
        let claimed = Relation::AtLeast(1.5);
        let confirmed = test_of(claimed, 3.0_f64.ln(), 7);
        assert_eq!(confirmed.verdict(), ClaimVerdict::Confirmed);
        assert!((confirmed.ratio().unwrap() - 3.0).abs() < 1e-9);
        assert!(confirmed.interval().unwrap().0 >= 1.5);
        assert_eq!(test_of(claimed, 1.2_f64.ln(), 12).verdict(), ClaimVerdict::Refuted);
        // Refuting fails a build, so it takes more.
        assert_eq!(test_of(claimed, 1.2_f64.ln(), 11).verdict(), ClaimVerdict::Undecided);
        assert_eq!(test_of(claimed, 3.0, 0).verdict(), ClaimVerdict::Undecided);
    }

    #[test]
    fn equality_is_shown_from_both_sides() {
        let equal = Relation::EqualWithin(0.02);
        assert_eq!(test_of(equal, 0.0, 7).verdict(), ClaimVerdict::Confirmed);
        assert_eq!(test_of(equal, 0.1, 13).verdict(), ClaimVerdict::Refuted);
        assert_eq!(test_of(equal, -0.1, 13).verdict(), ClaimVerdict::Refuted);
        assert_eq!(test_of(equal, 0.02_f64.ln_1p(), 30).verdict(), ClaimVerdict::Undecided);
    }

    #[test]
    fn allocations_are_counted_not_timed() {
        let fewer = AllocationBound::FewerThan(());
        let verdict =
            |bound: &AllocationBound<()>, of: &[f64], other: &[f64]| allocations(bound, of, Some(other)).0;
        assert_eq!(verdict(&fewer, &[1.0; 2], &[9.0; 2]), ClaimVerdict::Confirmed);
        assert_eq!(verdict(&fewer, &[9.0; 2], &[9.0; 2]), ClaimVerdict::Refuted);
        assert_eq!(verdict(&fewer, &[1.0, 9.0], &[9.0; 2]), ClaimVerdict::Undecided);
        assert_eq!(verdict(&fewer, &[1.0], &[9.0; 2]), ClaimVerdict::Undecided);
        assert_eq!(allocations(&fewer, &[1.0; 2], None).0, ClaimVerdict::Undecided);
        let exactly = AllocationBound::Exactly(1);
        assert_eq!(verdict(&exactly, &[1.0; 2], &[]), ClaimVerdict::Confirmed);
        assert_eq!(verdict(&exactly, &[2.0; 2], &[]), ClaimVerdict::Refuted);
        assert_eq!(verdict(&exactly, &[1.0, 2.0], &[]), ClaimVerdict::Undecided);
        let at_most = AllocationBound::AtMost(1);
        assert_eq!(verdict(&at_most, &[0.0, 1.0], &[]), ClaimVerdict::Confirmed);
        assert_eq!(verdict(&at_most, &[2.0; 2], &[]), ClaimVerdict::Refuted);
        let ranges = allocations(&fewer, &[1.0, 2.0], Some(&[9.0; 2])).1;
        assert_eq!(ranges, Some(((1.0, 2.0), Some((9.0, 9.0)))));
    }

    #[test]
    fn a_claim_on_the_edge_is_given_up_in_time() {
        let budget = ErrorBudget::new(0.01, 20).unwrap();
        let mut test = ClaimTest::new(Relation::AtLeast(1.5), budget).unwrap();
        assert!(matches!(test.expected_pairs(3), ExpectedPairs::More(_)));
        for pair in pairs_of(&[3.0_f64.ln(); 3]) {
            test.push(&pair).unwrap();
        }
        assert_eq!(test.expected_pairs(3), ExpectedPairs::Hopeless);
        assert!(matches!(test.expected_pairs(100), ExpectedPairs::More(_)));
        let mut test = ClaimTest::new(Relation::AtLeast(1.5), budget).unwrap();
        for pair in pairs_of(&[1.5_f64.ln(); 12]) {
            test.push(&pair).unwrap();
        }
        assert!(
            matches!(test.expected_pairs(20), ExpectedPairs::More(_)),
            "not before half of the budget is spent"
        );
        assert_eq!(test.expected_pairs(12), ExpectedPairs::Hopeless);
        for pair in pairs_of(&[3.0_f64.ln(); 40]) {
            test.push(&pair).unwrap();
        }
        assert_eq!(test.expected_pairs(0), ExpectedPairs::Decided);
    }

    #[test]
    fn impossible_claims_are_refused() {
        let budget = ErrorBudget::new(0.01, 1).unwrap();
        assert!(ClaimTest::new(Relation::AtLeast(0.0), budget).is_err());
        assert!(ClaimTest::new(Relation::EqualWithin(f64::NAN), budget).is_err());
    }
}
