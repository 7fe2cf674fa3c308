//! What is compared with: a flag beats the environment, that beats the file, that beats the default.

use super::{json, ran, ran_with};
use crate::sandbox::Sandbox;

const CHECK: &[&str] = &["check", "--no-builtin", "--bench", "work", "--format", "json"];

#[test]
fn the_default_baseline_is_where_the_branch_began() {
    let gauge = Sandbox::new("gauge");
    let first = gauge.git(&["rev-parse", "HEAD"]);
    let second = gauge.commit("second");
    let on_main = ran(&gauge, CHECK).json();
    assert_eq!(on_main["baseline"]["commit"], first);
    assert_eq!(on_main["baseline"]["revision"], "HEAD~1");
    assert_eq!(on_main["candidate"]["commit"], second);
    assert_eq!(on_main["candidate"]["dirty"], false);
    gauge.git(&["checkout", "--quiet", "-b", "topic"]);
    gauge.commit("third");
    let fourth = gauge.commit("fourth");
    let on_branch = ran(&gauge, CHECK).json();
    assert_eq!(on_branch["baseline"]["commit"], second);
    assert_eq!(on_branch["baseline"]["revision"], "merge-base with main");
    assert_eq!(on_branch["candidate"]["commit"], fourth);
}

#[test]
fn flags_beat_the_environment_that_beats_the_file() {
    let gauge = Sandbox::new("gauge");
    let tag = |name: &str| {
        let commit = gauge.commit(name);
        gauge.git(&["tag", name]);
        commit
    };
    let (file, variable, flag) = (tag("by-file"), tag("by-variable"), tag("by-flag"));
    gauge.write("perfguard.toml", "baseline = \"by-file\"\n");
    let baseline = |arguments: &[&str], variables: &[(&str, &str)]| {
        let all: Vec<&str> = CHECK.iter().chain(arguments).copied().collect();
        ran_with(&gauge, &all, variables).json()["baseline"]["commit"].as_str().unwrap().to_owned()
    };
    let set = &[("PERFGUARD_BASELINE", "by-variable")][..];
    assert_eq!(baseline(&[], &[]), file);
    assert_eq!(baseline(&[], set), variable);
    assert_eq!(baseline(&["--baseline", "by-flag"], set), flag);
    assert_eq!(baseline(&[], &[("PERFGUARD_BASELINE", "")]), file, "empty counts as unset");
}

#[test]
fn what_only_the_candidate_selects_is_new_and_no_error() {
    let gauge = Sandbox::with_names();
    gauge.edit("Cargo.toml", "[[bench]]\nname = \"names\"", "[[bench]]\nname = \"fresh\"");
    gauge.git(&["mv", "benches/names.rs", "benches/fresh.rs"]);
    let check = ["check", "--no-builtin", "--baseline", "HEAD", "--bench", "fresh"];
    let document = json(&gauge, &check);
    assert_eq!(document["exit_code"], 0);
    assert_eq!(document["verdict"], "new");
    let notes = document["notes"].to_string();
    assert!(notes.contains("the baseline has no bench target `fresh`"), "{notes}");
}
