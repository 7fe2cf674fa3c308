//! From two profiles of one benchmark to what accounts for the difference. Pure.
//!
//! | module | knows |
//! |---|---|
//! | `names` | what a demangled name tells: its crate, whether it is a closure, an allocator, no name at all |
//! | `places` | source paths without the folders that differ from build to build |
//! | `costs` | a profile by function, for one iteration |
//! | `matching` | which function of one side is which of the other |
//! | `inlining` | functions that became part of another |
//! | `allocating` | who asks for memory |
//! | `cause` | what it comes from, in short |
//! | `stacks` | call stacks out of a call graph |
//! | `dependencies` | two lock files beside each other |

mod allocating;
mod cause;
mod costs;
mod dependencies;
mod inlining;
mod matching;
mod names;
mod places;
mod stacks;

use std::collections::HashMap;

pub use dependencies::dependencies;
pub use places::{shortened, tidy};
pub use stacks::stacks;

use crate::domain::{
    Account, Explanation, FunctionDifference, InstructionCount, Occurrence, Others, Place, Profile, Side,
    Sides, Spent,
};

use costs::Cost;
use matching::Row;

/// Below this share of everything that changed, a function is one of the others.
const NOISE: f64 = 0.005;

/// Below this many instructions in an iteration a function is one of the others, whatever its share.
const LEAST: f64 = 0.5;

/// Says which functions account for the difference between two counts of one benchmark.
pub fn explain(counts: Sides<&InstructionCount>) -> Explanation {
    let total = counts.map(|count| count.sample.per_iteration());
    let profiles = counts.map(|count| &count.profile);
    let iterations = counts.map(|count| count.sample.iterations());
    let costs = Sides::from_fn(|side| costs::of(profiles.get(side), *iterations.get(side)));
    let nameless = costs.as_ref().map(|costs| costs::nameless_share(costs));
    let mut rows = matching::rows(costs);
    inlining::merge(&mut rows, profiles);
    let callers = Sides::from_fn(|side| callers(&rows, profiles, iterations, side));
    let mut functions: Vec<FunctionDifference> =
        rows.iter().enumerate().map(|(place, row)| difference(row, place, &callers)).collect();
    let within = cause::within(total, &functions).map(|place| functions[place].clone());
    functions.retain(|function| function.own().abs() > f64::EPSILON);
    functions.sort_by(|a, b| {
        b.own().abs().total_cmp(&a.own().abs()).then_with(|| a.name.cmp(&b.name)).then(place_of(a, b))
    });
    let gross: f64 = functions.iter().map(|function| function.own().abs()).sum();
    let limit = LEAST.max(NOISE * gross);
    let told = functions.iter().take_while(|function| function.own().abs() >= limit).count();
    let mut small = functions.split_off(told);
    let within = within.map(|within| {
        functions.iter().position(|function| *function == within).unwrap_or_else(|| {
            // It may cost nothing more itself.
            small.retain(|function| *function != within);
            functions.push(within);
            functions.len() - 1
        })
    });
    let others = Others { functions: small.len(), own: small.iter().map(FunctionDifference::own).sum() };
    let allocating = allocating::callers(profiles, iterations);
    let cause = cause::of(total, &functions, others, nameless, within);
    if let (Some(place), false) = (within, matches!(cause, Account::Within(_)))
        && place >= told
        && let Some(quiet) = functions.pop()
    {
        let others = Others { functions: others.functions + 1, own: others.own + quiet.own() };
        return Explanation { total, functions, others, allocating, nameless, cause };
    }
    Explanation { total, functions, others, allocating, nameless, cause }
}

/// Two functions of one name in a stable order.
fn place_of(a: &FunctionDifference, b: &FunctionDifference) -> std::cmp::Ordering {
    let key = |function: &FunctionDifference| {
        function.place.as_ref().map(|place| (place.file.clone(), place.line)).unwrap_or_default()
    };
    key(a).cmp(&key(b))
}

/// A row as readers get it.
fn difference(row: &Row, place: usize, callers: &Sides<Callers>) -> FunctionDifference {
    let side = if row.costs.candidate.is_some() { Side::Candidate } else { Side::Baseline };
    let cost = row.costs.get(side).as_ref();
    let name = cost.map(|cost| cost.name.clone()).unwrap_or_default();
    let was = row.costs.baseline.as_ref().map(|cost| &cost.name);
    let was = was.filter(|was| names::settled(was) != names::settled(&name)).cloned();
    FunctionDifference {
        was,
        krate: names::crate_of(&name).map(str::to_owned),
        place: cost.and_then(written_at),
        occurrence: match (&row.costs.baseline, &row.costs.candidate) {
            (Some(_), None) => Occurrence::Gone,
            (None, Some(_)) => Occurrence::New,
            (Some(_), Some(_)) | (None, None) => Occurrence::Both,
        },
        spent: Sides::from_fn(|side| {
            let spent = row.costs.get(side).as_ref().map_or_else(Spent::default, |cost| cost.spent);
            Spent { own: spent.own + row.added.get(side), ..spent }
        }),
        called_by: most_changed(callers.baseline.get(&place), callers.candidate.get(&place)),
        inlined: row.inlined.clone(),
        name,
    }
}

fn written_at(cost: &Cost) -> Option<Place> {
    cost.file.clone().map(|file| Place::new(file, cost.line))
}

/// Who calls a row's function, and how often in one iteration.
type Callers = HashMap<usize, HashMap<String, f64>>;

fn callers(rows: &[Row], profiles: Sides<&Profile>, iterations: Sides<u64>, side: Side) -> Callers {
    let profile = profiles.get(side);
    let mut row_of = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        for member in row.costs.get(side).iter().flat_map(|cost| &cost.members) {
            row_of.insert(*member, place);
        }
    }
    let mut callers = Callers::new();
    for call in &profile.calls {
        let (Some(place), Some(caller)) = (row_of.get(&call.callee), profile.functions.get(call.caller))
        else {
            continue;
        };
        let name = names::settled(&caller.name).into_owned();
        *callers.entry(*place).or_default().entry(name).or_default() +=
            call.calls as f64 / (*iterations.get(side)).max(1) as f64;
    }
    callers
}

/// The caller whose calls changed most, where they changed by enough to matter.
fn most_changed(
    baseline: Option<&HashMap<String, f64>>,
    candidate: Option<&HashMap<String, f64>>,
) -> Option<String> {
    let empty = HashMap::new();
    let (baseline, candidate) = (baseline.unwrap_or(&empty), candidate.unwrap_or(&empty));
    let mut names: Vec<&String> = baseline.keys().chain(candidate.keys()).collect();
    names.sort();
    names.dedup();
    let change =
        |name: &String| (candidate.get(name).unwrap_or(&0.0) - baseline.get(name).unwrap_or(&0.0)).abs();
    let most = names.into_iter().max_by(|a, b| change(a).total_cmp(&change(b)).then_with(|| b.cmp(a)))?;
    (change(most) > 0.01).then(|| most.clone())
}

#[cfg(test)]
mod tests;
