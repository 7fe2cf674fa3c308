//! The built-in suite as a source tree: its sources travel inside the program and are laid out as a package of
//! their own, with the profile of the workspace that they are measured for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, File, include_dir};
use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use super::pristine::{Look, restore_by};
use crate::domain::{BenchmarkName, Revision, SourceTree, TreeId};
use crate::support::hex::hexadecimal;
use crate::support::records::Records;

/// The package of the built-in suite.
pub const SUITE_PACKAGE: &str = "perfguard-harness";

static SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/bench-harness");

/// The suite's names, one a line: its tests hold them against what its benches register.
static NAMES: &str = include_str!("../../bench-harness/benchmarks.txt");

/// The versions the built-in suite was tested with; what it does not need is dropped by Cargo.
static LOCK: &str = include_str!("../../Cargo.lock");

/// Why the built-in suite could not be laid out.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// A file could not be written.
    #[error("failed to lay out the built-in suite in {folder}: {error}")]
    Write {
        /// Where.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The user's Cargo.toml could not be read for its profiles.
    #[error("failed to read the profiles in {manifest}: {reason}")]
    Profile {
        /// Which file.
        manifest: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Lays the built-in suite out below `trees`, in a folder named by its content, with the `[profile]` tables of `workspace`.
///
/// The tree stands for `revision`: its code is the same for every commit, but profile and toolchain are the commit's.
///
/// # Errors
/// A file that cannot be written, or a manifest that cannot be read.
pub fn suite_tree(
    revision: &Revision,
    workspace: &Path,
    trees: &Path,
    records: &Records,
) -> Result<SourceTree, HarnessError> {
    let manifest = manifest(&workspace.join("Cargo.toml"))?;
    let content = content(&manifest);
    let home = trees.join(content.as_str());
    let fail = |error| HarnessError::Write { folder: home.clone(), error };
    if !home.join(SourceTree::FILES).is_dir() || restore_by(Look::AtContents, &home, records).is_err() {
        fs::create_dir_all(trees).map_err(fail)?;
        let draft = tempfile::Builder::new().prefix(".harness-").tempdir_in(trees).map_err(fail)?;
        let files = draft.path().join(SourceTree::FILES);
        fs::create_dir_all(&files).map_err(fail)?;
        write_sources(&SOURCES, &files).map_err(fail)?;
        fs::write(files.join("Cargo.toml"), &manifest).map_err(fail)?;
        fs::write(files.join("Cargo.lock"), LOCK).map_err(fail)?;
        fs::create_dir_all(&home).map_err(fail)?;
        super::pristine::forget(&home).map_err(|error| fail(error.into()))?;
        fs::rename(&files, home.join(SourceTree::FILES)).map_err(fail)?;
        super::pristine::note(&home, records).map_err(|error| fail(error.into()))?;
    }
    super::prune::stamp(&home);
    Ok(SourceTree { revision: revision.clone(), content, home, prefix: PathBuf::new() })
}

/// The full names of the built-in suite's benchmarks, which are known before anything is built.
pub fn suite_names() -> impl Iterator<Item = BenchmarkName> {
    NAMES.lines().filter_map(|line| line.parse().ok())
}

/// The oldest Rust that the built-in suite is compiled with, as `1.95`.
pub fn suite_rust_version() -> String {
    let manifest = SOURCES.get_file("Cargo.toml").and_then(File::contents_utf8).unwrap_or_default();
    let manifest: Table = manifest.parse().unwrap_or_default();
    let version = manifest.get("package").and_then(|package| package.get("rust-version"));
    version.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn write_sources(folder: &Dir<'_>, to: &Path) -> io::Result<()> {
    for file in folder.files() {
        let path = to.join(file.path());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, file.contents())?;
    }
    folder.dirs().try_for_each(|inner| write_sources(inner, to))
}

/// The manifest of the built-in suite as a package of its own.
fn manifest(user: &Path) -> Result<String, HarnessError> {
    let profile = |reason: String| HarnessError::Profile { manifest: user.to_owned(), reason };
    let text = fs::read_to_string(user).map_err(|error| profile(error.to_string()))?;
    let user: Table = text.parse().map_err(|error: toml::de::Error| profile(error.message().to_owned()))?;
    let own = SOURCES.get_file("Cargo.toml").and_then(|file| file.contents_utf8()).unwrap_or_default();
    let mut own: Table = own.parse().map_err(|error: toml::de::Error| profile(error.message().to_owned()))?;
    // The tests stay at home, and with them what only they need.
    for table in ["lints", "test"] {
        own.remove(table);
    }
    if let Some(Value::Table(dependencies)) = own.get_mut("dev-dependencies") {
        dependencies.retain(|name, _| name == "criterion");
    }
    own.insert("workspace".to_owned(), Value::Table(Table::new()));
    if let Some(Value::Table(profiles)) = user.get("profile") {
        let mut profiles = profiles.clone();
        // What is said of single packages names the user's packages, which are not here.
        for profile in profiles.iter_mut().filter_map(|(_, profile)| profile.as_table_mut()) {
            profile.remove("package");
        }
        own.insert("profile".to_owned(), Value::Table(profiles));
    }
    Ok(own.to_string())
}

fn content(manifest: &str) -> TreeId {
    let mut hash = Sha256::new();
    hash_sources(&SOURCES, &mut hash);
    hash.update(manifest);
    hash.update(LOCK);
    TreeId::from_hex(&hexadecimal(&hash.finalize())).unwrap_or_else(|| unreachable!("SHA-256 has 64 digits"))
}

fn hash_sources(folder: &Dir<'_>, hash: &mut Sha256) {
    for file in folder.files() {
        hash.update(file.path().to_string_lossy().as_bytes());
        hash.update(file.contents());
    }
    for inner in folder.dirs() {
        hash_sources(inner, hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CommitId;

    fn revision() -> Revision {
        Revision {
            label: "HEAD".into(),
            commit: CommitId::from_hex(&"a".repeat(40)).unwrap(),
            dirty: false,
            tree: TreeId::from_hex(&"b".repeat(40)).unwrap(),
        }
    }

    #[test]
    fn the_names_are_those_of_real_benchmarks() {
        let names: Vec<_> = suite_names().collect();
        assert_eq!(names.len(), NAMES.lines().count(), "every line is a name");
        for id in ["concat/naive", "concat/format_literal"] {
            assert!(names.iter().any(|name| name.target() == "strings" && name.id() == id), "{names:?}");
        }
        // Every name in a claim is one of them.
        let claims = SOURCES.get_file("claims.toml").and_then(File::contents_utf8).unwrap();
        let claimed: Vec<BenchmarkName> = claims
            .split('"')
            .filter(|text| text.starts_with(&format!("{SUITE_PACKAGE}::")))
            .map(|text| text.parse().unwrap())
            .collect();
        assert!(claimed.len() > 50 && claimed.iter().all(|name| names.contains(name)), "{claimed:?}");
    }

    #[test]
    fn the_profile_is_the_users_and_decides_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(folder.path().join("Cargo.toml"), text).unwrap();
        let trees = folder.path().join("trees");
        write(
            "[package]\nname = \"x\"\n[profile.release]\nlto = \"fat\"\n[profile.release.package.x]\nopt-level = 1\n",
        );
        let records = Records::none();
        let suite = || suite_tree(&revision(), folder.path(), &trees, &records).unwrap();
        let first = suite();
        let manifest: Table = fs::read_to_string(first.files().join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(manifest["profile"]["release"]["lto"].as_str(), Some("fat"));
        assert!(manifest["profile"]["release"].get("package").is_none());
        assert!(manifest.contains_key("workspace"));
        assert_eq!(manifest["package"]["name"].as_str(), Some(SUITE_PACKAGE));
        assert!(first.files().join("src/lib.rs").is_file());
        assert_eq!(suite(), first);
        write("[package]\nname = \"x\"\n");
        assert_ne!(suite().home, first.home);
    }
}
