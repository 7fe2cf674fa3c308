//! Functions that became part of another, or ceased to be part of it.
//!
//! A compiler that inlines `a` into `b` makes `a` vanish and `b` grow: two large differences that are none. The line
//! table tells, as far as it goes: lines of `a` are then charged to `b`. Without line tables the call graph has to do:
//! `b` called `a` and grew when it vanished.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{Evidence, Inlined, Profile, Side, Sides};

use super::costs::{Cost, NAMELESS};
use super::matching::Row;

/// Less than this share of what vanished, found elsewhere, is a coincidence.
const ENOUGH: f64 = 0.2;

/// A function that holds less than this share of all that was found elsewhere holds none.
const CRUMB: f64 = 0.02;

/// So many lines may have come in above a function without anything telling.
const SLACK: i64 = 2;

/// Where what one side has apart is found on the other side: the row, and how much of it.
type Found = Vec<(usize, f64)>;

/// Adds functions that only one side has to those that they are part of on the other side.
pub(super) fn merge(rows: &mut Vec<Row>, profiles: Sides<&Profile>) {
    let mut merged = Vec::new();
    for apart in Side::BOTH {
        let drifts = drifts(rows, apart);
        let row_of = members(rows, apart);
        for place in 0..rows.len() {
            let row = &rows[place];
            let (Some(cost), None) = (row.costs.get(apart), row.costs.get(apart.other())) else { continue };
            if cost.spent.own <= 0.0 || cost.name == NAMELESS {
                continue;
            }
            let by_lines = enough(by_lines(rows, cost, apart, &drifts), cost);
            let (found, evidence) = if by_lines.is_empty() && cost.lines.is_empty() {
                let found = by_calls(rows, cost, apart, profiles.get(apart), &row_of);
                (enough(found, cost), Evidence::Calls)
            } else {
                (by_lines, Evidence::Lines)
            };
            if found.is_empty() {
                continue;
            }
            let (name, own) = (cost.name.clone(), cost.spent.own);
            let all: f64 = found.iter().map(|(_, amount)| amount).sum();
            for (into, amount) in found {
                let own = own * amount / all;
                *rows[into].added.get_mut(apart) += own;
                rows[into].inlined.push(Inlined { name: name.clone(), apart_in: apart, own, evidence });
            }
            merged.push(place);
        }
    }
    let mut place = 0;
    rows.retain(|_| {
        place += 1;
        !merged.contains(&(place - 1))
    });
}

/// What is found, if it is enough to be more than a coincidence.
fn enough(mut found: Found, cost: &Cost) -> Found {
    let all: f64 = found.iter().map(|(_, amount)| amount).sum();
    if all < ENOUGH * cost.spent.own {
        return Vec::new();
    }
    found.retain(|(_, amount)| *amount >= CRUMB * all);
    found
}

/// The rows that both sides have.
fn common(rows: &[Row], apart: Side) -> impl Iterator<Item = (usize, &Cost, &Cost)> {
    rows.iter().enumerate().filter_map(move |(place, row)| {
        let here = row.costs.get(apart).as_ref()?;
        let there = row.costs.get(apart.other()).as_ref()?;
        (here.name != NAMELESS).then_some((place, here, there))
    })
}

/// Functions that are charged with more of the lines that the function consists of than before: its own, and those that
/// were inlined into it themselves. Without any of its own, the others are a coincidence.
fn by_lines(rows: &[Row], cost: &Cost, apart: Side, drifts: &Drifts) -> Found {
    let Some(file) = &cost.file else { return Vec::new() };
    let parts = parts(cost);
    let has_own = parts.contains_key(file.as_str());
    common(rows, apart)
        .filter_map(|(place, here, there)| {
            let same_file = here.file.as_ref() == Some(file) || there.file.as_ref() == Some(file);
            let (mut own, mut others) = (0.0, 0.0);
            for (of, part) in &parts {
                let window = (part.low, part.high);
                if of != file {
                    others += gained(here, there, of, window, window).min(part.own);
                } else if same_file {
                    let (low, high) = (part.low - SLACK, part.high + SLACK);
                    let drift = drifts.at(file, part.low);
                    own += gained(here, there, of, (low, high), (low + drift, high + drift)).min(part.own);
                } else {
                    // In a function of another file every line of this one was inlined, wherever it has gone to.
                    own += gained(here, there, of, (0, i64::MAX), (0, i64::MAX));
                }
            }
            let all = own + others;
            (all > 0.0 && (own > 0.0 || !has_own)).then_some((place, all))
        })
        .collect()
}

/// The lines of one file within a function.
struct Part {
    low: i64,
    high: i64,
    own: f64,
}

fn parts(cost: &Cost) -> BTreeMap<&str, Part> {
    let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
    for (file, line, own) in &cost.lines {
        let line = i64::from(*line);
        let part = parts.entry(file).or_insert(Part { low: line, high: line, own: 0.0 });
        *part = Part { low: part.low.min(line), high: part.high.max(line), own: part.own + own };
    }
    parts
}

/// How much more a function is charged with some lines of a file, there than here; nothing where it is less.
fn gained(here: &Cost, there: &Cost, file: &str, before: (i64, i64), after: (i64, i64)) -> f64 {
    let within = |cost: &Cost, (low, high): (i64, i64)| {
        let inside =
            |(of, line, _): &&(String, u32, f64)| of == file && (low..=high).contains(&i64::from(*line));
        cost.lines.iter().filter(inside).map(|(_, _, own)| own).sum::<f64>()
    };
    (within(there, after) - within(here, before)).max(0.0)
}

/// Functions that called it and grew when it vanished.
fn by_calls(
    rows: &[Row],
    cost: &Cost,
    apart: Side,
    profile: &Profile,
    row_of: &HashMap<usize, usize>,
) -> Found {
    let mut called: HashMap<usize, u64> = HashMap::new();
    for call in profile.calls.iter().filter(|call| cost.members.contains(&call.callee)) {
        if let Some(place) = row_of.get(&call.caller) {
            *called.entry(*place).or_default() += call.calls;
        }
    }
    let all: u64 = called.values().sum();
    let mut found: Found = common(rows, apart)
        .filter_map(|(place, here, there)| {
            let share = *called.get(&place)? as f64 / all.max(1) as f64;
            let grown = (there.spent.own - here.spent.own).min(share * cost.spent.own);
            (grown > 0.0).then_some((place, grown))
        })
        .collect();
    found.sort_by_key(|(place, _)| *place);
    found
}

/// The row of each function of a side's profile.
fn members(rows: &[Row], side: Side) -> HashMap<usize, usize> {
    let costs =
        rows.iter().enumerate().filter_map(|(place, row)| Some((place, row.costs.get(side).as_ref()?)));
    costs.flat_map(|(place, cost)| cost.members.iter().map(move |member| (*member, place))).collect()
}

/// By how many lines functions have moved within their files, from one side to the other.
struct Drifts(HashMap<String, Vec<(u32, i64)>>);

impl Drifts {
    /// The drift of the last function that begins at or before a line.
    fn at(&self, file: &str, line: i64) -> i64 {
        let known = self.0.get(file).map_or(&[][..], Vec::as_slice);
        known.iter().rfind(|(begins, _)| i64::from(*begins) <= line).map_or(0, |(_, drift)| *drift)
    }
}

fn drifts(rows: &[Row], apart: Side) -> Drifts {
    let mut drifts: HashMap<String, Vec<(u32, i64)>> = HashMap::new();
    for (_, here, there) in common(rows, apart) {
        if let (Some(file), Some(from), Some(to)) = (&here.file, here.line, there.line)
            && here.file == there.file
        {
            drifts.entry(file.clone()).or_default().push((from, i64::from(to) - i64::from(from)));
        }
    }
    for known in drifts.values_mut() {
        known.sort_unstable();
    }
    Drifts(drifts)
}
