//! Flags and a profile that a commit changes: they are measured, and named first among the causes.

use super::{benchmark, ran_with};
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

const SUM: &str = "tool::command::sum";

#[test]
fn flags_and_a_profile_that_a_commit_changes_are_measured_and_named_first() {
    if !valgrind() {
        return;
    }
    let tool = Sandbox::new("commands");
    tool.edit(
        "src/lib.rs",
        "u64 = 20_000;",
        "u64 = if cfg!(debug_assertions) { 800_000 } else if cfg!(slower) { 400_000 } else { 20_000 };",
    );
    tool.commit("knows of them");
    tool.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"slower\"]\n");
    tool.commit("a flag");
    tool.edit("Cargo.toml", "opt-level = 1", "opt-level = 1\ndebug-assertions = true");
    tool.commit("a profile");
    for (baseline, candidate, field) in [("HEAD~2", "HEAD~1", "rustflags"), ("HEAD~1", "HEAD", "settings")] {
        let compare =
            ["compare", baseline, candidate, "--no-builtin", "--format", "json", "--exact", "--", SUM];
        let ran = ran_with(&tool, &compare, &[("PERFGUARD_METRICS", "instructions")]);
        let document = ran.json();
        let found = benchmark(&document, SUM);
        assert_eq!((ran.code, &found["verdict"]), (100, &"regressed".into()), "{document}");
        let change = found["metrics"][0]["change"].as_f64().unwrap();
        assert!(change > 0.3, "{document}");
        assert_eq!(found["causes"][0]["build_field"], field, "{document}");
    }
}
