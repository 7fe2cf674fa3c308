//! What the work tree is, and that looking at it leaves no trace.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};

use super::*;

fn executable(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_clean_tree_is_head_whatever_is_ignored() {
    let sandbox = Sandbox::new();
    sandbox.write("target/debug/x", "built");
    sandbox.write("noise.log", "…");
    let revision = sandbox.open().work_tree().unwrap();
    assert_eq!((revision.label.as_str(), revision.dirty), ("HEAD", false));
    assert_eq!(revision.tree.as_str(), sandbox.git(&["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_there_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("inside/lib.rs", "one");
    sandbox.write("outside/data.txt", "two");
    sandbox.commit("folders");
    let head = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    sandbox.git(&["sparse-checkout", "set", "inside"]);
    assert!(!sandbox.root.join("outside").exists());
    let revision = sandbox.open().work_tree().unwrap();
    assert_eq!((revision.tree.as_str(), revision.dirty), (&*head, false));
    sandbox.write("inside/lib.rs", "changed");
    let revision = sandbox.open().work_tree().unwrap();
    let tree = sandbox.open().extract(&revision, &sandbox.beside("trees"), Path::new(""), None).unwrap();
    let read = |path: &str| fs::read_to_string(tree.files().join(path)).unwrap();
    assert_eq!((&*read("outside/data.txt"), &*read("inside/lib.rs")), ("two", "changed"));
    // A file in the place of a folder that is left out.
    sandbox.write("outside", "no folder");
    let revision = sandbox.open().work_tree().unwrap();
    let tree = sandbox.open().extract(&revision, &sandbox.beside("trees"), Path::new(""), None).unwrap();
    assert_eq!(fs::read_to_string(tree.files().join("outside")).unwrap(), "no folder");
    fs::remove_file(sandbox.root.join("outside")).unwrap();
    // What is deleted within it is deleted.
    fs::remove_file(sandbox.root.join("inside/lib.rs")).unwrap();
    let revision = sandbox.open().work_tree().unwrap();
    assert!(revision.dirty);
    sandbox.git(&["rm", "-q", "--cached", "inside/lib.rs"]);
    assert_eq!(revision.tree.as_str(), sandbox.git(&["write-tree"]));
}

#[test]
fn every_kind_of_change_gives_gits_own_tree() {
    let sandbox = Sandbox::new();
    for (path, text) in [("a.txt", "a"), ("a-b", "ab"), ("a/c", "ac"), ("dir/deep/x", "x"), ("gone/y", "y")] {
        sandbox.write(path, text);
    }
    symlink("a.txt", sandbox.root.join("link")).unwrap();
    sandbox.write("tracked.log", "ignored, yet tracked");
    sandbox.commit("more");
    sandbox.git(&["add", "-f", "tracked.log"]);
    sandbox.commit("tracked");
    let steps: [(&str, &dyn Fn()); 12] = [
        ("modified", &|| sandbox.write("a.txt", "changed")),
        ("modified though ignored", &|| sandbox.write("tracked.log", "changed")),
        ("untracked", &|| sandbox.write("new folder/nëw file", "new")),
        ("deleted", &|| fs::remove_file(sandbox.root.join("gone/y")).unwrap()),
        ("renamed", &|| fs::rename(sandbox.root.join("a/c"), sandbox.root.join("a/d")).unwrap()),
        ("executable", &|| executable(&sandbox.root.join("a-b"))),
        ("relinked", &|| {
            fs::remove_file(sandbox.root.join("link")).unwrap();
            symlink("/no such/file", sandbox.root.join("link")).unwrap();
        }),
        ("file to link", &|| {
            fs::remove_file(sandbox.root.join("a.txt")).unwrap();
            symlink("a-b", sandbox.root.join("a.txt")).unwrap();
        }),
        ("file to folder", &|| {
            fs::remove_file(sandbox.root.join("a-b")).unwrap();
            sandbox.write("a-b/inside", "x");
        }),
        ("folder to file", &|| {
            fs::remove_dir_all(sandbox.root.join("dir")).unwrap();
            sandbox.write("dir", "now a file");
        }),
        ("staged", &|| {
            sandbox.write("staged", "staged");
            sandbox.git(&["add", "staged"]);
            sandbox.write("staged", "and changed again");
        }),
        ("intended", &|| {
            sandbox.write("intended", "x");
            sandbox.git(&["add", "-N", "intended"]);
        }),
    ];
    for (what, step) in steps {
        step();
        let before = sandbox.git_dir();
        let revision = sandbox.open().work_tree().unwrap();
        assert!(revision.dirty, "{what}");
        assert_eq!(revision.label, "work tree");
        assert_eq!(revision.tree.as_str(), sandbox.tree_by_git(), "{what}");
        assert!(before == sandbox.git_dir(), "{what}: the repository was written to");
    }
    sandbox.git(&["checkout", "-q", "-f", "HEAD"]);
    sandbox.git(&["clean", "-q", "-fd"]);
    assert!(!sandbox.open().work_tree().unwrap().dirty);
}

#[test]
fn a_change_that_is_staged_and_taken_back_is_none() {
    let sandbox = Sandbox::new();
    sandbox.write("src/lib.rs", "three");
    sandbox.git(&["add", "-A"]);
    sandbox.write("src/lib.rs", "two");
    let revision = sandbox.open().work_tree().unwrap();
    assert_eq!(revision.tree.as_str(), sandbox.tree_by_git());
    assert!(!revision.dirty);
}

#[test]
fn what_builds_leave_never_counts_and_a_module_called_target_does() {
    let sandbox = Sandbox::new();
    sandbox.git(&["rm", "-q", ".gitignore"]);
    sandbox.commit("nothing is ignored");
    let clean = sandbox.open().work_tree().unwrap();
    assert!(!clean.dirty);
    sandbox.write("target/debug/x", "built");
    sandbox.write(".perfguard/store.db", "results");
    sandbox.write("elsewhere/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    sandbox.write("elsewhere/x", "built");
    assert_eq!(sandbox.open().work_tree().unwrap(), clean);
    sandbox.write("src/target/mod.rs", "code");
    let dirty = sandbox.open().work_tree().unwrap();
    assert!(dirty.dirty);
    let trees = sandbox.beside("trees");
    let tree = sandbox.open().extract(&dirty, &trees, Path::new(""), None).unwrap();
    assert!(tree.files().join("src/target/mod.rs").is_file());
    for path in ["target", ".perfguard", "elsewhere"] {
        assert!(!tree.files().join(path).exists(), "{path}");
    }
}

#[test]
fn conflicts_are_taken_as_they_are_on_disk() {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "-q", "-b", "side"]);
    sandbox.write("src/lib.rs", "side");
    sandbox.commit("side");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("src/lib.rs", "main");
    sandbox.commit("main");
    let merge = Command::new("git").current_dir(&sandbox.root).args(["merge", "side"]).output().unwrap();
    assert!(!merge.status.success());
    assert_eq!(sandbox.open().work_tree().unwrap().tree.as_str(), sandbox.tree_by_git());
}

#[test]
fn a_linked_work_tree_has_its_own_files() {
    let sandbox = Sandbox::new();
    let linked = sandbox.beside("linked trée");
    sandbox.git(&["worktree", "add", "-q", "-b", "linked", linked.to_str().unwrap(), "HEAD~1"]);
    fs::write(linked.join("extra"), "x").unwrap();
    let repository = Repository::discover(&linked).unwrap();
    assert_eq!(repository.root(), linked);
    let dirty = repository.work_tree().unwrap();
    assert_eq!(dirty.commit.as_str(), sandbox.git(&["rev-parse", "HEAD~1"]));
    let tree = repository.extract(&dirty, &sandbox.beside("trees"), Path::new(""), None).unwrap();
    assert_eq!(fs::read_to_string(tree.files().join("src/lib.rs")).unwrap(), "one");
    assert_eq!(fs::read_to_string(tree.files().join("extra")).unwrap(), "x");
}

#[derive(Debug, Clone)]
enum Step {
    Write(String, u8),
    Executable(String),
    Link(String),
    Delete(String),
    Stage,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = "(a|b|a-b|ä ö|\\.x)(/(a|b|a\\.b|-)){0,2}";
    let step = prop_oneof![
        4 => (name, 0u8..4).prop_map(|(path, content)| Step::Write(path, content)),
        1 => name.prop_map(Step::Executable),
        1 => name.prop_map(Step::Link),
        2 => name.prop_map(Step::Delete),
        1 => Just(Step::Stage),
    ];
    prop::collection::vec(step, 1..25)
}

/// Makes room for a file: no folder of that name, no file where its folders must be.
fn make_room(root: &Path, path: &str) -> PathBuf {
    let mut at = root.to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    for part in &parts[..parts.len() - 1] {
        at.push(part);
        if fs::symlink_metadata(&at).is_ok_and(|file| !file.is_dir()) {
            fs::remove_file(&at).unwrap();
        }
    }
    fs::create_dir_all(&at).unwrap();
    at.push(parts[parts.len() - 1]);
    match fs::symlink_metadata(&at) {
        Ok(file) if file.is_dir() => fs::remove_dir_all(&at).unwrap(),
        Ok(_) => fs::remove_file(&at).unwrap(),
        Err(_) => {}
    }
    at
}

fn apply(sandbox: &Sandbox, step: &Step) {
    match step {
        Step::Write(path, content) => {
            fs::write(make_room(&sandbox.root, path), content.to_string()).unwrap();
        }
        Step::Executable(path) => {
            let file = make_room(&sandbox.root, path);
            fs::write(&file, "run").unwrap();
            executable(&file);
        }
        Step::Link(path) => symlink("b", make_room(&sandbox.root, path)).unwrap(),
        Step::Delete(path) => drop(make_room(&sandbox.root, path)),
        Step::Stage => drop(sandbox.git(&["add", "-A"])),
    }
}

/// The tree of any snapshot is git's, its extraction holds exactly these files, and the repository stays untouched.
#[test]
fn any_work_tree_is_seen_as_git_sees_it() {
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    let random = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, random);
    let result = runner.run(&(steps(), steps()), |(first, second)| {
        let sandbox = Sandbox::new();
        for step in &first {
            apply(&sandbox, step);
        }
        sandbox.commit("first steps");
        for step in &second {
            apply(&sandbox, step);
        }
        let before = sandbox.git_dir();
        let revision = sandbox.open().work_tree().unwrap();
        prop_assert_eq!(revision.tree.as_str(), sandbox.tree_by_git());
        let trees = sandbox.beside("trees");
        let tree = sandbox.open().extract(&revision, &trees, Path::new(""), None).unwrap();
        prop_assert!(before == sandbox.git_dir(), "the repository was written to");
        git_in(&tree.files(), &["init", "-q"]);
        git_in(&tree.files(), &["add", "-A"]);
        prop_assert_eq!(git_in(&tree.files(), &["write-tree"]), revision.tree.as_str());
        Ok(())
    });
    result.unwrap();
}
