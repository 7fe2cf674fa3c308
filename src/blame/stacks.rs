//! Call stacks out of a call graph.
//!
//! A counter that keeps a call graph knows what `b` cost on behalf of each caller, not on behalf of each stack. Stacks
//! are put together as if every caller's calls of `b` cost in proportion: what reaches a function by one path is
//! divided between itself and what it calls as all of it is. A function that is on the path already is not entered
//! again. Nothing is lost: the costs of all stacks together are the profile's total.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{InstructionCount, Profile, Side, Sides, StackCost};

use super::names::{is_nameless, settled};

/// How deep stacks go; what is deeper is charged to the last frame.
const DEPTH: usize = 64;

/// A stack with less than this share of everything is not followed any further.
const CRUMB: u64 = 1_000;

/// The stacks of both sides in one iteration, in the order of their frames.
pub fn stacks(counts: Sides<&InstructionCount>) -> Vec<StackCost> {
    let mut merged: BTreeMap<Vec<String>, Sides<u64>> = BTreeMap::new();
    for side in Side::BOTH {
        let count = counts.get(side);
        let total = (count.profile.total as f64 / count.sample.iterations() as f64).round();
        // A total of instructions is finite, not negative and far below 2^53.
        let total = format!("{total:.0}").parse().unwrap_or(0);
        for (frames, own) in unfold(&count.profile, total) {
            *merged.entry(frames).or_default().get_mut(side) += own;
        }
    }
    merged.into_iter().map(|(frames, own)| StackCost { frames, own }).collect()
}

/// Divides `total` instructions among the stacks of a call graph.
fn unfold(profile: &Profile, total: u64) -> Vec<(Vec<String>, u64)> {
    let graph = Graph::of(profile);
    let mut stacks = Vec::new();
    let weights = graph.roots();
    for ((root, _), amount) in weights.iter().zip(shares(total, weights.iter().map(|(_, weight)| *weight))) {
        let mut unfolding =
            Unfolding { graph: &graph, path: Vec::new(), least: total / CRUMB, stacks: &mut stacks };
        unfolding.enter(*root, amount);
    }
    stacks
}

/// Who calls whom, and what it costs.
struct Graph<'a> {
    profile: &'a Profile,
    calls: HashMap<usize, Vec<(usize, u64)>>,
}

impl<'a> Graph<'a> {
    fn of(profile: &'a Profile) -> Self {
        let mut calls: HashMap<usize, Vec<(usize, u64)>> = HashMap::new();
        let known = profile.functions.len();
        for call in &profile.calls {
            if call.caller != call.callee && call.caller < known && call.callee < known {
                calls.entry(call.caller).or_default().push((call.callee, call.inclusive));
            }
        }
        Self { profile, calls }
    }

    fn calls(&self, place: usize) -> &[(usize, u64)] {
        self.calls.get(&place).map_or(&[], Vec::as_slice)
    }

    /// What a function costs that no caller accounts for: where stacks begin. When everything is part of a cycle, the
    /// function that costs most begins it.
    fn roots(&self) -> Vec<(usize, u64)> {
        let mut spare: Vec<i128> = self
            .profile
            .functions
            .iter()
            .enumerate()
            .map(|(place, function)| {
                let called: i128 = self.calls(place).iter().map(|(_, cost)| i128::from(*cost)).sum();
                i128::from(function.own) + called
            })
            .collect();
        for (callee, cost) in self.calls.values().flatten() {
            spare[*callee] -= i128::from(*cost);
        }
        let positive =
            |(place, spare): (usize, i128)| Some((place, u64::try_from(spare).ok().filter(|s| *s > 0)?));
        let roots: Vec<(usize, u64)> = spare.into_iter().enumerate().filter_map(positive).collect();
        if !roots.is_empty() {
            return roots;
        }
        let functions = self.profile.functions.iter().enumerate();
        functions
            .max_by_key(|(_, function)| function.inclusive)
            .map(|(place, _)| (place, 1))
            .into_iter()
            .collect()
    }

    fn name(&self, place: usize) -> String {
        let name = &self.profile.functions[place].name;
        if is_nameless(name) { super::costs::NAMELESS.to_owned() } else { settled(name).into_owned() }
    }
}

struct Unfolding<'a> {
    graph: &'a Graph<'a>,
    path: Vec<usize>,
    least: u64,
    stacks: &'a mut Vec<(Vec<String>, u64)>,
}

impl Unfolding<'_> {
    /// Divides what reaches a function by this path.
    fn enter(&mut self, place: usize, amount: u64) {
        if amount == 0 {
            return;
        }
        self.path.push(place);
        let graph = self.graph;
        let callees: Vec<(usize, u64)> = graph
            .calls(place)
            .iter()
            .filter(|(callee, cost)| *cost > 0 && !self.path.contains(callee))
            .copied()
            .collect();
        let own = graph.profile.functions[place].own;
        let ends = callees.is_empty() || amount <= self.least || self.path.len() >= DEPTH;
        let weights = std::iter::once(own).chain(callees.iter().map(|(_, cost)| *cost));
        let divided = if ends { vec![amount] } else { shares(amount, weights) };
        if let Some(own) = divided.first().filter(|own| **own > 0) {
            let frames = self.path.iter().map(|place| graph.name(*place)).collect();
            self.stacks.push((frames, *own));
        }
        for ((callee, _), amount) in callees.into_iter().zip(divided.into_iter().skip(1)) {
            self.enter(callee, amount);
        }
        self.path.pop();
    }
}

/// Divides an amount in proportion to weights, to the last instruction: the parts add up to the amount. Nothing
/// without a weight gets any, unless there is no weight at all: then the first gets everything.
fn shares(amount: u64, weights: impl Iterator<Item = u64> + Clone) -> Vec<u64> {
    let all: u128 = weights.clone().map(u128::from).sum();
    let mut before: u128 = 0;
    let upto = |weight: u128| (u128::from(amount) * weight).checked_div(all).unwrap_or(u128::from(amount));
    let mut given: u128 = 0;
    weights
        .map(|weight| {
            before += u128::from(weight);
            let part = upto(before) - given;
            given += part;
            u64::try_from(part).unwrap_or(amount)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{call, function};
    use super::*;

    fn profile(own: &[u64], calls: &[(usize, usize, u64)]) -> Profile {
        let functions: Vec<_> =
            own.iter().enumerate().map(|(place, own)| function(&format!("f{place}"), *own)).collect();
        let calls = calls.iter().map(|&(caller, callee, cost)| call(caller, callee, 1, cost)).collect();
        Profile { total: own.iter().sum(), functions, calls, ..Profile::default() }
    }

    fn by_frames(profile: &Profile, total: u64) -> Vec<(String, u64)> {
        unfold(profile, total).into_iter().map(|(frames, own)| (frames.join(";"), own)).collect()
    }

    #[test]
    fn a_shared_function_is_divided_between_its_callers() {
        // f0 → f1 (30) and f2 (70); each → f3.
        let graph = profile(&[10, 10, 10, 80], &[(0, 1, 30), (0, 2, 70), (1, 3, 20), (2, 3, 60)]);
        let expected = [("f0", 10), ("f0;f1", 10), ("f0;f1;f3", 20), ("f0;f2", 10), ("f0;f2;f3", 60)];
        assert_eq!(by_frames(&graph, 110), expected.map(|(frames, own)| (frames.to_owned(), own)));
    }

    #[test]
    fn recursion_ends() {
        let graph = profile(&[5, 5], &[(0, 1, 100), (1, 0, 100), (1, 1, 7)]);
        let stacks = by_frames(&graph, 10);
        assert_eq!(stacks.iter().map(|(_, own)| own).sum::<u64>(), 10);
        assert!(by_frames(&profile(&[], &[]), 10).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_lost(
            own in proptest::collection::vec(0_u64..10_000, 1..10),
            calls in proptest::collection::vec((0_usize..10, 0_usize..10, 0_u64..100_000), 0..30),
            total in 0_u64..1_000_000_000,
        ) {
            let stacks = unfold(&profile(&own, &calls), total);
            prop_assert_eq!(stacks.iter().map(|(_, own)| own).sum::<u64>(), total);
            for (frames, _) in &stacks {
                let mut once = frames.clone();
                once.sort();
                once.dedup();
                prop_assert_eq!(once.len(), frames.len(), "no function is entered twice");
            }
        }

        #[test]
        fn in_a_tree_every_function_keeps_its_own(own in proptest::collection::vec(1_u64..10_000, 1..20)) {
            // Function n is called by function (n-1)/2 alone.
            let mut inclusive = own.clone();
            for place in (1..own.len()).rev() {
                inclusive[(place - 1) / 2] += inclusive[place];
            }
            let calls: Vec<_> = (1..own.len()).map(|place| ((place - 1) / 2, place, inclusive[place])).collect();
            let total = own.iter().sum();
            let graph = profile(&own, &calls);
            let mut unfolding = Vec::new();
            Unfolding { graph: &Graph::of(&graph), path: Vec::new(), least: 0, stacks: &mut unfolding }
                .enter(0, total);
            for (frames, found) in unfolding {
                let place: usize = frames.last().unwrap()[1..].parse().unwrap();
                prop_assert_eq!(found, own[place]);
            }
        }

        #[test]
        fn shares_add_up(amount: u64, weights in proptest::collection::vec(0_u64..1 << 56, 1..8)) {
            let parts = shares(amount, weights.iter().copied());
            prop_assert_eq!(parts.iter().map(|part| u128::from(*part)).sum::<u128>(), u128::from(amount));
        }
    }
}
