//! What a source tree's Cargo.lock pins.

use std::fs;
use std::io;

use serde::Deserialize;

use super::error::SourceError;
use crate::domain::{LockedPackage, SourceTree};

/// The part of a lock file that says what is pinned.
#[derive(Deserialize)]
struct Lock {
    version: Option<u32>,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
}

/// The packages in the Cargo.lock of an extracted workspace; none where it has no lock file.
///
/// # Errors
/// The file cannot be read, or is no lock file.
pub fn locked_packages(tree: &SourceTree) -> Result<Vec<LockedPackage>, SourceError> {
    let path = tree.workspace().join("Cargo.lock");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(SourceError::Read { path, error }),
    };
    let Lock { package, .. } = parse(&text).map_err(|reason| SourceError::Read {
        path,
        error: io::Error::new(io::ErrorKind::InvalidData, reason),
    })?;
    let packages = package.into_iter();
    Ok(packages.map(|Package { name, version, source }| LockedPackage { name, version, source }).collect())
}

fn parse(text: &str) -> Result<Lock, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}

/// Whether a text is a lock file: what Cargo writes has packages, a version, or both.
///
/// # Errors
/// Why it is none.
pub(super) fn require_lock_file(text: &str) -> Result<(), String> {
    let lock = parse(text)?;
    let is_one = lock.version.is_some() || !lock.package.is_empty();
    if is_one { Ok(()) } else { Err("it has neither a version nor packages".to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::domain::{CommitId, Revision, TreeId};

    fn tree(home: &Path) -> SourceTree {
        let commit = CommitId::from_hex(&"a".repeat(40)).unwrap();
        let tree = TreeId::from_hex(&"b".repeat(40)).unwrap();
        let revision = Revision { label: "HEAD".into(), commit, dirty: false, tree };
        let content = revision.tree.clone();
        SourceTree { revision, content, home: home.to_owned(), prefix: PathBuf::from("app") }
    }

    #[test]
    fn a_lock_file_is_read_and_may_be_missing() {
        let home = tempfile::tempdir().unwrap();
        let tree = tree(home.path());
        assert!(locked_packages(&tree).unwrap().is_empty());
        fs::create_dir_all(tree.workspace()).unwrap();
        let text = "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n\
                    [[package]]\nname = \"dep\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\nchecksum = \"0\"\n";
        fs::write(tree.workspace().join("Cargo.lock"), text).unwrap();
        let found = locked_packages(&tree).unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.source.as_deref())).collect();
        assert_eq!(told, [("app", None), ("dep", Some("registry+x"))]);
        fs::write(tree.workspace().join("Cargo.lock"), "version = [").unwrap();
        assert!(locked_packages(&tree).unwrap_err().to_string().starts_with("failed to read "));
    }
}
