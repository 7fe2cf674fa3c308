//! The shipped harness, built inside somebody else's workspace.

use super::{json, names_of, ran};
use crate::sandbox::Sandbox;

#[test]
fn the_harness_is_built_with_the_profile_of_the_workspace() {
    let gauge = Sandbox::new("gauge");
    // A profile that compiles fast; the harness must know it too.
    gauge.edit("Cargo.toml", "opt-level = 1", "opt-level = 0\ndebug = false");
    let listed = json(&gauge, &["list", "strings::concat"]);
    let names = names_of(&listed);
    assert!(names.contains(&"perfguard-harness::strings::concat/naive"), "{names:?}");
    assert!(names.contains(&"perfguard-harness::strings::concat/optimized"), "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("perfguard-harness::strings::concat")), "{names:?}");
    let alone = json(&gauge, &["list", "--package", "perfguard-harness", "--exact", names[0]]);
    assert_eq!(names_of(&alone), [names[0]]);

    gauge.write("perfguard.toml", "[harness]\nselect = [\"strings::*\"]\n");
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
