//! Repositories from strangers: what a commit brings along is not believed, and no path in it leads outside.
//!
//! Most are refused before anything is built. Whatever happens, a folder beside the repository stays as it is.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod committed;
mod kept;
mod links;
mod stores;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::sandbox::Sandbox;

/// Commands that read or write the store.
const WITH_STORE: [&[&str]; 6] = [
    &["check", "--no-builtin"],
    &["run", "--no-builtin"],
    &["compare", "HEAD", "--no-builtin"],
    &["report"],
    &["history", "work"],
    &["baseline", "list"],
];

/// Commands that build, and so use the program's folder in the target folder.
const WITH_AREA: [&[&str]; 3] = [
    &["list", "--no-builtin"],
    &["check", "--no-builtin"],
    &["explain", "work", "HEAD", "HEAD", "--no-builtin"],
];

/// Goes as far as the sources, and builds nothing.
const NOTHING: &[&str] = &["list", "--no-builtin", "--bench", "nothing"];

/// A repository, and somebody's folder beside it.
struct Stranger {
    sandbox: Sandbox,
    before: BTreeMap<PathBuf, Vec<u8>>,
}

impl Stranger {
    fn new() -> Self {
        let sandbox = Sandbox::new("gauge");
        sandbox.commit("second");
        for path in ["build/precious/thesis.txt", "trees/notes.txt", "layouts/plan.txt", "store.db", "lock"] {
            let path = sandbox.path("../victim").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "years of work").unwrap();
        }
        let before = content(&sandbox.path("../victim"));
        Self { sandbox, before }
    }

    /// Commits everything, whatever `.gitignore` says.
    fn commit(&self) {
        self.sandbox.git(&["add", "--all", "--force"]);
        self.sandbox.git(&["commit", "--quiet", "--message", "harmless"]);
    }

    fn link(&self, to: &str, at: &str) {
        let at = self.sandbox.path(at);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(to, at).unwrap();
    }

    /// Runs the program with the repository's own target folder.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = self.sandbox.perfguard_below(&self.sandbox.path("target"), arguments);
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code().expect("the program ended by itself"), stderr)
    }

    /// Asserts that commands are refused in these words, with nothing built and nobody's files touched.
    #[track_caller]
    fn refuses(&self, commands: &[&[&str]], words: &[&str]) {
        for command in commands {
            let (code, stderr) = self.run(command);
            assert_eq!(code, 101, "{command:?}: {stderr}");
            for word in words {
                assert!(stderr.contains(word), "{command:?}: `{word}` is not in {stderr}");
            }
            assert!(!stderr.contains("Building"), "{command:?}: {stderr}");
            self.is_untouched();
        }
    }

    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(content(&self.sandbox.path("../victim")), self.before);
    }
}

/// Every file below a folder.
fn content(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if fs::symlink_metadata(&path).unwrap().is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Makes a pipe that nobody writes to.
fn pipe(path: &Path) {
    let status = std::process::Command::new("mkfifo").arg(path).stdin(Stdio::null()).status().unwrap();
    assert!(status.success());
}
