//! Cargo.lock stays what it was: a build with patches writes to it, and the next one must find the user's.

use std::fs::{self, FileTimes};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::support::files::set_times;

/// A workspace's lock file, put back when this is dropped.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
    /// Its content and when it was written; `None` where there was none, or none that could be read.
    before: Option<(Vec<u8>, SystemTime)>,
}

impl LockFile {
    /// Remembers the lock file of a workspace.
    pub(super) fn keep(workspace: &Path) -> Self {
        let path = workspace.join("Cargo.lock");
        let time = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file);
        let time = time.and_then(|data| data.modified().ok());
        let before = time.and_then(|time| Some((fs::read(&path).ok()?, time)));
        Self { path, before }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        let Some((content, time)) = &self.before else { return };
        if fs::read(&self.path).is_ok_and(|now| now == *content) {
            return;
        }
        // Best effort: the tree is also restored when it is used next.
        if fs::write(&self.path, content).is_ok() {
            let _ = set_times(&self.path, FileTimes::new().set_modified(*time));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_writes_to_it_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Cargo.lock");
        drop(LockFile::keep(folder.path()));
        assert!(!path.exists());
        fs::write(&path, "user's").unwrap();
        let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        set_times(&path, FileTimes::new().set_modified(old)).unwrap();
        let kept = LockFile::keep(folder.path());
        fs::write(&path, "patched").unwrap();
        drop(kept);
        assert_eq!(fs::read_to_string(&path).unwrap(), "user's");
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), old);
    }
}
