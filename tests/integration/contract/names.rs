//! Names with spaces, slashes, quotes, a crab, 200 characters: listed, filtered, measured and written as they are.

use std::collections::BTreeSet;

use super::{json, names_of, ran};
use crate::sandbox::Sandbox;

#[test]
fn every_name_goes_round_unchanged() {
    let gauge = Sandbox::with_names();
    let group = "gauge::names::with space/and slash";
    let expected: BTreeSet<String> = [
        format!("{group}/quote\"s and 'ticks'"),
        format!("{group}/🦀 [x] (y) {{z}} $1 .* \\d"),
        format!("{group}/long/{}", "x".repeat(200)),
        format!("{group}/long/{}y", "x".repeat(199)),
    ]
    .into();
    let listed = json(&gauge, &["list", "--no-builtin", "--bench", "names"]);
    assert_eq!(names_of(&listed).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), expected);

    let table = ran(&gauge, &["list", "--no-builtin", "--bench", "names"]).stdout;
    for name in &expected {
        assert!(table.lines().any(|line| line == name), "{name} stands alone on a line");
        let exact = json(&gauge, &["list", "--no-builtin", "--bench", "names", "--exact", name]);
        assert_eq!(names_of(&exact), [name]);
    }

    let measured = json(
        &gauge,
        &[
            "check",
            "--no-builtin",
            "--bench",
            "names",
            "--baseline",
            "HEAD",
            "--measure-identical",
            "--budget",
            "1s",
        ],
    );
    assert_eq!(names_of(&measured).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    for benchmark in measured["benchmarks"].as_array().unwrap() {
        let metric = &benchmark["metrics"][0];
        assert!(metric["pairs"].as_u64().unwrap() > 0, "{benchmark}");
        assert!(metric["baseline"].as_f64().unwrap() > 0.0, "{benchmark}");
        assert_ne!(metric["verdict"], "regressed", "{benchmark}");
    }
    let shown = ran(&gauge, &["check", "--no-builtin", "--bench", "names", "--baseline", "HEAD"]).stdout;
    let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 120, "long names push nothing away:\n{shown}");
    assert_eq!(shown.lines().filter(|line| line.ends_with("exact")).count(), 4, "{shown}");

    // What cannot hold a benchmark that is meant is not built.
    gauge.write("benches/work.rs", "no Rust");
    let meant = json(&gauge, &["list", "--no-builtin", "gauge::names::*"]);
    assert_eq!(names_of(&meant).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    assert_eq!(ran(&gauge, &["list", "--no-builtin", "steady"]).code, 101);
}
