//! Discovery on real workspaces, through the real Cargo.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::fs;
use std::path::Path;

use perfguard::discover::{DiscoverError, Discovered, Selection, discover};
use perfguard::domain::{CargoFlags, CrateOrigin, Features};
use tempfile::TempDir;

use crate::fixture;

fn workspace(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fixture::copy(name, folder.path());
    folder
}

fn find(workspace: &Path, selection: &Selection) -> Result<Discovered, DiscoverError> {
    let flags = CargoFlags { offline: true, ..CargoFlags::default() };
    let known = tempfile::tempdir().unwrap();
    discover(&fixture::cargo(), workspace, selection, &flags, &fixture::environment(), known.path())
}

fn labels(found: &Discovered) -> Vec<String> {
    found.benches.iter().map(|bench| format!("{}::{}", bench.package, bench.target)).collect()
}

fn left_out(found: &Discovered) -> Vec<(String, &str)> {
    found
        .left_out
        .iter()
        .map(|out| (format!("{}::{}", out.package, out.target), out.reason.as_str()))
        .collect()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn a_package_has_its_criterion_benches() {
    let folder = workspace("single");
    let found = find(folder.path(), &Selection::default()).unwrap();
    assert_eq!(labels(&found), ["single::sums", "single::words"]);
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
    assert_eq!(found.members, ["single"]);
    assert_eq!(found.workspace_root.canonicalize().unwrap(), folder.path().canonicalize().unwrap());
    assert_eq!(found.local.len(), 1, "downloads are not local: {:?}", found.local);
    let bench = &found.benches[0];
    assert_eq!(bench.package_version, "0.3.1");
    assert_eq!((bench.library.name.as_str(), bench.library.version.as_str()), ("criterion", "0.8.2"));
    assert_eq!(bench.library.origin, CrateOrigin::CratesIo);
    assert!(bench.library.root.join("src/lib.rs").is_file());
    assert_eq!(bench.variables["CARGO_PKG_VERSION_MINOR"], "3");
}

#[test]
fn what_is_no_criterion_bench_is_left_out_with_a_reason() {
    let folder = workspace("members");
    let found = find(folder.path(), &Selection::default()).unwrap();
    assert_eq!(labels(&found), ["plain::steady"]);
    let out = left_out(&found);
    let names: Vec<&str> = out.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["gated::large", "gated::own-main", "plain::unstable"]);
    assert!(out[0].1.contains("--features large"), "{}", out[0].1);
    assert!(out[1].1.contains("a `main` of its own"), "{}", out[1].1);
    assert!(out[2].1.contains("libtest"), "{}", out[2].1);
}

#[test]
fn a_bench_appears_once_its_features_are_on() {
    let folder = workspace("members");
    let list = |names: &[&str]| Features { list: texts(names), ..Features::default() };
    let all = Features { all: true, ..Features::default() };
    for features in [list(&["large"]), list(&["gated/large"]), all] {
        let found = find(folder.path(), &Selection { features, ..Selection::default() }).unwrap();
        assert_eq!(labels(&found), ["gated::large", "plain::steady"]);
        assert_eq!(found.benches[0].library.name, "criterion", "under another name in the manifest");
    }
}

#[test]
fn packages_are_chosen_as_cargo_would() {
    let folder = workspace("members");
    let found = |packages: &[&str], exclude: &[&str]| {
        let selection =
            Selection { packages: texts(packages), exclude: texts(exclude), ..Selection::default() };
        find(folder.path(), &selection)
    };
    for packages in [["plain"], ["plain@0.1.0"], ["pl*"]] {
        assert_eq!(labels(&found(&packages, &[]).unwrap()), ["plain::steady"]);
    }
    assert!(found(&[], &["plain"]).unwrap().benches.is_empty());
    let error = found(&["plian"], &[]).unwrap_err();
    assert!(error.to_string().contains("did you mean `plain`"), "{error}");
    let error = found(&["plain@9.0.0"], &[]).unwrap_err();
    assert!(matches!(error, DiscoverError::UnknownPackage { .. }), "{error}");
    let error = found(&["zzz"], &[]).unwrap_err();
    assert!(error.hint().unwrap().contains("gated, plain"), "{:?}", error.hint());
}

#[test]
fn benches_are_chosen_by_name_and_a_name_that_means_nothing_is_an_error() {
    let folder = workspace("single");
    let found =
        |names: &[&str]| find(folder.path(), &Selection { benches: texts(names), ..Selection::default() });
    assert_eq!(labels(&found(&["words"]).unwrap()), ["single::words"]);
    assert_eq!(labels(&found(&["s*"]).unwrap()), ["single::sums"]);
    let error = found(&["wrods"]).unwrap_err();
    assert!(error.to_string().contains("did you mean `words`"), "{error}");
}

#[test]
fn a_folder_without_a_workspace_is_an_error_and_one_without_benches_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let error = find(folder.path(), &Selection::default()).unwrap_err();
    assert!(matches!(error, DiscoverError::NoManifest { .. }), "{error}");
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "").unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\n[package]\nname = 'bare'\n").unwrap();
    let found = find(folder.path(), &Selection::default()).unwrap();
    assert!(found.benches.is_empty() && found.left_out.is_empty(), "{found:?}");
    fs::write(folder.path().join("Cargo.toml"), "[package").unwrap();
    let error = find(folder.path(), &Selection::default()).unwrap_err();
    assert!(matches!(&error, DiscoverError::Metadata { output } if output.contains("Cargo.toml")), "{error}");
}

#[test]
fn each_target_is_taken_for_the_library_that_it_takes_something_from() {
    let folder = workspace("libraries");
    let found = find(folder.path(), &Selection::default()).unwrap();
    let taken: Vec<(&str, &str)> =
        found.benches.iter().map(|bench| (bench.target.as_str(), bench.library.name.as_str())).collect();
    assert_eq!(
        taken,
        [
            ("by-codspeed", "codspeed-criterion-compat-walltime"),
            ("by-criterion2", "criterion2"),
            ("by-divan", "divan"),
        ],
        "what measures, not what hands it on"
    );
    let out = left_out(&found);
    let two = out.iter().find(|(name, _)| name == "libraries::by-two").unwrap();
    assert!(two.1.contains("`criterion` and `divan`"), "{out:?}");
}

#[test]
fn a_criterion_in_a_folder_is_told_from_a_release() {
    let folder = workspace("single");
    let fork = folder.path().join("fork");
    fs::create_dir_all(fork.join("src")).unwrap();
    fs::write(fork.join("src/lib.rs"), "").unwrap();
    fs::write(fork.join("Cargo.toml"), "[package]\nname = 'criterion'\nversion = '0.8.2'\n").unwrap();
    fixture::edit(
        &folder.path().join("Cargo.toml"),
        "version = \"0.8.2\", default-features = false",
        "path = 'fork'",
    );
    let found = find(folder.path(), &Selection::default()).unwrap();
    assert_eq!(found.benches[0].library.origin, CrateOrigin::Path);
    let local: Vec<&str> = found.local.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(local, ["criterion", "single"]);
}
