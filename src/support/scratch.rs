//! Temporary folders that go with the run, however that ends.
//!
//! All of a process lie in one folder among temporary files, which only this user may enter. A file in it is locked for
//! as long as the process lives; a folder whose lock can be had belongs to a run that was killed, and the next run
//! removes it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tempfile::TempDir;

/// How the folder of a run is called; eight letters and digits follow.
const PREFIX: &str = "perfguard-";
/// How many letters follow.
const LETTERS: usize = 8;
/// In the folder of a run: locked while the run lives.
const LOCK: &str = ".lock";
/// How old a folder without a lock must be before it counts as left behind.
const STALE: Duration = Duration::from_hours(1);
/// The longest path of a folder that still leaves room for a socket: the path of one has to fit into 104 bytes (108 on
/// Linux).
const LONGEST: usize = 90;

static RUN: Mutex<Weak<Run>> = Mutex::new(Weak::new());

#[derive(Debug)]
struct Run {
    folder: TempDir,
    // Closing the file releases the lock.
    _lock: File,
}

/// A temporary folder, removed when it is dropped or, after a kill, by the next run.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    // After its own folder.
    _run: Arc<Run>,
}

impl Scratch {
    /// A fresh folder that only this user may enter. Its path always has the same length: the size of the environment
    /// moves the stack.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn new() -> io::Result<Self> {
        let run = run()?;
        let folder = private("").tempdir_in(run.folder.path())?;
        Ok(Self { folder, _run: run })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The folder of this process; made, after what killed runs left was removed, where there is none.
fn run() -> io::Result<Arc<Run>> {
    let mut current = RUN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(run) = current.upgrade() {
        return Ok(run);
    }
    let base = base();
    reap(&base);
    let folder = private(PREFIX).tempdir_in(&base)?;
    let lock = OpenOptions::new().write(true).create_new(true).open(folder.path().join(LOCK))?;
    lock.lock()?;
    let run = Arc::new(Run { folder, _lock: lock });
    *current = Arc::downgrade(&run);
    Ok(run)
}

/// The folder for temporary files, or one with a shorter path where sockets would not fit into it.
fn base() -> PathBuf {
    let folder = std::env::temp_dir();
    let length = folder.as_os_str().len() + PREFIX.len() + 2 * LETTERS + 2;
    if length < LONGEST || !cfg!(unix) { folder } else { PathBuf::from("/tmp") }
}

fn private(prefix: &str) -> tempfile::Builder<'_, '_> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).rand_bytes(LETTERS);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
}

/// Removes the folders of runs that were killed. Best effort: another run tries again.
fn reap(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let letters = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
        if letters.len() == LETTERS
            && letters.bytes().all(|b| b.is_ascii_alphanumeric())
            && is_left(&entry.path())
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a folder is this user's, and of a run that ended without removing it.
fn is_left(folder: &Path) -> bool {
    let Ok(data) = fs::symlink_metadata(folder) else { return false };
    if !data.is_dir() || !is_mine(&data) {
        return false;
    }
    let lock = folder.join(LOCK);
    match fs::symlink_metadata(&lock) {
        Ok(found) if found.is_file() => OpenOptions::new()
            .write(true)
            .open(&lock)
            .is_ok_and(|file| file.try_lock().is_ok() && is_older(&data, Duration::from_secs(1))),
        // Made a moment ago, or by a version that had no locks.
        _ => is_older(&data, STALE),
    }
}

fn is_older(data: &fs::Metadata, age: Duration) -> bool {
    data.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|found| found >= age)
}

#[cfg(unix)]
fn is_mine(data: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(data) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_mine(_: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::SystemTime;

    use super::*;

    fn age(folder: &Path, by: Duration) {
        File::open(folder).unwrap().set_modified(SystemTime::now() - by).unwrap();
    }

    #[test]
    fn folders_are_private_alike_in_length_and_gone_with_the_value() {
        let (one, two) = (Scratch::new().unwrap(), Scratch::new().unwrap());
        assert_ne!(one.path(), two.path());
        assert_eq!(one.path().as_os_str().len(), two.path().as_os_str().len());
        for folder in [one.path(), one.path().parent().unwrap()] {
            assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
        let path = one.path().to_owned();
        assert!(!is_left(path.parent().unwrap()), "we live");
        drop(one);
        assert!(!path.exists() && two.path().exists());
    }

    #[test]
    fn only_what_killed_runs_left_is_removed() {
        let base = tempfile::tempdir().unwrap();
        let make = |name: &str, lock: bool| {
            let folder = base.path().join(name);
            fs::create_dir_all(folder.join("inner")).unwrap();
            if lock {
                fs::write(folder.join(LOCK), "").unwrap();
            }
            age(&folder, Duration::from_mins(1));
            folder
        };
        let left = make("perfguard-aaaaaaaa", true);
        let alive = make("perfguard-bbbbbbbb", true);
        let held = File::open(alive.join(LOCK)).unwrap();
        held.lock().unwrap();
        let (fresh, old) = (make("perfguard-cccccccc", false), make("perfguard-dddddddd", false));
        age(&old, Duration::from_hours(2));
        let others = ["perfguard-test-cache", "perfguard-eeeeeee", "other"].map(|name| make(name, true));
        let outside = make("outside", true);
        std::os::unix::fs::symlink(&outside, base.path().join("perfguard-ffffffff")).unwrap();
        reap(base.path());
        assert!(!left.exists() && !old.exists());
        assert!(alive.exists() && fresh.exists() && outside.join("inner").exists());
        assert!(others.iter().all(|folder| folder.exists()));
    }
}
