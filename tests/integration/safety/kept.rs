//! Folders that are kept between runs, forged so that in themselves they are right.

use std::fs::{self, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use perfguard::support::records::{Records, digest};

use crate::contract::ran;
use crate::sandbox::{Sandbox, program};
use crate::slots;

const LIST: &[&str] = &["list", "--no-builtin", "--bench", "work"];

/// Lists the benchmarks, which builds what is not kept and runs the executable.
#[track_caller]
fn lists(gauge: &Sandbox) {
    let listed = ran(gauge, LIST);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    assert!(listed.stdout.contains("gauge::work::gauge/work"), "{}", listed.stdout);
}

/// The executables that are kept of the bench.
fn executables(area: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(area.join("artifacts")).unwrap();
    entries.map(|entry| entry.unwrap().path().join("gauge__work")).filter(|path| path.is_file()).collect()
}

#[test]
fn forged_executables_trees_and_copies_of_criterion_are_neither_run_nor_built() {
    let gauge = Sandbox::new("gauge");
    // Nobody else has this tree, nor had it in an earlier run: the target folder is shared.
    let unlike = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() % 1_000_000_007;
    let rounds = format!("ROUNDS: u64 = 1000 + {unlike} - {unlike} + 31 - 31");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", &rounds);
    gauge.commit("of its own");
    let area = slots::take_one().join("perfguard");
    let before = if area.exists() { executables(&area) } else { Vec::new() };
    lists(&gauge);
    let made: Vec<PathBuf> = executables(&area).into_iter().filter(|path| !before.contains(path)).collect();
    let [executable] = &made[..] else { panic!("one is kept of this tree: {made:?}") };
    let ran_it = gauge.path("../ran-it");
    let script = format!("#!/bin/sh\ntouch '{}'\n", ran_it.display());

    // An executable and its digest, both replaced.
    let manifest = executable.with_file_name("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let forged = text.replace(&digest(&fs::read(executable).unwrap()), &digest(script.as_bytes()));
    assert_ne!(forged, text);
    program(executable, &script);
    fs::write(&manifest, forged).unwrap();
    lists(&gauge);
    assert!(!ran_it.exists(), "the forged executable was run");

    // A source tree, with the list that says how it was, and a configuration that git does not have.
    let place = fs::read_to_string(area.join(".perfguard-trees")).map_or(area.clone(), PathBuf::from);
    let home = place.join("trees").join(gauge.git(&["rev-parse", "HEAD^{tree}"]));
    let source = home.join("src/src/lib.rs");
    let time = fs::metadata(&source).unwrap().modified().unwrap();
    let right = fs::read_to_string(&source).unwrap();
    fs::write(&source, right.replace("+ 31 - 31", "+ 31 * 31")).unwrap();
    fs::File::open(&source).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
    fs::create_dir_all(home.join("src/.git/hooks")).unwrap();
    fs::write(home.join("src/.git/hooks/pre-commit"), &script).unwrap();
    fs::create_dir_all(home.join("src/.cargo")).unwrap();
    fs::write(home.join("src/.cargo/config.toml"), "[build]\nrustflags = [\"--cfg\", \"slow\"]\n").unwrap();
    perfguard::source::note(&home, &Records::none()).unwrap();

    // A copy of Criterion with a build script.
    for copy in fs::read_dir(area.join("libraries")).unwrap() {
        let path = ran_it.display();
        let build = format!("fn main() {{ std::fs::write(\"{path}\", \"\").unwrap(); }}\n");
        fs::write(copy.unwrap().path().join("build.rs"), build).unwrap();
    }
    fs::remove_dir_all(executable.parent().unwrap()).unwrap();
    lists(&gauge);
    assert_eq!(fs::read_to_string(&source).unwrap(), right);
    assert!(!home.join("src/.cargo").exists() && !home.join("src/.git/hooks").exists());
    assert!(!ran_it.exists(), "the forged build script was run");
}
