//! Bad input: each kind has its own words, a hint where there is one, and its exit code; stdout stays empty.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{ran, ran_with, redacted};
use crate::sandbox::Sandbox;

/// Runs what cannot be and gives the words for a snapshot.
fn refused(sandbox: &Sandbox, arguments: &[&str]) -> String {
    refused_with(sandbox, arguments, &[])
}

fn refused_with(sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let ran = ran_with(sandbox, arguments, variables);
    assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "", "{arguments:?}");
    assert!(ran.stderr.contains("error: "), "{arguments:?}: {}", ran.stderr);
    let mut shown = String::from("$ ");
    for (name, value) in variables {
        let _ = write!(shown, "{name}={value} ");
    }
    let _ = writeln!(shown, "cargo perfguard {}", arguments.join(" "));
    shown + &redacted(sandbox, &ran.stderr) + "\n"
}

#[test]
fn no_place_to_be() {
    let mut shown = String::new();
    let empty = Sandbox::bare();
    for command in ["check", "run", "list", "report"] {
        shown += &refused(&empty, &[command]);
    }
    shown += &refused(&empty, &["check", "--manifest-path", "nowhere/Cargo.toml"]);
    let gauge = Sandbox::new("gauge");
    std::fs::remove_dir_all(gauge.path(".git")).unwrap();
    for command in [&["check"][..], &["run"], &["compare", "main"], &["list"]] {
        shown += &refused(&gauge, command);
        assert!(!gauge.path(".perfguard").exists(), "{command:?} made a store for nothing");
    }
    gauge.git(&["init", "--quiet", "--initial-branch=main"]);
    shown += &refused(&gauge, &["check"]);
    gauge.commit("first");
    shown += &refused(&gauge, &["check"]);
    shown += &refused(&gauge, &["run", "--commits", "HEAD..HEAD"]);
    shown += &refused(&gauge, &["run", "--commits", "HEAD"]);
    insta::assert_snapshot!("no_place_to_be", shown);
}

#[test]
fn no_such_revision() {
    let gauge = Sandbox::new("gauge");
    gauge.git(&["branch", "release-1.0"]);
    let mut shown = refused(&gauge, &["check", "--baseline", "mian"]);
    shown += &refused(&gauge, &["check", "--baseline", "relese-1.0"]);
    shown += &refused(&gauge, &["check", "--baseline", "HEAD:src"]);
    shown += &refused(&gauge, &["compare", "main", "0000000000"]);
    shown += &refused_with(&gauge, &["check"], &[("PERFGUARD_BASELINE", "gone")]);
    insta::assert_snapshot!("no_such_revision", shown);
}

#[test]
fn a_short_hash_of_two_commits_is_not_guessed() {
    let gauge = Sandbox::new("gauge");
    let mut import = Command::new("git")
        .current_dir(gauge.root())
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = String::new();
    for number in 0..2000 {
        let message = format!("commit {number}");
        let _ = write!(
            stream,
            "commit refs/heads/many\ncommitter T <t@example.org> {} +0000\ndata {}\n{message}\n",
            1_700_000_000 + number,
            message.len()
        );
    }
    import.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    let commits = gauge.git(&["rev-list", "many"]);
    let mut seen = HashMap::new();
    let twins = commits.lines().find_map(|id| Some((id, seen.insert(&id[..4], id)?)));
    let (one, two) = twins.expect("2000 hashes share four digits");
    let ran = ran(&gauge, &["check", "--baseline", &one[..4]]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    for id in [one, two] {
        assert!(ran.stderr.contains(&id[..7]), "{id} is offered: {}", ran.stderr);
    }
    assert!(ran.stderr.contains("help: give more digits"), "{}", ran.stderr);
}

/// A handful as a user meets them; the rest are tests of `cli`, which start nothing.
#[test]
fn usage_that_makes_no_sense() {
    let gauge = Sandbox::new("gauge");
    let mut shown = refused(&gauge, &["chekc"]);
    shown += &refused(&gauge, &["check", "--threshold", "5"]);
    shown += &refused(&gauge, &["check", ""]);
    shown += &refused(&gauge, &["compare", "main", "HEAD", "parser"]);
    shown += &refused(&gauge, &["report", "--format", "junit"]);
    shown += &refused_with(&gauge, &["run"], &[("PERFGUARD_BUDGET", "10")]);
    shown += &refused_with(&gauge, &["check"], &[("PERFGUARD_FORMAT", "xml")]);
    let both = [("PERFGUARD_NO_BUILTIN", "1"), ("PERFGUARD_NO_HARNESS", "1")];
    shown += &refused_with(&gauge, &["check"], &both);
    gauge.write("perfguard.toml", "budget = \"10\"\n");
    shown += &refused(&gauge, &["check"]);
    insta::assert_snapshot!("usage_that_makes_no_sense", shown);
}

#[test]
fn nothing_to_measure() {
    let gauge = Sandbox::new("gauge");
    gauge.commit("second");
    let mut shown = String::new();
    for arguments in [
        &["check", "--package", "gaug", "--no-builtin"][..],
        &["check", "--package", "other", "--no-builtin"],
        &["check", "--bench", "wrok", "--no-builtin"],
        &["check", "--bench", "other", "--no-builtin"],
        &["check", "gauge/wrok", "--no-builtin", "--bench", "work"],
        &["run", "nothing*", "quux", "--no-builtin", "--bench", "work"],
        &["list", "--exact", "gauge/work", "--no-builtin", "--bench", "work"],
        &["run", "--commits", "HEAD~1..HEAD", "nothing*", "--no-builtin", "--bench", "work"],
    ] {
        shown += &refused(&gauge, arguments);
    }
    let manifest = gauge.read("Cargo.toml");
    let plain = manifest.split("[[bench]]").next().unwrap().replace("autobenches = false\n", "");
    gauge.write("Cargo.toml", &format!("{plain}\n[workspace]\n"));
    std::fs::remove_dir_all(gauge.path("benches")).unwrap();
    shown += "without a bench target\n";
    gauge.commit("third");
    gauge.commit("fourth");
    shown += &refused(&gauge, &["check", "--no-builtin"]);
    gauge.write(
        "benches/old.rs",
        "#![feature(test)]\nextern crate test;\n#[bench]\nfn b(_: &mut test::Bencher) {}\n",
    );
    shown += "with a bench of libtest's\n";
    shown += &refused(&gauge, &["check", "--no-builtin"]);
    insta::assert_snapshot!("nothing_to_measure", shown);
}

/// What a value may hold that comes from a branch, a file or a variable.
const HOSTILE: &str = "x\u{1b}[2J\u{202e}\u{200b}\u{9b}\n::error::owned\n##[error]owned";

#[test]
fn hostile_values_are_harmless_in_error_lines() {
    let gauge = Sandbox::new("gauge");
    let harmless = |arguments: &[&str], variables: &[(&str, &str)]| {
        let ran = ran_with(&gauge, arguments, variables);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        let bad = |c: char| c != '\n' && (c.is_control() || ['\u{202e}', '\u{200b}'].contains(&c));
        assert!(ran.stderr.contains("\\u{1b}[2J\\u{202e}"), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains(bad), "{arguments:?}: {}", ran.stderr);
        for line in ran.stderr.lines() {
            assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{arguments:?}: {line}");
        }
    };
    harmless(&["check", "--baseline", HOSTILE], &[]);
    harmless(&["check", "--format", HOSTILE], &[]);
    harmless(&["check", "--manifest-path", HOSTILE], &[]);
    harmless(&["check"], &[("PERFGUARD_BASELINE", HOSTILE)]);
    harmless(&["check"], &[("PERFGUARD_THRESHOLD", HOSTILE)]);
    let word = serde_json::to_string(HOSTILE).unwrap().replace('\u{9b}', "");
    gauge.write("perfguard.toml", &format!("{word} = 1\n"));
    harmless(&["check"], &[]);
}
