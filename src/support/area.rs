//! Folders of the program's own: entered through no link, of nobody else, and never taken for ours when somebody else
//! made them. What lies in them may be removed, so this is asked first.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::bounded::{self, Links};
use super::files;

/// How our folder in a target folder is called.
const NAME: &str = "perfguard";
/// In a folder of ours: says so, with the number of the folder that it was written for.
const MARKER: &str = ".perfguard-folder";
/// The first line of a marker.
const HEADER: &str = "made by cargo-perfguard; may be deleted at any time";
/// What backup programs go by; folders made before there were markers have it alone.
const TAG: &str = "CACHEDIR.TAG";
/// What our tag says of its maker.
const TAG_TEXT: &str = "Made by cargo-perfguard";
/// What may be put back from a cache by itself: what is in these folders is verified before it is used.
/// Before there were other libraries, their copies lay in `criterion`.
const VERIFIED: [&str; 3] = ["artifacts", "libraries", "criterion"];
/// Marks and tags are short.
const MOST: u64 = 4096;
/// How unfinished folders are called that a killed run leaves.
const DRAFTS: [&str; 3] = [".draft-", ".harness-", GONE];
/// How what is being removed is called.
const GONE: &str = ".gone-";

/// A folder that is not used.
#[derive(Debug, thiserror::Error)]
pub enum AreaError {
    /// It, or something in it, is a link.
    #[error("refusing to use {folder}: {link} is a link, and may lead anywhere")]
    Linked {
        /// The folder.
        folder: PathBuf,
        /// The link.
        link: PathBuf,
    },
    /// There is something else in its place.
    #[error("refusing to use {0}: it is no folder")]
    NotAFolder(PathBuf),
    /// It has files, and this program did not make it.
    #[error("refusing to use {0}: it has files in it, and this program did not make it")]
    Foreign(PathBuf),
    /// Another user could change what is in it.
    #[error("refusing to use {0}: another user can write to it")]
    Shared(PathBuf),
    /// The system refused.
    #[error("cannot use {folder}: {error}")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl AreaError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Linked { link, .. } => format!(
                "nothing behind it was touched: remove {}, or name another folder with --target-dir",
                link.display()
            ),
            Self::NotAFolder(_) | Self::Foreign(_) => {
                "move it out of the way, or name another folder with --target-dir".to_owned()
            }
            Self::Shared(folder) => {
                format!("remove {}, which is made anew, or take the right away", folder.display())
            }
            Self::Io { folder, .. } => {
                format!("{} must be writable; --target-dir names another folder", folder.display())
            }
        }
    }
}

/// The folder of ours in a target folder: `perfguard`, or, where that is another user's, one with the user's number in its name.
/// So users who share a target folder do not run what others put there, nor stand in each other's way.
#[cfg(unix)]
pub fn below(target: &Path, workspace: &Path) -> PathBuf {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{Access, access};
    let usual = target.join(NAME);
    let me = rustix::process::geteuid().as_raw();
    let is_of_no_use = |data: fs::Metadata| {
        let usable = is_trusted(&data, workspace) && access(&usual, Access::WRITE_OK).is_ok();
        data.is_dir() && data.uid() != me && !usable
    };
    if fs::symlink_metadata(&usual).is_ok_and(is_of_no_use) {
        return target.join(format!("{NAME}-{me}"));
    }
    usual
}

/// The folder of ours in a target folder.
#[cfg(not(unix))]
pub fn below(target: &Path, _: &Path) -> PathBuf {
    target.join(NAME)
}

/// Enters a folder of ours, making it if need be. Links above it are followed; it is none itself, and has none in it but
/// `build`. `workspace` is a folder whose owner is trusted as well: the workspace's code is run anyway.
///
/// # Errors
/// A link, something else in its place, somebody else's folder, or one that cannot be made.
pub fn enter(folder: &Path, workspace: &Path) -> Result<(), AreaError> {
    let fail = |error| AreaError::Io { folder: folder.to_owned(), error };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    match fs::symlink_metadata(folder) {
        Ok(data) if data.is_symlink() => {
            return Err(AreaError::Linked { folder: folder.to_owned(), link: folder.to_owned() });
        }
        Ok(data) if !data.is_dir() => return Err(AreaError::NotAFolder(folder.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(folder).map_err(fail)?,
        Err(error) => return Err(fail(error)),
    }
    open(folder).map_err(fail)?;
    if is_shared(folder, workspace).map_err(fail)? {
        return Err(AreaError::Shared(folder.to_owned()));
    }
    require_ours(folder)
}

/// Whether a folder has our marker, and not by a link.
pub fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|data| data.is_dir()) && require_ours(folder).is_ok()
}

/// Makes sure that a folder is ours by its marker, or takes it over: one that is empty, that was copied or put back from a
/// cache together with its marker, or that has nothing in it but what is verified anyway.
fn require_ours(folder: &Path) -> Result<(), AreaError> {
    let fail = |error| AreaError::Io { folder: folder.to_owned(), error };
    let mut others = false;
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name();
        if entry.file_type().map_err(fail)?.is_symlink() && !may_be_link(&name) {
            return Err(AreaError::Linked { folder: folder.to_owned(), link: entry.path() });
        }
        // A marker alone is what is left where making the folder was broken off.
        others |= name != MARKER && !VERIFIED.iter().any(|known| name == *known);
    }
    let text = |name: &str| bounded::read_text(&folder.join(name), MOST, Links::Refuse).unwrap_or_default();
    let marker = marker(folder).map_err(fail)?;
    let found = text(MARKER);
    if found == marker {
        return Ok(());
    }
    let copied = found.starts_with(HEADER) || text(TAG).contains(TAG_TEXT);
    if others && !copied {
        return Err(AreaError::Foreign(folder.to_owned()));
    }
    tracing::debug!(folder = %folder.display(), copied, "takes a folder over");
    files::replace(&folder.join(MARKER), marker.as_bytes()).map_err(fail)
}

/// The link to the side that runs, and what is about to become it.
fn may_be_link(name: &OsStr) -> bool {
    name == "build" || name.to_string_lossy().starts_with(".build-")
}

/// Removes what killed runs left half-way in the folders of a folder of ours. Best effort. The caller holds the lock, so
/// nobody uses it.
pub fn sweep(folder: &Path) {
    let inner = ["trees", "artifacts", "libraries", "criterion"].map(|name| folder.join(name));
    for entry in inner.iter().filter_map(|inner| fs::read_dir(inner).ok()).flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A source tree has thousands of files: those that were put aside are removed beside the build.
        let waits =
            name.starts_with(GONE) && entry.path().parent().is_some_and(|inner| inner.ends_with("trees"));
        if !waits && DRAFTS.iter().any(|draft| name.starts_with(draft)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(unix)]
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

/// What the marker of a folder says: a commit cannot know the number that the folder will have.
#[cfg(unix)]
fn marker(folder: &Path) -> io::Result<String> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(format!("{HEADER}\n{}\n", fs::symlink_metadata(folder)?.ino()))
}

#[cfg(not(unix))]
fn marker(_: &Path) -> io::Result<String> {
    Ok(format!("{HEADER}\n"))
}

/// Whether somebody else can change what is in a folder.
///
/// # Errors
/// The folder cannot be looked at.
#[cfg(unix)]
pub fn is_shared(folder: &Path, workspace: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let data = fs::symlink_metadata(folder)?;
    Ok(!is_trusted(&data, workspace) || data.mode() & 0o002 != 0)
}

/// Whether something belongs to this user, or to whoever the workspace belongs to.
#[cfg(unix)]
fn is_trusted(data: &fs::Metadata, workspace: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let me = rustix::process::geteuid().as_raw();
    data.uid() == me || fs::metadata(workspace).is_ok_and(|owner| owner.uid() == data.uid())
}

/// Whether somebody else can change what is in a folder: not known here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn is_shared(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Opens a folder below its parent without following any link, as far as the kernel can be asked to.
#[cfg(target_os = "linux")]
fn open(folder: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(()) };
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let parent = openat(CWD, parent, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
    match openat2(&parent, name, flags, Mode::empty(), resolve) {
        // Kernels before 5.6, and sandboxes that do not know it.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
            openat(&parent, name, flags, Mode::empty())?;
        }
        opened => drop(opened?),
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn open(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn area(&self) -> PathBuf {
            self.folder.path().join("target/perfguard")
        }

        fn enter(&self) -> Result<(), AreaError> {
            enter(&self.area(), self.folder.path())
        }

        fn write(&self, path: &str) {
            let path = self.area().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }

    #[test]
    fn a_new_folder_is_private_and_entered_again() {
        let place = Place::new();
        place.enter().unwrap();
        let mode = fs::metadata(place.area()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        place.write("build/x");
        place.enter().unwrap();
        assert!(is_ours(&place.area()));
    }

    #[test]
    fn what_somebody_else_made_is_refused_and_stays() {
        for path in ["build/thesis.txt", "trees/x", "notes.txt"] {
            let place = Place::new();
            place.write(path);
            assert!(matches!(place.enter(), Err(AreaError::Foreign(_))), "{path}");
            assert!(!is_ours(&place.area()));
            assert!(place.area().join(path).is_file());
            assert_eq!(fs::read_dir(place.area()).unwrap().count(), 1, "nothing was put beside it");
        }
    }

    #[test]
    fn a_copy_and_what_a_cache_put_back_are_taken_over() {
        let place = Place::new();
        place.write("artifacts/x");
        place.enter().unwrap();
        let place = Place::new();
        place.write("trees/x");
        fs::write(place.area().join(MARKER), format!("{HEADER}\n12\n")).unwrap();
        place.enter().unwrap();
        let place = Place::new();
        place.write("trees/x");
        fs::write(place.area().join(TAG), "# Made by cargo-perfguard; may be deleted at any time.\n")
            .unwrap();
        place.enter().unwrap();
        // A marker that a killed run did not finish.
        let place = Place::new();
        fs::create_dir_all(place.area()).unwrap();
        fs::write(place.area().join(MARKER), "").unwrap();
        place.enter().unwrap();
        place.write("build/x");
        place.enter().unwrap();
        // A marker that is a link says nothing.
        let place = Place::new();
        place.write("trees/x");
        fs::write(place.folder.path().join("marker"), format!("{HEADER}\n12\n")).unwrap();
        symlink(place.folder.path().join("marker"), place.area().join(MARKER)).unwrap();
        assert!(matches!(place.enter(), Err(AreaError::Linked { .. })));
    }

    #[test]
    fn links_and_other_peoples_folders_are_refused() {
        let place = Place::new();
        let outside = place.folder.path().join("outside");
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(place.area().parent().unwrap()).unwrap();
        symlink(&outside, place.area()).unwrap();
        assert!(matches!(place.enter(), Err(AreaError::Linked { .. })));
        fs::remove_file(place.area()).unwrap();
        place.enter().unwrap();
        symlink("trees/x", place.area().join("build")).unwrap();
        place.enter().unwrap();
        symlink(&outside, place.area().join("trees")).unwrap();
        let error = place.enter().unwrap_err();
        assert!(error.to_string().contains("trees is a link"), "{error}");
        fs::remove_file(place.area().join("trees")).unwrap();
        fs::set_permissions(place.area(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(place.enter(), Err(AreaError::Shared(_))));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn what_killed_runs_left_half_way_goes() {
        let place = Place::new();
        place.enter().unwrap();
        for path in ["trees/.draft-1/x", "artifacts/.draft-2/x", "trees/.harness-3/x", "trees/0123/x"] {
            place.write(path);
        }
        sweep(&place.area());
        assert!(
            !place.area().join("trees/.draft-1").exists()
                && !place.area().join("artifacts/.draft-2").exists()
        );
        assert!(!place.area().join("trees/.harness-3").exists());
        assert!(place.area().join("trees/0123/x").exists());
    }
}
