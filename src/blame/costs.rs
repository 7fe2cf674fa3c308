//! A profile by function, for one iteration.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{FunctionCost, Profile, Spent};

use super::names::{is_nameless, is_standard};

/// What the standard library's sources lie in, once their paths are tidy.
const STANDARD_SOURCES: &str = "library/";

/// What stands for every function without a name.
pub(super) const NAMELESS: &str = "(no symbol)";

/// What one function, or several that nothing tells apart, cost in one iteration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cost {
    /// Its name.
    pub(super) name: String,
    /// The executable or library it is in.
    pub(super) object: Option<String>,
    /// Where it is written.
    pub(super) file: Option<String>,
    /// The first of its lines.
    pub(super) line: Option<u32>,
    /// The figures.
    pub(super) spent: Spent,
    /// Its own instructions by file and line.
    pub(super) lines: Vec<(String, u32, f64)>,
    /// Its places in the profile.
    pub(super) members: Vec<usize>,
}

/// The functions of a profile. Two of one name, object and place are one: instances of a generic function that the
/// name does not tell apart.
pub(super) fn of(profile: &Profile, iterations: u64) -> Vec<Cost> {
    let scale = 1.0 / iterations.max(1) as f64;
    let mut places = HashMap::new();
    let mut costs: Vec<Cost> = Vec::new();
    for (member, function) in profile.functions.iter().enumerate() {
        let nameless = is_nameless(&function.name);
        let name = if nameless { NAMELESS } else { &function.name };
        let (file, line) = if nameless { (None, None) } else { written(function) };
        let key = (name.to_owned(), function.object.clone(), file.clone(), line);
        let place = *places.entry(key).or_insert_with(|| {
            costs.push(Cost {
                name: name.to_owned(),
                object: function.object.clone(),
                file,
                line,
                spent: Spent::default(),
                lines: Vec::new(),
                members: Vec::new(),
            });
            costs.len() - 1
        });
        let cost = &mut costs[place];
        cost.spent.own += function.own as f64 * scale;
        cost.spent.inclusive += function.inclusive as f64 * scale;
        cost.spent.called += function.called as f64 * scale;
        let lines = function.lines.iter().map(|line| (line.file.clone(), line.line, line.own as f64 * scale));
        cost.lines.extend(lines);
        cost.members.push(member);
    }
    costs
}

/// Where a function is written. A profile takes the place of its first instruction, which may be one of the standard
/// library's that was inlined there: the function itself is then where most of its other instructions are.
fn written(function: &FunctionCost) -> (Option<String>, Option<u32>) {
    let standard = |file: &str| file.starts_with(STANDARD_SOURCES);
    let own = (function.file.clone(), function.line);
    if is_standard(&function.name) || !function.file.as_deref().is_some_and(standard) {
        return own;
    }
    let mut files: BTreeMap<&str, (u64, u32)> = BTreeMap::new();
    for line in function.lines.iter().filter(|line| !standard(&line.file)) {
        let known = files.entry(&line.file).or_insert((0, line.line));
        *known = (known.0 + line.own, known.1.min(line.line));
    }
    let most = files.into_iter().max_by_key(|(_, (cost, _))| *cost);
    most.map_or(own, |(file, (_, line))| (Some(file.to_owned()), Some(line)))
}

/// The share of instructions in functions without a name.
pub(super) fn nameless_share(costs: &[Cost]) -> f64 {
    let own = |costs: &mut dyn Iterator<Item = &Cost>| costs.map(|cost| cost.spent.own).sum::<f64>();
    let all = own(&mut costs.iter());
    if all > 0.0 { own(&mut costs.iter().filter(|cost| cost.name == NAMELESS)) / all } else { 0.0 }
}
