//! Which of a workspace's own packages may be taken from another tree's build as they are. Pure.
//!
//! Cargo goes by time stamps. Files that are the same in both trees get the times that the other build knows, and packages
//! with a file that differs are left out, whatever its time is: so Cargo compiles them, and what depends on them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::domain::LocalPackage;

use super::surroundings::is_for_people;

/// The packages that are compiled from the same files in both trees. `files` is the root of the tree; the paths of what
/// differs start from there.
///
/// A Rust source belongs to the package whose folder it lies in; that another package names it as well is known to Cargo,
/// for it is newer than that package's build. Prose is for people, and where it is compiled in, Cargo knows that as well.
/// Anything else (manifests, lock files, configuration, data) may be read by any build, so nothing is carried over. A
/// package with a build script is the same where the script is one of those that are `steady`.
pub fn unchanged(
    local: &[LocalPackage],
    files: &Path,
    differing: &[PathBuf],
    steady: &BTreeSet<String>,
) -> Vec<LocalPackage> {
    let mut changed: Vec<&Path> = Vec::new();
    for path in differing.iter().filter(|path| !is_for_people(path)) {
        let is_source = path.extension().is_some_and(|end| end == "rs");
        match package_of(local, &files.join(path)).filter(|_| is_source) {
            Some(folder) => changed.push(folder),
            None => return Vec::new(),
        }
    }
    let is_same = |package: &&LocalPackage| {
        let folder = package.manifest_dir.as_path();
        let asks_nothing_else = !package.has_build_script || steady.contains(&package.name);
        folder.starts_with(files) && asks_nothing_else && !changed.contains(&folder)
    };
    local.iter().filter(is_same).cloned().collect()
}

/// The innermost package folder that a file lies in.
fn package_of<'p>(local: &'p [LocalPackage], file: &Path) -> Option<&'p Path> {
    let folders = local.iter().map(|package| package.manifest_dir.as_path());
    folders.filter(|folder| file.starts_with(folder)).max_by_key(|folder| folder.components().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, folder: &str, has_build_script: bool) -> LocalPackage {
        LocalPackage {
            name: name.to_owned(),
            manifest_dir: folder.into(),
            targets: [name.to_owned()].into(),
            has_build_script,
        }
    }

    fn same(differing: &[&str]) -> Vec<String> {
        same_with(differing, &[])
    }

    fn same_with(differing: &[&str], steady: &[&str]) -> Vec<String> {
        let local = [
            package("root", "/t/src", false),
            package("a", "/t/src/crates/a", false),
            package("b", "/t/src/crates/b", false),
            package("sys", "/t/src/crates/sys", true),
            package("elsewhere", "/elsewhere", false),
        ];
        let differing: Vec<PathBuf> = differing.iter().map(PathBuf::from).collect();
        let names = unchanged(
            &local,
            Path::new("/t/src"),
            &differing,
            &steady.iter().map(ToString::to_string).collect(),
        );
        names.into_iter().map(|package| package.name).collect()
    }

    #[test]
    fn a_source_changes_its_own_package() {
        assert_eq!(same(&["crates/a/src/lib.rs"]), ["root", "b"]);
        assert_eq!(same(&["crates/a/benches/x.rs", "crates/b/build/y.rs"]), ["root"]);
        assert_eq!(same(&["src/main.rs"]), ["a", "b"]);
        assert_eq!(same(&["scripts/x.rs"]), ["a", "b"], "the root's folder holds it");
    }

    #[test]
    fn a_steady_script_is_no_reason_to_compile_its_package() {
        assert_eq!(same_with(&["crates/a/src/lib.rs"], &["sys"]), ["root", "b", "sys"]);
        assert_eq!(same_with(&["crates/sys/build.rs"], &["sys"]), ["root", "a", "b"]);
        assert!(same_with(&["data/x.json"], &["sys"]).is_empty());
    }

    #[test]
    fn prose_changes_nothing_and_everything_else_may_change_anything() {
        assert_eq!(same(&["README.md", "docs/guide/x.md"]), ["root", "a", "b"]);
        for path in ["Cargo.toml", "Cargo.lock", "crates/a/Cargo.toml", ".cargo/config.toml", "data/x.json"] {
            assert!(same(&[path, "README.md"]).is_empty(), "{path}");
        }
        assert_eq!(same(&[]), ["root", "a", "b"]);
    }
}
