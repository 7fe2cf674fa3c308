//! What launches leave behind is gone before the next.

use super::{WORK, gauge};
use crate::contract::{benchmark, json};

/// Panics when anything of an earlier launch is left, and leaves as much as it can.
const LITTERS: &str = r#"
    let tmp = std::env::temp_dir();
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 0, "something is left in {}", tmp.display());
    std::fs::write(tmp.join("mine"), "x").unwrap();
    assert!(!std::path::Path::new("bench.db").exists(), "a new file is left");
    assert_eq!(std::fs::read_to_string("data.txt").unwrap(), "original", "a tracked file is changed");
    std::fs::write("bench.db", "1").unwrap();
    std::fs::create_dir_all("out/of").unwrap();
    std::fs::write("data.txt", "changed").unwrap();
    std::fs::remove_file("perfguard.toml").unwrap();
"#;

#[test]
fn neither_the_next_launch_nor_the_next_run_finds_what_a_bench_left() {
    let gauge = gauge(LITTERS);
    gauge.write("data.txt", "original");
    gauge.write("perfguard.toml", "");
    gauge.commit("data");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1001");
    // Several launches each, and the second run finds the trees of the first. The dirty tree's files are not in git.
    for _ in 0..2 {
        let check = ["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD", "--threshold", "50%"];
        let document = json(&gauge, &check);
        assert_eq!(document["exit_code"], 0, "{document}");
        let pairs = benchmark(&document, WORK)["metrics"][0]["pairs"].as_u64();
        assert!(pairs > Some(2), "{document}");
    }
    assert_eq!(gauge.read("data.txt"), "original");
    assert_eq!(gauge.git(&["status", "--porcelain"]).lines().count(), 1);
}
