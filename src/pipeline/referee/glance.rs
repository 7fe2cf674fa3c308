//! A glance at the clock: a few pairs of what executes the same machine code on both sides.
//!
//! The code is the same, but not all of what decides how long it takes: set-up is not counted, so data may lie elsewhere
//! or hold other values, and a table that is read through a computed address may be another. A linked list whose nodes
//! were shuffled while they were made takes ten times as long to walk with the very same instructions. So what is spared
//! the proof is looked at, and whoever looks different goes the whole way, with fresh pairs.
//!
//! A glance decides nothing but that: it can cost time, and never makes a regression.

use crate::domain::{Limit, Pair};
use crate::judge::{ErrorBudget, PairedTest, Promise, observe};
use crate::pipeline::prove::{Contest, Test, test_of};

/// How many pairs a glance takes.
const PAIRS: usize = 2;

/// The share of the margin that every pair has to keep within, up or down.
const SHARE: f64 = 0.5;

/// The pairs of one glance.
#[derive(Debug, Clone)]
pub(super) struct Glance {
    /// The figures, as a proof would have them.
    pub(super) test: PairedTest,
    ratios: Vec<f64>,
}

impl Glance {
    pub(super) fn new(contest: &Contest, baseline: f64, budget: ErrorBudget) -> Self {
        Self { test: test_of(&contest.by, baseline, budget), ratios: Vec::new() }
    }

    /// Whether no pair looks different. Too few pairs have not looked.
    pub(super) fn agrees(&self) -> bool {
        let tolerance = SHARE * self.test.margin().ln_1p();
        self.ratios.len() >= PAIRS && self.ratios.iter().all(|ratio| ratio.abs() <= tolerance)
    }
}

/// Whether a glance can be enough: a cap is about the value itself, and only a proof can clear it.
pub(super) fn suffices(limit: &Limit) -> bool {
    limit.cap().is_none()
}

impl Test for Glance {
    fn take(&mut self, pair: &Pair) {
        let _ = self.test.push(pair);
        if let Ok(observed) = observe(pair) {
            self.ratios.push(observed.ratio.value);
        }
    }

    fn is_decided(&self) -> bool {
        self.ratios.len() >= PAIRS
    }

    fn promise(&self, _: u32) -> Promise {
        Promise::Pairs(PAIRS.saturating_sub(self.ratios.len()) as f64)
    }

    fn describe(&self) -> String {
        self.test.describe()
    }
}
