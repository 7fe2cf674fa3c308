//! The main shapes of a difference.

#![expect(clippy::float_cmp, reason = "figures are whole, so sums of them are exact")]

use crate::domain::{Account, CallCost, Evidence, FunctionCost, InstructionCount, LineCost, Sample};

use super::*;

pub(super) fn function(name: &str, own: u64) -> FunctionCost {
    FunctionCost {
        name: name.into(),
        object: Some("bench".into()),
        file: None,
        line: None,
        own,
        inclusive: own,
        called: 1,
        lines: Vec::new(),
    }
}

/// A function with a line table: its own lines in its own file, the first of them first.
fn written(name: &str, file: &str, lines: &[(u32, u64)]) -> FunctionCost {
    FunctionCost {
        file: Some(file.into()),
        line: lines.first().map(|(line, _)| *line),
        lines: lines.iter().map(|&(line, own)| LineCost { file: file.into(), line, own }).collect(),
        ..function(name, lines.iter().map(|(_, own)| own).sum())
    }
}

pub(super) fn call(from: usize, to: usize, times: u64, inclusive: u64) -> CallCost {
    CallCost { caller: from, callee: to, calls: times, inclusive }
}

fn count(functions: Vec<FunctionCost>, calls: Vec<CallCost>, iterations: u64) -> InstructionCount {
    let total = functions.iter().map(|function| function.own).sum();
    InstructionCount {
        sample: Sample::new(iterations, total as f64).unwrap(),
        profile: Profile { total, functions, calls, ..Profile::default() },
        code: None,
        counter: "callgrind 3.19".into(),
        set_up: false,
        threads: 1,
        seconds: 0.1,
    }
}

fn explained(baseline: Vec<FunctionCost>, candidate: Vec<FunctionCost>) -> Explanation {
    let sides =
        Sides { baseline: count(baseline, Vec::new(), 1), candidate: count(candidate, Vec::new(), 1) };
    explain(sides.as_ref())
}

/// Everything is accounted for, to rounding.
fn whole(explanation: &Explanation) {
    assert!(explanation.remainder().abs() < 1e-6, "{explanation:?}");
}

fn names(explanation: &Explanation) -> Vec<&str> {
    explanation.functions.iter().map(|function| function.name.as_str()).collect()
}

#[test]
fn one_function_is_found_whatever_the_iterations() {
    let baseline = count(vec![function("fib::grow", 5_000), function("fib::rest", 10_000)], vec![], 10);
    let candidate = count(vec![function("fib::rest", 20_060), function("fib::grow", 30_000)], vec![], 20);
    let found = explain(Sides { baseline: &baseline, candidate: &candidate });
    assert_eq!(found.total, Sides { baseline: 1_500.0, candidate: 2_503.0 });
    assert_eq!(names(&found), ["fib::grow"]);
    assert_eq!((found.functions[0].own(), found.others.functions), (1_000.0, 1));
    assert_eq!(found.functions[0].krate.as_deref(), Some("fib"));
    assert_eq!(found.cause, Account::One(0));
    whole(&found);
}

#[test]
fn many_functions_are_said_to_be_many() {
    let side = |own: u64| (0..20).map(|n| function(&format!("a::f{n}"), own)).collect::<Vec<_>>();
    let found = explained(side(100), side(150));
    assert_eq!((found.functions.len(), &found.cause), (20, &Account::Spread));
    let few = explained(
        vec![function("a::f", 100), function("a::g", 100)],
        vec![function("a::f", 200), function("a::g", 200)],
    );
    assert_eq!(few.cause, Account::Several(vec![0, 1]));
}

#[test]
fn nothing_is_said_of_nothing() {
    let same = || vec![function("a::f", 100), function("a::g", 3)];
    let found = explained(same(), same());
    assert_eq!(found.cause, Account::None);
    assert!(found.functions.is_empty() && found.others.functions == 0 && found.allocating.is_empty());
    assert_eq!(found.share(0.0), None);
    assert_eq!(explained(vec![], vec![]).cause, Account::None);
}

#[test]
fn what_only_moved_is_told_from_what_costs_more() {
    let found = explained(
        vec![function("a::f", 1_000), function("a::g", 10)],
        vec![function("a::f", 10), function("a::g", 1_001)],
    );
    assert_eq!(found.cause, Account::Moved { to: 0, from: 1 });
    assert_eq!(names(&found), ["a::g", "a::f"]);
}

#[test]
fn a_function_in_another_module_is_the_same_function() {
    let found = explained(vec![function("a::old::grow", 1_000)], vec![function("a::new::grow", 1_500)]);
    assert_eq!(found.functions[0].was.as_deref(), Some("a::old::grow"));
    assert_eq!(found.functions[0].occurrence, Occurrence::Both);
    // Of the same crate, and about the same size: otherwise it is another one.
    let other = explained(vec![function("a::grow", 1_000)], vec![function("b::grow", 1_500)]);
    assert_eq!(other.functions.len(), 2);
}

#[test]
fn inlining_is_no_difference_when_lines_tell() {
    let caller = |lines: &[(u32, u64)]| written("a::caller", "src/lib.rs", lines);
    let mut grown = caller(&[(50, 100)]);
    let inlined = [(12, 380), (13, 100)].map(|(line, own)| LineCost { file: "src/lib.rs".into(), line, own });
    grown.lines.extend(inlined);
    grown.own += 480;
    let found = explained(
        vec![written("a::helper", "src/lib.rs", &[(10, 20), (12, 400), (14, 80)]), caller(&[(50, 100)])],
        vec![grown],
    );
    assert_eq!(found.functions.len(), 1, "{found:?}");
    let only = &found.functions[0];
    assert_eq!((only.name.as_str(), only.own()), ("a::caller", -20.0));
    assert_eq!(only.inlined[0].name, "a::helper");
    assert_eq!(only.inlined[0].evidence, Evidence::Lines);
    assert_eq!(only.inlined[0].apart_in, Side::Baseline);
    whole(&found);
}

#[test]
fn lines_of_another_file_are_found_in_several_functions() {
    let helper = written("dep::helper", "dep/lib.rs", &[(10, 300)]);
    let with = |name: &str, own: u64| {
        let mut function = written(name, "src/lib.rs", &[(5, 10)]);
        function.lines.push(LineCost { file: "dep/lib.rs".into(), line: 99, own });
        function.own += own;
        function
    };
    let apart =
        vec![helper, written("a::f", "src/lib.rs", &[(5, 10)]), written("a::g", "src/lib.rs", &[(5, 10)])];
    let found = explained(vec![with("a::f", 200), with("a::g", 100)], apart);
    // It is the candidate that has the helper apart.
    assert!(found.functions.is_empty(), "{found:?}");
    assert_eq!(found.cause, Account::None);
    whole(&found);
}

#[test]
fn without_lines_the_caller_that_grew_is_suspected() {
    let baseline =
        count(vec![function("a::caller", 100), function("a::helper", 500)], vec![call(0, 1, 5, 500)], 1);
    let candidate = count(vec![function("a::caller", 580)], vec![], 1);
    let found = explain(Sides { baseline: &baseline, candidate: &candidate });
    assert_eq!(found.functions.len(), 1);
    assert_eq!(found.functions[0].own(), -20.0);
    assert_eq!(found.functions[0].inlined[0].evidence, Evidence::Calls);
    // A caller that did not grow holds nothing.
    let candidate = count(vec![function("a::caller", 100)], vec![], 1);
    let found = explain(Sides { baseline: &baseline, candidate: &candidate });
    assert_eq!(found.functions[0].occurrence, Occurrence::Gone);
}

#[test]
fn calls_are_counted_with_who_makes_them() {
    let side = |called: u64, own: u64| {
        let functions = vec![
            function("a::main", 10),
            FunctionCost { called, ..function("a::step", own) },
            function("a::b", 1),
        ];
        count(functions, vec![call(0, 1, called - 1, own), call(2, 1, 1, 1)], 1)
    };
    let found = explain(Sides { baseline: &side(5, 500), candidate: &side(10, 1_000) });
    let step = &found.functions[0];
    assert_eq!((step.called(), step.called_by.as_deref()), (5.0, Some("a::main")));
}

#[test]
fn closures_match_whatever_their_number() {
    let found = explained(
        vec![function("a::f::{closure#0}", 100), function("a::f::{closure#1}", 900)],
        vec![
            function("a::f::{closure#0}", 50),
            function("a::f::{closure#1}", 100),
            function("a::f::{closure#2}", 960),
        ],
    );
    assert_eq!(found.difference(), 110.0);
    assert!(found.functions.iter().all(|function| function.was.is_none()));
    whole(&found);
}

#[test]
fn two_functions_of_one_name_stay_apart() {
    let side = |first: u64, second: u64, moved: u32| {
        vec![
            written("a::f::{{closure}}", "src/lib.rs", &[(10 + moved, first)]),
            written("a::f::{{closure}}", "src/lib.rs", &[(20 + moved, second)]),
            function("a::f::{{closure}}", 7),
        ]
    };
    let found = explained(side(100, 900, 0), side(600, 900, 10));
    assert_eq!((found.functions.len(), found.functions[0].own()), (1, 500.0), "{found:?}");
    assert_eq!(found.functions[0].place.as_ref().unwrap().line, Some(20));
}

#[test]
fn a_very_long_name_is_a_name() {
    let long = format!("a::f::<{}>", vec!["b::C<d::E>"; 300].join(", "));
    let found = explained(vec![function(&long, 100)], vec![function(&long, 300)]);
    assert_eq!(names(&found), [long.as_str()]);
}

#[test]
fn without_symbols_nobody_is_blamed() {
    let side =
        |own: u64| vec![function("0x0000000000012340", own), function("???", own), function("main", 5)];
    let found = explained(side(100), side(200));
    assert_eq!(found.cause, Account::Nameless);
    assert_eq!(found.functions.len(), 1);
    assert!(found.nameless.candidate > 0.9);
}

#[test]
fn memory_is_charged_to_who_asks_for_it() {
    let functions = || {
        vec![
            function("fib::grow", 10),
            function("alloc::raw_vec::finish_grow", 10),
            function("__rustc::__rust_alloc", 10),
            function("malloc", 10),
            function("fib::other", 10),
        ]
    };
    let calls = |n: u64| {
        vec![call(0, 1, n, 0), call(4, 1, n, 0), call(1, 2, 2 * n, 0), call(2, 3, 2 * n, 0), call(4, 3, 1, 0)]
    };
    let (baseline, candidate) = (count(functions(), calls(1), 1), count(functions(), calls(4), 1));
    let found = explain(Sides { baseline: &baseline, candidate: &candidate }).allocating;
    let told: Vec<_> =
        found.iter().map(|one| (one.name.as_str(), one.calls.baseline, one.calls.candidate)).collect();
    assert_eq!(told, [("fib::grow", 1.0, 4.0), ("fib::other", 2.0, 5.0)]);
}

#[test]
fn what_the_library_does_is_told_of_who_had_it_done() {
    let side = |allocations: u64| {
        let cost = allocations * 100;
        let functions = vec![
            FunctionCost { inclusive: 260 + cost, ..function("work::benches::{closure#0}", 10) },
            FunctionCost { inclusive: 250 + cost, ..function("fib::grow", 50) },
            FunctionCost { inclusive: 200, ..function("fib::rest", 200) },
            FunctionCost { called: allocations, ..function("realloc", cost * 7 / 10) },
            FunctionCost { called: allocations, ..function("alloc::raw_vec::finish_grow", cost * 3 / 10) },
        ];
        count(
            functions,
            vec![call(0, 1, 1, 250 + cost), call(1, 2, 1, 200), call(1, 3, allocations, cost)],
            1,
        )
    };
    let found = explain(Sides { baseline: &side(1), candidate: &side(7) });
    let Account::Within(place) = found.cause else { panic!("{found:?}") };
    assert_eq!((found.functions[place].name.as_str(), found.functions[place].own()), ("fib::grow", 0.0));
    assert_eq!(names(&found)[..2], ["realloc", "alloc::raw_vec::finish_grow"]);
    whole(&found);
}

#[test]
fn a_function_that_begins_with_inlined_library_code_is_where_the_rest_of_it_is() {
    let side = |own: u64| {
        let mut helper = written("fib::helper", "library/core/src/num.rs", &[(2029, 10)]);
        let lines = [(9, own), (7, 5)].map(|(line, own)| LineCost { file: "src/lib.rs".into(), line, own });
        helper.lines.extend(lines);
        helper.own += own + 5;
        vec![helper]
    };
    let found = explained(side(100), side(300));
    let place = found.functions[0].place.clone().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("src/lib.rs", Some(7)));
}

#[test]
fn what_was_inlined_into_the_inlined_goes_with_it() {
    let library = |own: u64| LineCost { file: "library/core/src/hint.rs".into(), line: 482, own };
    let mut helper = written("a::helper", "src/lib.rs", &[(8, 100), (9, 40)]);
    helper.lines.push(library(900));
    helper.own += 900;
    let with = |lines: &[(u32, u64)], inlined: u64| {
        let mut caller = written("a::caller", "src/lib.rs", lines);
        caller.lines.push(library(inlined));
        caller.own += inlined;
        caller
    };
    // One line came in above the helper.
    let baseline = vec![with(&[(20, 50), (7, 90), (8, 40)], 870)];
    let found = explained(baseline, vec![helper, with(&[(21, 50)], 0)]);
    assert_eq!(names(&found), ["a::caller"], "{found:?}");
    assert_eq!(found.functions[0].own(), 40.0);
    assert_eq!(found.functions[0].inlined[0].apart_in, Side::Candidate);
    // Lines of the library alone prove nothing.
    let stranger = written("a::stranger", "src/lib.rs", &[(8, 100)]);
    let found = explained(vec![with(&[(50, 5)], 870)], vec![stranger, with(&[(50, 5)], 0)]);
    assert_eq!(found.functions.len(), 2);
}
