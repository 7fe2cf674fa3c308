//! The layout facts hold on this target, and the binary prints them as JSON lines.

use std::process::Command;

use perfguard_harness::layout::{Fact, facts};

#[test]
fn every_fact_holds_here() {
    let broken: Vec<Fact> = facts().into_iter().filter(|fact| !fact.holds()).collect();
    assert_eq!(broken, []);
}

#[test]
fn a_type_that_is_too_large_breaks_its_fact() {
    let fact = Fact { type_name: "made up", size: 9, align: 8, expected_size: 8 };
    assert!(!fact.holds());
}

#[test]
fn names_need_no_escaping_and_differ() {
    let mut names: Vec<&str> = facts().iter().map(|fact| fact.type_name).collect();
    assert!(names.iter().all(|name| !name.contains(['"', '\\'])));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// A program of this target, started as Cargo started this one: perhaps by a `runner` from the environment.
fn command(program: &str) -> Command {
    let architecture = std::env::consts::ARCH.to_ascii_uppercase();
    let is_runner =
        |name: &str| name.starts_with(&format!("CARGO_TARGET_{architecture}_")) && name.ends_with("_RUNNER");
    let runner = std::env::vars().find(|(name, _)| is_runner(name)).map(|(_, words)| words);
    let mut words = runner.iter().flat_map(|words| words.split_whitespace()).chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    command
}

#[test]
fn the_binary_prints_one_line_per_fact() {
    let output = command(env!("CARGO_BIN_EXE_perfguard-layout")).output().expect("the binary starts");
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).expect("the lines are UTF-8");
    let expected: Vec<String> = facts()
        .iter()
        .map(|fact| {
            let Fact { type_name, size, align, expected_size } = fact;
            format!(
                r#"{{"type":"{type_name}","size":{size},"align":{align},"expected_size":{expected_size},"holds":true}}"#
            )
        })
        .collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}
