//! Writing without going through a link.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file anew, in the place of what is there, and never through a link.
///
/// # Errors
/// What is there cannot be removed, or the file cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes),
    }
}

/// Makes a link at `link` that leads to `target`.
///
/// # Errors
/// Something is there, or links cannot be made here.
#[cfg(unix)]
pub fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Makes a link at `link` that leads to the file `target`.
///
/// # Errors
/// Something is there, or links cannot be made here.
#[cfg(windows)]
pub fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, link)
}

/// Sets the times of a file or a folder.
///
/// # Errors
/// It is not there, or belongs to somebody else.
pub fn set_times(path: &Path, times: FileTimes) -> io::Result<()> {
    open_for_times(path)?.set_times(times)
}

#[cfg(not(windows))]
fn open_for_times(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Windows asks for the right to change times, and opens a folder only when it is told to.
#[cfg(windows)]
fn open_for_times(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;

    const FILE_WRITE_ATTRIBUTES: u32 = 0x100;
    const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
    OpenOptions::new().access_mode(FILE_WRITE_ATTRIBUTES).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)
}

/// The first link on the way from `root`, which is not looked at itself, to `path` below it, `path` included.
pub fn link_below(root: &Path, path: &Path) -> Option<PathBuf> {
    let inner = path.strip_prefix(root).ok()?;
    let mut way = root.to_owned();
    inner.components().find_map(|part| {
        way.push(part);
        fs::symlink_metadata(&way).is_ok_and(|data| data.is_symlink()).then(|| way.clone())
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_replaced_and_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("precious"), "thesis").unwrap();
        symlink("precious", path("link")).unwrap();
        replace(&path("link"), b"ours").unwrap();
        assert_eq!(fs::read(path("link")).unwrap(), b"ours");
        assert_eq!(fs::read(path("precious")).unwrap(), b"thesis");
    }

    #[test]
    fn links_on_the_way_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("a", root.join("link")).unwrap();
        assert_eq!(link_below(root, &root.join("a/b/new")), None);
        assert_eq!(link_below(root, &root.join("link/b/new")), Some(root.join("link")));
        assert_eq!(link_below(&root.join("link"), &root.join("link/b")), None, "the root is the user's");
    }
}
