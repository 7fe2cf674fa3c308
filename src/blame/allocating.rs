//! Who asks for memory.
//!
//! What calls an allocator is mostly the standard library's own (`alloc::raw_vec::finish_grow`), so calls are charged
//! to the nearest caller outside of it, in proportion to how often each caller calls.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{AllocatingCaller, Profile, Side, Sides};

use super::names::{is_allocator, is_nameless, is_standard, settled};

/// How far callers are followed.
const DEPTH: usize = 24;

/// Less than this many calls are not followed any further.
const CRUMB: f64 = 0.001;

/// How much more or less often, in one iteration, is worth telling.
const LEAST: f64 = 0.01;

/// The functions that ask for memory more or less often; who gained most first.
pub(super) fn callers(profiles: Sides<&Profile>, iterations: Sides<u64>) -> Vec<AllocatingCaller> {
    let mut calls: BTreeMap<String, Sides<f64>> = BTreeMap::new();
    for side in Side::BOTH {
        let scale = 1.0 / (*iterations.get(side)).max(1) as f64;
        for (name, count) in charged(profiles.get(side)) {
            *calls.entry(name).or_default().get_mut(side) += count * scale;
        }
    }
    let mut callers: Vec<AllocatingCaller> =
        calls.into_iter().map(|(name, calls)| AllocatingCaller { name, calls }).collect();
    let gained = |caller: &AllocatingCaller| caller.calls.candidate - caller.calls.baseline;
    callers.retain(|caller| gained(caller).abs() >= LEAST);
    callers.sort_by(|a, b| gained(b).total_cmp(&gained(a)));
    callers
}

/// Calls of allocators by who they are charged to.
fn charged(profile: &Profile) -> BTreeMap<String, f64> {
    let name = |place: usize| profile.functions.get(place).map_or("", |function| function.name.as_str());
    let mut incoming: HashMap<usize, Vec<(usize, u64)>> = HashMap::new();
    for call in &profile.calls {
        incoming.entry(call.callee).or_default().push((call.caller, call.calls));
    }
    let mut charged = BTreeMap::new();
    for call in &profile.calls {
        // An allocator that calls another hands the same request on.
        if is_allocator(name(call.callee)) && !is_allocator(name(call.caller)) {
            let mut climb =
                Climb { incoming: &incoming, name: &name, charged: &mut charged, path: Vec::new() };
            climb.charge(call.caller, call.calls as f64);
        }
    }
    charged
}

struct Climb<'a, N> {
    incoming: &'a HashMap<usize, Vec<(usize, u64)>>,
    name: &'a N,
    charged: &'a mut BTreeMap<String, f64>,
    path: Vec<usize>,
}

impl<'n, N: Fn(usize) -> &'n str> Climb<'_, N> {
    fn charge(&mut self, place: usize, calls: f64) {
        let name = (self.name)(place);
        let incoming = self.incoming;
        let callers: Vec<(usize, u64)> = incoming
            .get(&place)
            .into_iter()
            .flatten()
            .filter(|(caller, _)| *caller != place && !self.path.contains(caller))
            .copied()
            .collect();
        let all: u64 = callers.iter().map(|(_, calls)| calls).sum();
        if !is_standard(name) || all == 0 || self.path.len() >= DEPTH || calls < CRUMB {
            let name = if is_nameless(name) {
                super::costs::NAMELESS.to_owned()
            } else {
                settled(name).into_owned()
            };
            *self.charged.entry(name).or_default() += calls;
            return;
        }
        self.path.push(place);
        for (caller, times) in callers {
            self.charge(caller, calls * times as f64 / all as f64);
        }
        self.path.pop();
    }
}
