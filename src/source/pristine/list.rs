//! The files of a tree as a listing: of what there is, and of what was written down.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use git2::Oid;

use super::super::files::Kind;
use crate::support::bounded::{self, Links};
use crate::support::files;

/// In a home: how its tree was.
pub(super) const FILE: &str = ".perfguard-files";
/// What stands for no id.
const NONE: &str = "-";
/// The largest list that is read, in bytes: some millions of files.
const LARGEST: u64 = 1 << 30;
/// The first line of the file.
const HEADER: &[u8] = b"perfguard files 1";

/// One file, link or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    what: What,
    pub(super) mode: u32,
    size: u64,
    /// Nanoseconds since the Unix epoch; nothing for folders, whose times say little.
    pub(super) modified: u64,
    /// The id of the content. Not known of what was just found.
    pub(super) id: Option<Oid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    File,
    Link,
    Folder,
    /// A pipe or a socket.
    Other,
}

impl Entry {
    fn of(data: &fs::Metadata) -> Self {
        let kind = data.file_type();
        let what = match (kind.is_dir(), kind.is_symlink(), kind.is_file()) {
            (true, ..) => What::Folder,
            (_, true, _) => What::Link,
            (.., true) => What::File,
            _ => What::Other,
        };
        if what == What::Folder {
            return Self { what, mode: 0, size: 0, modified: 0, id: None };
        }
        let modified = data.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(0));
        // A link has no time that could be set back.
        let modified = if what == What::Link { 0 } else { modified };
        Self { what, mode: mode(data), size: data.len(), modified, id: None }
    }

    /// It, with the id of its content.
    pub(super) fn with_id(self, id: Option<Oid>) -> Self {
        Self { id, ..self }
    }

    /// Whether what was found is, by all signs but the content, what is known.
    pub(super) fn looks_like(&self, found: &Self) -> bool {
        let sign = |entry: &Self| (entry.what, entry.mode, entry.size, entry.modified);
        sign(self) == sign(found)
    }

    pub(super) fn is_no_folder(&self) -> bool {
        self.what != What::Folder
    }

    /// Whether both are the same to a build: kind, rights and content. What could not be read is like nothing.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        (self.what, self.mode) == (other.what, other.mode) && self.id.is_some() && self.id == other.id
    }

    /// What it is.
    pub(super) fn kind(&self) -> impl PartialEq + use<> {
        self.what
    }

    /// What git calls it; `None` for what has no content.
    pub(super) fn file_kind(&self) -> Option<Kind> {
        match self.what {
            What::File if self.mode & 0o100 != 0 => Some(Kind::Executable),
            What::File => Some(Kind::Plain),
            What::Link => Some(Kind::Link),
            What::Folder | What::Other => None,
        }
    }
}

#[cfg(unix)]
fn mode(data: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    data.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> u32 {
    0
}

/// How a tree was.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) entries: BTreeMap<PathBuf, Entry>,
}

impl List {
    /// What was written down in a home, as it is.
    pub(super) fn bytes(home: &Path) -> Option<Vec<u8>> {
        bounded::read(&home.join(FILE), LARGEST, Links::Refuse).ok()
    }

    /// Reads what was written down; `None` where it is half of it.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut records = bytes.split(|&byte| byte == 0);
        if records.next() != Some(HEADER) {
            return None;
        }
        let mut entries = BTreeMap::new();
        let mut whole = false;
        for record in records {
            // The end: an empty record behind the last.
            if record.is_empty() {
                whole = true;
                break;
            }
            let (path, entry) = parse(record)?;
            entries.insert(path, entry);
        }
        whole.then_some(Self { entries })
    }

    /// Writes it down, as a whole. Gives what was written.
    pub(super) fn write(&self, home: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = HEADER.to_vec();
        for (path, entry) in &self.entries {
            let what = match entry.what {
                What::File => 'f',
                What::Link => 'l',
                What::Folder => 'd',
                What::Other => continue,
            };
            let id = entry.id.map_or_else(|| NONE.to_owned(), |id| id.to_string());
            let Entry { mode, size, modified, .. } = entry;
            bytes.extend(format!("\0{what} {mode} {size} {modified} {id} ").into_bytes());
            bytes.extend(path.as_os_str().as_encoded_bytes());
        }
        bytes.extend(b"\0\0");
        let draft = home.join(format!("{FILE}-new"));
        files::replace(&draft, &bytes)?;
        fs::rename(draft, home.join(FILE))?;
        Ok(bytes)
    }
}

fn parse(record: &[u8]) -> Option<(PathBuf, Entry)> {
    let mut parts = record.splitn(6, |&byte| byte == b' ');
    let mut text = || std::str::from_utf8(parts.next()?).ok();
    let what = match text()? {
        "f" => What::File,
        "l" => What::Link,
        "d" => What::Folder,
        _ => return None,
    };
    let (mode, size) = (text()?.parse().ok()?, text()?.parse().ok()?);
    let modified = text()?.parse().ok()?;
    let id = text()?;
    let id = if id == NONE { None } else { Some(Oid::from_str(id).ok()?) };
    let path = path_of(parts.next()?)?;
    Some((path, Entry { what, mode, size, modified, id }))
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not all bytes are a path")]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}

/// Everything below a folder, links not followed, git's own folder left out.
pub(super) fn walk(root: &Path) -> io::Result<BTreeMap<PathBuf, Entry>> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if path == Path::new(".git") {
                continue;
            }
            let known = Entry::of(&entry.metadata()?);
            if known.what == What::Folder {
                open.push(path.clone());
            }
            found.insert(path, known);
        }
    }
    Ok(found)
}
