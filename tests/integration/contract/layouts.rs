//! Functions that moved, and did not change.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use perfguard::domain::{LayoutSeed, Pair};
use perfguard::store::Store;

use super::{json, names_of, ran};
use crate::sandbox::Sandbox;

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
];

fn pairs(sandbox: &Sandbox) -> Vec<Pair> {
    let store = Store::open_read_only(&sandbox.path(".perfguard/store.db")).unwrap();
    let comparisons = store.comparisons().unwrap();
    comparisons.iter().flat_map(|comparison| store.pairs(comparison.id).unwrap()).collect()
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
    let pairs = pairs(&gauge);
    let seeds: BTreeSet<LayoutSeed> = pairs.iter().filter_map(|pair| pair.layout).collect();
    let most = pairs.iter().map(|pair| pair.index).max().unwrap() as usize + 1;
    assert!(pairs.iter().all(|pair| pair.layout.is_some()), "every pair has a layout");
    assert!(seeds.len() >= most, "each pair of a benchmark has another: {} of {most}", seeds.len());
    let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join("perfguard/layouts");
    assert_eq!(fs::read_dir(left).map_or(0, Iterator::count), 0, "no executable is left behind");
}

#[test]
fn the_layout_of_the_build_is_used_where_it_is_asked_for() {
    let gauge = moved();
    let ran = ran(&gauge, &[CHECK, &["--layout", "default", "gauge/steady"]].concat());
    assert!(matches!(ran.code, 0 | 100), "{}", ran.stderr);
    let pairs = pairs(&gauge);
    assert!(!pairs.is_empty() && pairs.iter().all(|pair| pair.layout.is_none()));
}
