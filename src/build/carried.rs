//! Which of a workspace's own packages may be taken from another tree's build as they are. Pure.
//!
//! Cargo goes by time stamps. Files that are the same in both trees get the times that the other build knows, and packages
//! with a file that differs are left out, whatever its time is: so Cargo compiles them, and what depends on them.

use std::path::{Path, PathBuf};

use crate::domain::LocalPackage;

use super::surroundings::is_for_people;

/// The packages that are compiled from the same files in both trees. `files` is the root of the tree; the paths of what
/// differs start from there.
///
/// A Rust source belongs to the package whose folder it lies in; that another package names it as well is known to Cargo,
/// for it is newer than that package's build. Prose is for people, and where it is compiled in, Cargo knows that as well.
/// Anything else (manifests, lock files, configuration, data) may be read by any build, so nothing is carried over. A
/// package with a build script is never the same: what the script asks, git for one, is not known.
pub fn unchanged(local: &[LocalPackage], files: &Path, differing: &[PathBuf]) -> Vec<LocalPackage> {
    let mut changed: Vec<&Path> = Vec::new();
    // A package may lie in a folder that is called `docs`.
    let is_source = |path: &Path| path.extension().is_some_and(|end| end == "rs");
    for path in differing.iter().filter(|path| is_source(path) || !is_for_people(path)) {
        match package_of(local, &files.join(path)).filter(|_| is_source(path)) {
            Some(folder) => changed.push(folder),
            None => return Vec::new(),
        }
    }
    let is_same = |package: &&LocalPackage| {
        let folder = package.manifest_dir.as_path();
        folder.starts_with(files) && !package.has_build_script && !changed.contains(&folder)
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
        let local = [
            package("root", "/t/src", false),
            package("a", "/t/src/crates/a", false),
            package("b", "/t/src/crates/b", false),
            package("sys", "/t/src/crates/sys", true),
            package("elsewhere", "/elsewhere", false),
        ];
        let differing: Vec<PathBuf> = differing.iter().map(PathBuf::from).collect();
        let names = unchanged(&local, Path::new("/t/src"), &differing);
        names.into_iter().map(|package| package.name).collect()
    }

    #[test]
    fn a_source_changes_its_own_package() {
        assert_eq!(same(&["crates/a/src/lib.rs"]), ["root", "b"]);
        assert_eq!(same(&["crates/a/benches/x.rs", "crates/b/build/y.rs"]), ["root"]);
        assert_eq!(same(&["src/main.rs"]), ["a", "b"]);
        assert_eq!(same(&["scripts/x.rs"]), ["a", "b"], "the root's folder holds it");
        assert_eq!(
            same(&["crates/a/book/src/lib.rs", "docs/x.rs"]),
            ["b"],
            "sources, whatever the folder is called"
        );
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
