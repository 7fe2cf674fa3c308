//! As a step of GitHub's: annotations, the step's summary, and nothing that is relayed is a command.

use std::fs;

use super::{Ran, ran_with};
use crate::sandbox::Sandbox;

const CHECK: [&str; 8] =
    ["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD", "--metrics", "allocations"];

/// Runs as a step, whose summary is beside the project.
fn step(gauge: &Sandbox, arguments: &[&str]) -> (Ran, String) {
    let summary = gauge.root().parent().unwrap().join("summary.md");
    fs::write(&summary, "").unwrap();
    let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let ran = ran_with(gauge, arguments, &variables);
    (ran, fs::read_to_string(&summary).unwrap())
}

/// What the runner obeys of a step's standard error, and what it was told to pass over.
fn heard(ran: &Ran) -> (Vec<&str>, Vec<&str>) {
    let (mut obeyed, mut passed) = (Vec::new(), Vec::new());
    let mut token: Option<String> = None;
    for line in ran.stderr.lines() {
        let content = line.trim_start();
        if let Some(until) = &token {
            if content == format!("::{until}::") {
                token = None;
            } else {
                passed.push(line);
            }
        } else if let Some(until) = content.strip_prefix("::stop-commands::") {
            assert!(until.len() >= 32, "{until}");
            token = Some(until.to_owned());
        } else {
            obeyed.push(line);
        }
    }
    assert_eq!(token, None, "commands are obeyed again: {}", ran.stderr);
    (obeyed, passed)
}

#[test]
fn a_step_of_github_is_annotated_and_summed_up() {
    let gauge = Sandbox::new("gauge");
    let old = "pub fn work(seed: u64) -> u64 {\n    let mut state = seed | 1;";
    let new =
        "pub fn work(seed: u64) -> u64 {\n    let mut state = *std::hint::black_box(Box::new(seed | 1));";
    gauge.edit("src/lib.rs", old, new);

    let (ran, summary) = step(&gauge, &CHECK);
    assert_eq!(ran.code, 100, "{}", ran.stderr);
    let (obeyed, passed) = heard(&ran);
    let wanted =
        "::error file=benches/work.rs,title=regressed%3A gauge%3A%3Awork%3A%3Agauge/work::allocations";
    assert!(obeyed.len() == 1 && obeyed[0].starts_with(wanted), "{obeyed:?}");
    assert!(!passed.is_empty());
    assert!(summary.contains("gate failed") && summary.contains("gauge/work"), "{summary}");
    assert!(ran.stdout.contains("gate failed") && !ran.stdout.contains("::error"), "{}", ran.stdout);

    // Neither where it is not wanted, nor outside of GitHub.
    let (quiet, summary) = step(&gauge, &[&CHECK[..], &["--no-annotations"]].concat());
    assert_eq!((quiet.code, summary.as_str()), (100, ""));
    let outside = ran_with(&gauge, &CHECK, &[("GITHUB_ACTIONS", "")]);
    for ran in [quiet, outside] {
        assert!(!ran.stderr.contains("stop-commands") && !ran.stderr.contains("::error"), "{}", ran.stderr);
    }
}

#[test]
fn what_a_build_says_is_no_command() {
    let gauge = Sandbox::new("gauge");
    let library = gauge.read("src/lib.rs");
    let forged = "compile_error!(\"\\n::error::owned\\n  ::set-env name=PATH::/owned\\n##[error]owned\");";
    gauge.write("src/lib.rs", &format!("{library}\n{forged}\n"));
    let (ran, summary) = step(&gauge, &CHECK);
    assert_eq!(ran.code, 101, "{}", ran.stderr);
    let (obeyed, passed) = heard(&ran);
    assert!(passed.iter().any(|line| line.contains("owned")), "{passed:?}");
    assert!(
        obeyed.len() == 1 && obeyed[0].starts_with("::error title=failed%3A cargo perfguard::"),
        "{obeyed:?}"
    );
    assert!(summary.contains("not completed"), "{summary}");
    // A step that passes over nothing would be safe as well.
    assert!(!ran.stderr.lines().any(|line| line.trim_start().starts_with("::set-env")), "{}", ran.stderr);
}
