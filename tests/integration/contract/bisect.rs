//! The commit that made a benchmark slower, by counted allocations: nothing here depends on a clock.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::ran_with;
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

const WORK: &str = "gauge/work";

/// Commits a change that costs nothing.
fn neutral(gauge: &Sandbox, message: &str) -> String {
    let library = gauge.read("src/lib.rs");
    gauge.write("src/lib.rs", &format!("{library}\n// {message}\n"));
    gauge.commit(message)
}

#[test]
fn the_commit_is_found_behind_a_broken_build_and_inside_of_a_merge() {
    let gauge = Sandbox::allocating();
    let good = gauge.git(&["rev-parse", "HEAD"]);
    neutral(&gauge, "one");
    gauge.git(&["switch", "--quiet", "--create", "topic"]);
    neutral(&gauge, "topic one");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000;", "ROUNDS: u64 = 1500;");
    let culprit = gauge.commit("make it slower");
    neutral(&gauge, "topic three");
    gauge.git(&["switch", "--quiet", "main"]);
    gauge.write("build.rs", "this is no Rust\n");
    gauge.commit("broken");
    std::fs::remove_file(gauge.path("build.rs")).unwrap();
    gauge.commit("mended");
    gauge.git(&["merge", "--quiet", "--no-ff", "--no-edit", "topic"]);
    let merge = gauge.git(&["rev-parse", "HEAD"]);
    gauge.write("README.md", "after");
    gauge.commit("after");
    let metrics = [("PERFGUARD_METRICS", "allocations")];
    let common =
        ["bisect", WORK, &good, "HEAD", "--no-builtin", "--bench", "work", "--metric", "allocations"];
    // Killed while it builds its first probe, and begun again.
    let mut process = gauge.process(&common);
    let mut child = process.envs(metrics).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let built = lines.filter(|line| line.contains("Building the candidate")).nth(1);
    child.kill().unwrap();
    assert!(built.is_some(), "it ended early: {:?}", child.wait());
    child.wait().unwrap();
    let found = ran_with(&gauge, &[&common[..], &["--format", "json"]].concat(), &metrics).json();
    assert_eq!((&found["exit_code"], &found["commits"]), (&0.into(), &5.into()), "{found}");
    assert_eq!(found["parts"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["parts"][0]["suspects"][0]["commit"], merge.as_str(), "{found}");
    assert!((0.3..0.6).contains(&found["change"].as_f64().unwrap()), "{found}");
    // What is known is not built again, the merge is looked into, and the culprit is explained.
    let text = ran_with(&gauge, &[&common[..], &["--all-parents"]].concat(), &metrics);
    assert_eq!(text.code, 0, "{text:?}");
    let answer = format!("{} make it slower", &culprit[..10]);
    assert!(text.stdout.contains(&answer), "{}", text.stdout);
    assert!(
        !valgrind() || text.stdout.contains("`gauge::work`: 1 000 → 1 500 allocations"),
        "{}",
        text.stdout
    );
    // Nothing to look for.
    let none = ran_with(
        &gauge,
        &["bisect", WORK, &merge, "HEAD", "--no-builtin", "--bench", "work", "--metric", "allocations"],
        &metrics,
    );
    assert!(none.code == 102 && none.stdout.contains("no slowdown is proven"), "{none:?}");
    let backwards = ran_with(&gauge, &["bisect", WORK, "HEAD", &good, "--no-builtin"], &[]);
    assert!(backwards.code == 2 && backwards.stderr.contains("wrong way round"), "{backwards:?}");
}
