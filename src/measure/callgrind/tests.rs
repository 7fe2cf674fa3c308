//! Texts as Callgrind writes them, and texts as nobody should.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::domain::{FunctionCost, Profile};

/// Two functions, a call, a file that was inlined, all kinds of compression.
const PLAIN: &str = "\
# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 7
cmd:  work --bench
part: 1

desc: Trigger: Client Request
positions: line
events: Ir Bc
summary: 0

ob=(1) /target/work-1
fl=(1) /src/lib.rs
fn=(1) _ZN4work4main17h0123456789abcdefE
10 5 1
+2 3
fi=(2) /core/iter.rs
7 20 4
fe=(1)
* 1
cob=(2) /lib/libc.so.6
cfi=(3) ???
cfn=(2) malloc
calls=2 0
* 40 6
jcnd=3/9 +1
+1
fn=(3) _RNvC4work4leaf
-3 6
cfn=(1)
calls=1 10
+1 9

ob=(2)
fl=(3)
fn=(2)
0 30 5

totals: 65 10
";

fn profile(text: &str) -> Profile {
    parse(text).unwrap().profile()
}

fn function<'a>(profile: &'a Profile, name: &str) -> &'a FunctionCost {
    profile.functions.iter().find(|function| function.name == name).unwrap_or_else(|| panic!("{profile:#?}"))
}

/// A whole file around some lines that count instructions only.
fn file(lines: &str, total: u64) -> String {
    format!("version: 1\nevents: Ir\n\nob=/o\nfl=/f\n{lines}\ntotals: {total}\n")
}

#[test]
fn a_profile_has_functions_lines_and_calls() {
    let profile = profile(PLAIN);
    assert_eq!(profile.total, 65);
    assert_eq!(profile.events, [("Bc".to_owned(), 10)].into());
    let main = function(&profile, "work::main");
    assert_eq!((main.own, main.inclusive, main.called, main.line), (29, 65, 1, Some(7)));
    assert_eq!((main.object.as_deref(), main.file.as_deref()), (Some("work-1"), Some("/src/lib.rs")));
    let lines: Vec<(&str, u32, u64)> =
        main.lines.iter().map(|line| (line.file.as_str(), line.line, line.own)).collect();
    assert_eq!(
        lines,
        [("/core/iter.rs", 7, 20), ("/src/lib.rs", 7, 1), ("/src/lib.rs", 10, 5), ("/src/lib.rs", 12, 3)]
    );
    let malloc = function(&profile, "malloc");
    assert_eq!((malloc.own, malloc.called, malloc.file.as_deref()), (30, 2, None));
    assert_eq!(malloc.object.as_deref(), Some("libc.so.6"), "the caller's own object is another");
    assert!(malloc.lines.is_empty());
    let leaf = function(&profile, "work::leaf");
    assert_eq!((leaf.own, leaf.inclusive, leaf.called, leaf.line), (6, 15, 0, Some(5)));
    let call = profile.calls.iter().find(|call| profile.functions[call.callee].name == "malloc").unwrap();
    assert_eq!((call.calls, call.inclusive), (2, 40));
    assert_eq!(profile.functions[call.caller].name, "work::main");
}

#[test]
fn events_come_in_any_order_and_some_are_left_out() {
    let text = PLAIN.replace("events: Ir Bc", "events: Bc Ir");
    assert_eq!(parse(&text).unwrap().instructions(), 10, "the second column is what counts now");
    let none = PLAIN.replace("events: Ir Bc", "events: Cy Bc");
    assert_eq!(parse(&none), Err(CallgrindError::NoInstructions));
}

#[test]
fn addresses_may_come_before_lines() {
    let text = "positions: instr line\nevents: Ir\nfl=/f\nfn=a\n0x10 3 5\n+4 * 2\n* +1 1\ntotals: 8\n";
    let lines: Vec<(u32, u64)> =
        profile(text).functions[0].lines.iter().map(|line| (line.line, line.own)).collect();
    assert_eq!(lines, [(3, 7), (4, 1)]);
}

#[test]
fn parts_of_one_file_are_added_up() {
    let text = "part: 1\nevents: Ir\nfl=(1) /f\nfn=(1) a\n1 5\ntotals: 5\npart: 2\nevents: Ir\nfl=(1)\nfn=(1)\n2 6\ntotals: 6\n";
    let profile = profile(text);
    assert_eq!((profile.total, profile.functions[0].own), (11, 11));
    let cut = text.replacen("totals: 5\n", "", 1);
    assert_eq!(parse(&cut), Err(CallgrindError::Truncated));
}

#[test]
fn names_are_told_apart_by_object_and_file() {
    let lines = "fn=same\n1 5\nfl=/other\nfn=same\n1 6\nob=/p\nfn=same\n1 7";
    let profile = profile(&file(lines, 18));
    let own: Vec<u64> = profile.functions.iter().map(|function| function.own).collect();
    assert_eq!(own, [5, 6, 7]);
}

#[test]
fn levels_of_a_recursion_are_one_function() {
    let lines = "fn=(1) f\n1 10\ncfn=(2) f'2\ncalls=1 1\n1 30\nfn=(2)\n1 20\ncfn=(2)\ncalls=4 1\n1 20\ncfn=g\ncalls=5 1\n1 10\nfn=g\n1 10";
    let profile = profile(&file(lines, 40));
    let f = function(&profile, "f");
    assert_eq!((f.own, f.inclusive, f.called), (30, 40, 5));
}

#[test]
fn a_circle_of_functions_is_counted_once() {
    // a calls b, b calls a again, and both do work.
    let lines = "fn=a\n1 10\ncfn=b\ncalls=1 1\n1 60\nfn=b\n1 20\ncfn=a'2\ncalls=1 1\n1 40\nfn=a'2\n1 10\ncfn=b'2\ncalls=1 1\n1 30\nfn=b'2\n1 30\nfn=m\n1 5\ncfn=a\ncalls=1 1\n1 70";
    let profile = profile(&file(lines, 75));
    assert_eq!(function(&profile, "a").inclusive, 70);
    assert!(function(&profile, "b").inclusive <= 70);
    assert_eq!(function(&profile, "m").inclusive, 75);
}

#[test]
fn long_names_and_hashes() {
    let long = format!("_ZN1a2000{}E", "b".repeat(2000));
    let lines =
        format!("fn=(1) {long}\n1 5\nfn=(2) _ZN4core3fmt5write17hdeadbeefdeadbeefE\n1 6\nfn=(1)\n2 1");
    let profile = profile(&file(&lines, 12));
    assert_eq!(function(&profile, "core::fmt::write").own, 6);
    assert!(profile.functions.iter().any(|function| function.name.len() > 2000 && function.own == 6));
}

#[test]
fn names_without_numbers_and_with_brackets() {
    let profile = profile(&file("fn=(anonymous namespace)::f(int)\n1 5\nfn=(below main)\n1 6", 11));
    assert_eq!(function(&profile, "(anonymous namespace)::f(int)").own, 5);
    assert_eq!(function(&profile, "(below main)").own, 6);
}

#[test]
fn what_is_cut_short_or_disagrees_is_refused() {
    assert_eq!(parse(""), Err(CallgrindError::Truncated));
    let wrong = PLAIN.replace("totals: 65", "totals: 66");
    assert_eq!(parse(&wrong), Err(CallgrindError::Disagrees { event: "Ir".into(), sum: 65, total: 66 }));
    let nonsense = PLAIN.replace("jcnd=3/9 +1", "what=3");
    assert!(
        matches!(parse(&nonsense), Err(CallgrindError::Line { number: 27, .. })),
        "{:?}",
        parse(&nonsense)
    );
    let nameless = file("1 5", 5);
    assert!(matches!(parse(&nameless), Err(CallgrindError::Line { .. })), "costs of nobody");
}

#[test]
fn once_per_sample_is_taken_out() {
    let many = parse(&file("fn=a\n1 50\n2 7\ncfn=b\ncalls=5 1\n1 25\nfn=b\n9 25", 82)).unwrap();
    let one = parse(&file("fn=a\n1 10\n2 7\ncfn=b\ncalls=1 1\n1 5\nfn=b\n9 5", 22)).unwrap();
    let profile = many.minus(&one).profile();
    assert_eq!(profile.total, 60);
    let a = function(&profile, "a");
    assert_eq!((a.own, a.inclusive, a.lines.len()), (40, 60, 1));
    assert_eq!(function(&profile, "b").called, 4);
    assert_eq!(one.minus(&many).profile().total, 0);
    assert_eq!(many.minus(&many).profile(), Profile { events: [].into(), ..Profile::default() });
}

proptest! {
    /// Whatever the program, its parts come to the whole, and inclusive costs stay between own and all.
    #[test]
    fn parts_come_to_the_whole(
        costs in prop::collection::vec((0_usize..6, 1_u32..50, 1_u64..1000), 1..40),
        calls in prop::collection::vec((0_usize..6, 0_usize..6, 1_u64..9, 0_u64..2000), 0..30),
    ) {
        let mut lines = String::new();
        let mut total = 0;
        for (name, line, cost) in &costs {
            writeln!(lines, "fn=f{name}\n{line} {cost}").unwrap();
            total += cost;
        }
        for (caller, callee, count, inclusive) in &calls {
            writeln!(lines, "fn=f{caller}\ncfn=f{callee}\ncalls={count} 1\n1 {inclusive}").unwrap();
        }
        let profile = profile(&file(&lines, total));
        prop_assert_eq!(profile.total, total);
        prop_assert_eq!(profile.functions.iter().map(|function| function.own).sum::<u64>(), total);
        for function in &profile.functions {
            prop_assert!(function.own <= function.inclusive && function.inclusive <= total);
            prop_assert_eq!(function.lines.iter().map(|line| line.own).sum::<u64>(), function.own);
        }
        let called: u64 = calls.iter().map(|call| call.2).sum();
        prop_assert_eq!(profile.functions.iter().map(|function| function.called).sum::<u64>(), called);
    }

    /// A file cut anywhere but after its last line is refused, and never panics.
    #[test]
    fn no_cut_goes_unnoticed(at in 0..PLAIN.len()) {
        prop_assert!(parse(&PLAIN[..at]).is_err());
    }

    /// Any text is read or refused.
    #[test]
    fn any_text_is_survived(text in "(?s)((fn|fl|cfn|calls|totals|events|positions|part|jump|ob)[=:] ?[(]?[0-9+*-]{0,22}[)]? ?[a-z0-9 ]{0,6}\n|[0-9+*-]{1,22} [0-9]{0,22}\n|.{0,9}){0,20}") {
        let _ = parse(&text).map(|dump| dump.profile());
    }
}
