//! Where a workspace, a home and a target folder may lie, and whose they may be.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::process::Output;

use super::machines::package;
use crate::contract::{Ran, ran_with};
use crate::mounts::mounted;
use crate::sandbox::Sandbox;
use crate::skip::{Need, skip};

/// Somebody who is not root.
const SOMEBODY: u32 = 65_534;

/// What is compared: two commits of which the second does something else.
fn changed() -> Sandbox {
    let package = package();
    package.write("src/main.rs", "fn main() { std::hint::black_box(vec![1, 2, 3]); }\n");
    package.commit("second");
    package
}

const COMPARE: [&str; 7] =
    ["compare", "HEAD~1", "HEAD", "--no-builtin", "--layout", "drawn", "--metrics=allocations"];

/// Says that one allocation more was seen, which only the right programs give.
fn assert_one_more(code: Option<i32>, output: &str) {
    assert_eq!(code, Some(100), "{output}");
    assert!(output.contains("regressed") && output.contains("moved::command::all"), "{output}");
}

#[test]
fn whoever_finds_another_users_folder_has_one_of_their_own() {
    let package = changed();
    let target = package.path("../shared target");
    let root = fs::metadata(package.root()).unwrap().uid();
    let compare = || {
        let options = [&COMPARE[..], &["--target-dir", target.to_str().unwrap()]].concat();
        let Ran { code, stdout, stderr, .. } = ran_with(&package, &options, &[]);
        assert_one_more(Some(code), &(stdout + &stderr));
    };
    compare();
    let theirs = target.join("perfguard");
    let before = fs::read_dir(theirs.join("artifacts")).unwrap().count();
    if chown(&theirs, Some(SOMEBODY), None).is_err() {
        return skip(Need::OtherUsers, "only root gives files away");
    }
    fs::write(theirs.join("artifacts/planted"), "by somebody").unwrap();
    compare();
    assert!(target.join(format!("perfguard-{root}/artifacts")).is_dir());
    assert_eq!(
        fs::read_dir(theirs.join("artifacts")).unwrap().count(),
        before + 1,
        "nothing of theirs is touched"
    );
    compare();
}

fn assert_measured(output: &Output) {
    let text = [&output.stdout[..], &output.stderr].concat();
    assert_one_more(output.status.code(), &String::from_utf8_lossy(&text));
}

#[test]
fn nothing_needs_a_home_that_can_be_written_to() {
    let package = changed();
    let home = package.path("../read only home");
    fs::create_dir(&home).unwrap();
    let mut program = package.process(&COMPARE);
    // Cargo's own home and the compilers are elsewhere then, and nothing is fetched here.
    let own = |name: &str, below: &str| {
        std::env::var_os(name).unwrap_or_else(|| std::env::home_dir().unwrap().join(below).into())
    };
    program.env("CARGO_HOME", own("CARGO_HOME", ".cargo")).env("RUSTUP_HOME", own("RUSTUP_HOME", ".rustup"));
    program.env("HOME", &home).env_remove("XDG_CACHE_HOME").env_remove("CARGO_TARGET_DIR");
    program.env("TMPDIR", package.path("../temporary"));
    fs::create_dir(package.path("../temporary")).unwrap();
    let script =
        "mount -t tmpfs -o ro none \"$HOME\" || exit 77; ! touch \"$HOME/x\" 2>&- || exit 78; exec \"$@\"";
    let Some(output) = mounted(script, &program) else { return };
    assert_measured(&output);
    assert!(package.path("target/perfguard/artifacts").is_dir());
}

#[test]
fn a_workspace_may_be_the_root_of_the_file_system() {
    let package = changed();
    let mut program = package.process(&COMPARE);
    program.env("XDG_CACHE_HOME", "/tmp/cache").env_remove("CARGO_TARGET_DIR");
    // All of the system is there, in its place, around the workspace's own files.
    let script = "new=$PWD; for folder in /*; do case $folder in /tmp) continue;; esac; \
                  [ -d \"$folder\" ] || continue; [ -L \"$folder\" ] && { cp -P \"$folder\" \"$new$folder\"; continue; }; \
                  mkdir -p \"$new$folder\" && mount --rbind \"$folder\" \"$new$folder\" || exit 77; done; \
                  printf '/*\\n!/src/\\n!/Cargo.*\\n' >\"$new/.git/info/exclude\"; mkdir \"$new/tmp\"; \
                  cp \"$1\" \"$new/the-program\"; shift; exec chroot \"$new\" /the-program \"$@\"";
    let Some(output) = mounted(script, &program) else { return };
    assert_measured(&output);
    assert!(package.path("target/perfguard").is_dir());
}
