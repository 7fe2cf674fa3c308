//! A workspace of several packages: which of its bench targets take part.

use serde_json::Value;

use super::{json, names_of, ran};
use crate::sandbox::Sandbox;

fn notes(document: &Value) -> Vec<&str> {
    document["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect()
}

#[test]
fn packages_and_features_choose_bench_targets() {
    let members = Sandbox::new("members");
    let list = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["list", "--no-builtin", "--profile", "release"].iter().chain(arguments).copied().collect();
        json(&members, &all)
    };
    let all = list(&[]);
    assert_eq!(names_of(&all), ["plain::steady::next"]);
    assert_eq!(all["toolchain"]["profile"], "release");
    for (target, reason) in [
        ("gated::large", "--features large"),
        ("gated::own-main", "`main` of its own"),
        ("plain::unstable", "libtest"),
    ] {
        let noted = notes(&all).iter().any(|note| note.starts_with(target) && note.contains(reason));
        assert!(noted, "{target}: {:?}", notes(&all));
    }
    let both = ["gated::large::large", "plain::steady::next"];
    assert_eq!(names_of(&list(&["--features", "large"])), both);
    assert_eq!(names_of(&list(&["--all-features", "--workspace"])), both);
    assert_eq!(names_of(&list(&["--all-features", "-p", "gated"])), ["gated::large::large"]);
    assert_eq!(names_of(&list(&["--all-features", "--exclude", "gated"])), ["plain::steady::next"]);
    assert_eq!(names_of(&list(&["--bench", "st*"])), ["plain::steady::next"]);

    let refused = ran(&members, &["list", "--no-builtin", "-p", "gated", "--profile", "release"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("gated::large"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--features large"), "{}", refused.stderr);
}
