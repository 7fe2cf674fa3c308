//! What git tracks where only the program writes.

use std::fs;

use super::{Stranger, WITH_AREA, WITH_STORE};

/// A store like those that the program makes.
fn store(stranger: &Stranger, path: &str) {
    drop(perfguard::store::Store::open(&stranger.sandbox.path(path)).unwrap());
}

#[test]
fn a_committed_store_is_refused_by_every_command_that_would_believe_it() {
    let stranger = Stranger::new();
    store(&stranger, ".perfguard/store.db");
    stranger.sandbox.git(&["add", "--force", ".perfguard/store.db"]);
    stranger.refuses(&WITH_STORE[..1], &["git tracks .perfguard/store.db"]);
    stranger.commit();
    stranger.refuses(&WITH_STORE, &["git tracks .perfguard/", "git rm -r --cached"]);
    // Also where only the commit has it.
    stranger.sandbox.git(&["rm", "--quiet", "-r", "--cached", ".perfguard"]);
    stranger.refuses(&WITH_STORE[..1], &["git tracks .perfguard"]);
    stranger.sandbox.git(&["commit", "--quiet", "--message", "without"]);
    let (code, stderr) = stranger.run(&["report"]);
    assert_eq!(code, 0, "untracked, it is the user's: {stderr}");
}

#[test]
fn a_committed_store_of_another_name_is_refused_too() {
    let stranger = Stranger::new();
    store(&stranger, "results/kept.db");
    stranger.link("results", "shortcut");
    stranger.commit();
    for path in ["results/kept.db", "shortcut/kept.db", "./results/../results/kept.db"] {
        stranger.refuses(&[&["report", "--store", path], &["check", "--store", path]], &["git tracks "]);
    }
    // Only what belongs to it is committed: a log is read as if it were part of the store.
    let stranger = Stranger::new();
    stranger.sandbox.write("kept.db-wal", "forged");
    stranger.commit();
    stranger.refuses(&[&["check", "--store", "kept.db"]], &["git tracks kept.db-wal"]);
}

#[test]
fn committed_source_trees_and_executables_are_refused() {
    for path in ["trees/0123/src/src/lib.rs", "artifacts/0123/manifest.json", "criterion/0.8.2-0/src/lib.rs"]
    {
        let stranger = Stranger::new();
        stranger.sandbox.write(&format!("target/perfguard/{path}"), "forged");
        stranger.commit();
        stranger.refuses(&WITH_AREA, &["git tracks target/perfguard/", "git rm -r --cached"]);
        let found = fs::read_dir(stranger.sandbox.path("target/perfguard")).unwrap().count();
        assert_eq!(found, 1, "nothing was put beside it");
    }
}

#[test]
fn a_committed_baseline_file_is_what_the_folder_is_for() {
    let stranger = Stranger::new();
    stranger.sandbox.write("baselines/x86_64-0.toml", "format = 1\n");
    stranger.commit();
    let (code, stderr) = stranger.run(&["baseline", "list"]);
    assert!(code == 101 && stderr.contains("baselines/x86_64-0.toml: line"), "it is read: {stderr}");
}
