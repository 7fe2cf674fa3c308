//! Real repositories, made by the `git` program.

mod added;
mod elsewhere;
mod names;
mod trees;
mod work_tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::*;
use crate::support::records::Records;

/// A repository in a folder whose name has a space and a letter beyond ASCII.
pub(super) struct Sandbox {
    folder: tempfile::TempDir,
    pub(super) root: PathBuf,
    pub(super) records: Records,
}

impl Sandbox {
    /// With no commit.
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("my wörk");
        fs::create_dir(&root).unwrap();
        let sandbox = Self { folder, root, records: Records::none() };
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox
    }

    /// With two commits: `Cargo.toml`, `src/lib.rs`, and a lock file that is ignored like `target`.
    pub(super) fn new() -> Self {
        let sandbox = Self::empty();
        sandbox.write("Cargo.toml", "[package]\nname = \"x\"\n");
        sandbox.write("src/lib.rs", "one");
        sandbox.write(".gitignore", "/target\nCargo.lock\n*.log\n");
        sandbox.commit("first");
        sandbox.write("src/lib.rs", "two");
        sandbox.commit("second ü\n\nwith a body");
        sandbox
    }

    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        git_in(&self.root, args)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn open(&self) -> Repository {
        Repository::discover(&self.root).unwrap().keeping(&self.records)
    }

    /// The tree that git itself would make of the work tree; in a copy, since git writes.
    pub(super) fn tree_by_git(&self) -> String {
        let copy = tempfile::tempdir().unwrap();
        let to = copy.path().join("copy");
        let status = Command::new("cp").arg("-a").arg(&self.root).arg(&to).status().unwrap();
        assert!(status.success());
        git_in(&to, &["add", "-A"]);
        git_in(&to, &["write-tree"])
    }

    /// Every file of the git directory with its content and time.
    pub(super) fn git_dir(&self) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        let mut all = BTreeMap::new();
        let mut folders = vec![self.root.join(".git")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let time = fs::metadata(&path).unwrap().modified().unwrap();
                    all.insert(path.clone(), (fs::read(&path).unwrap(), time));
                }
            }
        }
        assert!(all.len() > 5);
        all
    }
}

pub(super) fn git_in(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args([
        "-c",
        "protocol.file.allow=always",
        "-c",
        "advice.addEmbeddedRepo=false",
    ]);
    command.args(["-c", "user.name=Somebody", "-c", "user.email=some@body"]).args(args);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_AUTHOR_DATE", "1700000000 +0100").env("GIT_COMMITTER_DATE", "1700000000 +0100");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
