//! Trees extracted: whole, exact, reused.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::time::Duration;

use super::*;
use crate::domain::SourceTree;

#[test]
fn a_commit_is_extracted_once_with_its_modes_and_links() {
    let sandbox = Sandbox::new();
    sandbox.write("run me.sh", "#!/bin/sh\n");
    fs::set_permissions(sandbox.root.join("run me.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("src/lib.rs", sandbox.root.join("lïnk")).unwrap();
    symlink("/no such/file", sandbox.root.join("dangling")).unwrap();
    sandbox.commit("kinds");
    let before = sandbox.git_dir();
    let trees = sandbox.beside("trees");
    let revision = sandbox.open().resolve("HEAD").unwrap();
    let start = SystemTime::now() - Duration::from_secs(2);
    let tree = sandbox.open().extract(&revision, &trees, Path::new(""), None).unwrap();
    assert_eq!(tree.revision, revision);
    assert_eq!(tree.home, trees.join(revision.tree.as_str()));
    let files = tree.files();
    assert_eq!(fs::read_to_string(files.join("src/lib.rs")).unwrap(), "two");
    let mode = |name: &str| fs::metadata(files.join(name)).unwrap().permissions().mode() & 0o111;
    assert_ne!(mode("run me.sh"), 0);
    assert_eq!(mode("src/lib.rs"), 0);
    assert_eq!(fs::read_link(files.join("lïnk")).unwrap(), Path::new("src/lib.rs"));
    assert_eq!(fs::read_link(files.join("dangling")).unwrap(), Path::new("/no such/file"));
    assert!(fs::metadata(files.join("src/lib.rs")).unwrap().modified().unwrap() >= start);
    assert!(before == sandbox.git_dir(), "the repository was written to");
    // What is there is used again, not written again.
    let written = fs::metadata(files.join("src/lib.rs")).unwrap();
    let again = sandbox.open().extract(&revision, &trees, Path::new(""), None).unwrap();
    assert_eq!(again, tree);
    let now = fs::metadata(files.join("src/lib.rs")).unwrap();
    assert_eq!((now.ino(), now.modified().unwrap()), (written.ino(), written.modified().unwrap()));
    let names: Vec<_> = fs::read_dir(&trees).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [revision.tree.as_str()], "no draft is left");
}

#[test]
fn a_tree_is_a_plain_checkout_of_its_commit_for_git() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", "locked");
    sandbox.git(&["add", "-f", "Cargo.lock"]);
    sandbox.commit("three");
    sandbox.git(&["tag", "v1"]);
    sandbox.write("src/lib.rs", "dirty");
    let before = sandbox.git_dir();
    let repository = sandbox.open();
    let trees = sandbox.beside("trees");
    let extract = |revision: &crate::domain::Revision| {
        repository.extract(revision, &trees, Path::new(""), None).unwrap().files()
    };
    let ask = |files: &Path, words: &[&str]| {
        let output = Command::new("git").args(words).current_dir(files).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    for (spec, described) in [("HEAD", "v1"), ("HEAD~1", "")] {
        let revision = repository.resolve(spec).unwrap();
        let files = extract(&revision);
        assert_eq!(ask(&files, &["rev-parse", "HEAD"]), revision.commit.as_str());
        assert_eq!(
            ask(&files, &["rev-parse", "--show-toplevel"]),
            files.canonicalize().unwrap().to_str().unwrap()
        );
        assert_eq!(ask(&files, &["status", "--porcelain"]), "");
        if !described.is_empty() {
            // The lock file is written to by builds.
            fs::write(files.join("Cargo.lock"), "patched").unwrap();
            assert_eq!(ask(&files, &["describe", "--tags", "--dirty"]), described);
        }
        let head = fs::metadata(files.join(".git/HEAD")).unwrap().modified().unwrap();
        extract(&revision);
        assert_eq!(fs::metadata(files.join(".git/HEAD")).unwrap().modified().unwrap(), head);
    }
    let files = extract(&repository.work_tree().unwrap());
    // git reads files that are no older than the index; an extraction that took longer leaves none.
    let index = fs::File::options().write(true).open(files.join(".git/index")).unwrap();
    index.set_modified(SystemTime::now() + Duration::from_secs(10)).unwrap();
    assert_eq!(ask(&files, &["status", "--porcelain"]), "M src/lib.rs", "a work tree is a dirty HEAD");
    assert!(before == sandbox.git_dir(), "the repository was written to");
}

#[test]
fn a_kept_tree_that_lost_files_is_healed() {
    let sandbox = Sandbox::new();
    sandbox.write("untracked", "content that git does not have");
    let repository = sandbox.open();
    let trees = sandbox.beside("trees");
    for revision in [repository.resolve("HEAD").unwrap(), repository.work_tree().unwrap()] {
        let extract = || repository.extract(&revision, &trees, Path::new(""), None).unwrap();
        let tree = extract();
        fs::write(tree.files().join("src/lib.rs"), "").unwrap();
        fs::write(tree.files().join("left by a bench"), "").unwrap();
        let _ = fs::remove_file(tree.files().join("untracked"));
        extract();
        assert_eq!(fs::read_to_string(tree.files().join("src/lib.rs")).unwrap(), "two");
        assert!(!tree.files().join("left by a bench").exists());
        assert_eq!(tree.files().join("untracked").exists(), revision.dirty);
        // Nothing to heal from: it is extracted anew.
        fs::remove_file(tree.home.join(".perfguard-files")).unwrap();
        fs::remove_file(tree.files().join("src/lib.rs")).unwrap();
        extract();
        assert_eq!(fs::read_to_string(tree.files().join("src/lib.rs")).unwrap(), "two");
    }
}

#[test]
fn an_old_commit_is_extracted_beside_a_dirty_tree() {
    let sandbox = Sandbox::new();
    sandbox.write("src/lib.rs", "three");
    sandbox.write("new", "new");
    let repository = sandbox.open();
    let trees = sandbox.beside("trees");
    let text = |revision: &crate::domain::Revision| {
        let tree = repository.extract(revision, &trees, Path::new(""), None).unwrap();
        fs::read_to_string(tree.files().join("src/lib.rs")).unwrap()
    };
    assert_eq!(text(&repository.resolve("HEAD~1").unwrap()), "one");
    assert_eq!(text(&repository.resolve("HEAD").unwrap()), "two");
    assert_eq!(text(&repository.work_tree().unwrap()), "three");
}

#[test]
fn a_snapshot_follows_files_that_changed_since_it_was_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.write("src/lib.rs", "three");
    let repository = sandbox.open();
    let seen = repository.work_tree().unwrap();
    sandbox.write("src/lib.rs", "four");
    let tree = repository.extract(&seen, &sandbox.beside("trees"), Path::new(""), None).unwrap();
    assert_ne!(tree.revision.tree, seen.tree);
    assert_eq!(tree.revision.tree.as_str(), sandbox.tree_by_git());
    assert_eq!(fs::read_to_string(tree.files().join("src/lib.rs")).unwrap(), "four");
    sandbox.git(&["checkout", "-q", "."]);
    let tree = repository.extract(&seen, &sandbox.beside("trees"), Path::new(""), None).unwrap();
    assert!(!tree.revision.dirty);
    assert_eq!(fs::read_to_string(tree.files().join("src/lib.rs")).unwrap(), "two");
}

#[test]
fn a_lock_file_is_lent_where_the_tree_has_none_and_kept_in_step() {
    let sandbox = Sandbox::new();
    let repository = sandbox.open();
    let revision = repository.resolve("HEAD").unwrap();
    let trees = sandbox.beside("trees");
    let extract = || repository.extract(&revision, &trees, Path::new(""), Some(&sandbox.root)).unwrap();
    assert!(!extract().files().join("Cargo.lock").exists());
    sandbox.write("Cargo.lock", "first");
    let lock = extract().files().join("Cargo.lock");
    assert_eq!(fs::read_to_string(&lock).unwrap(), "first");
    fs::write(&lock, "as Cargo completed it").unwrap();
    note(&trees.join(revision.tree.as_str()), &sandbox.records).unwrap();
    extract();
    assert_eq!(fs::read_to_string(&lock).unwrap(), "as Cargo completed it");
    sandbox.write("Cargo.lock", "second");
    extract();
    assert_eq!(fs::read_to_string(&lock).unwrap(), "second");
    // A tree with its own keeps it.
    sandbox.git(&["add", "-f", "Cargo.lock"]);
    sandbox.commit("locked");
    sandbox.write("Cargo.lock", "third");
    let own = repository.resolve("HEAD").unwrap();
    let tree = repository.extract(&own, &trees, Path::new(""), Some(&sandbox.root)).unwrap();
    assert_eq!(fs::read_to_string(tree.files().join("Cargo.lock")).unwrap(), "second");
}

#[test]
fn a_lock_file_that_is_given_makes_another_tree_and_touches_neither_the_users_nor_the_own() {
    let sandbox = Sandbox::new();
    let trees = sandbox.beside("trees");
    let repository = sandbox.open();
    let given = |text: &str| {
        fs::write(sandbox.beside("given"), text).unwrap();
        GivenLock::read(&sandbox.beside("given")).unwrap()
    };
    let (own, one, two) = (given("version = 2\n"), given("version = 3\n"), given("version = 4\n"));
    let without = repository.resolve("HEAD").unwrap();
    sandbox.write("Cargo.lock", "version = 2\n");
    sandbox.git(&["add", "-f", "Cargo.lock"]);
    sandbox.commit("locked");
    let with = repository.resolve("HEAD").unwrap();
    let plain = |revision| repository.extract(revision, &trees, Path::new(""), Some(&sandbox.root)).unwrap();
    let extract =
        |revision, lock| repository.extract_with_lock(revision, &trees, Path::new(""), lock).unwrap();
    let lock = |tree: &SourceTree| fs::read_to_string(tree.files().join("Cargo.lock")).unwrap();
    // The own file, the one that is lent where there is none, and either of those that are given.
    assert_eq!(
        (lock(&plain(&with)), lock(&plain(&without))),
        ("version = 2\n".into(), "version = 2\n".into())
    );
    for revision in [&with, &without] {
        let (first, second) = (extract(revision, &one), extract(revision, &two));
        assert_eq!((lock(&first), lock(&second)), ("version = 3\n".into(), "version = 4\n".into()));
        assert!(first.home != second.home && first.home != plain(revision).home);
        assert_eq!(first.revision, *revision, "the commit is what it was");
        assert_eq!(git_in(&first.files(), &["rev-parse", "HEAD"]), revision.commit.as_str());
        // It is kept as it is; what a killed build wrote into it is no reason to keep that.
        let stamp =
            |tree: &SourceTree| fs::metadata(tree.files().join("src/lib.rs")).unwrap().modified().unwrap();
        let before = stamp(&first);
        assert_eq!((extract(revision, &one), stamp(&first)), (first.clone(), before));
        note_begin(&first.home, &sandbox.records).unwrap();
        fs::write(first.files().join("Cargo.lock"), "version = 3\n# patched").unwrap();
        assert_eq!(lock(&extract(revision, &one)), "version = 3\n");
    }
    assert_eq!(extract(&with, &own), plain(&with), "it is the commit's own");
    sandbox.write("src/lib.rs", "pub fn changed() {}\n");
    let dirty = repository.work_tree().unwrap();
    let tree = extract(&dirty, &one);
    assert!(tree.revision == dirty && lock(&tree) == "version = 3\n");
    assert_eq!(fs::read_to_string(tree.files().join("src/lib.rs")).unwrap(), "pub fn changed() {}\n");
    assert_eq!(fs::read_to_string(sandbox.root.join("Cargo.lock")).unwrap(), "version = 2\n");
    assert_eq!(lock(&plain(&with)), "version = 2\n");
    let nowhere = repository.extract_with_lock(&with, &trees, Path::new("in ner"), &one).unwrap_err();
    assert!(matches!(nowhere, SourceError::NoWorkspace { .. }), "{nowhere}");
}

#[test]
fn a_workspace_below_the_root_is_found_or_missed() {
    let sandbox = Sandbox::new();
    sandbox.write("in ner/Cargo.toml", "[package]");
    sandbox.commit("moved");
    let repository = sandbox.open();
    let trees = sandbox.beside("trees");
    let extract = |spec: &str| {
        repository.extract(&repository.resolve(spec).unwrap(), &trees, Path::new("in ner"), None)
    };
    assert!(extract("HEAD").unwrap().workspace().ends_with("src/in ner"));
    let error = extract("HEAD~1").unwrap_err();
    assert!(matches!(error, SourceError::NoWorkspace { .. }), "{error}");
    assert!(error.to_string().contains("in ner"));
}

#[test]
fn missing_content_leaves_nothing_half_done() {
    let sandbox = Sandbox::new();
    let blob = sandbox.git(&["rev-parse", "HEAD:src/lib.rs"]);
    fs::remove_file(sandbox.root.join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let repository = sandbox.open();
    let trees = sandbox.beside("trees");
    let revision = repository.resolve("HEAD").unwrap();
    let error = repository.extract(&revision, &trees, Path::new(""), None).unwrap_err();
    assert!(matches!(error, SourceError::MissingObject { .. }), "{error}");
    assert!(error.to_string().contains("src/lib.rs"), "{error}");
    assert_eq!(fs::read_dir(&trees).unwrap().count(), 0);
}

#[test]
fn a_hostile_tree_stays_inside() {
    let sandbox = Sandbox::new();
    let raw = |entries: &[(&str, &str, &str)]| {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend(format!("{mode} {name}\0").into_bytes());
            bytes.extend_from_slice(git2::Oid::from_str(id).unwrap().as_bytes());
        }
        let odb = sandbox.open();
        odb.inner.odb().unwrap().write(git2::ObjectType::Tree, &bytes).unwrap().to_string()
    };
    let outside = sandbox.beside("outside");
    fs::create_dir(&outside).unwrap();
    sandbox.write("to", "x");
    let target = sandbox.beside("target text");
    fs::write(&target, outside.to_str().unwrap()).unwrap();
    let link = sandbox.git(&["hash-object", "-w", target.to_str().unwrap()]);
    let file = sandbox.git(&["hash-object", "-w", "to"]);
    let inner = raw(&[("100644", "x", &file)]);
    let trees = [
        raw(&[("100644", "..", &file)]),
        raw(&[("40000", "..", &inner)]),
        raw(&[("40000", ".git", &inner)]),
        raw(&[("120000", "a", &link), ("40000", "a", &inner)]),
        raw(&[("120000", "a", &link), ("100644", "a", &file)]),
    ];
    for tree in trees {
        let commit = sandbox.git(&["commit-tree", "-m", "bad", &tree]);
        let repository = sandbox.open();
        let revision = repository.resolve(&commit).unwrap();
        let error = repository.extract(&revision, &sandbox.beside("trees"), Path::new(""), None).unwrap_err();
        assert!(matches!(error, SourceError::UnsafePath(_) | SourceError::Write { .. }), "{error}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}
