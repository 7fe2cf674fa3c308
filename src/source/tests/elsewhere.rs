//! Content that is not in the tree itself: submodules and Git LFS.

use super::*;

/// A repository with a submodule at `ven dor/süb`, which has a submodule of its own.
fn with_submodule() -> Sandbox {
    let sandbox = Sandbox::new();
    let upstream = sandbox.beside("upstream");
    let innermost = sandbox.beside("innermost");
    for folder in [&innermost, &upstream] {
        fs::create_dir(folder).unwrap();
        git_in(folder, &["init", "-q", "-b", "main"]);
        fs::write(folder.join("file"), "first").unwrap();
        git_in(folder, &["add", "-A"]);
        git_in(folder, &["commit", "-q", "-m", "first"]);
    }
    git_in(&upstream, &["submodule", "--quiet", "add", innermost.to_str().unwrap(), "deep"]);
    git_in(&upstream, &["commit", "-q", "-m", "deep"]);
    sandbox.git(&[
        "submodule",
        "--quiet",
        "add",
        "--name",
        "vendored",
        upstream.to_str().unwrap(),
        "ven dor/süb",
    ]);
    sandbox.git(&["submodule", "--quiet", "update", "--init", "--recursive"]);
    sandbox.commit("submodule");
    sandbox
}

const PATH: &str = "ven dor/süb";

fn extract(sandbox: &Sandbox, spec: &str) -> Result<crate::domain::SourceTree, SourceError> {
    let repository = sandbox.open();
    let revision = if spec.is_empty() { repository.work_tree()? } else { repository.resolve(spec)? };
    repository.extract(&revision, &sandbox.beside("trees"), Path::new(""), None)
}

#[test]
fn submodules_are_filled_from_the_work_tree() {
    let sandbox = with_submodule();
    assert!(!sandbox.open().work_tree().unwrap().dirty);
    let before = sandbox.git_dir();
    let tree = extract(&sandbox, "HEAD").unwrap();
    assert_eq!(fs::read_to_string(tree.files().join(PATH).join("file")).unwrap(), "first");
    assert_eq!(fs::read_to_string(tree.files().join(PATH).join("deep/file")).unwrap(), "first");
    assert!(before == sandbox.git_dir(), "the repository was written to");
}

#[test]
fn submodules_are_filled_from_the_git_directory() {
    let sandbox = with_submodule();
    fs::remove_dir_all(sandbox.root.join(PATH)).unwrap();
    let tree = extract(&sandbox, "HEAD").unwrap();
    assert_eq!(fs::read_to_string(tree.files().join(PATH).join("deep/file")).unwrap(), "first");
}

#[test]
fn a_submodule_that_is_not_here_is_named() {
    let sandbox = with_submodule();
    fs::remove_dir_all(sandbox.root.join(PATH)).unwrap();
    fs::remove_dir_all(sandbox.root.join(".git/modules")).unwrap();
    let error = extract(&sandbox, "HEAD").unwrap_err();
    assert!(error.to_string().contains(PATH), "{error}");
    assert_eq!(error.hint().unwrap(), format!("git submodule update --init --recursive -- '{PATH}'"));
}

#[test]
fn a_moved_submodule_is_dirty_and_measured_where_it_is() {
    let sandbox = with_submodule();
    let inner = sandbox.root.join(PATH);
    fs::write(inner.join("file"), "second").unwrap();
    git_in(&inner, &["commit", "-q", "-am", "second"]);
    let revision = sandbox.open().work_tree().unwrap();
    assert!(revision.dirty);
    assert_eq!(revision.tree.as_str(), sandbox.tree_by_git());
    let tree = extract(&sandbox, "").unwrap();
    assert_eq!(fs::read_to_string(tree.files().join(PATH).join("file")).unwrap(), "second");
    let head = extract(&sandbox, "HEAD").unwrap();
    assert_eq!(fs::read_to_string(head.files().join(PATH).join("file")).unwrap(), "first");
}

#[test]
fn uncommitted_work_in_a_submodule_counts() {
    let sandbox = with_submodule();
    fs::write(sandbox.root.join(PATH).join("file"), "in work").unwrap();
    fs::write(sandbox.root.join(PATH).join("new"), "new").unwrap();
    let revision = sandbox.open().work_tree().unwrap();
    assert!(revision.dirty);
    let tree = extract(&sandbox, "").unwrap();
    assert_eq!(tree.revision, revision);
    for (name, text) in [("file", "in work"), ("new", "new"), ("deep/file", "first")] {
        assert_eq!(fs::read_to_string(tree.files().join(PATH).join(name)).unwrap(), text, "{name}");
    }
}

#[test]
fn what_a_nested_repository_leaves_out_is_left_out_of_it() {
    let sandbox = Sandbox::new();
    let nested = sandbox.root.join("nested");
    for folder in ["inside", "outside"] {
        fs::create_dir_all(nested.join(folder)).unwrap();
        fs::write(nested.join(folder).join("file"), folder).unwrap();
    }
    git_in(&nested, &["init", "-q", "-b", "main"]);
    git_in(&nested, &["add", "-A"]);
    git_in(&nested, &["commit", "-q", "-m", "first"]);
    git_in(&nested, &["sparse-checkout", "set", "inside"]);
    let tree = extract(&sandbox, "").unwrap();
    assert_eq!(fs::read_to_string(tree.files().join("nested/inside/file")).unwrap(), "inside");
    assert!(!tree.files().join("nested/outside").exists());
}

#[test]
fn a_nested_repository_counts_with_its_files() {
    let sandbox = Sandbox::new();
    let nested = sandbox.root.join("nested repo");
    fs::create_dir(&nested).unwrap();
    git_in(&nested, &["init", "-q", "-b", "main"]);
    fs::write(nested.join("file"), "inside").unwrap();
    git_in(&nested, &["add", "-A"]);
    git_in(&nested, &["commit", "-q", "-m", "first"]);
    let tree = extract(&sandbox, "").unwrap();
    assert!(tree.revision.dirty);
    assert_eq!(fs::read_to_string(tree.files().join("nested repo/file")).unwrap(), "inside");
}

const LARGE: &str = "large content\n";

/// A repository with a file in LFS, whose store is filled; the work tree holds the pointer.
fn with_lfs() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let pointer = lfs::Pointer::to(LARGE.as_bytes()).text();
    let sha256 = pointer.split("sha256:").nth(1).unwrap().lines().next().unwrap().to_owned();
    sandbox.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    sandbox.write("big file.bin", &pointer);
    sandbox.write("sample of a pointer", &pointer.replace(&sha256, &"0".repeat(64)));
    sandbox.commit("large");
    let stored = format!(".git/lfs/objects/{}/{}/{sha256}", &sha256[..2], &sha256[2..4]);
    sandbox.write(&stored, LARGE);
    (sandbox, PathBuf::from(stored))
}

#[test]
fn large_files_come_from_the_store_or_the_work_tree() {
    let (sandbox, stored) = with_lfs();
    let large =
        |tree: &crate::domain::SourceTree| fs::read_to_string(tree.files().join("big file.bin")).unwrap();
    let tree = extract(&sandbox, "HEAD").unwrap();
    assert_eq!(large(&tree), LARGE);
    assert!(fs::read_to_string(tree.files().join("sample of a pointer")).unwrap().starts_with("version"));
    fs::remove_dir_all(&tree.home).unwrap();
    fs::remove_file(sandbox.root.join(stored)).unwrap();
    let error = extract(&sandbox, "HEAD").unwrap_err();
    assert!(error.to_string().contains("big file.bin"), "{error}");
    assert_eq!(error.hint().unwrap(), "git lfs fetch --all");
    sandbox.write("big file.bin", LARGE);
    assert_eq!(large(&extract(&sandbox, "HEAD").unwrap()), LARGE);
}

#[test]
fn a_large_file_that_is_checked_out_is_no_change() {
    let (sandbox, _) = with_lfs();
    sandbox.write("big file.bin", LARGE);
    assert!(!sandbox.open().work_tree().unwrap().dirty);
    sandbox.write("big file.bin", "other content");
    let tree = extract(&sandbox, "").unwrap();
    assert!(tree.revision.dirty);
    assert_eq!(fs::read_to_string(tree.files().join("big file.bin")).unwrap(), "other content");
}
