//! A slowdown that a change accepts: from the check that finds it to the one after the merge.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::counts::metric;
use super::{Ran, benchmark, ran, ran_with};
use crate::sandbox::Sandbox;

const WORK: &str = "gauge::work::gauge/work";

/// Counts alone: what they find does not depend on a clock.
const CHECK: [&str; 6] = ["check", "--no-builtin", "--metrics", "allocations", "--format", "json"];

fn check(gauge: &Sandbox, more: &[&str]) -> Ran {
    ran(gauge, &[&CHECK[..], more].concat())
}

/// Makes `work` allocate so often.
fn allocate(gauge: &Sandbox, times: usize) {
    let library = gauge.read("src/lib.rs");
    let mut lines: Vec<&str> = library.lines().filter(|line| !line.contains("Box::new")).collect();
    let at = lines.iter().position(|line| line.contains("pub fn work")).unwrap();
    let extra = "    let seed = *std::hint::black_box(Box::new(seed));";
    lines.splice(at + 1..=at, std::iter::repeat_n(extra, times));
    gauge.write("src/lib.rs", &(lines.join("\n") + "\n"));
}

/// The one file of acceptances.
fn file(gauge: &Sandbox) -> String {
    let mut names: Vec<String> = fs::read_dir(gauge.path("baselines/accepted"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    format!("baselines/accepted/{}", names.remove(0))
}

fn accepted(document: &Value) -> &Value {
    &metric(document, WORK, "allocations")["accepted"]
}

#[test]
fn a_slowdown_is_accepted_for_the_change_that_says_so_and_no_longer() {
    let gauge = Sandbox::new("gauge");
    gauge.write(".git/info/exclude", ".perfguard\n");
    let nothing = ran(&gauge, &["baseline", "accept", "work", "--reason", "because"]);
    assert_eq!(nothing.code, 2, "{}", nothing.stderr);
    assert!(nothing.stderr.contains("no completed check"), "{}", nothing.stderr);

    gauge.git(&["checkout", "--quiet", "-b", "feature"]);
    allocate(&gauge, 1);
    gauge.commit("slower");
    assert_eq!(check(&gauge, &[]).code, 100);
    let other = ran(&gauge, &["baseline", "accept", "steady", "--reason", "because"]);
    assert_eq!(other.code, 2);
    assert!(
        other.stderr.contains("regressed in the last check") && other.stderr.contains(WORK),
        "{}",
        other.stderr
    );
    let empty = ran(&gauge, &["baseline", "accept", "gauge/work", "--reason", " "]);
    assert!(empty.code == 2 && empty.stderr.contains("`reason`"), "{}", empty.stderr);
    let wrote = ran(&gauge, &["baseline", "accept", "gauge/work", "--reason", "Bounds checks (#812)"]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    assert!(
        wrote.stdout.contains("accepts allocations up to 1") && wrote.stdout.contains(WORK),
        "{}",
        wrote.stdout
    );
    let path = file(&gauge);
    assert!(path.ends_with("-bounds-checks-812.toml"), "{path}");
    let text = gauge.read(&path);
    assert!(text.contains(&format!("benchmark = \"{WORK}\"")), "{text}");
    assert!(text.contains("up-to = { allocations = \"1\" }"), "{text}");
    let twice = ran(&gauge, &["baseline", "accept", "gauge/work", "--reason", "again"]);
    assert!(twice.code == 2 && twice.stderr.contains("accepted already"), "{}", twice.stderr);

    // Not committed yet, it is part of the work tree.
    let first = check(&gauge, &["--require-verdict"]);
    let document = first.json();
    assert_eq!((first.code, &document["verdict"]), (0, &"regressed".into()), "{document}");
    assert_eq!(benchmark(&document, WORK)["verdict"], "regressed");
    let by = accepted(&document);
    assert_eq!((&by["file"], &by["up_to"]), (&path.as_str().into(), &"1".into()));
    assert_eq!(
        (&by["reason"], &document["acceptances"][0]["came_to"]),
        (&"Bounds checks (#812)".into(), &"used".into())
    );
    let last = ["report", "--run", "last", "--format"];
    let shown = |format: &str| ran(&gauge, &[&last[..], &[format]].concat());
    assert_eq!(shown("junit").code, 0);
    assert!(!shown("junit").stdout.contains("<failure"), "{}", shown("junit").stdout);
    let table = shown("table").stdout;
    assert!(
        table.contains("\nAccepted\n")
            && table.contains("Bounds checks")
            && table.contains("1 regressed as accepted"),
        "{table}"
    );
    let again: Value = serde_json::from_str(&shown("json").stdout).unwrap();
    // The flag that requires verdicts belongs to the command, the acceptance to the evidence.
    assert_eq!(
        (&again["benchmarks"], &again["acceptances"]),
        (&document["benchmarks"], &document["acceptances"])
    );
    let plain = check(&gauge, &[]);
    assert_eq!(shown("json").stdout, plain.stdout, "the same to the byte");

    // What is pushed after the review does not ride on it.
    allocate(&gauge, 2);
    gauge.commit("accepted, and worse");
    let worse = check(&gauge, &[]);
    let document = worse.json();
    assert_eq!((worse.code, accepted(&document)), (100, &Value::Null), "{document}");
    assert_eq!(metric(&document, WORK, "allocations")["reason_code"], "above-accepted");
    // A trusted job may accept more, or nothing.
    let trusted = check(&gauge, &["--accept", "gauge::*=allocations=2"]);
    assert_eq!((trusted.code, &accepted(&trusted.json())["file"]), (0, &"--accept".into()));
    allocate(&gauge, 1);
    gauge.commit("as bad as accepted");
    for (from, code) in [("files", 0), ("flags", 100), ("none", 100)] {
        let found = ran_with(&gauge, &CHECK, &[("PERFGUARD_ACCEPT_FROM", from)]);
        assert_eq!(found.code, code, "{from}: {}", found.stderr);
    }

    merged(&gauge, &path);
}

/// What is accepted is merged: as a service does it for a pull request, and squashed.
fn merged(gauge: &Sandbox, path: &str) {
    // Merged for a pull request, in a clone of two commits: against the first parent.
    gauge.git(&["checkout", "--quiet", "main"]);
    gauge.write("README", "meanwhile");
    gauge.commit("meanwhile");
    gauge.git(&["checkout", "--quiet", "--detach"]);
    gauge.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "feature"]);
    let clone = gauge.root().parent().unwrap().join("clone");
    let url = format!("file://{}", gauge.root().display());
    let cloned = Command::new("git").args(["init", "--quiet"]).arg(&clone).status().unwrap();
    assert!(cloned.success());
    let commit = gauge.git(&["rev-parse", "HEAD"]);
    for step in
        [&["fetch", "--quiet", "--depth", "2", &url, &commit][..], &["checkout", "--quiet", "FETCH_HEAD"]]
    {
        assert!(Command::new("git").current_dir(&clone).args(step).status().unwrap().success(), "{step:?}");
    }
    let mut in_clone = gauge.perfguard(&CHECK);
    let shallow = in_clone.current_dir(&clone).output().unwrap();
    assert_eq!(shallow.status.code(), Some(0), "{}", String::from_utf8_lossy(&shallow.stderr));
    let document: Value = serde_json::from_slice(&shallow.stdout).unwrap();
    assert_eq!(accepted(&document)["file"], path);

    // Squashed onto the main branch, the commit itself passes, and the next one starts anew.
    gauge.git(&["checkout", "--quiet", "main"]);
    gauge.git(&["merge", "--quiet", "--squash", "feature"]);
    gauge.commit("squashed");
    let squashed = check(gauge, &[]);
    assert_eq!((squashed.code, &accepted(&squashed.json())["file"]), (0, &path.into()));
    allocate(gauge, 2);
    let expired = check(gauge, &["--baseline", "HEAD"]);
    let document = expired.json();
    assert_eq!((expired.code, &document["acceptances"]), (100, &Value::Array(Vec::new())), "{document}");
    assert!(!document["notes"].to_string().contains("accepts nothing"), "{document}");
    // A file for the next change adds to nothing that has expired.
    assert_eq!(ran(gauge, &["baseline", "accept", "gauge::work::*", "--reason", "more"]).code, 0);
    let range = check(gauge, &["--baseline", "HEAD~1"]);
    assert_eq!((range.code, &accepted(&range.json())["up_to"]), (0, &"2".into()), "over a range both count");
}

#[test]
fn files_that_are_no_acceptance_end_the_check_before_anything_is_built() {
    let gauge = Sandbox::new("gauge");
    let refused = |told: &str| {
        let found = check(&gauge, &["--baseline", "HEAD"]);
        assert_eq!(found.code, 2, "{told}: {}", found.stdout);
        let errors = found.json()["errors"].to_string();
        assert!(errors.contains("baselines/accepted/a.toml") && errors.contains(told), "{told}: {errors}");
    };
    gauge.write("baselines/accepted/a.toml", "benchmark = \"*\"\nup-to = { allocations = 1 }\n");
    refused("missing field `reason`");
    gauge.write(
        "baselines/accepted/a.toml",
        "benchmark = \"[\"\nup-to = { allocations = 1 }\nreason = \"x\"\n",
    );
    refused("`benchmark`");
    gauge.write("baselines/accepted/a.toml", &"#".repeat(70_000));
    refused("larger than 64 KiB");
    fs::remove_file(gauge.path("baselines/accepted/a.toml")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/zero", gauge.path("baselines/accepted/a.toml")).unwrap();
        refused("it is a link");
        fs::remove_file(gauge.path("baselines/accepted/a.toml")).unwrap();
    }
    // One that is right, and about nothing, is a note.
    gauge.write(
        "baselines/accepted/a.toml",
        "benchmark = \"other::*\"\nup-to = { allocations = 1 }\nreason = \"x\"\n",
    );
    let unused = check(&gauge, &["--baseline", "HEAD"]);
    let document = unused.json();
    assert_eq!((unused.code, &document["acceptances"][0]["came_to"]), (0, &"unmatched".into()), "{document}");
    assert!(
        document["notes"].to_string().contains("baselines/accepted/a.toml accepts nothing"),
        "{document}"
    );
}
