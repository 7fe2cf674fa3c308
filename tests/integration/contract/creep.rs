//! Small slowdowns that add up, by counted allocations: nothing here depends on a clock.

use serde_json::Value;

use super::{benchmark, ran_with};
use crate::sandbox::Sandbox;

const WORK: &str = "gauge::work::gauge/work";

const CHECK: [&str; 4] = ["check", "--no-builtin", "--bench", "work"];
const ALLOCATIONS: [(&str, &str); 1] = [("PERFGUARD_METRICS", "allocations")];

fn checked(gauge: &Sandbox, more: &[&str]) -> Value {
    ran_with(gauge, &[&CHECK[..], &["--format", "json"], more].concat(), &ALLOCATIONS).json()
}

#[test]
fn the_change_that_crosses_the_limit_fails_and_what_others_added_fails_nobody() {
    let gauge = Sandbox::allocating();
    let none = ran_with(&gauge, &["check", "--creep"], &[]);
    assert!(none.code == 2 && none.stderr.contains("[creep]"), "{none:?}");
    gauge.write(
        "perfguard.toml",
        "[thresholds]\nallocations = \"3%\"\n[creep]\nsince = \"v*\"\nlimit = { allocations = \"3%\" }\n",
    );
    gauge.commit("configured");
    let early = checked(&gauge, &["--creep"]);
    assert_eq!((&early["exit_code"], &early["benchmarks"]), (&0.into(), &serde_json::json!([])));
    assert!(early["notes"].to_string().contains("no tag before this commit matches `v*`"), "{early}");
    gauge.git(&["tag", "v1.0.0"]);
    let slower = |from: u32, to: u32| {
        gauge.edit("src/lib.rs", &format!("ROUNDS: u64 = {from};"), &format!("ROUNDS: u64 = {to};"));
        gauge.commit("a little slower")
    };
    let accepted = "baselines/accepted/a.toml";
    gauge.write(
        accepted,
        "benchmark = \"gauge::work::*\"\nup-to = { allocations = \"0.5%\" }\nreason = \"checks\"\n",
    );
    let first = slower(1000, 1020);
    assert_eq!(checked(&gauge, &[])["exit_code"], 0, "two percent are within the threshold");
    // Two more are, too, and carry the sum past three, and past what was accepted since, also when that file is gone.
    std::fs::remove_file(gauge.path(accepted)).unwrap();
    let second = slower(1020, 1040);
    let crossed = ran_with(&gauge, &[&CHECK[..], &["--format", "json"]].concat(), &ALLOCATIONS);
    let again = ran_with(&gauge, &["report", "--run", "last", "--format", "json"], &ALLOCATIONS);
    assert_eq!(again.stdout, crossed.stdout, "judged again it is the same to the byte");
    let crossed = crossed.json();
    let metric = &benchmark(&crossed, WORK)["metrics"][0];
    assert_eq!(
        (&crossed["exit_code"], &metric["verdict"], &metric["reason_code"]),
        (&100.into(), &"regressed".into(), &"crept".into()),
        "{crossed}"
    );
    assert!(metric["reason"].as_str().unwrap().contains("slower than v1.0.0, measured now"), "{metric}");
    let notes = crossed["notes"].to_string();
    assert!(notes.contains(&format!("since v1.0.0, {WORK} crept +")), "{notes}");
    assert!(
        notes.contains("of 3.515 % in allocations (1 of 1 commits measured); the limit is 3 % and"),
        "{notes}"
    );
    assert!(notes.contains("what was accepted since; this change +"), "{notes}");
    let table = ran_with(&gauge, &["report", "--run", "last"], &ALLOCATIONS).stdout;
    let table = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(table.contains("slower than v1.0.0, measured now, of 3.515 % that may creep"), "{table}");
    // What adds nothing passes, however much has crept.
    gauge.write("README.md", "nothing that is executed\n");
    let library = gauge.read("src/lib.rs");
    gauge.write("src/lib.rs", &format!("{library}\n// nothing\n"));
    gauge.commit("nothing");
    let passed = checked(&gauge, &[]);
    assert_eq!(passed["exit_code"], 0, "{passed}");
    assert!(passed["notes"].to_string().contains("what was accepted since; this change 0 %"), "{passed}");
    let crept = checked(&gauge, &["--creep"]);
    let metric = &benchmark(&crept, WORK)["metrics"][0];
    assert_eq!((&crept["exit_code"], &metric["verdict"]), (&100.into(), &"regressed".into()), "{crept}");
    assert_eq!(crept["baseline"]["revision"], "v1.0.0");
    let notes = crept["notes"].to_string();
    // The third has the executable of the second, whose allocations are known.
    assert!(notes.contains("(2 of 3 commits measured)"), "{notes}");
    assert!(notes.contains(&first[..10]) && notes.contains(&second[..10]), "{notes}");
    let raised = checked(&gauge, &["--creep", "--accept", "gauge::work::*=1%"]);
    let metric = &benchmark(&raised, WORK)["metrics"][0];
    assert_eq!((&raised["exit_code"], &metric["verdict"]), (&0.into(), &"unchanged".into()), "{raised}");
    assert!(raised["notes"].to_string().contains("of 4.55 % in"), "{raised}");
    let again = ran_with(&gauge, &["report", "--run", "last", "--format", "json"], &ALLOCATIONS);
    assert_eq!(again.json(), raised, "a stored run knows the limits that it was held to");
    // A release that is made in spite of it is where the next begins.
    gauge.git(&["tag", "--annotate", "v1.1.0", "--message", "x"]);
    let new = checked(&gauge, &["--creep"]);
    assert_eq!((&new["exit_code"], &new["baseline"]["revision"]), (&0.into(), &"v1.1.0".into()), "{new}");
    assert!(!new["notes"].to_string().contains("crept"), "{new}");
}
