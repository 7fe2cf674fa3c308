//! Reading files that somebody else wrote: never more than is wanted of them, and never waiting for anybody.
//!
//! A benchmark may leave a named pipe, a device, a link or gigabytes where a file of some kilobytes is expected. What is
//! no regular file, or is longer than the reader's limit, is refused with a message that says so.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// Whether a link at the end of a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// As any program would: for what a user points us to.
    Follow,
    /// A link is an error (on Unix): for what a benchmark may have put in the place of its file.
    Refuse,
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// It is missing, unreadable, no regular file, a link where links are refused, or longer.
pub fn read(path: &Path, limit: u64, links: Links) -> io::Result<Vec<u8>> {
    // Looked at before it is opened as well: to open a device may do something.
    let looked = if links == Links::Refuse { fs::symlink_metadata(path) } else { fs::metadata(path) };
    regular(&looked?)?;
    let file = open(path, links)?;
    let metadata = file.metadata()?;
    regular(&metadata)?;
    let mut bytes = Vec::new();
    // Its length may change while it is read, so it is the reading that is bounded.
    if metadata.len() <= limit {
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    }
    if metadata.len() > limit || bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {}", size(limit)),
        ));
    }
    Ok(bytes)
}

fn regular(metadata: &fs::Metadata) -> io::Result<()> {
    let refused = |kind, what: &str| Err(io::Error::new(kind, what.to_owned()));
    match () {
        () if metadata.is_symlink() => refused(io::ErrorKind::InvalidInput, "it is a link"),
        () if metadata.is_dir() => refused(io::ErrorKind::IsADirectory, "it is a folder"),
        () if !metadata.is_file() => refused(io::ErrorKind::InvalidInput, "it is no regular file"),
        () => Ok(()),
    }
}

/// Reads a regular file of text of at most `limit` bytes.
///
/// # Errors
/// As [`read`]; it is no UTF-8.
pub fn read_text(path: &Path, limit: u64, links: Links) -> io::Result<String> {
    let bytes = read(path, limit, links)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text"))
}

/// A number of bytes in the largest unit that divides it: `32 MiB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 30 && bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

/// Opens without waiting: a pipe that nobody writes to opens at once.
#[cfg(unix)]
fn open(path: &Path, links: Links) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    opened.map_err(|error| match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::LOOP) if links == Links::Refuse => {
            io::Error::new(io::ErrorKind::InvalidInput, "it is a link")
        }
        _ => error,
    })
}

#[cfg(not(unix))]
fn open(path: &Path, _: Links) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "four").unwrap();
        assert_eq!(read_text(&path, 4, Links::Refuse).unwrap(), "four");
        let error = read(&path, 3, Links::Refuse).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 3 bytes");
        // A hole takes no space, and would take all memory.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(read(&path, 1 << 20, Links::Follow).unwrap_err().to_string().contains("larger than 1 MiB"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_read() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name);
        let refused = |path: &Path, links| read(path, 100, links).unwrap_err().to_string();
        assert_eq!(refused(Path::new("/dev/zero"), Links::Refuse), "it is no regular file");
        let made = std::process::Command::new("mkfifo").arg(inside("pipe")).status().unwrap();
        assert!(made.success());
        assert_eq!(refused(&inside("pipe"), Links::Refuse), "it is no regular file");
        fs::write(inside("file"), "x").unwrap();
        symlink(inside("file"), inside("link")).unwrap();
        assert_eq!(refused(&inside("link"), Links::Refuse), "it is a link");
        assert_eq!(read(&inside("link"), 100, Links::Follow).unwrap(), b"x");
        fs::write(inside("latin"), b"\xff").unwrap();
        assert_eq!(
            read_text(&inside("latin"), 9, Links::Follow).unwrap_err().to_string(),
            "it is no UTF-8 text"
        );
    }

    #[test]
    fn sizes_are_told_in_whole_units() {
        assert_eq!(
            [1, 1024, 1 << 20, 3 << 30, 1025].map(size),
            ["1 bytes", "1 KiB", "1 MiB", "3 GiB", "1025 bytes"]
        );
    }
}
