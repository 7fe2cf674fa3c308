//! Executables that were verified, and must still be what they were when they are started.
//!
//! To hash a file before each of hundreds of launches would cost more than the launches, and warm the caches for one side.
//! The kernel changes a file's time of change whenever anybody writes to it, and nobody can set that back.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

static SEALS: LazyLock<Mutex<HashMap<PathBuf, Stamp>>> = LazyLock::new(Mutex::default);

/// By what a file is told from what it was: what the system says of it, but for the time of the last reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp([i64; 7]);

/// Remembers how a file is that was just verified or written.
///
/// # Errors
/// It is not there, or is no regular file.
pub fn set(path: &Path) -> io::Result<()> {
    let stamp = stamp(path)?;
    seals().insert(path.to_owned(), stamp);
    Ok(())
}

/// Whether a file is as it was when it was [sealed](set), if it was.
///
/// # Errors
/// It is gone, or somebody changed or replaced it.
pub fn check(path: &Path) -> io::Result<()> {
    let Some(known) = seals().get(path).copied() else { return Ok(()) };
    if stamp(path)? == known {
        return Ok(());
    }
    let text = format!("{} was changed after it was verified", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

fn seals() -> MutexGuard<'static, HashMap<PathBuf, Stamp>> {
    SEALS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn stamp(path: &Path) -> io::Result<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let data = ordinary(path)?;
    Ok(Stamp([
        data.dev().cast_signed(),
        data.ino().cast_signed(),
        data.size().cast_signed(),
        data.mtime(),
        data.mtime_nsec(),
        data.ctime(),
        data.ctime_nsec(),
    ]))
}

#[cfg(not(unix))]
fn stamp(path: &Path) -> io::Result<Stamp> {
    let data = ordinary(path)?;
    let age = data.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(Stamp([data.len().cast_signed(), i64::try_from(age.as_nanos()).unwrap_or(0), 0, 0, 0, 0, 0]))
}

fn ordinary(path: &Path) -> io::Result<fs::Metadata> {
    let data = fs::symlink_metadata(path)?;
    if data.is_file() {
        Ok(data)
    } else {
        let text = format!("{} is no regular file", path.display());
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_written_to_or_replaced_breaks_its_seal_whatever_its_time_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exe");
        fs::write(&path, "code").unwrap();
        check(&path).unwrap();
        set(&path).unwrap();
        check(&path).unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "evil").unwrap();
        fs::File::open(&path).unwrap().set_modified(time).unwrap();
        assert_eq!(check(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        set(&path).unwrap();
        fs::copy(&path, folder.path().join("other")).unwrap();
        fs::rename(folder.path().join("other"), &path).unwrap();
        check(&path).unwrap_err();
        fs::remove_file(&path).unwrap();
        check(&path).unwrap_err();
        std::os::unix::fs::symlink("/bin/sh", &path).unwrap();
        set(&path).unwrap_err();
    }
}
