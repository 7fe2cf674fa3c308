//! A git repository with a fixture workspace in it, and the program pointed at it.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::slots;

/// A fixture workspace under git, in a folder of its own.
pub(crate) struct Sandbox {
    folder: TempDir,
    target: PathBuf,
}

impl Sandbox {
    /// A copy of `tests/fixtures/<name>`, committed once.
    pub(crate) fn new(name: &str) -> Self {
        let sandbox = Self::bare();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        copy(&fixture, &sandbox.root());
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        sandbox.commit("first");
        sandbox
    }

    /// The fixture `gauge` with its second bench target: names that are hard to pass on.
    pub(crate) fn with_names() -> Self {
        let sandbox = Self::new("gauge");
        let bench = "[[bench]]\nname = \"names\"\nharness = false\n\n[workspace]";
        sandbox.edit("Cargo.toml", "[workspace]", bench);
        sandbox.git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
        sandbox
    }

    /// The fixture `gauge` whose `work` allocates once a round. Allocations are counted in milliseconds, instructions in seconds.
    pub(crate) fn allocating() -> Self {
        let sandbox = Self::new("gauge");
        sandbox.allocate("ROUNDS");
        sandbox.git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
        sandbox
    }

    /// Has the function of the fixture `gauge` that takes so many rounds allocate once in each.
    pub(crate) fn allocate(&self, rounds: &str) {
        let each = format!(
            "for _ in 0..{rounds} {{\n        state = *std::hint::black_box(Box::new(state));\n    }}"
        );
        self.edit("src/lib.rs", &format!("rounds!(state, {rounds});"), &each);
    }

    /// This one with a target folder of its own, which outlives the test: where dependencies are compiled otherwise than the
    /// slots have them, the next run of the tests starts from those.
    pub(crate) fn keeping(mut self, name: &str) -> Self {
        self.target = slots::kept(name);
        self
    }

    /// Has the package built anew whenever the tests are, though its target folder is kept.
    pub(crate) fn mark(&self) {
        self.write("src/lib.rs", &format!("{}\n// {}\n", self.read("src/lib.rs"), slots::mark()));
    }

    /// Does what takes long and builds nothing, and meanwhile leaves the slot to others.
    pub(crate) fn without_slot<T>(&mut self, wait: impl FnOnce(&Self) -> T) -> T {
        slots::give_back();
        self.target = self.folder.path().join("target");
        let done = wait(self);
        self.target = slots::take_one();
        done
    }

    /// An empty folder: no git, no Cargo.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::Builder::new().prefix("perf guard ü ").tempdir().unwrap();
        let sandbox = Self { folder, target: slots::take_one() };
        fs::create_dir(sandbox.root()).unwrap();
        sandbox
    }

    /// The workspace root. Its path has a space and a letter beyond ASCII in it.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Where trees are that cannot be in the target folder, where it lies in a repository.
    pub(crate) fn cache(&self) -> PathBuf {
        slots::cache().unwrap_or_else(|| self.folder.path().join("cache"))
    }

    /// The target folder: its slot's.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Replaces text that must be there.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} does not hold {from}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.root(), arguments)
    }

    /// Commits everything and returns the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// The program, started in the workspace as Cargo starts it.
    ///
    /// Its target folder is its slot's, which sandboxes share one after the other, so that dependencies are compiled
    /// once; the program itself must cope with that, as users share theirs.
    pub(crate) fn perfguard(&self, arguments: &[&str]) -> assert_cmd::Command {
        self.perfguard_below(&self.target, arguments)
    }

    /// The program with a target folder of the sandbox's own.
    pub(crate) fn perfguard_below(&self, target: &Path, arguments: &[&str]) -> assert_cmd::Command {
        assert_cmd::Command::from_std(self.process_below(target, arguments))
    }

    /// The program, to be started and watched.
    pub(crate) fn process(&self, arguments: &[&str]) -> Command {
        self.process_below(&self.target, arguments)
    }

    fn process_below(&self, target: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-perfguard"));
        command.current_dir(self.root()).arg("perfguard").args(arguments);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PERFGUARD_")
                || text.starts_with("CARGO_PKG_")
                || text.starts_with("CARGO_MANIFEST")
            {
                command.env_remove(&name);
            }
        }
        // Most tests are about time in the layout of the build; those about counts or drawn layouts, which cost more
        // processor time than the rest of a small check, ask for them.
        command.env("PERFGUARD_METRICS", "wall-time").env("PERFGUARD_LAYOUT", "default");
        command.env("XDG_CACHE_HOME", self.cache());
        command.env("CARGO_TARGET_DIR", target).env("NO_COLOR", "1").env("COLUMNS", "120");
        command
            .env_remove("GITHUB_ACTIONS")
            .env_remove("GITHUB_STEP_SUMMARY")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("CARGO_TERM_COLOR")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }
}

/// Puts a script where it can be started.
///
/// Another process writes it. A child that another test has forked, and that has not begun its own program yet, holds
/// open whatever this process was writing just then, and what somebody holds open for writing cannot be started.
pub(crate) fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    let mut child = Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{}", path.display());
}

/// What git answers in a folder, whoever runs the tests.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == "target" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
