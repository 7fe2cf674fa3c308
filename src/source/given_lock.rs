//! A Cargo.lock of the user's that takes the place of a tree's own.
//!
//! It makes another tree, with a home of its own: nothing that was built with one lock file is ever taken for what another
//! one decides, and a build that is killed leaves no tree with a lock file that it should not have.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::error::SourceError;
use super::locked::require_lock_file;
use crate::domain::TreeId;
use crate::support::bounded::{self, Links};
use crate::support::files::{link_below, replace};
use crate::support::records::digest;

pub(super) const LOCK: &str = "Cargo.lock";
/// The largest lock file that is read, in bytes. Those of large workspaces have half a megabyte.
const LARGEST: u64 = 16 << 20;

/// Why a file cannot be taken for a lock file. Worded to follow its path and a colon.
#[derive(Debug, thiserror::Error)]
pub enum GivenLockError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// It is something else.
    #[error("it is no Cargo.lock, as `cargo generate-lockfile` writes it: {0}")]
    Other(String),
}

/// A lock file, read once: what becomes of the file later changes nothing.
#[derive(Debug, Clone)]
pub struct GivenLock {
    path: PathBuf,
    text: Arc<str>,
    digest: String,
}

/// Equal content is the same lock file, whatever it is called.
impl PartialEq for GivenLock {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for GivenLock {}

impl GivenLock {
    /// Reads a file.
    ///
    /// # Errors
    /// It is missing, unreadable, too large, or no lock file.
    pub fn read(path: &Path) -> Result<Self, GivenLockError> {
        let text = bounded::read_text(path, LARGEST, Links::Follow).map_err(GivenLockError::Read)?;
        require_lock_file(&text).map_err(GivenLockError::Other)?;
        Ok(Self { path: path.to_owned(), digest: digest(text.as_bytes()), text: text.into() })
    }

    /// The file, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The SHA-256 of its content, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// A lock file and where it goes: the workspace, from the root of the repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) lock: &'a GivenLock,
    pub(super) prefix: &'a Path,
}

impl Place<'_> {
    /// Where it goes, from the root of the repository.
    pub(super) fn path(&self) -> PathBuf {
        self.prefix.join(LOCK)
    }

    /// What git calls its content.
    pub(super) fn id(&self) -> Option<Oid> {
        Oid::hash_object(ObjectType::Blob, self.lock.text.as_bytes()).ok()
    }

    /// What a tree becomes by it.
    pub(super) fn content(&self, tree: &TreeId) -> TreeId {
        let path = self.path();
        let parts =
            [tree.as_str().as_bytes(), path.as_os_str().as_encoded_bytes(), self.lock.digest.as_bytes()];
        let content = digest(&parts.join(&0));
        TreeId::from_hex(&content).unwrap_or_else(|| unreachable!("SHA-256 has 64 digits"))
    }

    /// Puts it among extracted files, in the place of what is there. A workspace that is not there is left to whoever
    /// looks for it.
    ///
    /// # Errors
    /// A link on the way, which may lead to files of the user's; it cannot be written.
    pub(super) fn put(&self, files: &Path) -> Result<(), SourceError> {
        let path = files.join(self.path());
        let Some(folder) = path.parent().filter(|folder| folder.is_dir()) else { return Ok(()) };
        if let Some(link) = link_below(files, folder) {
            let link = link.strip_prefix(files).unwrap_or(&link).to_owned();
            return Err(SourceError::UnsafePath(link));
        }
        replace(&path, self.lock.text.as_bytes()).map_err(|error| SourceError::Write { path, error })
    }

    /// Whether it is among extracted files.
    pub(super) fn is_in(&self, files: &Path) -> bool {
        let path = files.join(self.path());
        let is_file = fs::symlink_metadata(&path).is_ok_and(|data| data.is_file());
        is_file && fs::read(&path).is_ok_and(|found| found == self.lock.text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_is_told_from_other_files_and_known_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            GivenLock::read(&path)
        };
        let one = file("one", "version = 4\n").unwrap();
        assert_eq!(one, file("same", "version = 4\n").unwrap());
        assert_eq!(one.path(), folder.path().join("one"));
        // Old ones have no version.
        let other = file("other", "[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n").unwrap();
        assert!(one != other && one.digest() != other.digest());
        let why = |found: Result<GivenLock, GivenLockError>| found.unwrap_err().to_string();
        for (name, text) in [
            ("Cargo.toml", "[package]\nname = \"a\"\n"),
            ("settings", "[x]\ny = 1\n"),
            ("empty", ""),
            ("no", "<<<<"),
        ] {
            assert!(why(file(name, text)).starts_with("it is no Cargo.lock, as "), "{name}");
        }
        for path in [folder.path().to_owned(), folder.path().join("missing"), PathBuf::from("/dev/zero")] {
            assert!(why(GivenLock::read(&path)).starts_with("it cannot be read: "), "{}", path.display());
        }
    }

    #[test]
    fn tree_lock_file_and_place_decide_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let lock = |text: &str| {
            fs::write(folder.path().join("x"), text).unwrap();
            GivenLock::read(&folder.path().join("x")).unwrap()
        };
        let (one, two) = (lock("version = 3"), lock("version = 4"));
        let tree = |digit: &str| TreeId::from_hex(&digit.repeat(40)).unwrap();
        let content = |lock, prefix, digit| Place { lock, prefix: Path::new(prefix) }.content(&tree(digit));
        let first = content(&one, "", "a");
        assert_eq!(first, content(&one, "", "a"));
        for other in [content(&two, "", "a"), content(&one, "app", "a"), content(&one, "", "b"), tree("a")] {
            assert_ne!(first, other);
        }
    }

    #[test]
    #[cfg(unix)]
    fn it_takes_the_place_of_a_link_and_goes_through_none() {
        use std::os::unix::fs::symlink;

        let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let precious = folder.path().join(LOCK);
        fs::write(&precious, "version = 3\n").unwrap();
        let lock = GivenLock::read(&precious).unwrap();
        fs::write(&precious, "precious").unwrap();
        symlink(&precious, files.path().join(LOCK)).unwrap();
        symlink(folder.path(), files.path().join("app")).unwrap();
        let place = Place { lock: &lock, prefix: Path::new("") };
        assert!(!place.is_in(files.path()));
        place.put(files.path()).unwrap();
        assert!(place.is_in(files.path()));
        let through = Place { prefix: Path::new("app"), ..place };
        assert!(
            matches!(through.put(files.path()), Err(SourceError::UnsafePath(path)) if path == Path::new("app"))
        );
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
        Place { prefix: Path::new("none"), ..place }.put(files.path()).unwrap();
    }
}
