//! Disks that are full or read-only: small file systems in a mount namespace of their own, which needs root.

use std::fs;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;

use super::{Belongings, Ended, is_sound, run, stored};
use crate::mounts::mounted;
use crate::sandbox::Sandbox;

/// Mounts a small file system at `$AT`, prepares it with `$PREPARE`, runs the program, and brings away what is left.
const SCRIPT: &str = r#"
mount -t tmpfs -o "size=$SIZE" tmpfs "$AT" || exit 77
eval "$PREPARE"
"$@"
code=$?
[ -z "$KEEP" ] || cp -a "$AT/." "$KEEP"
exit $code
"#;

/// A file system for one run of the program.
struct Disk<'a> {
    at: &'a Path,
    size: &'a str,
    /// What a shell does in it first.
    prepare: &'a str,
    /// Where its content is brought.
    keep: Option<&'a Path>,
}

impl Disk<'_> {
    /// Runs the program; `None` where nothing can be mounted.
    fn run(&self, mut program: Command) -> Option<Ended> {
        fs::create_dir_all(self.at).unwrap();
        program.env("AT", self.at).env("SIZE", self.size).env("PREPARE", self.prepare);
        program.env("KEEP", self.keep.map_or_else(Default::default, |path| path.as_os_str().to_owned()));
        mounted(SCRIPT, &program).map(Ended::of)
    }
}

const RUN: &[&str] = &["run", "--no-builtin", "--bench", "work", "--budget", "300ms"];

#[test]
fn a_full_disk_under_the_store_loses_nothing_that_was_stored() {
    let sandbox = Sandbox::new("gauge");
    run(&sandbox, RUN).says(0, &[]);
    let folder = sandbox.path(".perfguard");
    let kept = tempfile::tempdir().unwrap();
    let copy = kept.path().join("before");
    fs::create_dir(&copy).unwrap();
    for file in ["store.db", ".gitignore"] {
        fs::copy(folder.join(file), copy.join(file)).unwrap();
    }
    let before = Belongings::of(&sandbox);
    // So full that not even the index of the log has room; then with room for that, but not for a result.
    for left in [0, 12] {
        let prepare = format!(
            "cp -a \"{}/.\" .perfguard; dd if=/dev/zero of=.perfguard/filler bs=4k 2>/dev/null; \
             truncate -s -{left}k .perfguard/filler",
            copy.display()
        );
        let after = kept.path().join(format!("after-{left}"));
        fs::create_dir(&after).unwrap();
        let disk = Disk { at: &folder, size: "2m", prepare: &prepare, keep: Some(&after) };
        let Some(ended) = disk.run(sandbox.process(RUN)) else { return };
        ended.says(101, &["the disk is full", "free some space"]);
        is_sound(&after.join("store.db"));
        before.are_untouched(&sandbox);
    }
    assert_eq!(stored(&sandbox, "run"), 1);
    run(&sandbox, RUN).says(0, &[]);
    assert_eq!(stored(&sandbox, "run"), 2);
}

#[test]
fn a_store_that_cannot_even_be_made_is_a_clear_error() {
    let sandbox = Sandbox::new("gauge");
    let folder = sandbox.path(".perfguard");
    let disk = Disk { at: &folder, size: "32k", prepare: "", keep: None };
    let Some(ended) = disk.run(sandbox.process(RUN)) else { return };
    ended.says(101, &["store.db", "the disk is full"]);
}

#[test]
fn a_read_only_store_is_a_clear_error() {
    let sandbox = Sandbox::new("gauge");
    drop(perfguard::store::Store::open(&sandbox.path(".perfguard/store.db")).unwrap());
    let kept = tempfile::tempdir().unwrap();
    fs::copy(sandbox.path(".perfguard/store.db"), kept.path().join("store.db")).unwrap();
    let folder = sandbox.path(".perfguard");
    let prepare = format!(
        "cp -a \"{}/.\" .perfguard; mount -o remount,ro .perfguard || exit 77",
        kept.path().display()
    );
    let disk = Disk { at: &folder, size: "2m", prepare: &prepare, keep: None };
    let Some(ended) = disk.run(sandbox.process(RUN)) else { return };
    ended.says(101, &[".perfguard", "writable"]);
}

#[test]
fn a_store_on_a_read_only_disk_is_reported_also_where_parts_of_it_are_in_the_log() {
    let sandbox = Sandbox::new("gauge");
    let kept = tempfile::tempdir().unwrap();
    let path = kept.path().join("kept?#%.db");
    let log = kept.path().join("kept?#%.db-wal");
    let old = include_str!("../../../src/store/tests/fixtures/v1.sql");
    Connection::open(&path).unwrap().execute_batch(old).unwrap();
    // As a killed run leaves it: all that was done is in the log.
    std::mem::forget(perfguard::store::Store::open(&path).unwrap());
    assert!(fs::metadata(&log).unwrap().len() > 0);
    let prepare = |files: &str| {
        format!("cp \"{}/\"{files} disk; mount -o remount,ro disk || exit 77", kept.path().display())
    };
    let report = ["report", "--store", "disk/kept?#%.db", "--format", "json"];
    for files in ["kept*.db*", "kept*.db"] {
        if files == "kept*.db" {
            let all_of_it = "PRAGMA wal_checkpoint(TRUNCATE)";
            Connection::open(&path).unwrap().query_row(all_of_it, [], |_| Ok(())).unwrap();
        }
        let prepare = prepare(files);
        let disk = Disk { at: &sandbox.path("disk"), size: "4m", prepare: &prepare, keep: None };
        let Some(ended) = disk.run(sandbox.process(&report)) else { return };
        ended.says(0, &[]);
        assert!(ended.stdout.contains("pkg::bench::group/function/"), "{}", ended.stdout);
    }
}

#[test]
fn a_full_target_folder_is_a_clear_error() {
    let sandbox = Sandbox::new("gauge");
    // Executables are kept in the target folder; source trees, with what is built of them, in the user's cache.
    let target = sandbox.path("target");
    let cache = sandbox.root().parent().unwrap().join("full-cache");
    fs::create_dir_all(&cache).unwrap();
    let before = Belongings::of(&sandbox);
    for (variable, folder, size) in [
        ("CARGO_TARGET_DIR", &target, "64k"),
        ("XDG_CACHE_HOME", &cache, "64k"),
        ("XDG_CACHE_HOME", &cache, "8m"),
    ] {
        let mut program = sandbox.process(RUN);
        program.env("CARGO_TARGET_DIR", &target).env(variable, folder);
        let disk = Disk { at: folder, size, prepare: "", keep: None };
        let Some(ended) = disk.run(program) else { return };
        ended.says(101, &["No space left on device"]);
        before.are_untouched(&sandbox);
    }
    run(&sandbox, RUN).says(0, &[]);
}
