//! Fixture workspaces, copied per test.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use perfguard::domain::Variables;

/// A usual setting in continuous integration, which a copied dependency must survive.
pub(crate) const RUSTFLAGS: &str = "-Dwarnings";

/// Where fixtures are built that are launched without the program: one folder and the same flags, so that what they depend
/// on is compiled once.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures")
}

/// Copies `tests/fixtures/NAME` to a folder. What it depends on is there afterwards, for builds without the network.
pub(crate) fn copy(name: &str, to: &Path) {
    static FETCHED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    // Whoever comes meanwhile waits until it is there.
    let mut fetched = FETCHED.lock().unwrap();
    if fixture.join("Cargo.lock").exists() && fetched.insert(name.to_owned()) {
        let mut fetch = Command::new(cargo());
        fetch.args(["fetch", "--locked", "--manifest-path"]).arg(fixture.join("Cargo.toml"));
        let output = fetch.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    drop(fetched);
    copy_folder(&fixture, to);
}

/// Copies a folder with everything in it. A file that is there already and the same stays untouched, so that Cargo does not
/// build it again.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            let content = fs::read(&path).unwrap();
            if fs::read(&target).ok().as_ref() != Some(&content) {
                fs::write(&target, content).unwrap();
            }
        }
    }
}

/// Every file below a folder, with its content.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let content = fs::read(&path).unwrap();
            found.insert(path, content);
        }
    }
    found
}

/// Replaces a text that must be there in a file.
pub(crate) fn edit(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{} holds `{old}`", path.display());
    fs::write(path, text.replace(old, new)).unwrap();
}

/// The Cargo that runs these tests.
pub(crate) fn cargo() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO").unwrap())
}

/// The environment of these tests.
pub(crate) fn environment() -> Variables {
    std::env::vars_os().collect::<BTreeMap<_, _>>()
}
