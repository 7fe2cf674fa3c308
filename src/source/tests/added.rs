//! Files that only the candidate has, however the change came to be.

use super::*;
use crate::domain::{Revision, Sides};

const FOLDER: &str = "baselines/accepted";
const BOUNDS: AddedBounds = AddedBounds { extension: "toml", files: 3, bytes: 100 };

/// What a revision, or the work tree, adds to another one.
fn added(sandbox: &Sandbox, baseline: &str, candidate: Option<&str>) -> Result<Vec<AddedFile>, SourceError> {
    let repository = sandbox.open();
    let baseline = repository.resolve(baseline).unwrap();
    let candidate: Revision = match candidate {
        Some(candidate) => repository.resolve(candidate).unwrap(),
        None => repository.work_tree().unwrap(),
    };
    repository.added(&Sides { baseline, candidate }, Path::new(FOLDER), BOUNDS)
}

fn names(sandbox: &Sandbox, baseline: &str, candidate: Option<&str>) -> Vec<String> {
    added(sandbox, baseline, candidate).unwrap().into_iter().map(|file| file.name).collect()
}

fn file(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// A branch that adds a file in a commit of its own, and a main branch that goes on meanwhile.
fn branched() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(&file("old.toml"), "old");
    sandbox.commit("an old one");
    sandbox.git(&["checkout", "-q", "-b", "feature"]);
    sandbox.write("src/lib.rs", "slower");
    sandbox.commit("slower");
    sandbox.write(&file("new.toml"), "new");
    sandbox.commit("accept it");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("README", "on main");
    sandbox.commit("meanwhile");
    sandbox
}

#[test]
fn a_file_counts_for_the_change_that_adds_it_and_never_again() {
    let sandbox = branched();
    let base = sandbox.git(&["merge-base", "main", "feature"]);
    assert_eq!(names(&sandbox, &base, Some("feature")), ["new.toml"]);
    // A merge commit, as a service makes it for a pull request: against its first parent.
    sandbox.git(&["checkout", "-q", "--detach"]);
    sandbox.git(&["merge", "-q", "--no-ff", "-m", "merge", "feature"]);
    assert_eq!(names(&sandbox, "HEAD^1", Some("HEAD")), ["new.toml"]);
    sandbox.git(&["checkout", "-q", "main"]);
    // Squashed.
    sandbox.git(&["merge", "-q", "--squash", "feature"]);
    sandbox.commit("squashed");
    assert_eq!(names(&sandbox, "HEAD~1", Some("HEAD")), ["new.toml"]);
    assert_eq!(names(&sandbox, "HEAD~1", None), ["new.toml"], "a clean work tree is its commit");
    // The next change starts from a baseline that has it.
    sandbox.write("README", "next");
    assert_eq!(names(&sandbox, "HEAD", None), Vec::<String>::new());
    sandbox.commit("next");
    assert_eq!(names(&sandbox, "HEAD~1", Some("HEAD")), Vec::<String>::new());
    // Over a range it counts, as does every other of the range.
    assert_eq!(names(&sandbox, "HEAD~4", Some("HEAD")), ["new.toml", "old.toml"]);
}

#[test]
fn a_rebased_and_a_picked_change_bring_it_along() {
    let sandbox = branched();
    sandbox.git(&["checkout", "-q", "-b", "rebased", "feature"]);
    sandbox.git(&["rebase", "-q", "main"]);
    assert_eq!(names(&sandbox, "main", Some("rebased")), ["new.toml"]);
    sandbox.git(&["checkout", "-q", "-b", "release", "main~2"]);
    sandbox.git(&["cherry-pick", "feature~1", "feature"]);
    let base = sandbox.git(&["merge-base", "main", "release"]);
    assert_eq!(names(&sandbox, &base, Some("release")), ["new.toml"]);
}

#[test]
fn two_commits_are_history_enough() {
    let sandbox = branched();
    sandbox.git(&["merge", "-q", "--no-ff", "-m", "merge", "feature"]);
    let clone = sandbox.beside("clone");
    let url = format!("file://{}", sandbox.root.display());
    git_in(sandbox.root.parent().unwrap(), &["clone", "-q", "--depth", "2", &url, clone.to_str().unwrap()]);
    let repository = Repository::discover(&clone).unwrap();
    let sides = Sides {
        baseline: repository.resolve("HEAD^1").unwrap(),
        candidate: repository.resolve("HEAD").unwrap(),
    };
    let found = repository.added(&sides, Path::new(FOLDER), BOUNDS).unwrap();
    assert_eq!(found, [AddedFile { name: "new.toml".into(), bytes: b"new".to_vec() }]);
}

#[test]
fn the_content_decides_and_not_the_name() {
    let sandbox = branched();
    sandbox.git(&["mv", &file("old.toml"), &file("renamed.toml")]);
    assert_eq!(names(&sandbox, "HEAD", None), Vec::<String>::new());
    sandbox.write(&file("renamed.toml"), "changed");
    assert_eq!(names(&sandbox, "HEAD", None), ["renamed.toml"]);
    assert_eq!(added(&sandbox, "HEAD", None).unwrap()[0].bytes, b"changed");
}

#[test]
fn a_file_that_is_not_committed_yet_is_part_of_the_work_tree() {
    let sandbox = Sandbox::new();
    assert_eq!(names(&sandbox, "HEAD", None), Vec::<String>::new());
    sandbox.write(&file("untracked.toml"), "untracked");
    sandbox.write(&file("staged.toml"), "staged");
    sandbox.git(&["add", &file("staged.toml")]);
    sandbox.write(&file("README.md"), "no acceptance");
    sandbox.write(&file("deeper/a.toml"), "nor this");
    sandbox.write(&file("ignored.log"), "nor this");
    assert_eq!(names(&sandbox, "HEAD", None), ["staged.toml", "untracked.toml"]);
    assert_eq!(names(&sandbox, "HEAD", Some("HEAD")), Vec::<String>::new());
    fs::remove_file(sandbox.root.join(file("staged.toml"))).unwrap();
    assert_eq!(names(&sandbox, "HEAD", None), ["untracked.toml"]);
}

/// An error of a work tree that has something in it, and of the commit that is made of it.
fn refused(put: impl Fn(&Sandbox)) -> Vec<String> {
    let sandbox = Sandbox::new();
    put(&sandbox);
    let dirty = added(&sandbox, "HEAD", None).unwrap_err().to_string();
    sandbox.commit("it");
    let clean = added(&sandbox, "HEAD~1", Some("HEAD")).unwrap_err().to_string();
    vec![dirty, clean]
}

#[test]
fn links_large_files_and_many_are_refused_by_name() {
    use std::os::unix::fs::symlink;
    for (put, what) in [
        (
            (|sandbox: &Sandbox| {
                sandbox.write("elsewhere", "x");
                sandbox.write(&file("keep"), "");
                symlink("../../elsewhere", sandbox.root.join(file("link.toml"))).unwrap();
            }) as fn(&Sandbox),
            "cannot use baselines/accepted/link.toml: it is a link",
        ),
        (
            |sandbox| sandbox.write(&file("large.toml"), &"x".repeat(101)),
            "cannot use baselines/accepted/large.toml: it is larger than 100 bytes",
        ),
        (
            |sandbox| {
                for name in ["1", "2", "3", "4"] {
                    sandbox.write(&file(&format!("{name}.toml")), name);
                }
            },
            "cannot use baselines/accepted: it holds 4 new files, and at most 3 are read",
        ),
        (
            |sandbox| {
                sandbox.write("other/accepted/a.toml", "x");
                symlink("other", sandbox.root.join("baselines")).unwrap();
            },
            "cannot use baselines: it is no folder",
        ),
        (|sandbox| sandbox.write(FOLDER, "x"), "cannot use baselines/accepted: it is no folder"),
    ] {
        for error in refused(put) {
            assert_eq!(error, what);
        }
    }
}
