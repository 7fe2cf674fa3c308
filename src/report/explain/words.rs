//! The sentences that all formats of an explanation share.

use std::fmt::Write as _;

use crate::domain::{
    Account, DependencyDifference, EventDifference, ExplainReport, Explanation, FunctionDifference,
    Occurrence, Place, Side, Sides,
};

use super::super::text::{clean, listed, plural, shorten, width, without};
use super::super::units::{grouped, percent};

/// A name in a sentence is shortened to so many columns.
const NAME: usize = 80;

/// How many functions are named in a sentence at most.
const NAMED: usize = 3;

/// What an amount is an amount of.
fn noun(amount: f64) -> &'static str {
    if (amount.abs() - 1.0).abs() < 1e-9 { "instruction" } else { "instructions" }
}

/// An amount of instructions: whole, or with one decimal where it is small and not whole.
pub(super) fn amount(value: f64) -> String {
    if value.abs() >= 100.0 || (value - value.round()).abs() < 0.05 {
        let text = grouped(value);
        if text == "-0" { "0".to_owned() } else { text }
    } else {
        format!("{value:.1}")
    }
}

/// A difference, with its sign.
pub(super) fn signed(value: f64) -> String {
    let text = amount(value);
    if text == "0" || text.starts_with('-') { text } else { format!("+{text}") }
}

/// How often: whole where it is.
pub(super) fn times(value: f64) -> String {
    if (value - value.round()).abs() < 0.005 {
        let text = grouped(value);
        if text == "-0" { "0".to_owned() } else { text }
    } else {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').to_owned()
    }
}

/// A name in at most so many columns. Generic arguments are left out first, the innermost before the outer ones; what
/// is still too long is shortened in the middle.
pub(super) fn brief(name: &str, limit: usize) -> String {
    let mut name = clean(name);
    for depth in [3, 2, 1] {
        if width(&name) <= limit {
            return name;
        }
        name = without_arguments(&name, depth);
    }
    shorten(&name, limit)
}

/// A name in which what stands in so many angle brackets is an ellipsis. The brackets of `<a::B as c::D>::f` around
/// its beginning do not count.
fn without_arguments(name: &str, deepest: usize) -> String {
    let deepest = if name.starts_with('<') { deepest + 1 } else { deepest };
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut before = ' ';
    for character in name.chars() {
        let closes = character == '>' && before != '-' && before != '=';
        before = character;
        if character == '<' {
            depth += 1;
            if depth == deepest {
                out.push_str("<…");
            }
        }
        if closes {
            if depth == deepest {
                out.push('>');
                depth -= 1;
                continue;
            }
            depth = depth.saturating_sub(1);
        }
        if depth < deepest {
            out.push(character);
        }
    }
    out
}

/// A share of the difference, in whole percent: `97 %`.
pub(super) fn share(fraction: f64) -> String {
    let text = format!("{:.0} %", fraction * 100.0);
    if text == "-0 %" { "0 %".to_owned() } else { text }
}

/// `src/lib.rs:12`.
pub(super) fn place(place: &Place) -> String {
    let file = clean(&place.file);
    place.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"))
}

/// A function in a sentence: `` `fib::grow` (src/lib.rs:12) ``.
fn named(function: &FunctionDifference) -> String {
    named_at(&function.name, function.place.as_ref())
}

/// A name in a sentence, with the place it is written at.
pub(in super::super) fn named_at(name: &str, written: Option<&Place>) -> String {
    let name = brief(name, NAME);
    match written {
        Some(written) => format!("`{name}` ({})", place(written)),
        None => format!("`{name}`"),
    }
}

/// `+1 000 instructions`.
pub(in super::super) fn signed_instructions(difference: f64) -> String {
    format!("{} {}", signed(difference), noun(difference))
}

/// The first line: the total.
pub(super) fn headline(report: &ExplainReport) -> String {
    let name = clean(&report.benchmark.to_string());
    let Some(explanation) = &report.explanation else {
        return format!("{name}: both executables are identical, so nothing was counted");
    };
    let total = explanation.total;
    let difference = explanation.difference();
    if difference.abs() < 0.05 {
        return format!("{name}: {} instructions in each iteration on both sides", amount(total.candidate));
    }
    let change = difference / total.baseline;
    let ratio = if change.is_finite() { format!(" ({})", percent(change)) } else { String::new() };
    format!(
        "{name}: {} → {} instructions in each iteration, {}{ratio}",
        amount(total.baseline),
        amount(total.candidate),
        signed(difference),
    )
}

/// What was compared, and how it was counted.
pub(super) fn subject(report: &ExplainReport) -> String {
    let shown = |side: Side| clean(&report.revisions.get(side).to_string());
    let compared = format!("{} compared with {}", shown(Side::Candidate), shown(Side::Baseline));
    let Some(counter) = &report.counter else { return compared };
    let vary =
        Side::BOTH.map(|side| (side, *report.varies.get(side))).into_iter().filter(|(_, by)| *by > 0.0);
    let vary: Vec<String> =
        vary.map(|(side, by)| format!("those of the {side} differ by {}", amount(by))).collect();
    let counts = if vary.is_empty() {
        "and both counts of each side are equal".to_owned()
    } else {
        format!("but {}: smaller differences mean nothing", vary.join(", "))
    };
    format!("{compared}; counted twice on each side by {}, {counts}", clean(counter))
}

/// What differs besides the code, one thing a line.
pub(super) fn besides(report: &ExplainReport) -> Vec<String> {
    let builds = report.builds.iter().map(|build| {
        let (before, after) = (&build.values.baseline, &build.values.candidate);
        let shown = |words: String| if words.is_empty() { "none".to_owned() } else { clean(&words) };
        let (less, more) = (shown(without(before, after)), shown(without(after, before)));
        if less == more {
            // The same words in another order.
            return format!("{}: {} → {}", clean(&build.field), clean(before), clean(after));
        }
        format!("{}: {less} → {more}", clean(&build.field))
    });
    builds
        .chain(report.dependencies.iter().map(|dependency| format!("dependency {}", step(dependency))))
        .collect()
}

/// `hashbrown: 0.15.2 → 0.16.0`.
fn step(dependency: &DependencyDifference) -> String {
    let name = clean(&dependency.name);
    let list = |versions: &[String]| clean(&versions.join(" and "));
    match (dependency.versions.baseline.as_slice(), dependency.versions.candidate.as_slice()) {
        ([], after) => format!("{name}: new, {}", list(after)),
        (before, []) => format!("{name}: gone, was {}", list(before)),
        (before, after) => format!("{name}: {} → {}", list(before), list(after)),
    }
}

/// Who asks for memory more or less often, one a line.
pub(super) fn allocating(explanation: &Explanation) -> Vec<String> {
    let told = explanation.allocating.iter().map(|caller| {
        let name = brief(&caller.name, NAME);
        let (before, after) = (times(caller.calls.baseline), times(caller.calls.candidate));
        format!("`{name}`: {before} → {after} allocations in each iteration")
    });
    told.collect()
}

/// What stands behind the name of a function that only one side has.
pub(super) fn mark(function: &FunctionDifference) -> &'static str {
    match function.occurrence {
        Occurrence::New => " (new)",
        Occurrence::Gone => " (gone)",
        Occurrence::Both => "",
    }
}

/// What is neither told nor one of the others: too small a remainder is rounding.
pub(super) fn remainder(explanation: &Explanation) -> Option<f64> {
    let left = explanation.remainder();
    (left.abs() >= 0.5_f64.max(0.005 * explanation.difference().abs())).then_some(left)
}

/// What belongs to a function: its former name, and what is part of it on one side only.
pub(super) fn asides(function: &FunctionDifference) -> Vec<String> {
    let mut asides = Vec::new();
    if let Some(was) = &function.was {
        asides.push(format!("was {}", brief(was, NAME)));
    }
    for inlined in &function.inlined {
        let name = brief(&inlined.name, NAME);
        asides.push(match inlined.apart_in {
            Side::Baseline => format!("{name} now inlined"),
            Side::Candidate => format!("{name} no longer inlined"),
        });
    }
    asides
}

/// The last sentence: where to look.
pub(super) fn sentence(report: &ExplainReport) -> String {
    let Some(explanation) = &report.explanation else {
        return "There is nothing to explain: what changed is not part of this bench.".to_owned();
    };
    let found = explanation.functions.as_slice();
    let told = match &explanation.cause {
        Account::None => "There is no difference: both sides execute the same instructions.".to_owned(),
        Account::Nameless => "Most instructions belong to functions without a name, because the executable has no \
                            symbols: build without `strip` (in Cargo.toml: [profile.bench] strip = false), and \
                            explain again."
            .to_owned(),
        Account::One(place) => found.get(*place).map_or_else(String::new, |one| one_function(explanation, one)),
        Account::Within(place) => found.get(*place).map_or_else(String::new, |one| within(explanation, one)),
        Account::Several(places) => several(explanation, places),
        Account::Moved { to, from } => match (found.get(*to), found.get(*from)) {
            (Some(to), Some(from)) => format!(
                "Work moved from {} ({}) to {} ({}), and the sum hardly changed.",
                named(from),
                signed(from.own()),
                named(to),
                signed(to.own())
            ),
            _ => String::new(),
        },
        Account::Spread => spread(explanation),
    };
    match first_suspect(report, explanation) {
        Some(suspect) => format!("{suspect} {told}"),
        None => told,
    }
}

/// What besides the code is to be looked at before any of it is blamed.
fn first_suspect(report: &ExplainReport, explanation: &Explanation) -> Option<String> {
    if explanation.cause == Account::None {
        return None;
    }
    let blamed: Vec<&FunctionDifference> = match &explanation.cause {
        Account::One(place) | Account::Within(place) | Account::Moved { to: place, .. } => {
            explanation.functions.get(*place).into_iter().collect()
        }
        Account::Several(places) => {
            places.iter().filter_map(|place| explanation.functions.get(*place)).collect()
        }
        Account::None | Account::Spread | Account::Nameless => Vec::new(),
    };
    let own = |dependency: &DependencyDifference| {
        let krate = dependency.name.replace('-', "_");
        blamed.iter().any(|function| function.krate.as_deref() == Some(krate.as_str()))
    };
    if let Some(dependency) = report.dependencies.iter().find(|dependency| own(dependency)) {
        return Some(format!("Look at the dependency first: {}.", step(dependency)));
    }
    if !report.builds.is_empty() {
        let fields: Vec<String> = report.builds.iter().map(|build| clean(&build.field)).collect();
        return Some(format!("The builds differ in {}: that alone may be the reason.", fields.join(", ")));
    }
    match report.dependencies.as_slice() {
        [] => None,
        [only] => Some(format!("A dependency changed, too ({}).", step(only))),
        many => Some(format!(
            "{} changed, too.",
            plural(many.len(), "dependency").replace("dependencys", "dependencies")
        )),
    }
}

/// How much of the difference a part of it is; behind a comma. It is more than all of it where others made up for it.
fn part(explanation: &Explanation, amount: f64) -> String {
    match explanation.share(amount) {
        None => String::new(),
        Some(part) if part > 1.05 => {
            format!(", more than the whole difference ({})", signed(explanation.difference()))
        }
        Some(part) => format!(", {} of the difference", share(part)),
    }
}

fn one_function(explanation: &Explanation, function: &FunctionDifference) -> String {
    let own = function.own();
    let part = part(explanation, own);
    let head = match function.occurrence {
        Occurrence::New => format!("{} is new: it executes {} {}", named(function), amount(own), noun(own)),
        Occurrence::Gone => {
            format!("{} is gone: it executed {} {}", named(function), amount(-own), noun(own))
        }
        Occurrence::Both => {
            let more = if own < 0.0 { "fewer" } else { "more" };
            format!("{} executes {} {more} {}", named(function), amount(own.abs()), noun(own))
        }
    };
    let mut told = format!("{head} in each iteration{part}");
    if let Some(calls) = calls(function) {
        told.push_str("; ");
        told.push_str(&calls);
    }
    told.push_str(&memory(explanation, function));
    for inlined in function.inlined.iter().take(NAMED) {
        let name = brief(&inlined.name, NAME);
        let now = match inlined.apart_in {
            Side::Baseline => "is inlined into it now",
            Side::Candidate => "is no longer inlined into it",
        };
        // Writing to a String cannot fail.
        let _ = write!(told, "; `{name}` {now}, and counted on both sides");
    }
    told.push('.');
    told
}

/// How often a function asks for memory, where that changed; behind a semicolon.
fn memory(explanation: &Explanation, function: &FunctionDifference) -> String {
    let caller = explanation.allocating.iter().find(|caller| caller.name == function.name);
    caller.map_or_else(String::new, |caller| {
        let (before, after) = (times(caller.calls.baseline), times(caller.calls.candidate));
        let noun = if after == "1" { "time" } else { "times" };
        format!("; it asks for memory {after} {noun} instead of {before}")
    })
}

/// A function with all that it calls.
fn within(explanation: &Explanation, function: &FunctionDifference) -> String {
    let inclusive = function.inclusive();
    let more = if inclusive < 0.0 { "fewer" } else { "more" };
    let part = part(explanation, inclusive);
    let most: Vec<String> = explanation
        .functions
        .iter()
        .filter(|one| one.own() * inclusive > 0.0)
        .take(NAMED)
        .map(|one| {
            let own = signed(one.own());
            if one == function {
                format!("itself ({own})")
            } else {
                format!("`{}` ({own})", brief(&one.name, NAME))
            }
        })
        .collect();
    let most = if most.is_empty() { String::new() } else { format!("; most of it in {}", listed(most)) };
    let memory = memory(explanation, function);
    format!(
        "{} with all that it calls executes {} {more} {} in each iteration{part}{most}{memory}.",
        named(function),
        amount(inclusive.abs()),
        noun(inclusive),
    )
}

/// Whether it is called more often, or each call costs more.
fn calls(function: &FunctionDifference) -> Option<String> {
    let (before, after) = (function.spent.baseline, function.spent.candidate);
    if function.occurrence != Occurrence::Both || before.called <= 0.0 || after.called <= 0.0 {
        return None;
    }
    if function.called().abs() < 0.005 {
        let more = if function.own() < 0.0 { "less" } else { "more" };
        return Some(format!("it is called as often as before, so each call costs {more}"));
    }
    let by = function.called_by.as_ref().map_or_else(String::new, |caller| {
        let often = if function.called() > 0.0 { "more" } else { "less" };
        format!(", {often} often by `{}`", brief(caller, NAME))
    });
    let per_call = (after.own / after.called) / (before.own / before.called);
    let same = if (per_call - 1.0).abs() < 0.01 { ", and each call costs what it did" } else { "" };
    let (after, before) = (times(after.called), times(before.called));
    let noun = if after == "1" { "time" } else { "times" };
    Some(format!("it is called {after} {noun} instead of {before}{by}{same}"))
}

fn several(explanation: &Explanation, places: &[usize]) -> String {
    let functions: Vec<&FunctionDifference> =
        places.iter().filter_map(|place| explanation.functions.get(*place)).collect();
    let sum: f64 = functions.iter().map(|function| function.own()).sum();
    let mut names: Vec<String> = functions
        .iter()
        .take(NAMED)
        .map(|function| format!("{} ({})", named(function), signed(function.own())))
        .collect();
    if functions.len() > NAMED {
        names.push(format!("{} more", functions.len() - NAMED));
    }
    let part = explanation.share(sum).map_or_else(|| "most".to_owned(), share);
    format!("{} account for {part} of the difference.", listed(names))
}

fn spread(explanation: &Explanation) -> String {
    let all = explanation.functions.len() + explanation.others.functions;
    let most = explanation.functions.first().map_or_else(String::new, |function| {
        format!("; the most is {} in {}", signed(function.own()), named(function))
    });
    format!(
        "The difference is spread over {}, and none stands out{most}: look for what they share.",
        plural(all, "function")
    )
}

/// What was counted besides instructions, a line each.
pub(super) fn events(report: &ExplainReport) -> Vec<String> {
    let line = |found: &EventDifference| {
        let Sides { baseline, candidate } = found.values;
        let change = change(baseline, candidate);
        format!("{}: {} → {}{change}", event(&found.event), amount(baseline), amount(candidate))
    };
    report.events.iter().map(line).collect()
}

/// How a figure changed, in brackets; nothing where it did not.
fn change(baseline: f64, candidate: f64) -> String {
    let change = candidate / baseline - 1.0;
    if change.is_finite() && change.abs() >= 0.0005 {
        format!(" ({:+.1} %)", change * 100.0)
    } else {
        String::new()
    }
}

/// Callgrind's abbreviations in words.
fn event(name: &str) -> &str {
    match name {
        "Bc" => "conditional branches",
        "Bcm" => "mispredicted conditional branches",
        "Bi" => "indirect branches",
        "Bim" => "mispredicted indirect branches",
        "Dr" => "reads",
        "Dw" => "writes",
        "I1mr" => "instruction reads that miss the first cache",
        "sysCount" => "system calls",
        "D1mr" => "reads that miss the first cache",
        "D1mw" => "writes that miss the first cache",
        "ILmr" => "instruction reads that miss the last cache",
        "DLmr" => "reads that miss the last cache",
        "DLmw" => "writes that miss the last cache",
        other => other,
    }
}
