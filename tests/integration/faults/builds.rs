//! Sides that do not build, and target folders that cannot be used.

use std::fs;
use std::path::Path;

use super::{Belongings, Ended, run};
use crate::sandbox::Sandbox;

const CHECK: &[&str] = &["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD"];

const BROKEN: &str = "pub fn broken() -> u64 { \"no number\" }\n";

#[test]
fn a_side_that_does_not_build_is_named_with_cargos_words() {
    let sandbox = Sandbox::new("gauge");
    let sound = sandbox.read("src/lib.rs");
    sandbox.write("src/lib.rs", &format!("{sound}{BROKEN}"));
    let before = Belongings::of(&sandbox);
    let words = ["expected `u64`, found `&str`", "src/lib.rs"];
    let ended = run(&sandbox, CHECK);
    ended.says(101, &words);
    ended.says(101, &["failed to build the candidate"]);
    before.are_untouched(&sandbox);

    sandbox.commit("broken");
    sandbox.write("src/lib.rs", &sound);
    let before = Belongings::of(&sandbox);
    let ended = run(&sandbox, CHECK);
    ended.says(101, &words);
    ended.says(101, &["failed to build the baseline", "--baseline"]);
    before.are_untouched(&sandbox);
}

#[test]
fn a_target_folder_that_is_a_file_is_named() {
    let sandbox = Sandbox::new("gauge");
    let file = sandbox.path("target");
    fs::write(&file, "not a folder").unwrap();
    let output = sandbox.perfguard_below(&file, &["list", "--no-builtin"]).output().unwrap();
    Ended::of(output).says(101, &["cannot use", "target/perfguard", "--target-dir"]);
    assert_eq!(fs::read_to_string(file).unwrap(), "not a folder");
}

#[test]
fn a_target_folder_in_the_work_tree_is_no_part_of_the_sources() {
    let sandbox = Sandbox::new("gauge");
    let manifest = sandbox.read("Cargo.toml");
    let (plain, rest) = manifest.split_once("[[bench]]").unwrap();
    assert!(rest.contains("[workspace]"));
    sandbox.write("Cargo.toml", &format!("{plain}[workspace]\n"));
    fs::remove_dir_all(sandbox.path("benches")).unwrap();
    sandbox.commit("without benches, so that nothing is compiled");
    let target = sandbox.path("out");
    for _ in 0..2 {
        let output = sandbox.perfguard_below(&target, &["list", "--no-builtin"]).output().unwrap();
        Ended::of(output).says(2, &["no bench target of Criterion, of a fork of it or of divan"]);
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    }
    let leads = fs::read_to_string(target.join("perfguard/.perfguard-trees")).unwrap();
    assert!(!Path::new(&leads).starts_with(sandbox.root()), "{leads}");
    let trees = fs::read_dir(Path::new(&leads).join("trees")).unwrap().count();
    assert_eq!(trees, 1, "the second run saw the same work tree as the first");
}
