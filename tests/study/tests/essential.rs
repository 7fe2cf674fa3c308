//! What the study comes to, small enough for CI: a slowdown of a fifth is caught, equal code does not fail. Counts only,
//! never a time.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on panics")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use perfguard_study::contenders::{Setting, compare};
use perfguard_study::fixture::{Fixture, checked, copy};
use perfguard_study::plan::{Condition, Family, Trial, Variant};
use perfguard_study::record::Said;

/// Who is examined: the program in the layout of the build. Drawing layouts is what tests of the program are about, and takes
/// a debug build longer than all else here.
const FAMILY: Family = Family::AsLinked;

/// A fifth, in thousandths.
const FIFTH: u32 = 200;

/// What the workloads depend on only has to be there soon: the two that are measured do not use it.
const SOON: &str = "\n[profile.bench.package.\"*\"]\nopt-level = 0\ndebug = false\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The program as tests build it. Where the whole workspace is tested it is there already; to build it by itself would compile
/// all of it once more, with other features of its dependencies.
fn perfguard() -> PathBuf {
    let tested = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("cargo-perfguard");
    if std::env::var_os("CI").is_some() && tested.is_file() {
        return tested;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--bin", "cargo-perfguard", "--message-format=json"]);
    let messages = String::from_utf8(checked(&mut cargo).unwrap().stdout).unwrap();
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back().unwrap()
}

fn failing(setting: &Setting, family: Family, per_mille: u32) -> (usize, Vec<Said>) {
    let trial = Trial { round: 0, condition: Condition::Quiet, family, variant: Variant::slower(per_mille) };
    let said = compare(setting, &trial).unwrap();
    (said.iter().filter(|said| said.fails).count(), said)
}

#[test]
fn a_fifth_is_caught_and_equal_code_does_not_fail() {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("study");
    // What an earlier version of the workloads left is of no use; what was built stays, by the content of its tree.
    for left in ["repository", "executables", "source"] {
        let _ = std::fs::remove_dir_all(work.join(left));
    }
    let source = work.join("source");
    copy(&root().join("tests/fixtures/study"), &source).unwrap();
    std::fs::OpenOptions::new()
        .append(true)
        .open(source.join("Cargo.toml"))
        .and_then(|mut file| file.write_all(SOON.as_bytes()))
        .unwrap();
    let fixture = Fixture::lay_out(&source, &work, &[Variant::slower(FIFTH)]).unwrap();
    let setting = Setting {
        fixture,
        perfguard: perfguard(),
        names: ("workloads", "workloads"),
        workloads: ["compute", "strings"].map(str::to_owned).to_vec(),
        budget: 10.0,
        criterion: ["--warm-up-time", "0.5", "--measurement-time", "1"].map(str::to_owned).to_vec(),
        tango: 1.0,
    };
    let (alarms, equal) = failing(&setting, FAMILY, 0);
    assert_eq!((alarms, equal.len()), (0, 2), "{equal:?}");
    let (caught, slower) = failing(&setting, FAMILY, FIFTH);
    assert_eq!((caught, slower.len()), (2, 2), "{slower:?}");
    if std::env::var_os("PERFGUARD_STUDY").is_none() {
        println!("skipped: Criterion takes part with PERFGUARD_STUDY=1");
        return;
    }
    let (_, mut said) = failing(&setting, Family::Criterion, 0);
    said.retain(|said| said.contender == "Criterion, its own word");
    assert!(alarms <= said.iter().filter(|said| said.fails).count(), "{said:?}");
}
