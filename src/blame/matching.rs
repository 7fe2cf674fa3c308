//! Which function of one side is which of the other.

use std::collections::BTreeMap;

use crate::domain::{Inlined, Side, Sides};

use super::costs::{Cost, NAMELESS};
use super::names::{crate_of, is_standard, settled, tail};

/// More pairs than this of one name are matched in order of cost instead of one by one.
const MANY: usize = 10_000;

/// One function on the sides that have it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Row {
    /// What it costs; `None` where a side has no such function.
    pub(super) costs: Sides<Option<Cost>>,
    /// Instructions of functions that are part of it on the other side.
    pub(super) added: Sides<f64>,
    /// Those functions.
    pub(super) inlined: Vec<Inlined>,
}

/// Matches functions: by name, object and file; then by name alone, closures uncounted; then those that moved to
/// another module. What is left is new or gone.
pub(super) fn rows(costs: Sides<Vec<Cost>>) -> Vec<Row> {
    let mut left = costs;
    let mut rows = Vec::new();
    let exact = |cost: &Cost| Some((cost.name.clone(), cost.object.clone(), cost.file.clone()));
    left = pair(left, &mut rows, exact, |_| true);
    left = pair(left, &mut rows, |cost| Some(settled(&cost.name).into_owned()), |_| true);
    left = pair(left, &mut rows, moved_key, |group| group.baseline.len() == 1 && alike(group));
    for side in Side::BOTH {
        for cost in std::mem::take(left.get_mut(side)) {
            let mut row = Row::default();
            *row.costs.get_mut(side) = Some(cost);
            rows.push(row);
        }
    }
    rows
}

/// The crate and last part of a name, for functions of the user's.
fn moved_key(cost: &Cost) -> Option<String> {
    if cost.name == NAMELESS || is_standard(&cost.name) {
        return None;
    }
    let name = settled(&cost.name);
    Some(format!("{} {}", crate_of(&name)?, tail(&name)))
}

/// Whether the only function of each side costs about the same.
fn alike(group: &Sides<Vec<Cost>>) -> bool {
    let (Some(before), Some(after)) = (group.baseline.first(), group.candidate.first()) else { return false };
    let (before, after) = (before.spent.own, after.spent.own);
    group.candidate.len() == 1 && after <= before * 2.0 && before <= after * 2.0
}

/// Pairs what has the same key; gives back what is left.
fn pair<K: Ord>(
    costs: Sides<Vec<Cost>>,
    rows: &mut Vec<Row>,
    key: impl Fn(&Cost) -> Option<K>,
    accept: impl Fn(&Sides<Vec<Cost>>) -> bool,
) -> Sides<Vec<Cost>> {
    let mut groups: BTreeMap<K, Sides<Vec<Cost>>> = BTreeMap::new();
    let mut left: Sides<Vec<Cost>> = Sides::default();
    for (side, costs) in [(Side::Baseline, costs.baseline), (Side::Candidate, costs.candidate)] {
        for cost in costs {
            match key(&cost) {
                Some(key) => groups.entry(key).or_default().get_mut(side).push(cost),
                None => left.get_mut(side).push(cost),
            }
        }
    }
    for group in groups.into_values() {
        let unmatched = if accept(&group) { zip(group, rows) } else { group };
        left.baseline.extend(unmatched.baseline);
        left.candidate.extend(unmatched.candidate);
    }
    left
}

/// Pairs the functions of one key: as many on both sides in the order they are written in, otherwise those that cost
/// most nearly the same.
fn zip(group: Sides<Vec<Cost>>, rows: &mut Vec<Row>) -> Sides<Vec<Cost>> {
    let Sides { mut baseline, mut candidate } = group;
    let mut join = |baseline: Cost, candidate: Cost| {
        rows.push(Row {
            costs: Sides { baseline: Some(baseline), candidate: Some(candidate) },
            ..Row::default()
        });
    };
    let by_cost = |a: &Cost, b: &Cost| b.spent.own.total_cmp(&a.spent.own);
    let by_place = |a: &Cost, b: &Cost| (&a.file, a.line).cmp(&(&b.file, b.line)).then(by_cost(a, b));
    if baseline.len() == candidate.len() {
        baseline.sort_by(by_place);
        candidate.sort_by(by_place);
        baseline.into_iter().zip(candidate).for_each(|(a, b)| join(a, b));
        return Sides::default();
    }
    if baseline.len().saturating_mul(candidate.len()) > MANY {
        baseline.sort_by(by_cost);
        candidate.sort_by(by_cost);
        let both = baseline.len().min(candidate.len());
        let rest = Sides { baseline: baseline.split_off(both), candidate: candidate.split_off(both) };
        baseline.into_iter().zip(candidate).for_each(|(a, b)| join(a, b));
        return rest;
    }
    while !baseline.is_empty() && !candidate.is_empty() {
        let places = (0..baseline.len()).flat_map(|a| (0..candidate.len()).map(move |b| (a, b)));
        let apart = |&(a, b): &(usize, usize)| (baseline[a].spent.own - candidate[b].spent.own).abs();
        let Some((a, b)) = places.min_by(|one, two| apart(one).total_cmp(&apart(two))) else { break };
        join(baseline.remove(a), candidate.remove(b));
    }
    Sides { baseline, candidate }
}
