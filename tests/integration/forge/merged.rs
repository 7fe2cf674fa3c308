//! `merge` in a step of GitHub's: annotated and summed up as a check is, and then published as one whole.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{Job, benchmark, head, one_pull, report, unchanged};

fn part(index: u32, exit_code: u8, benchmarks: &[Value]) -> Value {
    let mut part = report(exit_code, &head(), benchmarks);
    part["partition"] = json!({ "kind": "hash", "index": index, "count": 2 });
    part
}

#[test]
fn a_merge_is_annotated_as_a_check_is_and_can_be_published() {
    let folder = tempfile::tempdir().unwrap();
    let write =
        |name: &str, document: &Value| fs::write(folder.path().join(name), document.to_string()).unwrap();
    write("1.json", &part(1, 100, &[benchmark("parser::parse::json/large", "regressed", 0.2)]));
    write("2.json", &part(2, 0, &[unchanged()]));
    let merge = |arguments: &[&str]| {
        fs::write(folder.path().join("summary.md"), "").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-perfguard"));
        command.current_dir(folder.path()).env_clear().args(["perfguard", "merge"]).args(arguments);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md");
        let output = command.output().unwrap();
        let summary = fs::read_to_string(folder.path().join("summary.md")).unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap(), summary)
    };
    let (code, stderr, summary) = merge(&["1.json", "2.json", "--format", "json", "--output", "whole.json"]);
    assert_eq!(code, 100, "{stderr}");
    let found = "::error file=benches/parse.rs,title=regressed%3A parser%3A%3Aparse%3A%3Ajson/large::wall-time +20.0 %25";
    assert!(stderr.lines().any(|line| line.starts_with(found)), "{stderr}");
    assert!(summary.contains("gate failed: 1 of 2 benchmarks regressed"), "{summary}");

    // A part that is missing is an error, and is annotated as one.
    let (code, stderr, summary) = merge(&["1.json"]);
    assert_eq!(code, 101);
    assert!(stderr.contains("::error title=failed%3A") && stderr.contains("hash:2/2"), "{stderr}");
    assert!(summary.contains("not completed"), "{summary}");
    let (_, stderr, summary) = merge(&["1.json", "2.json", "--no-annotations"]);
    assert!(!stderr.contains("::") && summary.is_empty(), "{stderr}");

    let server = one_pull();
    let whole = serde_json::from_str(&fs::read_to_string(folder.path().join("whole.json")).unwrap()).unwrap();
    Job::new(&server, 7, &whole).published();
    assert_eq!(server.shown(&head())["conclusion"], "failure");
}
