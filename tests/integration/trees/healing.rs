//! Kept trees and copies that lost files, and flags that must hold on every run.

use std::fs;

use super::{gauge, trees};
use crate::contract::ran;
use crate::slots;

#[test]
fn what_a_cache_damaged_is_healed_and_locked_holds_every_time() {
    let gauge = gauge("");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1001");
    gauge.commit("second");
    let check = || {
        let check =
            ["check", "--no-builtin", "--bench", "work", "--locked", "--offline", "--threshold", "50%"];
        let shown = ran(&gauge, &check);
        assert_eq!(shown.code, 0, "{}\n{}", shown.stdout, shown.stderr);
    };
    check();
    let area = slots::take_one().join("perfguard");
    for revision in ["HEAD^{tree}", "HEAD~1^{tree}"] {
        let home = trees(area.clone()).join(gauge.git(&["rev-parse", revision]));
        fs::write(home.join("src/src/lib.rs"), "").unwrap();
        fs::remove_file(home.join("src/Cargo.lock")).unwrap();
        fs::write(home.join("src/benches/names.rs"), "not Rust").unwrap();
    }
    for copy in fs::read_dir(area.join("libraries")).unwrap() {
        fs::write(copy.unwrap().path().join("src/lib.rs"), "").unwrap();
    }
    fs::remove_dir_all(area.join("artifacts")).unwrap();
    check();
    for revision in ["HEAD^{tree}", "HEAD~1^{tree}"] {
        let files = trees(area.clone()).join(gauge.git(&["rev-parse", revision])).join("src");
        assert!(fs::read_to_string(files.join("src/lib.rs")).unwrap().contains("ROUNDS"));
        assert_eq!(
            fs::read_to_string(files.join("Cargo.lock")).unwrap(),
            gauge.read("Cargo.lock"),
            "not the patched one"
        );
    }
    check();
}
