//! Revisions and the folders that hold their files.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How many digits of a commit are shown to people.
const SHORT: usize = 10;

/// A git commit, by its full hexadecimal object id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

/// The content of a source tree: git's tree object id, also for a snapshot of uncommitted work.
///
/// Equal ids mean equal files, so extracted folders and built executables are kept by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TreeId(String);

macro_rules! hex_id {
    ($type:ident) => {
        impl $type {
            /// Takes a full hexadecimal object id (40 digits, or 64 in a SHA-256 repository); `None` for anything else.
            pub fn from_hex(hex: &str) -> Option<Self> {
                let whole = matches!(hex.len(), 40 | 64) && hex.bytes().all(|b| b.is_ascii_hexdigit());
                whole.then(|| Self(hex.to_ascii_lowercase()))
            }

            /// All digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first ten digits, for people.
            pub fn short(&self) -> &str {
                &self.0[..SHORT]
            }
        }

        impl TryFrom<String> for $type {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::from_hex(&text).ok_or("no full object id")
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

hex_id!(CommitId);
hex_id!(TreeId);

/// A point in history, or the work tree on top of one, as the user named it and as git resolved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// What the user (or the default) called it: `origin/main`, `HEAD~3`, `work tree`.
    pub label: String,
    /// The commit; for a work tree, the commit it is based on.
    pub commit: CommitId,
    /// Whether the files differ from the commit's. A dirty tree never serves as a baseline.
    pub dirty: bool,
    /// The content of the files.
    pub tree: TreeId,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dirty {
            write!(f, "{} ({} with uncommitted changes)", self.label, self.commit.short())
        } else if self.commit.as_str().starts_with(&self.label) {
            f.write_str(self.commit.short())
        } else {
            write!(f, "{} ({})", self.label, self.commit.short())
        }
    }
}

/// The files of a revision in a folder of our own, never the user's.
///
/// `home` is named by the files' content and holds `src/` (the files) and, once built, `target/`: one target folder
/// only ever sees one tree, so nothing stale can be linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTree {
    /// What the files are of.
    pub revision: Revision,
    /// What the files are: the revision's tree, unless another lock file took the place of its own.
    pub content: TreeId,
    /// The folder that belongs to this content.
    pub home: PathBuf,
    /// Where the workspace lies below the root of the repository (empty when it is the root).
    pub prefix: PathBuf,
}

impl SourceTree {
    /// The folder of a home that holds the files.
    pub const FILES: &'static str = "src";

    /// The extracted files: the root of the repository.
    pub fn files(&self) -> PathBuf {
        self.home.join(Self::FILES)
    }

    /// The root of the Cargo workspace among the files.
    pub fn workspace(&self) -> PathBuf {
        join_prefix(&self.files(), &self.prefix)
    }

    /// The target folder that belongs to these files alone.
    pub fn target(&self) -> PathBuf {
        self.home.join("target")
    }
}

/// Joins without leaving a trailing separator when there is no prefix.
fn join_prefix(root: &Path, prefix: &Path) -> PathBuf {
    if prefix.as_os_str().is_empty() { root.to_owned() } else { root.join(prefix) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_object_ids_are_commits() {
        let hex = "0123456789abcdef0123456789ABCDEF01234567";
        assert_eq!(CommitId::from_hex(hex).unwrap().as_str(), hex.to_ascii_lowercase());
        assert_eq!(CommitId::from_hex(&hex[..39]), None);
        assert_eq!(CommitId::from_hex(&hex.replace('0', "g")), None);
    }

    #[test]
    fn a_revision_is_shown_once_by_name_and_once_by_commit() {
        let commit = CommitId::from_hex(&"a".repeat(40)).unwrap();
        let tree = TreeId::from_hex(&"b".repeat(40)).unwrap();
        let mut revision = Revision { label: "origin/main".into(), commit, dirty: false, tree };
        assert_eq!(revision.to_string(), "origin/main (aaaaaaaaaa)");
        revision.label = "aaaa".into();
        assert_eq!(revision.to_string(), "aaaaaaaaaa");
        revision.label = "work tree".into();
        revision.dirty = true;
        assert_eq!(revision.to_string(), "work tree (aaaaaaaaaa with uncommitted changes)");
    }
}
