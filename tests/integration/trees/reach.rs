//! Equal executables settle a benchmark only when all that they can reach is equal, too.

use std::collections::BTreeSet;

use super::{WORK, bench};
use crate::contract::{benchmark, json};
use crate::sandbox::Sandbox;
use crate::slots;

const READS: &str = r#"
    let rounds = std::fs::read_to_string("benches/rounds.txt").unwrap();
    let tool = std::process::Command::new(env!("CARGO_BIN_EXE_tool")).output().unwrap();
    assert!(tool.status.success() && !rounds.is_empty());
"#;

#[test]
fn data_files_and_programs_that_differ_are_no_identical_build_and_prose_is() {
    let gauge = Sandbox::new("gauge");
    gauge.write("benches/work.rs", &bench(READS));
    gauge.write("benches/rounds.txt", "1");
    gauge.write("src/bin/tool.rs", "fn main() { println!(\"one\"); }\n");
    gauge.commit("first");
    let compared = || {
        let check = ["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD", "--threshold", "50%"];
        let document = json(&gauge, &check);
        assert_eq!(document["exit_code"], 0, "{document}");
        let metric = benchmark(&document, WORK)["metrics"][0].clone();
        (metric["verdict"].as_str().unwrap().to_owned(), metric["method"].as_str().unwrap().to_owned())
    };
    let found = |verdict: &str, method: &str| (verdict.to_owned(), method.to_owned());
    gauge.write("README.md", "words");
    assert_eq!(compared(), found("unchanged", "exact"), "prose is read by people");
    gauge.write("benches/rounds.txt", "22");
    assert_eq!(compared(), found("unchanged", "paired"), "data is read by the bench");
    gauge.commit("data");
    gauge.write("src/bin/tool.rs", "fn main() { println!(\"two\"); }\n");
    assert_eq!(compared(), found("unchanged", "paired"), "the program is run by the bench");
}

#[test]
fn a_first_run_takes_over_what_cargo_bench_compiled() {
    let gauge = Sandbox::new("gauge");
    let target = gauge.path("target");
    slots::furnish(&target);
    let mut list = gauge.perfguard_below(&target, &["list", "--no-builtin", "-vv"]);
    let output = list.env("PERFGUARD_LAYOUT", "drawn").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let compiled = told.lines().filter_map(|line| line.trim().strip_prefix("Compiling ")?.split(' ').next());
    // The library needs no Criterion: which of the two Cargo begins with is chance.
    assert_eq!(compiled.collect::<BTreeSet<_>>(), BTreeSet::from(["criterion", "gauge"]), "{told}");
}
