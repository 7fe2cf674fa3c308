//! A stored run is judged again from what the store holds.

use super::verdicts::{check, slower};
use super::{Ran, benchmark, judged_again, ran};

const WORK: &str = "gauge::work::gauge/work";

#[test]
fn a_stored_run_gives_the_same_report_to_the_byte_and_another_one_by_other_thresholds() {
    let gauge = slower();
    let first = check(&gauge, &["--format", "json", "--metrics", "wall-time,instructions", "-v"]);
    assert_eq!(first.code, 100, "{}\n{}", first.stdout, first.stderr);
    stages_are_told(&first);
    judged_again(&gauge, &first, &[]);
    let table = ran(&gauge, &["report", "--run", "last"]);
    assert!(table.stdout.contains(WORK) && table.stdout.contains("gate failed"), "{}", table.stdout);

    let lenient = ["report", "--run", "last", "--format", "json", "--threshold", "50%"];
    let lenient = ran(&gauge, &lenient).json();
    let instructions = &benchmark(&lenient, WORK)["metrics"][1];
    assert_eq!(
        (&instructions["metric"], &instructions["verdict"]),
        (&"instructions".into(), &"unchanged".into())
    );
    assert_eq!(lenient["exit_code"], 0, "{lenient}");
    assert!(instructions["change"].as_f64().unwrap() > 0.19, "{lenient}");

    let missing = ran(&gauge, &["report", "--run", "999"]);
    assert_eq!(missing.code, 101, "{}", missing.stderr);
    let nonsense = ran(&gauge, &["report", "--run", "yesterday"]);
    assert_eq!(nonsense.code, 2, "{}", nonsense.stderr);
}

/// Each second of a run belongs to one stage.
fn stages_are_told(run: &Ran) {
    let document = run.json();
    let stages = document["stages"].as_array().unwrap();
    let of = |name: &str| stages.iter().find(|stage| stage["name"] == name)?["seconds"].as_f64();
    for name in ["preparing", "baseline-build", "candidate-build", "listing", "counting", "measuring"] {
        assert!(of(name).is_some_and(|seconds| seconds > 0.0), "{name}: {stages:?}");
    }
    let sum: f64 = stages.iter().map(|stage| stage["seconds"].as_f64().unwrap()).sum();
    let whole = document["seconds"].as_f64().unwrap();
    assert!((sum - whole).abs() < 1e-6, "{sum} of {whole}: {stages:?}");
    let told = run.stderr.lines().rev().take(stages.len() + 1).collect::<Vec<_>>();
    for words in ["the whole run", "measuring", "counting"] {
        assert!(
            told.iter().any(|line| line.trim().starts_with(words) && line.ends_with(" s")),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_benchmark_that_was_renamed_is_compared_under_both_names() {
    let gauge = slower();
    let document = check(&gauge, &["--format", "json", "--metrics", "instructions"]).json();
    let fresh = benchmark(&document, "gauge::work::gauge/fresh");
    assert_eq!(fresh["renamed_from"], "gauge::work::gauge/gone", "{document}");
    assert_eq!(fresh["metrics"][0]["verdict"], "unchanged");
    let names = document["benchmarks"].as_array().unwrap();
    assert!(names.iter().all(|one| one["name"] != "gauge::work::gauge/gone"), "{document}");
}

#[test]
fn a_missing_benchmark_fails_the_gate_where_the_configuration_says_so() {
    let gauge = slower();
    let gone = |gauge: &crate::sandbox::Sandbox| {
        check(gauge, &["--metrics", "allocations", "--exact", "gauge::work::gauge/gone"]).code
    };
    assert_eq!(gone(&gauge), 0);
    gauge.write("perfguard.toml", "missing = \"fail\"\n");
    assert_eq!(gone(&gauge), 100);
}
