//! Small slowdowns that add up, by counted instructions: nothing here depends on a clock.

use serde_json::Value;

use super::{benchmark, ran_with};
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

const WORK: &str = "gauge::work::gauge/work";

fn checked(gauge: &Sandbox, more: &[&str]) -> Value {
    let common = ["check", "--no-builtin", "--bench", "work", "--format", "json"];
    ran_with(gauge, &[&common[..], more].concat(), &[("PERFGUARD_METRICS", "instructions")]).json()
}

#[test]
fn what_passes_step_by_step_fails_against_the_release_and_every_check_says_so() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::new("gauge");
    let none = ran_with(&gauge, &["check", "--creep"], &[]);
    assert!(none.code == 2 && none.stderr.contains("[creep]"), "{none:?}");
    gauge.write(
        "perfguard.toml",
        "[thresholds]\ninstructions = \"3%\"\n[creep]\nsince = \"v*\"\nlimit = { instructions = \"3%\" }\n",
    );
    gauge.commit("configured");
    let early = checked(&gauge, &["--creep"]);
    assert_eq!((&early["exit_code"], &early["benchmarks"]), (&0.into(), &serde_json::json!([])));
    assert!(early["notes"].to_string().contains("no tag before this commit matches `v*`"), "{early}");
    gauge.git(&["tag", "v1.0.0"]);
    let (mut commits, mut last) = (Vec::new(), Value::Null);
    for (from, to) in [(1000, 1020), (1020, 1040)] {
        gauge.edit("src/lib.rs", &format!("ROUNDS: u64 = {from};"), &format!("ROUNDS: u64 = {to};"));
        commits.push(gauge.commit("a little slower"));
        last = checked(&gauge, &[]);
        assert_eq!(last["exit_code"], 0, "two percent are within the threshold");
    }
    // Up to the baseline: what this change adds is in the table.
    let notes = last["notes"].to_string();
    assert!(notes.contains(&format!("since v1.0.0, {WORK} crept +")), "{notes}");
    assert!(notes.contains("of 3 % in instructions (1 of 1 commits measured); most by "), "{notes}");
    let crept = checked(&gauge, &["--creep"]);
    let metric = &benchmark(&crept, WORK)["metrics"][0];
    assert_eq!((&crept["exit_code"], &metric["verdict"]), (&100.into(), &"regressed".into()), "{crept}");
    assert_eq!(crept["baseline"]["revision"], "v1.0.0");
    let notes = crept["notes"].to_string();
    assert!(notes.contains("(2 of 2 commits measured)") && notes.contains(&commits[0][..10]), "{notes}");
    // A release that is made in spite of it is where the next begins.
    gauge.git(&["tag", "--annotate", "v1.1.0", "--message", "x"]);
    let new = checked(&gauge, &["--creep"]);
    assert_eq!((&new["exit_code"], &new["baseline"]["revision"]), (&0.into(), &"v1.1.0".into()), "{new}");
    assert!(!new["notes"].to_string().contains("crept"), "{new}");
}
