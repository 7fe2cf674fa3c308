//! What was counted between two dumps, by function.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::domain::{CallCost, FunctionCost, LineCost, Profile};

/// What stands for an unknown file or object.
pub(super) const UNKNOWN: &str = "???";

/// Which function: two of one name in different objects or files are two functions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// Demangled, without a hash. All instances of a generic function whose name does not tell them apart are one.
    pub name: Rc<str>,
    /// The path of the executable or library.
    pub object: Rc<str>,
    /// The path of the source file.
    pub file: Rc<str>,
}

/// A single instruction: the path of the object it is in, its address there, and the name of its function.
pub type Instruction = (Rc<str>, u64, Rc<str>);

/// A line of a file.
pub(super) type Place = (Rc<str>, u32);

/// Calls of one function by another: how often, and instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Calls {
    pub(super) count: u64,
    pub(super) inclusive: u64,
}

/// What was counted between two dumps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dump {
    /// Instructions of each function, by line.
    pub(super) functions: BTreeMap<Function, BTreeMap<Place, u64>>,
    pub(super) calls: BTreeMap<(Function, Function), Calls>,
    /// How often each instruction was executed, where Callgrind was asked for single instructions.
    pub(super) executed: BTreeMap<Instruction, u64>,
    /// Everything that was counted, by the name Callgrind has for it.
    pub(super) events: BTreeMap<String, u64>,
}

/// The name of instructions among the events.
pub(super) const INSTRUCTIONS: &str = "Ir";

impl Dump {
    /// All instructions.
    pub fn instructions(&self) -> u64 {
        self.events.get(INSTRUCTIONS).copied().unwrap_or(0)
    }

    /// How often each instruction was executed, by object and address; empty unless single instructions were asked for.
    pub fn executed(&self) -> impl Iterator<Item = (&Instruction, u64)> {
        self.executed.iter().map(|(instruction, times)| (instruction, *times))
    }

    /// How often functions were called whose name `is` right.
    pub fn called(&self, is: impl Fn(&str) -> bool) -> u64 {
        self.calls
            .iter()
            .filter(|((_, callee), _)| is(&callee.name))
            .map(|(_, calls)| calls.count)
            .fold(0, u64::saturating_add)
    }

    /// What is left when another dump's counts are taken out, single instructions aside. What the other has more of becomes 0: then the parts no
    /// longer add up to the whole.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = self.clone();
        for (function, lines) in &mut left.functions {
            let Some(others) = other.functions.get(function) else { continue };
            for (place, cost) in lines {
                *cost = cost.saturating_sub(others.get(place).copied().unwrap_or(0));
            }
        }
        for (pair, calls) in &mut left.calls {
            let others = other.calls.get(pair).copied().unwrap_or_default();
            calls.count = calls.count.saturating_sub(others.count);
            calls.inclusive = calls.inclusive.saturating_sub(others.inclusive);
        }
        for (event, cost) in &mut left.events {
            *cost = cost.saturating_sub(other.events.get(event).copied().unwrap_or(0));
        }
        for lines in left.functions.values_mut() {
            lines.retain(|_, cost| *cost > 0);
        }
        left.calls.retain(|_, calls| *calls != Calls::default());
        left
    }

    /// The profile: functions that executed something or called something that did.
    pub fn profile(&self) -> Profile {
        let total = self.instructions();
        let live = |function: &Function| self.functions.get(function).is_some_and(|lines| !lines.is_empty());
        let mut names: Vec<&Function> = self.functions.keys().filter(|function| live(function)).collect();
        names.extend(self.calls.keys().flat_map(|(caller, callee)| [caller, callee]));
        names.sort();
        names.dedup();
        let index: BTreeMap<&Function, usize> =
            names.iter().enumerate().map(|(at, function)| (*function, at)).collect();
        let calls: Vec<CallCost> = self
            .calls
            .iter()
            .map(|((caller, callee), calls)| CallCost {
                caller: index[caller],
                callee: index[callee],
                calls: calls.count,
                inclusive: calls.inclusive.min(total),
            })
            .collect();
        let mut functions: Vec<FunctionCost> =
            names.iter().map(|function| described(function, self.functions.get(*function))).collect();
        for call in &calls {
            let called = &mut functions[call.callee].called;
            *called = called.saturating_add(call.calls);
        }
        set_inclusive(&mut functions, &calls, total);
        let mut events = self.events.clone();
        events.remove(INSTRUCTIONS);
        Profile { total, functions, calls, events }
    }
}

/// A function with its own costs.
fn described(function: &Function, lines: Option<&BTreeMap<Place, u64>>) -> FunctionCost {
    let known = |text: &str| (text != UNKNOWN && !text.is_empty()).then(|| text.to_owned());
    let file = known(&function.file);
    let empty = BTreeMap::new();
    let lines = lines.unwrap_or(&empty);
    let in_file = |place: &&Place| place.1 > 0 && place.0 == function.file;
    FunctionCost {
        name: function.name.to_string(),
        object: known(&function.object).map(|path| {
            let name = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
            name.unwrap_or(path)
        }),
        line: file.as_ref().and_then(|_| lines.keys().filter(in_file).map(|(_, line)| *line).min()),
        file,
        own: lines.values().sum(),
        inclusive: 0,
        called: 0,
        lines: lines
            .iter()
            .filter(|((file, line), _)| &**file != UNKNOWN && *line > 0)
            .map(|((file, line), own)| LineCost { file: file.to_string(), line: *line, own: *own })
            .collect(),
    }
}

/// Adds up what each function and all that it called cost.
///
/// A call of itself is part of the function already. Within a circle of several functions each one's calls include
/// the others' calls back, so none is given more than the whole circle with all that it calls outside of itself.
fn set_inclusive(functions: &mut [FunctionCost], calls: &[CallCost], total: u64) {
    let circles = circles(functions.len(), calls);
    let mut whole: BTreeMap<usize, u64> = BTreeMap::new();
    for (function, circle) in functions.iter().zip(&circles) {
        *whole.entry(*circle).or_default() += function.own;
    }
    for function in functions.iter_mut() {
        function.inclusive = function.own;
    }
    for call in calls.iter().filter(|call| call.caller != call.callee) {
        let inclusive = &mut functions[call.caller].inclusive;
        *inclusive = inclusive.saturating_add(call.inclusive);
        if circles[call.caller] != circles[call.callee] {
            let whole = whole.entry(circles[call.caller]).or_default();
            *whole = whole.saturating_add(call.inclusive);
        }
    }
    for (function, circle) in functions.iter_mut().zip(&circles) {
        function.inclusive = function.inclusive.min(whole[circle]).min(total).max(function.own);
    }
}

/// The circle each function is in, by number: functions that can reach each other through calls (Kosaraju's two passes).
fn circles(count: usize, calls: &[CallCost]) -> Vec<usize> {
    let mut forward = vec![Vec::new(); count];
    let mut backward = vec![Vec::new(); count];
    for call in calls {
        forward[call.caller].push(call.callee);
        backward[call.callee].push(call.caller);
    }
    let mut left = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    for start in 0..count {
        walk(start, &forward, &mut seen, &mut left);
    }
    let mut circle = vec![0; count];
    let mut seen = vec![false; count];
    for start in left.into_iter().rev() {
        let mut members = Vec::new();
        walk(start, &backward, &mut seen, &mut members);
        for member in members {
            circle[member] = start;
        }
    }
    circle
}

/// Visits what can be reached and was not seen, and lists it in the order it was left. Without recursion: call chains may
/// be long.
fn walk(start: usize, edges: &[Vec<usize>], seen: &mut [bool], left: &mut Vec<usize>) {
    if seen[start] {
        return;
    }
    seen[start] = true;
    let mut path = vec![(start, 0)];
    while let Some((node, next)) = path.last_mut() {
        if let Some(&target) = edges[*node].get(*next) {
            *next += 1;
            if !seen[target] {
                seen[target] = true;
                path.push((target, 0));
            }
        } else {
            left.push(*node);
            path.pop();
        }
    }
}
