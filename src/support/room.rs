//! A bound for what is kept between runs: what was used longest ago goes first.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How an entry is called while it is being removed, so that half of one is never taken for a whole.
const GONE: &str = ".gone-";
/// In an entry: its time says when it was used last.
const STAMP: &str = ".perfguard-used";

/// How much is kept, and since when something counts as in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many bytes may be kept.
    pub bytes: u64,
    /// When this run began: what was used since then stays.
    pub since: SystemTime,
}

impl Room {
    /// How many bytes are kept where nobody says otherwise.
    pub const DEFAULT: u64 = 10_000_000_000;

    /// This much room, for a run that begins now.
    pub fn new(bytes: u64) -> Self {
        Self { bytes, since: SystemTime::now() }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

struct Entry {
    used: SystemTime,
    path: PathBuf,
    bytes: u64,
}

/// Notes that a kept folder was used now. Best effort: without it, it only looks older.
pub fn touch(folder: &Path) {
    let _ = fs::File::open(folder).and_then(|folder| folder.set_modified(SystemTime::now()));
}

/// Removes entries of `folders` (the folders in them; none whose name begins with a dot) until what is left fits. Says
/// what was removed. Best effort: what cannot be removed now is removed another time. The caller holds the lock.
pub fn make(room: Room, folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut counted = HashSet::new();
    let mut entries: Vec<Entry> = folders.iter().flat_map(|folder| entries(folder, &mut counted)).collect();
    entries.sort_by_key(|entry| entry.used);
    let mut left: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let mut removed = Vec::new();
    for entry in entries {
        if left <= room.bytes || entry.used >= room.since {
            break;
        }
        left -= entry.bytes;
        if remove(&entry.path) {
            tracing::debug!(path = %entry.path.display(), bytes = entry.bytes, left, "makes room");
            removed.push(entry.path);
        }
    }
    removed
}

fn entries(folder: &Path, counted: &mut HashSet<(u64, u64)>) -> Vec<Entry> {
    let inner = fs::read_dir(folder).into_iter().flatten().flatten();
    let kept = inner.filter(|entry| {
        entry.file_type().is_ok_and(|kind| kind.is_dir())
            && !entry.file_name().as_encoded_bytes().starts_with(b".")
    });
    kept.map(|entry| Entry {
        used: used(&entry.path()),
        bytes: size(&entry.path(), counted),
        path: entry.path(),
    })
    .collect()
}

fn used(entry: &Path) -> SystemTime {
    let time = |path: &Path| fs::symlink_metadata(path).and_then(|data| data.modified()).ok();
    time(&entry.join(STAMP)).max(time(entry)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// How much a folder takes, a file with several names only once.
fn size(folder: &Path, counted: &mut HashSet<(u64, u64)>) -> u64 {
    let mut bytes = 0;
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(inner).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(data) if data.is_dir() => open.push(entry.path()),
                Ok(data) if is_new(&data, counted) => bytes += data.len(),
                Ok(_) | Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(unix)]
fn is_new(data: &fs::Metadata, counted: &mut HashSet<(u64, u64)>) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    data.nlink() < 2 || counted.insert((data.dev(), data.ino()))
}

#[cfg(not(unix))]
fn is_new(_: &fs::Metadata, _: &mut HashSet<(u64, u64)>) -> bool {
    true
}

fn remove(entry: &Path) -> bool {
    let (Some(folder), Some(name)) = (entry.parent(), entry.file_name()) else { return false };
    let gone = folder.join(format!("{GONE}{}", name.to_string_lossy()));
    fs::rename(entry, &gone).and_then(|()| fs::remove_dir_all(gone)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::support::files::set_times;

    fn entry(folder: &Path, name: &str, bytes: usize, age: u64) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.join("inner")).unwrap();
        fs::write(path.join("inner/file"), vec![0; bytes]).unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        set_times(&path, fs::FileTimes::new().set_modified(time)).unwrap();
        path
    }

    #[test]
    fn the_longest_unused_of_all_folders_go_first_and_what_is_in_use_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (trees, artifacts) = (folder.path().join("trees"), folder.path().join("artifacts"));
        let room = |bytes| Room { bytes, since: SystemTime::now() - Duration::from_secs(50) };
        let oldest = entry(&trees, "a", 100, 400);
        let second = entry(&artifacts, "b", 100, 300);
        let third = entry(&trees, "c", 100, 200);
        let stamped = entry(&trees, "d", 100, 500);
        fs::write(stamped.join(STAMP), "").unwrap();
        let draft = entry(&artifacts, ".draft-x", 100, 900);
        let folders = [trees, artifacts, folder.path().join("nowhere")];
        assert!(make(room(400), &folders).is_empty());
        assert_eq!(make(room(250), &folders), [oldest, second.clone()]);
        assert!(!second.exists() && draft.exists());
        touch(&third);
        assert!(make(room(0), &folders).is_empty(), "both are in use");
    }

    #[test]
    fn files_of_several_names_count_once() {
        let folder = tempfile::tempdir().unwrap();
        let one = entry(folder.path(), "a", 100, 400);
        let two = entry(folder.path(), "b", 100, 300);
        fs::remove_file(two.join("inner/file")).unwrap();
        fs::hard_link(one.join("inner/file"), two.join("inner/file")).unwrap();
        let room = Room { bytes: 150, since: SystemTime::now() };
        let removed = make(room, &[folder.path().to_owned()]);
        assert!(removed.is_empty() || cfg!(not(unix)), "{removed:?}");
    }
}
