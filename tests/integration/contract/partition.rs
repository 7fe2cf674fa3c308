//! A check that several machines share: parts, and the whole that they make.

use std::fs;

use serde_json::Value;

use super::{json, names_of, ran};
use crate::sandbox::Sandbox;

/// Counts alone: what parts find does not depend on a clock.
const CHECK: [&str; 8] =
    ["check", "--no-builtin", "--baseline", "HEAD", "--metrics", "allocations", "--format", "json"];

/// What was found, without how long it took.
fn found(document: &Value) -> Vec<(Value, Value, Value, Value)> {
    let of = |benchmark: &Value| {
        let metric = &benchmark["metrics"][0];
        let [verdict, baseline, candidate] =
            ["verdict", "baseline", "candidate"].map(|field| metric[field].clone());
        (benchmark["name"].clone(), verdict, baseline, candidate)
    };
    document["benchmarks"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn the_parts_of_a_check_make_the_whole() {
    let gauge = Sandbox::new("gauge");
    let old = "pub fn work(seed: u64) -> u64 {\n    let mut state = seed | 1;";
    let new =
        "pub fn work(seed: u64) -> u64 {\n    let mut state = *std::hint::black_box(Box::new(seed | 1));";
    gauge.edit("src/lib.rs", old, new);
    let whole = ran(&gauge, &CHECK);
    assert_eq!(whole.code, 100, "{}", whole.stderr);
    let whole = whole.json();
    let out = gauge.path("reports");
    fs::create_dir(&out).unwrap();
    gauge.write(".git/info/exclude", "reports\n.perfguard\n");
    let file =
        |kind: &str, index: usize| out.join(format!("{kind}-{index}.json")).to_str().unwrap().to_owned();
    let mut codes = Vec::new();
    for (kind, count) in [("hash", 4), ("target", 2)] {
        let parts: Vec<String> = (1..=count).map(|index| file(kind, index)).collect();
        for (index, path) in (1..).zip(&parts) {
            let part = format!("{kind}:{index}/{count}");
            let measured = ran(&gauge, &[&CHECK[..], &["--partition", &part, "--output", path]].concat());
            assert!(matches!(measured.code, 0 | 100), "{}", measured.stderr);
            codes.push(measured.code);
        }
        let files: Vec<&str> = parts.iter().map(String::as_str).collect();
        let merged = json(&gauge, &[&["merge"], &files[..]].concat());
        assert_eq!(found(&merged), found(&whole), "{kind}");
        assert_eq!((&merged["exit_code"], &merged["partition"]), (&100.into(), &Value::Null));
        assert_eq!(merged["machine"], whole["machine"]);

        // A part that is not there is no pass, and what regressed is told all the same.
        let partial = ran(&gauge, &[&["merge"], &files[1..]].concat());
        assert_eq!(partial.code, 101);
        assert!(partial.stdout.contains(&format!("{kind}:1/{count}")), "{}", partial.stdout);
    }
    assert!(codes.contains(&0) && codes.contains(&100), "{codes:?}");

    let mixed = ran(&gauge, &["merge", &file("hash", 1), &file("target", 2)]);
    assert_eq!(mixed.code, 2);
    assert!(mixed.stderr.contains("do not belong together"), "{}", mixed.stderr);
    let broken = gauge.path("reports/broken.json");
    fs::write(&broken, "{\"schema\": 1, \"command\": \"check\"").unwrap();
    let refused = ran(&gauge, &["merge", broken.to_str().unwrap()]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("is not a report"), "{}", refused.stderr);

    // What a part has can be listed, and may be nothing.
    let list = |part: &str| json(&gauge, &["list", "--no-builtin", "--partition", part]);
    let all: usize = (1..=8).map(|index| names_of(&list(&format!("hash:{index}/8"))).len()).sum();
    assert_eq!(all, found(&whole).len());
}
