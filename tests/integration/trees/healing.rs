//! Kept trees and copies that lost files, and flags that must hold on every run.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::{gauge, trees};
use crate::contract::ran;
use crate::slots;

/// Takes away every other library that Cargo compiled there, and leaves nothing of the rest but names.
fn spoil(compiled: &Path) {
    let entries = fs::read_dir(compiled).unwrap().map(|entry| entry.unwrap().path());
    let mut libraries: Vec<_> = entries.filter(|path| path.extension() == Some(OsStr::new("rlib"))).collect();
    libraries.sort();
    assert!(libraries.len() > 5, "{libraries:?}");
    for (number, library) in libraries.iter().enumerate() {
        // Another folder may have the same file by a hard link: it is replaced, not emptied.
        fs::remove_file(library).unwrap();
        if number % 2 == 0 {
            fs::write(library, "").unwrap();
        }
    }
}

#[test]
fn what_a_cache_damaged_is_healed_and_locked_holds_every_time() {
    let gauge = gauge("");
    // Executables that an earlier run of the tests left would be used, and nothing compiled that could be damaged.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    gauge.write("src/lib.rs", &format!("{}\n// {now}\n", gauge.read("src/lib.rs")));
    gauge.commit("as nobody has it");
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
        spoil(&home.join("target/release/deps"));
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
