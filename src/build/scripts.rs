//! Which build scripts would say what they said before: those that told Cargo what they ask, where all of that is the same.
//!
//! Cargo runs a script again when a file changes that it named by `rerun-if-changed`, or a variable by `rerun-if-env-changed`. A
//! script that named nothing may ask anything, git for one: it is run for every tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path};

use crate::domain::{LocalPackage, SourceTree};

use super::seed::{entries, unit_folders};

/// The names of packages whose scripts ran in another tree's build, told what they ask, and left nothing beside the sources.
/// `target` is that tree's target folder, `files` the root of the tree that is to be built. Whether what they named is the same is
/// not looked at here.
pub fn steady(local: &[LocalPackage], target: &Path, files: &Path) -> BTreeSet<String> {
    let Some(other) = target.parent().map(|home| home.join(SourceTree::FILES)) else {
        return BTreeSet::new();
    };
    let folders = unit_folders(target).unwrap_or_default();
    let is_steady = |package: &&LocalPackage| {
        let outputs = folders.iter().flat_map(|folder| outputs(&folder.join("build"), &package.name));
        let outputs: Vec<String> = outputs.collect();
        let below = package.manifest_dir.strip_prefix(files).ok();
        !outputs.is_empty()
            && outputs.iter().all(|output| names_what_it_asks(output, &package.manifest_dir, files))
            && below.is_some_and(|below| is_within(&other.join(below), &files.join(below)))
    };
    let scripted = local.iter().filter(|package| package.has_build_script);
    scripted.filter(is_steady).map(|package| package.name.clone()).collect()
}

/// What the scripts of a package printed.
fn outputs(build: &Path, package: &str) -> Vec<String> {
    let is_of = |path: &std::path::PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.rsplit_once('-').is_some_and(|(stem, _)| stem == package)
    };
    let folders = entries(build).unwrap_or_default().into_iter().filter(is_of);
    folders.filter_map(|folder| fs::read_to_string(folder.join("output")).ok()).collect()
}

/// Whether a script named files or variables, and no file but those of the tree.
fn names_what_it_asks(output: &str, manifest_dir: &Path, files: &Path) -> bool {
    let mut is_told = false;
    for line in output.lines() {
        let Some(told) = line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:")) else {
            continue;
        };
        if let Some(path) = told.strip_prefix("rerun-if-changed=") {
            let path = manifest_dir.join(path);
            let is_plain = |part: Component<'_>| {
                !matches!(part, Component::ParentDir | Component::CurDir) && part.as_os_str() != ".git"
            };
            if !(path.starts_with(files) && path.components().all(is_plain) && path.exists()) {
                return false;
            }
            is_told = true;
        }
        is_told |= told.starts_with("rerun-if-env-changed=");
    }
    is_told
}

/// Whether a folder has no file that another one has not.
fn is_within(folder: &Path, other: &Path) -> bool {
    let Ok(found) = entries(folder) else { return false };
    found.into_iter().all(|path| {
        let there = other.join(path.file_name().unwrap_or_default());
        match path.symlink_metadata() {
            Ok(data) if data.is_dir() => is_within(&path, &there),
            Ok(_) => there.symlink_metadata().is_ok(),
            Err(_) => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree that was built, with what a script printed, and one that is to be built.
    fn found(output: &str, left: &[&str]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let (home, files) = (folder.path().join("home"), folder.path().join("build/src"));
        let manifest_dir = files.join("sys");
        for root in [home.join("src/sys"), manifest_dir.clone()] {
            fs::create_dir_all(root.join("c")).unwrap();
            fs::write(root.join("build.rs"), "").unwrap();
            fs::write(root.join("c/one.c"), "").unwrap();
        }
        for path in left {
            fs::write(home.join("src/sys").join(path), "").unwrap();
        }
        let unit = home.join("target/release");
        fs::create_dir_all(unit.join(".fingerprint")).unwrap();
        fs::create_dir_all(unit.join("build/sys-0123456789abcdef")).unwrap();
        fs::write(unit.join("build/sys-0123456789abcdef/output"), output).unwrap();
        let package = LocalPackage {
            name: "sys".into(),
            manifest_dir,
            targets: ["sys".to_owned()].into(),
            has_build_script: true,
        };
        !steady(&[package], &home.join("target"), &files).is_empty()
    }

    #[test]
    fn a_script_is_steady_that_names_files_of_the_tree_or_variables() {
        assert!(found("cargo:rerun-if-changed=build.rs\ncargo::rerun-if-changed=c\nwords\n", &[]));
        assert!(found("cargo:rerun-if-env-changed=CC\n", &[]));
        assert!(!found("cargo:rustc-env=A=1\n", &[]), "it may ask anything");
        for path in ["nowhere", "../other", "/etc/hosts", ".git/HEAD", "c/../../x"] {
            let output = format!("cargo:rerun-if-changed=build.rs\ncargo:rerun-if-changed={path}\n");
            assert!(!found(&output, &[]), "{path}");
        }
        assert!(!found("cargo:rerun-if-changed=build.rs\n", &["c/written.c"]), "it leaves what others read");
    }
}
