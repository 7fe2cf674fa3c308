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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{Metric, Phase};
    use crate::judge::Policy;
    use crate::pipeline::prove::tests::{Known, contest, in_arena};

    #[test]
    fn two_pairs_that_look_alike_are_enough_and_any_difference_goes_on() {
        let ids = ["equal", "slower", "faster", "broken"];
        let mut known = Known::new(&[("equal", 1.001), ("slower", 1.04), ("faster", 0.96)]);
        let alone = Policy::new().error_budget(1);
        let glances = in_arena(&mut known, Duration::from_mins(1), |arena| {
            let contests = ids.map(contest).to_vec();
            let make = |contest: &Contest, baseline| Glance::new(contest, baseline, alone);
            arena.prove(Phase::Proof, contests, &make).unwrap()
        });
        let agreeing: Vec<&str> = glances
            .iter()
            .filter(|proof| proof.test.as_ref().is_some_and(Glance::agrees))
            .map(|proof| proof.contest.name.id())
            .collect();
        assert_eq!(agreeing, ["equal"]);
        let pairs = glances[0].test.as_ref().map(|glance| glance.test.pairs());
        assert_eq!(pairs, Some(2), "it ends as soon as it has looked");
    }

    #[test]
    fn a_cap_is_always_proved() {
        let limit = |text| Limit::parse(text, Metric::WallTime).unwrap();
        assert!(suffices(&limit("5%")));
        assert!(!suffices(&limit("5% | 10us")));
    }
}
