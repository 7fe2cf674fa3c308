//! Keeping a kept source tree as it was: what a benchmark left in it goes, what was lost or changed comes back.
//!
//! When a tree was extracted, and again when it was built, every file is written down with its size, time and id. Later a
//! listing of the tree shows what differs. The content of a file comes back from git's objects; what git does not have
//! (files of a dirty work tree, of submodules, what a build script made) is kept in the home, beside the tree.

pub(super) mod error;
mod list;

use std::collections::BTreeMap;
use std::fs::{self, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use git2::{ObjectType, Odb, Oid};

use super::files::{self, Kind};
use error::PristineError;
use list::{Entry, List};

use crate::domain::SourceTree;
use crate::support::files::set_times;
use crate::support::records::{Records, digest};

/// In a home: copies of what git cannot give back, by id.
const KEPT: &str = ".perfguard-kept";
/// In a home: the objects of the user's repository.
const OBJECTS: &str = ".perfguard-objects";
/// In a home: the lock file that was lent to a tree without one.
pub(super) const LENT: &str = ".perfguard-lock";

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PristineError {
    let path = path.to_owned();
    move |error| PristineError::Io { path, error }
}

/// Says where the objects of a tree's repository are.
pub(super) fn set_objects(home: &Path, objects: &Path) -> Result<(), PristineError> {
    let path = home.join(OBJECTS);
    fs::write(&path, objects.as_os_str().as_encoded_bytes()).map_err(io_error(&path))
}

/// Under which name the records know how a tree was.
fn listed(home: &Path) -> String {
    format!("tree/{}", home.file_name().unwrap_or_default().to_string_lossy())
}

/// Under which name the records know that a tree is being built.
fn building(home: &Path) -> String {
    format!("building/{}", home.file_name().unwrap_or_default().to_string_lossy())
}

/// What the records hold while it is.
const YES: &str = "yes";

/// Notes that a build begins, which may write to the tree. Ended by [`note`].
///
/// # Errors
/// The records cannot be written.
pub fn note_begin(home: &Path, records: &Records) -> Result<(), PristineError> {
    records.note(&building(home), YES).map_err(io_error(home))
}

/// How a tree was written down, if that is what we wrote.
fn read_list(home: &Path, records: &Records) -> Option<List> {
    let bytes = List::bytes(home)?;
    if !records.holds(&listed(home), &digest(&bytes)) {
        return None;
    }
    List::parse(&bytes)
}

/// Writes down the tree of `home` as it is now: after it was extracted, and after it was built.
///
/// # Errors
/// A file that cannot be read or kept.
pub fn note(home: &Path, records: &Records) -> Result<(), PristineError> {
    let root = home.join(SourceTree::FILES);
    let odb = objects(home);
    let known = read_list(home, records).unwrap_or_default();
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
    let bytes = list.write(home).map_err(io_error(home))?;
    records.note(&listed(home), &digest(&bytes)).map_err(io_error(home))?;
    records.forget(&building(home)).map_err(io_error(home))
}

/// How a tree is compared with what was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// By size, time and mode: what a launch left.
    AtStamps,
    /// By the ids of contents as well: what a kept tree is.
    AtContents,
}

/// Puts the tree of `home` back to what was written down, as far as its size, time or mode differs. Says how many files and
/// folders were removed or restored.
///
/// # Errors
/// Nothing was written down, or not by us; or something cannot be restored.
pub fn restore(home: &Path, records: &Records) -> Result<usize, PristineError> {
    restore_by(Look::AtStamps, home, records)
}

/// As [`restore`], by what `look` says.
pub(super) fn restore_by(look: Look, home: &Path, records: &Records) -> Result<usize, PristineError> {
    if records.holds(&building(home), YES) {
        // A build was killed, before any benchmark ran: what it made belongs to the tree.
        note(home, records)?;
    }
    let root = home.join(SourceTree::FILES);
    let list = read_list(home, records).ok_or_else(|| PristineError::Unknown(home.to_owned()))?;
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
    for (inner, entry) in &list.entries {
        let path = &root.join(inner);
        let looks_right = found.get(inner).is_some_and(|there| entry.looks_like(there));
        if looks_right && (look == Look::AtStamps || has_content(path, entry)) {
            continue;
        }
        let odb = odb.get_or_insert_with(|| objects(home)).as_ref();
        put_back(home, odb, path, entry)?;
        changes += 1;
    }
    if changes > 0 {
        tracing::debug!(home = %home.display(), changes, "put a source tree back to what it was");
    }
    Ok(changes)
}

/// Removes the tree of `home` and what is known of it; what was built of it stays.
pub(super) fn forget(home: &Path) -> Result<(), PristineError> {
    for name in [list::FILE, KEPT, LENT, SourceTree::FILES] {
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

/// Whether a file has the content that was written down. What could not be read then is let pass.
fn has_content(path: &Path, entry: &Entry) -> bool {
    let (Some(kind), Some(id)) = (entry.file_kind(), entry.id) else { return true };
    files::content(path, kind).is_ok_and(|content| hash(path, &content).is_ok_and(|found| found == id))
}

/// What was written down of files, by path: kind and id.
pub(super) fn ids(home: &Path, records: &Records) -> BTreeMap<PathBuf, (Kind, Oid)> {
    let entries = read_list(home, records).unwrap_or_default().entries;
    entries.into_iter().filter_map(|(path, entry)| Some((path, (entry.file_kind()?, entry.id?)))).collect()
}

/// Gives every file of the tree of `home` that is the same in the tree of `from`, which was built, the time that it has there, and every
/// other one the time of now: Cargo goes by it. Gives the paths of all others, those that only one of the two has included; `None` where it is not known how
/// the two were, or a file of the other claims to be of the future.
///
/// # Errors
/// A time that cannot be set, or the records cannot be written.
pub fn inherit_times(
    home: &Path,
    from: &Path,
    records: &Records,
) -> Result<Option<Vec<PathBuf>>, PristineError> {
    let (Some(mut own), Some(other)) = (read_list(home, records), read_list(from, records)) else {
        return Ok(None);
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    if other.entries.values().any(|entry| Duration::from_nanos(entry.modified) > now) {
        return Ok(None);
    }
    let only_there = other.entries.iter().filter(|(path, _)| !own.entries.contains_key(*path));
    let mut differing: Vec<PathBuf> =
        only_there.filter(|(_, entry)| entry.is_no_folder()).map(|(path, _)| path.clone()).collect();
    for (path, entry) in own.entries.iter_mut().filter(|(_, entry)| entry.is_no_folder()) {
        match other.entries.get(path).filter(|there| entry.has_content_of(there)) {
            Some(there) if entry.modified != there.modified => {
                entry.modified = there.modified;
                set_time(&home.join(SourceTree::FILES).join(path), entry)?;
            }
            Some(_) => {}
            None => {
                // It may have been there since before the other was built.
                if entry.file_kind() != Some(Kind::Link) {
                    entry.modified = u64::try_from(now.as_nanos()).unwrap_or(entry.modified);
                    set_time(&home.join(SourceTree::FILES).join(path), entry)?;
                }
                differing.push(path.clone());
            }
        }
    }
    let bytes = own.write(home).map_err(io_error(home))?;
    records.note(&listed(home), &digest(&bytes)).map_err(io_error(home))?;
    Ok(Some(differing))
}

/// How many files differ between two trees as they were written down; `None` where that is not known of both.
pub(super) fn distance(home: &Path, other: &Path, records: &Records) -> Option<usize> {
    let (own, other) = (read_list(home, records)?, read_list(other, records)?);
    let same = |(path, entry): &(&PathBuf, &Entry)| {
        entry.is_no_folder() && other.entries.get(*path).is_some_and(|there| entry.has_content_of(there))
    };
    let files = |list: &List| list.entries.values().filter(|entry| entry.is_no_folder()).count();
    let shared = own.entries.iter().filter(same).count();
    Some(files(&own) + files(&other) - 2 * shared)
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
    set_time(path, entry)
}

fn set_time(path: &Path, entry: &Entry) -> Result<(), PristineError> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(entry.modified);
    set_times(path, FileTimes::new().set_modified(time)).map_err(io_error(path))
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

    /// A home whose tree was written down, and what is known of it.
    struct Home {
        folder: tempfile::TempDir,
        records: Records,
    }

    impl Home {
        fn path(&self) -> &Path {
            self.folder.path()
        }

        fn restore(&self) -> Result<usize, PristineError> {
            restore(self.path(), &self.records)
        }
    }

    fn home() -> Home {
        let home = tempfile::tempdir().unwrap();
        let src = home.path().join("src");
        fs::create_dir_all(src.join("data/empty")).unwrap();
        fs::write(src.join("a.rs"), "fn a() {}").unwrap();
        fs::write(src.join("data/x"), "x").unwrap();
        fs::write(src.join("run"), "#!").unwrap();
        fs::set_permissions(src.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("data/x", src.join("link")).unwrap();
        let records = Records::none();
        note(home.path(), &records).unwrap();
        Home { folder: home, records }
    }

    #[test]
    fn equal_files_get_the_times_of_the_tree_that_was_built() {
        let (built, fresh) = (home(), home());
        let time = |home: &Home, path: &str| {
            fs::metadata(home.path().join("src").join(path)).unwrap().modified().unwrap()
        };
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for path in ["a.rs", "data/x", "run"] {
            set_times(&built.path().join("src").join(path), FileTimes::new().set_modified(old)).unwrap();
        }
        fs::write(built.path().join("src/gone.rs"), "").unwrap();
        let records = Records::none();
        note(built.path(), &records).unwrap();
        fs::write(fresh.path().join("src/data/x"), "other").unwrap();
        fs::write(fresh.path().join("src/new.rs"), "").unwrap();
        fs::set_permissions(fresh.path().join("src/run"), fs::Permissions::from_mode(0o644)).unwrap();
        // It was extracted before the other was built, and is to be built only now.
        let older = SystemTime::UNIX_EPOCH + Duration::from_secs(500_000);
        for path in ["data/x", "new.rs", "run"] {
            set_times(&fresh.path().join("src").join(path), FileTimes::new().set_modified(older)).unwrap();
        }
        note(fresh.path(), &records).unwrap();
        let mut differing = inherit_times(fresh.path(), built.path(), &records).unwrap().unwrap();
        differing.sort();
        assert_eq!(differing, ["data/x", "gone.rs", "new.rs", "run"].map(PathBuf::from));
        assert_eq!(time(&fresh, "a.rs"), old);
        assert!(["data/x", "new.rs", "run"].iter().all(|path| time(&fresh, path) > old));
        assert_eq!(restore(fresh.path(), &records).unwrap(), 0, "the times are those that are known");
        assert_eq!(distance(fresh.path(), built.path(), &records), Some(6), "two of them on both sides");
        assert_eq!(distance(fresh.path(), fresh.path(), &records), Some(0));
        assert_eq!(distance(fresh.path(), &fresh.path().join("src"), &records), None);
    }

    #[test]
    fn a_tree_of_the_future_or_of_nobody_gives_no_times() {
        let (built, fresh) = (home(), home());
        let records = Records::none();
        let later = SystemTime::now() + Duration::from_hours(1);
        set_times(&built.path().join("src/a.rs"), FileTimes::new().set_modified(later)).unwrap();
        note(built.path(), &records).unwrap();
        note(fresh.path(), &records).unwrap();
        assert_eq!(inherit_times(fresh.path(), built.path(), &records).unwrap(), None);
        let nobody = tempfile::tempdir().unwrap();
        assert_eq!(inherit_times(fresh.path(), nobody.path(), &records).unwrap(), None);
    }

    fn listing(home: &Path) -> BTreeMap<PathBuf, Entry> {
        list::walk(&home.join("src")).unwrap()
    }

    #[test]
    fn what_is_new_goes_and_what_was_lost_or_changed_comes_back_with_its_time() {
        let home = home();
        let src = home.path().join("src");
        let before = listing(home.path());
        assert_eq!(home.restore().unwrap(), 0);
        fs::write(src.join("bench.db"), "1").unwrap();
        fs::create_dir_all(src.join("new/er")).unwrap();
        fs::write(src.join("new/er/file"), "1").unwrap();
        fs::write(src.join("a.rs"), "").unwrap();
        fs::remove_file(src.join("link")).unwrap();
        fs::remove_dir_all(src.join("data")).unwrap();
        fs::set_permissions(src.join("run"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(home.restore().unwrap() > 4);
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
        home.restore().unwrap();
        assert_eq!(fs::read_to_string(outside.path().join("x")).unwrap(), "precious");
        assert_eq!(fs::read_to_string(src.join("data/x")).unwrap(), "x");
        assert!(fs::symlink_metadata(src.join("more")).is_err());
    }

    #[test]
    fn what_a_build_makes_is_kept_even_when_it_was_killed() {
        let home = home();
        let made = home.path().join("src/made.rs");
        note_begin(home.path(), &home.records).unwrap();
        fs::write(&made, "made").unwrap();
        home.restore().unwrap();
        fs::write(&made, "").unwrap();
        home.restore().unwrap();
        assert_eq!(fs::read_to_string(&made).unwrap(), "made");
        fs::write(&made, "other").unwrap();
        home.restore().unwrap();
        assert_eq!(fs::read_to_string(&made).unwrap(), "made", "the build is over");
    }

    #[test]
    fn what_cannot_come_back_is_an_error() {
        let home = home();
        fs::remove_file(home.path().join("src/a.rs")).unwrap();
        fs::remove_dir_all(home.path().join(KEPT)).unwrap();
        assert!(matches!(home.restore(), Err(PristineError::Gone(_))));
        fs::remove_file(home.path().join(list::FILE)).unwrap();
        assert!(matches!(home.restore(), Err(PristineError::Unknown(_))));
    }

    #[test]
    fn a_tree_that_we_did_not_write_down_is_not_believed() {
        let (home, forged) = (home(), home());
        // The list of another tree, which says of itself that it is right.
        fs::write(forged.path().join("src/a.rs"), "fn a() { slow() }").unwrap();
        note(forged.path(), &Records::none()).unwrap();
        for name in ["src/a.rs", list::FILE] {
            fs::copy(forged.path().join(name), home.path().join(name)).unwrap();
        }
        assert!(matches!(home.restore(), Err(PristineError::Unknown(_))));
        let fresh = Records::none();
        assert!(matches!(restore(home.path(), &fresh), Err(PristineError::Unknown(_))), "nothing is known");
    }

    #[test]
    fn a_changed_content_under_the_old_time_is_found_by_its_id() {
        let home = home();
        let path = home.path().join("src/a.rs");
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "fn b() {}").unwrap();
        set_times(&path, FileTimes::new().set_modified(time)).unwrap();
        assert_eq!(home.restore().unwrap(), 0, "by its stamps it is the same");
        assert_eq!(restore_by(Look::AtContents, home.path(), &home.records).unwrap(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), "fn a() {}");
    }
}
