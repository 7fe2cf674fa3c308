//! The quick check: one or two pairs of what executes the same machine code on both sides.
//!
//! The code is the same, but not all of what decides how long it takes: set-up is not counted, so data may lie elsewhere
//! or hold other values, and a table that is read through a computed address may be another. A linked list whose nodes
//! were shuffled while they were made takes ten times as long to walk with the very same instructions. If any of these
//! pairs differs by more than half of the threshold, the benchmark is measured in full, so the quick check can cost time and
//! cannot cause a false alarm.

use crate::domain::{BenchmarkEvidence, Limit, Pair};
use crate::stats::ErrorBudget;

use super::paired::{ExpectedPairs, PairedTest, observe};

/// How many pairs a quick check takes.
const QUICK_PAIRS: usize = 2;

/// How many where nothing that differs is run, not even to prepare: then data cannot lie or be otherwise either, as far as the
/// program decides that.
const UNREACHED_PAIRS: usize = 1;

/// How many pairs the quick check of a benchmark takes.
pub fn quick_pairs(evidence: &BenchmarkEvidence) -> usize {
    if evidence.is_unreached() { UNREACHED_PAIRS } else { QUICK_PAIRS }
}

/// The share of the margin that every pair has to keep within, up or down.
const SHARE: f64 = 0.5;

/// The pairs of one quick check.
#[derive(Debug, Clone)]
pub struct QuickCheck {
    /// The figures, as a paired measurement would have them.
    test: PairedTest,
    ratios: Vec<f64>,
    pairs: usize,
}

impl QuickCheck {
    /// A check of so many pairs, for a baseline of about `baseline`.
    pub fn new(limit: &Limit, baseline: f64, budget: ErrorBudget, pairs: usize) -> Self {
        Self { test: PairedTest::lenient(limit, baseline, budget), ratios: Vec::new(), pairs }
    }

    /// The check that stored pairs make; `None` without any.
    pub fn of(limit: &Limit, pairs: &[Pair], budget: ErrorBudget, wanted: usize) -> Option<Self> {
        let first = pairs.first()?;
        let mut check = Self::new(limit, first.launches.baseline.samples.median(), budget, wanted);
        for pair in pairs {
            check.take(pair);
        }
        Some(check)
    }

    /// Takes the next pair. One without a ratio says nothing.
    pub fn take(&mut self, pair: &Pair) {
        let _ = self.test.push(pair);
        if let Ok(observed) = observe(pair) {
            self.ratios.push(observed.ratio.value);
        }
    }

    /// The figures so far.
    pub fn test(&self) -> &PairedTest {
        &self.test
    }

    /// Whether it has as many pairs as it takes.
    pub fn is_over(&self) -> bool {
        self.ratios.len() >= self.pairs
    }

    /// How many more pairs it takes.
    pub fn expected_pairs(&self) -> ExpectedPairs {
        ExpectedPairs::More(self.pairs.saturating_sub(self.ratios.len()) as f64)
    }

    /// Whether no pair looks different. Too few pairs have not looked.
    pub fn agrees(&self) -> bool {
        let tolerance = SHARE * self.test.margin().ln_1p();
        self.is_over() && self.ratios.iter().all(|ratio| ratio.abs() <= tolerance)
    }
}

/// Whether a quick check can be enough: a cap is about the value itself, and only a full measurement can clear it.
pub fn suffices(limit: &Limit) -> bool {
    limit.cap().is_none()
}

#[cfg(test)]
mod tests {
    use super::super::paired::tests::pairs_of;
    use super::*;
    use crate::domain::Metric;

    fn limit(text: &str) -> Limit {
        Limit::parse(text, Metric::WallTime).unwrap()
    }

    fn agrees(ratios: &[f64]) -> bool {
        let budget = ErrorBudget::new(0.01, 1).unwrap();
        QuickCheck::of(&limit("5%"), &pairs_of(ratios), budget, QUICK_PAIRS)
            .is_some_and(|check| check.agrees())
    }

    #[test]
    fn two_pairs_that_look_alike_are_enough_and_any_difference_goes_on() {
        assert!(agrees(&[0.001, -0.001]));
        assert!(agrees(&[0.02, -0.02]));
        assert!(!agrees(&[0.04, 0.001]));
        assert!(!agrees(&[0.001, -0.04]));
        assert!(!agrees(&[0.001]), "one pair has not looked");
        assert!(!agrees(&[]));
    }

    #[test]
    fn a_cap_is_always_measured_in_full() {
        assert!(suffices(&limit("5%")));
        assert!(!suffices(&limit("5% | 10us")));
    }
}
