//! Keeping a kept source tree as it was: what a benchmark left in it goes, what was lost or changed comes back.
//!
//! When a tree was extracted, and again when it was built, every file is written down with its size, time and id. Later a
//! listing of the tree shows what differs. The content of a file comes back from git's objects; what git does not have
//! (files of a dirty work tree, of submodules, what a build script made) is kept in the home, beside the tree.

mod list;

use std::collections::BTreeMap;
use std::fs::{self, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use git2::{ObjectType, Odb, Oid};

use super::error::PristineError;
use super::files::{self, Kind};
use list::{Entry, List};

/// In a home: copies of what git cannot give back, by id.
const KEPT: &str = ".perfguard-kept";
/// In a home: the objects of the user's repository.
const OBJECTS: &str = ".perfguard-objects";
/// In a home: the lock file that was lent to a tree without one.
pub(super) const LENT: &str = ".perfguard-lock";
/// In a home: a build is going on, which may write to the tree.
const BUILDING: &str = ".perfguard-building";

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PristineError {
    let path = path.to_owned();
    move |error| PristineError::Io { path, error }
}

/// Says where the objects of a tree's repository are.
pub(super) fn set_objects(home: &Path, objects: &Path) -> Result<(), PristineError> {
    let path = home.join(OBJECTS);
    fs::write(&path, objects.as_os_str().as_encoded_bytes()).map_err(io_error(&path))
}

/// Notes that a build begins, which may write to the tree. Ended by [`note`].
///
/// # Errors
/// A file that cannot be written.
pub fn note_begin(home: &Path) -> Result<(), PristineError> {
    let path = home.join(BUILDING);
    fs::write(&path, "").map_err(io_error(&path))
}

/// Writes down the tree of `home` as it is now: after it was extracted, and after it was built.
///
/// # Errors
/// A file that cannot be read or kept.
pub fn note(home: &Path) -> Result<(), PristineError> {
    let root = home.join("src");
    let odb = objects(home);
    let known = List::read(home).unwrap_or_default();
    let mut list = List::default();
    for (path, found) in list::walk(&root).map_err(io_error(&root))? {
        let entry = match known.entries.get(&path) {
            Some(entry) if entry.looks_like(&found) => entry.clone(),
            _ => {
                let id = identify(home, odb.as_ref(), &root.join(&path), &found)?;
                found.with_id(id)
            }
        };
        list.entries.insert(path, entry);
    }
    list.write(home).map_err(io_error(home))?;
    let building = home.join(BUILDING);
    match fs::remove_file(&building) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&building)(error)),
        _ => Ok(()),
    }
}

/// Puts the tree of `home` back to what was written down. Says how many files and folders were removed or restored.
///
/// # Errors
/// Nothing was written down, or something cannot be restored.
pub fn restore(home: &Path) -> Result<usize, PristineError> {
    if home.join(BUILDING).exists() {
        // A build was killed, before any benchmark ran: what it made belongs to the tree.
        note(home)?;
    }
    let root = home.join("src");
    let list = List::read(home).ok_or_else(|| PristineError::Unknown(home.to_owned()))?;
    let found = match list::walk(&root) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(io_error(&root)(error)),
    };
    let mut changes = 0;
    // The deepest first, so that a folder is empty when its turn comes.
    for (path, entry) in found.iter().rev() {
        if list.entries.get(path).is_none_or(|known| known.kind() != entry.kind()) {
            remove(&root.join(path))?;
            changes += 1;
        }
    }
    let mut odb = None;
    for (path, entry) in &list.entries {
        if found.get(path).is_some_and(|there| entry.looks_like(there)) {
            continue;
        }
        let odb = odb.get_or_insert_with(|| objects(home)).as_ref();
        put_back(home, odb, &root.join(path), entry)?;
        changes += 1;
    }
    if changes > 0 {
        tracing::debug!(home = %home.display(), changes, "put a source tree back to what it was");
    }
    Ok(changes)
}

/// Removes the tree of `home` and what is known of it; what was built of it stays.
pub(super) fn forget(home: &Path) -> Result<(), PristineError> {
    for name in [list::FILE, BUILDING, KEPT, LENT, "src"] {
        remove(&home.join(name))?;
    }
    Ok(())
}

/// Removes a file, a link (not what it leads to) or a folder with everything in it.
fn remove(path: &Path) -> Result<(), PristineError> {
    let result = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path)(error)),
        _ => Ok(()),
    }
}

/// The id of a file's content, which is kept where git does not have it.
fn identify(
    home: &Path,
    odb: Option<&Odb<'_>>,
    path: &Path,
    entry: &Entry,
) -> Result<Option<Oid>, PristineError> {
    let Some(kind) = entry.file_kind() else { return Ok(None) };
    let content = match files::content(path, kind) {
        // A build script may leave something that nobody can read.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
        content => content.map_err(io_error(path))?,
    };
    let id = hash(path, &content)?;
    if odb.is_none_or(|odb| !odb.exists(id)) {
        let kept = home.join(KEPT).join(id.to_string());
        if fs::read(&kept).ok().as_ref() != Some(&content) {
            fs::create_dir_all(home.join(KEPT)).map_err(io_error(&kept))?;
            fs::write(&kept, &content).map_err(io_error(&kept))?;
        }
    }
    Ok(Some(id))
}

fn hash(path: &Path, content: &[u8]) -> Result<Oid, PristineError> {
    let error = |error: git2::Error| io_error(path)(io::Error::other(error.message().to_owned()));
    Oid::hash_object(ObjectType::Blob, content).map_err(error)
}

/// Restores one file, link or folder, with its time: Cargo goes by it.
fn put_back(home: &Path, odb: Option<&Odb<'_>>, path: &Path, entry: &Entry) -> Result<(), PristineError> {
    let Some(kind) = entry.file_kind() else {
        return fs::create_dir_all(path).map_err(io_error(path));
    };
    let Some(id) = entry.id else { return Err(PristineError::Gone(path.to_owned())) };
    let is = |content: &[u8]| hash(path, content).is_ok_and(|found| found == id);
    let whole = files::content(path, kind).is_ok_and(|content| is(&content));
    if !whole {
        let from_git = || Some(odb?.read(id).ok()?.data().to_vec());
        let kept = || fs::read(home.join(KEPT).join(id.to_string())).ok();
        let content = from_git().or_else(kept).filter(|content| is(content));
        let content = content.ok_or_else(|| PristineError::Gone(path.to_owned()))?;
        remove(path)?;
        files::write(path, kind, &content)
            .map_err(|error| io_error(path)(io::Error::other(error.to_string())))?;
    }
    if kind == Kind::Link {
        return Ok(());
    }
    set_mode(path, entry.mode).map_err(io_error(path))?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(entry.modified);
    let file = fs::File::open(path).map_err(io_error(path))?;
    file.set_times(FileTimes::new().set_modified(time)).map_err(io_error(path))
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// The objects of the repository that a tree is of.
fn objects(home: &Path) -> Option<Odb<'static>> {
    let folder = String::from_utf8(fs::read(home.join(OBJECTS)).ok()?).ok()?;
    let odb = Odb::new().ok()?;
    odb.add_disk_alternate(&folder).ok()?;
    Some(odb)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    /// A home whose tree was written down.
    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let src = home.path().join("src");
        fs::create_dir_all(src.join("data/empty")).unwrap();
        fs::write(src.join("a.rs"), "fn a() {}").unwrap();
        fs::write(src.join("data/x"), "x").unwrap();
        fs::write(src.join("run"), "#!").unwrap();
        fs::set_permissions(src.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("data/x", src.join("link")).unwrap();
        note(home.path()).unwrap();
        home
    }

    fn listing(home: &Path) -> BTreeMap<PathBuf, Entry> {
        list::walk(&home.join("src")).unwrap()
    }

    #[test]
    fn what_is_new_goes_and_what_was_lost_or_changed_comes_back_with_its_time() {
        let home = home();
        let src = home.path().join("src");
        let before = listing(home.path());
        assert_eq!(restore(home.path()).unwrap(), 0);
        fs::write(src.join("bench.db"), "1").unwrap();
        fs::create_dir_all(src.join("new/er")).unwrap();
        fs::write(src.join("new/er/file"), "1").unwrap();
        fs::write(src.join("a.rs"), "").unwrap();
        fs::remove_file(src.join("link")).unwrap();
        fs::remove_dir_all(src.join("data")).unwrap();
        fs::set_permissions(src.join("run"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(restore(home.path()).unwrap() > 4);
        assert_eq!(listing(home.path()), before);
        assert_eq!(fs::read_to_string(src.join("link")).unwrap(), "x");
        assert_eq!(fs::read_to_string(src.join("a.rs")).unwrap(), "fn a() {}");
    }

    #[test]
    fn a_link_in_the_place_of_a_folder_is_not_followed() {
        let home = home();
        let src = home.path().join("src");
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("x"), "precious").unwrap();
        fs::remove_dir_all(src.join("data")).unwrap();
        symlink(outside.path(), src.join("data")).unwrap();
        symlink(outside.path(), src.join("more")).unwrap();
        restore(home.path()).unwrap();
        assert_eq!(fs::read_to_string(outside.path().join("x")).unwrap(), "precious");
        assert_eq!(fs::read_to_string(src.join("data/x")).unwrap(), "x");
        assert!(fs::symlink_metadata(src.join("more")).is_err());
    }

    #[test]
    fn what_a_build_makes_is_kept_even_when_it_was_killed() {
        let home = home();
        let made = home.path().join("src/made.rs");
        note_begin(home.path()).unwrap();
        fs::write(&made, "made").unwrap();
        restore(home.path()).unwrap();
        fs::write(&made, "").unwrap();
        restore(home.path()).unwrap();
        assert_eq!(fs::read_to_string(&made).unwrap(), "made");
        assert!(!home.path().join(BUILDING).exists());
    }

    #[test]
    fn what_cannot_come_back_is_an_error() {
        let home = home();
        fs::remove_file(home.path().join("src/a.rs")).unwrap();
        fs::remove_dir_all(home.path().join(KEPT)).unwrap();
        assert!(matches!(restore(home.path()), Err(PristineError::Gone(_))));
        fs::remove_file(home.path().join(list::FILE)).unwrap();
        assert!(matches!(restore(home.path()), Err(PristineError::Unknown(_))));
    }
}
