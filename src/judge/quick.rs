//! The quick check: a few pairs of what executes the same machine code on both sides.
//!
//! The code is the same, but not all of what decides how long it takes: set-up is not counted, so data may lie elsewhere
//! or hold other values, and a table that is read through a computed address may be another. A linked list whose nodes
//! were shuffled while they were made takes ten times as long to walk with the very same instructions. If any of these
//! pairs differs by more than half of the threshold, the benchmark is measured in full, so the quick check can cost time and
//! cannot cause a false alarm. Where nothing that differs is run and files differ that are not opened, one pair on a noisy machine
//! is no reason for that: two more have to say so, on average.

use crate::domain::{BenchmarkEvidence, Limit, Pair};
use crate::stats::ErrorBudget;

use super::paired::{ExpectedPairs, PairedTest, observe};

/// How many pairs a quick check takes.
const QUICK_PAIRS: usize = 2;

/// How many where nothing that differs is run, not even to prepare: then data cannot lie or be otherwise either, as far as the
/// program decides that.
const UNREACHED_PAIRS: usize = 1;

/// How many more where that one differs: their mean has to agree, which errs less than the one. On a truly slower benchmark it
/// is less likely to than the first.
const UNREACHED_AGAIN: usize = 2;

/// How many pairs a quick check takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    /// These have to agree …
    pairs: usize,
    /// … or else the mean of so many more, if there are any.
    again: usize,
}

impl Looks {
    /// So many pairs, and all have to agree.
    pub const fn all(pairs: usize) -> Self {
        Self { pairs, again: 0 }
    }

    /// Those that are enough for a benchmark.
    pub fn at(evidence: &BenchmarkEvidence) -> Self {
        if evidence.is_unreached() {
            Self { pairs: UNREACHED_PAIRS, again: UNREACHED_AGAIN }
        } else {
            Self::all(QUICK_PAIRS)
        }
    }
}

/// The share of the margin that every pair has to keep within, up or down.
const SHARE: f64 = 0.5;

/// The pairs of one quick check.
#[derive(Debug, Clone)]
pub struct QuickCheck {
    /// The figures, as a paired measurement would have them.
    test: PairedTest,
    ratios: Vec<f64>,
    looks: Looks,
}

impl QuickCheck {
    /// A check of so many pairs, for a baseline of about `baseline`.
    pub fn new(limit: &Limit, baseline: f64, budget: ErrorBudget, looks: Looks) -> Self {
        Self { test: PairedTest::lenient(limit, baseline, budget), ratios: Vec::new(), looks }
    }

    /// The check that stored pairs make; `None` without any.
    pub fn of(limit: &Limit, pairs: &[Pair], budget: ErrorBudget, looks: Looks) -> Option<Self> {
        let first = pairs.first()?;
        let mut check = Self::new(limit, first.launches.baseline.samples.median(), budget, looks);
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
        self.missing() == 0
    }

    /// How many more pairs it takes.
    pub fn expected_pairs(&self) -> ExpectedPairs {
        ExpectedPairs::More(self.missing() as f64)
    }

    /// Whether those pairs look alike that have to. Too few pairs have not looked.
    pub fn agrees(&self) -> bool {
        let Looks { pairs, again } = self.looks;
        match self.ratios.split_at_checked(pairs) {
            None => false,
            Some((first, _)) if self.agree(first) => true,
            Some((_, more)) => again > 0 && more.len() >= again && self.agree(&[mean(more)]),
        }
    }

    /// How many more pairs may still say something.
    fn missing(&self) -> usize {
        let Looks { pairs, again } = self.looks;
        match self.ratios.split_at_checked(pairs) {
            None => pairs - self.ratios.len(),
            Some((first, _)) if self.agree(first) => 0,
            Some((_, more)) => again.saturating_sub(more.len()),
        }
    }

    fn agree(&self, ratios: &[f64]) -> bool {
        let tolerance = SHARE * self.test.margin().ln_1p();
        ratios.iter().all(|ratio| ratio.abs() <= tolerance)
    }
}

fn mean(ratios: &[f64]) -> f64 {
    ratios.iter().sum::<f64>() / ratios.len() as f64
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
    use crate::domain::random::Generator;

    fn limit(text: &str) -> Limit {
        Limit::parse(text, Metric::WallTime).unwrap()
    }

    fn agrees(ratios: &[f64]) -> bool {
        checked(ratios, Looks::all(QUICK_PAIRS)).is_some_and(|check| check.agrees())
    }

    fn checked(ratios: &[f64], looks: Looks) -> Option<QuickCheck> {
        let budget = ErrorBudget::new(0.01, 1).unwrap();
        QuickCheck::of(&limit("5%"), &pairs_of(ratios), budget, looks)
    }

    #[test]
    fn where_nothing_is_reached_one_pair_that_differs_needs_two_that_agree_on_average() {
        let unreached = Looks { pairs: UNREACHED_PAIRS, again: UNREACHED_AGAIN };
        let found = |ratios: &[f64]| {
            let check = checked(ratios, unreached).unwrap();
            (check.agrees(), check.missing())
        };
        assert_eq!(found(&[0.001]), (true, 0));
        assert_eq!(found(&[0.2]), (false, 2));
        assert_eq!(found(&[0.2, 0.001]), (false, 1));
        assert_eq!(found(&[0.2, 0.001, -0.02]), (true, 0));
        assert_eq!(found(&[0.2, 0.03, -0.03]), (true, 0), "their noise cancels");
        assert_eq!(found(&[0.2, 0.03, 0.03]), (false, 0));
        assert_eq!(found(&[0.2, 0.001, -0.06]), (false, 0));
        let strict = |ratios: &[f64]| checked(ratios, Looks::all(2)).unwrap().missing();
        assert_eq!((strict(&[0.2]), strict(&[0.2, 0.001])), (1, 0));
    }

    /// Of so many benchmarks that are slower by this, with pairs that differ by so much: the share that agrees.
    fn agreeing(slower: f64, deviation: f64) -> f64 {
        const MANY: u32 = 20_000;
        let mut generator = Generator::new(0x9e37);
        let unreached = Looks { pairs: UNREACHED_PAIRS, again: UNREACHED_AGAIN };
        let tolerant = QuickCheck::new(&limit("5%"), 1e3, ErrorBudget::new(0.01, 1).unwrap(), unreached);
        let mut draw = || {
            let ratios = (0..3).map(|_| f64::ln_1p(slower) + deviation * generator.normal()).collect();
            QuickCheck { ratios, ..tolerant.clone() }.agrees()
        };
        f64::from((0..MANY).map(|_| u32::from(draw())).sum::<u32>()) / f64::from(MANY)
    }

    #[test]
    fn noise_is_seldom_measured_in_full_and_what_is_slower_seldom_passes() {
        // docs/method.md has these shares.
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 0.01, "{found}");
        near(agreeing(0.0, 0.02), 0.983);
        near(agreeing(0.0, 0.03), 0.89);
        near(agreeing(0.1, 0.03), 0.012);
        assert!(agreeing(0.1, 0.02) < 0.001);
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
