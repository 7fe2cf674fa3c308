//! Reading files that may be anything: a pipe, a device without an end, gigabytes, a link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Reads an ordinary file of at most `most` bytes, without following a link in its own place, and without waiting.
///
/// # Errors
/// No such file, no ordinary one, too large, or unreadable.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link"));
    }
    bounded(path, most)
}

/// As [`read`], following links: for what the user names or maintains.
///
/// # Errors
/// As [`read`].
pub fn bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Looked at before it is opened as well: to open a device may do something.
    check(&fs::metadata(path)?, most)?;
    let file = open(path)?;
    let data = file.metadata()?;
    check(&data, most)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

/// As [`read`], of a text.
///
/// # Errors
/// As [`read`], and no UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    text(read(path, most)?)
}

/// As [`bounded`], of a text.
///
/// # Errors
/// As [`bounded`], and no UTF-8.
pub fn bounded_text(path: &Path, most: u64) -> io::Result<String> {
    text(bounded(path, most)?)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8"))
}

fn check(data: &fs::Metadata, most: u64) -> io::Result<()> {
    if data.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !data.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    if data.len() > most { Err(too_large(most)) } else { Ok(()) }
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", most >> 20))
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

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
    fn only_ordinary_files_up_to_a_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "four").unwrap();
        symlink("file", path("link")).unwrap();
        symlink("/dev/zero", path("zero")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        assert_eq!(read_text(&path("file"), 4).unwrap(), "four");
        assert_eq!(bounded_text(&path("link"), 4).unwrap(), "four");
        assert_eq!(read(&path("file"), 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(&path("link"), 4).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        for name in ["zero", "pipe"] {
            assert_eq!(bounded(&path(name), 4).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name}");
        }
        assert_eq!(bounded(folder.path(), 4).unwrap_err().kind(), io::ErrorKind::IsADirectory);
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
