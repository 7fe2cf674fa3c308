//! Git's kinds of files and names of paths, on this system.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use super::error::SourceError;

/// What git tells apart, besides folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Executable,
    Link,
    Submodule,
}

impl Kind {
    /// Reads the mode of a tree entry or index entry.
    pub(super) fn from_mode(mode: u32) -> Self {
        match mode & 0o170_000 {
            0o120_000 => Self::Link,
            0o160_000 => Self::Submodule,
            _ if mode & 0o100 != 0 => Self::Executable,
            _ => Self::Plain,
        }
    }

    /// The mode as a tree spells it.
    pub(super) fn spelled(self) -> &'static str {
        match self {
            Self::Plain => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
            Self::Submodule => "160000",
        }
    }
}

/// A path relative to the root of a repository.
///
/// Refuses what would lead out of a folder: a broken or hostile tree can name anything.
pub(super) fn relative(bytes: &[u8]) -> Result<PathBuf, SourceError> {
    let path = native(bytes);
    let safe = path.as_ref().is_some_and(|path| {
        !path.as_os_str().is_empty()
            && path.components().all(|part| match part {
                Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
                _ => false,
            })
    });
    path.filter(|_| safe)
        .ok_or_else(|| SourceError::UnsafePath(PathBuf::from(String::from_utf8_lossy(bytes).into_owned())))
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not all bytes are a path")]
fn native(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn native(bytes: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}

/// The content of a file as git sees it: for a link, where it leads.
pub(super) fn content(path: &Path, kind: Kind) -> io::Result<Vec<u8>> {
    if kind == Kind::Link {
        let target = fs::read_link(path)?;
        return Ok(target.as_os_str().as_encoded_bytes().to_vec());
    }
    fs::read(path)
}

/// Writes a new file, never through one that is there.
pub(super) fn write(path: &Path, kind: Kind, content: &[u8]) -> Result<(), SourceError> {
    let result = match kind {
        Kind::Link => write_link(path, content),
        Kind::Submodule => fs::create_dir_all(path),
        Kind::Plain | Kind::Executable => write_file(path, kind, content),
    };
    result.map_err(|error| SourceError::Write { path: path.to_owned(), error })
}

fn write_file(path: &Path, kind: Kind, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if kind == Kind::Executable { 0o777 } else { 0o666 });
    }
    #[cfg(not(unix))]
    let _ = kind;
    options.open(path)?.write_all(content)
}

#[cfg(unix)]
fn write_link(path: &Path, target: &[u8]) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path)
}

/// As git does where links are not to be had: a file that holds the target.
#[cfg(not(unix))]
fn write_link(path: &Path, target: &[u8]) -> io::Result<()> {
    write_file(path, Kind::Plain, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_are_taken() {
        assert_eq!(relative("a b/ü".as_bytes()).unwrap(), Path::new("a b/ü"));
        for bad in ["", "..", "../x", "a/../../x", "/etc/passwd", ".git", "a/.GIT/config", "."] {
            assert!(matches!(relative(bad.as_bytes()), Err(SourceError::UnsafePath(_))), "{bad}");
        }
    }

    #[test]
    fn modes_are_read_and_spelled() {
        for mode in [0o100_644, 0o100_755, 0o120_000, 0o160_000_u32] {
            assert_eq!(Kind::from_mode(mode).spelled(), format!("{mode:o}"));
        }
        assert_eq!(Kind::from_mode(0o100_664), Kind::Plain);
    }

    #[test]
    fn a_file_is_never_written_through_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write(&path, Kind::Plain, b"one").unwrap();
        assert!(matches!(write(&path, Kind::Plain, b"two"), Err(SourceError::Write { .. })));
        assert_eq!(content(&path, Kind::Plain).unwrap(), b"one");
    }
}
