//! One run at a time: an exclusive advisory lock on a file.
//!
//! The file is never deleted: deleting a locked file lets a second process lock a new file of the same name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::process;

/// How often a waiting process looks again. A blocking wait could not be ended by Ctrl-C.
const STEP: Duration = Duration::from_millis(100);

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file could not be opened or locked.
    #[error("failed to lock {path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A signal came while another process held the lock.
    #[error("interrupted while another process held the lock {path}")]
    Interrupted {
        /// Which file.
        path: PathBuf,
    },
}

impl LockError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { path, .. } => {
                let folder = path.parent().unwrap_or(path);
                Some(format!("{} must be writable and on a file system that has locks", folder.display()))
            }
            Self::Interrupted { .. } => None,
        }
    }
}

/// An exclusive lock; given back when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub struct FileLock {
    // Closing the file releases the lock.
    _file: File,
}

impl FileLock {
    /// Takes the lock on `path`, making the file and its folder if need be.
    ///
    /// `waiting` is called once, when another process holds it.
    ///
    /// # Errors
    /// A file that cannot be opened or locked, or a signal while waiting.
    pub fn acquire(path: &Path, waiting: impl FnOnce()) -> Result<Self, LockError> {
        let mut waiting = Some(waiting);
        loop {
            if let Some(lock) = Self::try_acquire(path)? {
                tracing::debug!(path = %path.display(), "holds the lock");
                return Ok(lock);
            }
            if let Some(tell) = waiting.take() {
                tell();
            }
            if process::interrupted() {
                return Err(LockError::Interrupted { path: path.to_owned() });
            }
            thread::sleep(STEP);
        }
    }

    /// Takes the lock on `path` unless another process holds it.
    ///
    /// # Errors
    /// A file that cannot be opened or locked.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, LockError> {
        let fail = |error| LockError::Io { path: path.to_owned(), error };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(fail(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn one_holder_at_a_time_and_the_waiter_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b/ü.lock");
        let held = FileLock::acquire(&path, || panic!("nobody holds it")).unwrap();
        assert!(FileLock::try_acquire(&path).unwrap().is_none());
        let (told, hears) = mpsc::channel();
        let other = path.clone();
        let waiter = thread::spawn(move || {
            FileLock::acquire(&other, || told.send(()).unwrap()).unwrap();
        });
        hears.recv().unwrap();
        assert!(!waiter.is_finished());
        drop(held);
        waiter.join().unwrap();
        assert!(path.exists());
        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = FileLock::try_acquire(&folder.path().join("file/lock")).unwrap_err();
        assert!(error.to_string().contains("lock"), "{error}");
        assert!(error.hint().unwrap().contains("writable"));
    }
}
