//! The shipped harness, built inside somebody else's workspace.

use super::{json, names_of, ran};
use crate::sandbox::Sandbox;

#[test]
fn the_harness_is_built_with_the_profile_of_the_workspace() {
    let gauge = Sandbox::new("gauge").keeping("built-in-suite");
    gauge.mark();
    // Its profile compiles fast; the harness must know it too.
    gauge.commit("second");
    let listed = json(&gauge, &["list", "strings::concat"]);
    let names = names_of(&listed);
    assert!(names.contains(&"perfguard-harness::strings::concat/naive"), "{names:?}");
    assert!(names.contains(&"perfguard-harness::strings::concat/optimized"), "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("perfguard-harness::strings::concat")), "{names:?}");
    let alone = json(&gauge, &["list", "--package", "perfguard-harness", "--exact", names[0]]);
    assert_eq!(names_of(&alone), [names[0]]);

    // What nobody asked for is not built, and costs one line.
    let unasked = json(&gauge, &["list"]);
    assert!(names_of(&unasked).iter().all(|name| name.starts_with("gauge::")));
    assert!(unasked["notes"].to_string().contains("when it is asked for"), "{unasked}");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1001");
    let check = json(&gauge, &["check", "--baseline", "HEAD", "--budget", "1s", "--threshold", "50%"]);
    assert!(names_of(&check).iter().all(|name| name.starts_with("gauge::")));
    let same = "toolchain, profile and flags are the same on both sides";
    assert_eq!(check["notes"].to_string().matches(same).count(), 1, "{check}");

    gauge.write("perfguard.toml", "[harness]\nenabled = true\nselect = [\"strings::*\"]\n");
    let selected = json(&gauge, &["list"]);
    let others: Vec<&str> = names_of(&selected)
        .into_iter()
        .filter(|name| !name.starts_with("perfguard-harness::strings::"))
        .collect();
    assert!(names_of(&selected).len() > others.len());
    assert!(others.iter().all(|name| name.starts_with("gauge::")), "{others:?}");

    gauge.write("perfguard.toml", "[harness]\nenabled = false\n");
    let own = json(&gauge, &["list"]);
    assert!(names_of(&own).iter().all(|name| name.starts_with("gauge::")));
    let refused = ran(&gauge, &["list", "strings::concat"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
    std::fs::remove_file(gauge.path("perfguard.toml")).unwrap();
    assert_eq!(names_of(&json(&gauge, &["list", "--no-builtin"])), names_of(&own));
}
