//! Functions that moved, and did not change.

use std::collections::BTreeSet;
use std::fs;

use perfguard::domain::{LayoutSeed, Pair};
use perfguard::store::Store;

use super::counts::metric;
use super::{json, names_of, ran_with};
use crate::sandbox::{Sandbox, program};
use crate::skip::valgrind;

/// `gauge` whose benchmarks have a support module, to which a function is added that nothing runs.
fn moved() -> Sandbox {
    let gauge = Sandbox::new("gauge");
    gauge.write("benches/support/mod.rs", "pub fn number() -> u64 {\n    7\n}\n");
    gauge.edit("benches/work.rs", "fn benches(", "mod support;\n\nfn benches(");
    gauge.edit("benches/work.rs", "gauge::work(black_box(7))", "gauge::work(black_box(support::number()))");
    gauge.commit("second");
    let more = "\n#[inline(never)]\npub fn more(text: &str) -> Vec<String> {\n    let mut words: Vec<String> = \
                text.split(' ').map(str::to_uppercase).collect();\n    words.sort();\n    words.dedup();\n    words\n}\n\n\
                #[used]\nstatic KEPT: fn(&str) -> Vec<String> = more;\n";
    let text = gauge.read("benches/support/mod.rs");
    gauge.write("benches/support/mod.rs", &(text + more));
    gauge
}

const CHECK: &[&str] = &[
    "check",
    "--no-harness",
    "--bench",
    "work",
    "--baseline",
    "HEAD",
    "--budget",
    "20s",
    "--metrics",
    "wall-time",
    "--layout",
    "drawn",
];

fn pairs(sandbox: &Sandbox) -> Vec<Pair> {
    let store = Store::open_read_only(&sandbox.path(".perfguard/store.db")).unwrap();
    let comparisons = store.comparisons().unwrap();
    comparisons.iter().flat_map(|comparison| store.pairs(comparison.id).unwrap()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn claims_are_tried_in_what_was_drawn_for_pairs() {
    let gauge = crate::claims::gauge(crate::claims::CLAIM);
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1001");
    let generous = ["--threshold", "wall-time=900%"];
    let document = json(&gauge, &[CHECK, &generous].concat());
    assert!(document["claims"][0]["ratio"].is_number(), "{document}");
    let targets = document["layout"]["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 1, "{targets:?}");
    assert!(targets[0]["drawings"].as_u64() > Some(1) && targets[0]["fallback"].is_null(), "{targets:?}");
    // One drawing is never used twice in one comparison.
    let store = Store::open_read_only(&gauge.path(".perfguard/store.db")).unwrap();
    for comparison in store.comparisons().unwrap() {
        let pairs = store.pairs(comparison.id).unwrap();
        let layouts: BTreeSet<Option<LayoutSeed>> = pairs.iter().map(|pair| pair.layout).collect();
        assert!(layouts.len() == pairs.len() && !layouts.contains(&None), "{layouts:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_function_that_nothing_runs_changes_no_verdict() {
    let gauge = moved();
    let document = json(&gauge, CHECK);
    assert_eq!(names_of(&document), ["gauge::work::gauge/steady", "gauge::work::gauge/work"]);
    for benchmark in document["benchmarks"].as_array().unwrap() {
        let verdict = benchmark["verdict"].as_str().unwrap();
        assert!(!matches!(verdict, "regressed" | "improved" | "failed"), "{benchmark}");
    }
    assert!(!document["notes"].to_string().contains("layout of its build"), "{document}");
    let (asked, target) = (&document["layout"]["asked"], &document["layout"]["targets"][0]);
    assert_eq!(
        (asked, &target["target"], &target["used"]),
        (&"drawn".into(), &"gauge::work".into(), &"drawn".into())
    );
    assert!(target["same_functions"].as_u64().unwrap() > 1000, "{target}");
    assert_eq!(target["same_functions"], target["in_place"]);
    let pairs = pairs(&gauge);
    let seeds: BTreeSet<LayoutSeed> = pairs.iter().filter_map(|pair| pair.layout).collect();
    let most = pairs.iter().map(|pair| pair.index).max().unwrap() as usize + 1;
    assert!(pairs.iter().all(|pair| pair.layout.is_some()), "every pair has a layout");
    assert!(seeds.len() >= most, "each pair of a benchmark has another: {} of {most}", seeds.len());
    let left = gauge.target().join("perfguard/layouts");
    assert!(gauge.target().join("perfguard").is_dir());
    assert_eq!(fs::read_dir(left).map_or(0, Iterator::count), 0, "no executable is left behind");
}

/// A `cc` that links everything but the drawings after the first.
#[cfg(target_os = "linux")]
const LIMITED: &str = r#"#!/bin/sh
case "$*" in
  *symbol-ordering-file*/0000000000/*) ;;
  *symbol-ordering-file*) echo "error: no more orders" >&2; exit 1 ;;
esac
exec /usr/bin/cc "$@"
"#;

#[cfg(target_os = "linux")]
#[test]
fn the_layout_of_the_build_is_used_only_where_it_is_asked_for() {
    let gauge = moved();
    // Other tests have the same sources, and what is kept of them was linked by another `cc`.
    gauge.write("src/lib.rs", &format!("{}\n// Linked by another.\n", gauge.read("src/lib.rs")));
    gauge.commit("another linker");
    let text = gauge.read("benches/support/mod.rs");
    gauge.write(
        "benches/support/mod.rs",
        &text.replace("words.dedup();", "words.dedup();\n    words.reverse();"),
    );
    let tools = tempfile::tempdir().unwrap();
    let cc = tools.path().join("cc");
    program(&cc, LIMITED);
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap());
    let check = |layout: &str| {
        let arguments = [&CHECK[..CHECK.len() - 1], &[layout, "gauge/steady"]].concat();
        let ran = ran_with(&gauge, &arguments, &[("PATH", &path)]);
        assert!(matches!(ran.code, 0 | 100), "{}", ran.stderr);
        ran.stdout
    };
    check("default");
    let as_built = pairs(&gauge);
    assert!(!as_built.is_empty() && as_built.iter().all(|pair| pair.layout.is_none()));
    // No pair in the layout of the build comes among those in drawn ones.
    let report = check("drawn");
    assert!(report.contains("few layouts, some of them more than once: linking again failed"), "{report}");
    let drawn: Vec<Option<LayoutSeed>> =
        pairs(&gauge)[as_built.len()..].iter().map(|pair| pair.layout).collect();
    assert!(drawn.len() > 1 && drawn[0].is_some(), "{drawn:?}");
    assert!(drawn.iter().all(|layout| *layout == drawn[0]), "{drawn:?}");
}

/// Work that depends on where a constant lies, as hash tables do whose seeds are addresses.
const ADDRESSED: &str = "
static ANCHOR: u8 = 7;

#[inline(never)]
pub fn addressed(seed: u64) -> u64 {
    let place = std::hint::black_box(&ANCHOR) as *const u8 as u64;
    (0..10_000 + place % 4096).fold(seed, |sum, step| sum.rotate_left(5) ^ std::hint::black_box(step))
}
";

#[cfg(target_os = "linux")]
#[test]
fn counts_that_depend_on_addresses_are_compared_in_one_layout() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::new("gauge");
    gauge.write("src/lib.rs", &(gauge.read("src/lib.rs") + ADDRESSED));
    gauge.edit("benches/work.rs", "gauge::work(black_box(7))", "gauge::addressed(black_box(7))");
    gauge.commit("second");
    let words = r#"
const WORDS: &str = "some text that lies among the constants, and moves those behind it";
#[used]
static KEPT: fn() -> String = || WORDS.to_uppercase() + &format!("{:?}", WORDS.len());
"#;
    gauge.write("benches/work.rs", &(gauge.read("benches/work.rs") + words));
    let counted = |layout: &str| {
        let common =
            ["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD", "--metrics", "instructions"];
        let document = json(&gauge, &[&common[..], &["--layout", layout, "gauge/work"]].concat());
        metric(&document, "gauge::work::gauge/work", "instructions")["change"].as_f64().unwrap()
    };
    assert_eq!(counted("drawn").to_bits(), 0.0_f64.to_bits());
    assert!(counted("default") != 0.0, "this test would not see that the layout is the same");
}
