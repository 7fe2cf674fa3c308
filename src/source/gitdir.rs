//! A `.git` for an extracted tree, so that it looks like a plain checkout of its commit: build scripts ask git.
//!
//! HEAD names the commit, the tags are those of the user's repository, the objects are read from there. Whatever a git
//! that runs in the tree writes, it writes here; the user's repository is never touched.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use git2::IndexTime;
use git2::{Index, IndexEntry, Oid, Repository};

use super::error::{SourceError, git};
use super::files::Kind;
use crate::domain::CommitId;

/// What files are, by path: the kind, and the id of the content.
pub(super) type Contents = BTreeMap<PathBuf, (Kind, Oid)>;

/// In an index entry: git takes the file for unchanged.
const ASSUME_VALID: u16 = 0x8000;
/// What is written so that it is a repository of its own.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\
                      \tlogallrefupdates = false\n[gc]\n\tauto = 0\n";

/// What is in it, folders that stay empty included.
const OURS: [&str; 9] = [
    "HEAD",
    "config",
    "index",
    "packed-refs",
    "shallow",
    "objects/info/alternates",
    "objects/pack",
    "refs/heads",
    "refs/tags",
];

/// Makes `files` a checkout of `commit` of `repository`. What is right already is left alone, time stamps included: build
/// scripts are run again when HEAD changes. `contents` are those of the files where they need not be the commit's: a work tree
/// with changes.
///
/// # Errors
/// A file that cannot be written, or a commit that cannot be read.
pub(super) fn furnish(
    repository: &Repository,
    files: &Path,
    commit: &CommitId,
    contents: Option<&Contents>,
) -> Result<(), SourceError> {
    let folder = files.join(".git");
    let fail = |error| SourceError::Write { path: folder.clone(), error };
    if fs::symlink_metadata(&folder).is_ok_and(|data| !data.is_dir()) {
        fs::remove_file(&folder).map_err(fail)?;
    } else if has_strangers(&folder, &OURS) {
        fs::remove_dir_all(&folder).map_err(fail)?;
    }
    for inner in ["objects/info", "objects/pack", "refs/heads", "refs/tags"] {
        fs::create_dir_all(folder.join(inner)).map_err(fail)?;
    }
    let objects = repository.commondir().join("objects");
    let mut alternates = objects.as_os_str().as_encoded_bytes().to_vec();
    alternates.push(b'\n');
    put(&folder.join("objects/info/alternates"), &alternates).map_err(fail)?;
    put(&folder.join("config"), CONFIG.as_bytes()).map_err(fail)?;
    put(&folder.join("packed-refs"), tags(repository).as_bytes()).map_err(fail)?;
    let shallow = fs::read(repository.commondir().join("shallow")).unwrap_or_default();
    if !shallow.is_empty() {
        put(&folder.join("shallow"), &shallow).map_err(fail)?;
    }
    let head = format!("{}\n", commit.as_str());
    let is_there = fs::read(folder.join("HEAD")).is_ok_and(|there| there == head.as_bytes());
    if !is_there || Index::open(&folder.join("index")).map_or(0, |index| index.len()) == 0 {
        index(repository, files, commit, contents)?;
    }
    put(&folder.join("HEAD"), head.as_bytes()).map_err(fail)
}

/// Whether a folder has anything but what we put there: a hook, a link, settings of somebody else. git would obey them.
fn has_strangers(folder: &Path, ours: &[&str]) -> bool {
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(inner).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap_or(&path);
            let (is_file, is_dir) =
                entry.file_type().map_or((false, false), |kind| (kind.is_file(), kind.is_dir()));
            if is_dir && ours.iter().any(|known| Path::new(known).starts_with(name)) {
                open.push(path);
            } else if !(is_file && ours.iter().any(|known| Path::new(known) == name)) {
                return true;
            }
        }
    }
    false
}

/// Writes the index of the commit, with the stamps of the files that are as the commit has them, so that git need not read them
/// to see it. A file without a stamp is read.
fn index(
    repository: &Repository,
    files: &Path,
    commit: &CommitId,
    contents: Option<&Contents>,
) -> Result<(), SourceError> {
    let doing = git("write an index for an extracted tree");
    let path = files.join(".git/index");
    if let Err(error) = fs::remove_file(&path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(SourceError::Write { path, error });
    }
    let id = Oid::from_str(commit.as_str()).map_err(&doing)?;
    let tree = repository.find_commit(id).and_then(|commit| commit.tree()).map_err(&doing)?;
    let mut index = Index::open(&path).map_err(&doing)?;
    index.read_tree(&tree).map_err(&doing)?;
    let entries: Vec<IndexEntry> = index.iter().collect();
    for mut entry in entries {
        let Ok(relative) = super::files::relative(&entry.path) else { continue };
        // The build writes to it: the copy of Criterion is no package of crates.io.
        if relative.file_name().is_some_and(|name| name == "Cargo.lock") {
            entry.flags |= ASSUME_VALID;
        }
        let is_commits =
            |contents: &Contents| contents.get(&relative) == Some(&(Kind::from_mode(entry.mode), entry.id));
        if contents.is_none_or(is_commits)
            && let Ok(data) = fs::symlink_metadata(files.join(&relative))
        {
            stamp(&mut entry, &data);
        }
        index.add(&entry).map_err(&doing)?;
    }
    index.write().map_err(&doing)
}

#[cfg(unix)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index keeps the low 32 bits of everything"
)]
fn stamp(entry: &mut IndexEntry, data: &fs::Metadata) {
    use std::os::unix::fs::MetadataExt as _;
    entry.ctime = IndexTime::new(data.ctime() as i32, data.ctime_nsec() as u32);
    entry.mtime = IndexTime::new(data.mtime() as i32, data.mtime_nsec() as u32);
    (entry.dev, entry.ino) = (data.dev() as u32, data.ino() as u32);
    (entry.uid, entry.gid) = (data.uid(), data.gid());
    entry.file_size = data.size() as u32;
}

/// Without stamps git compares contents, which says the same.
#[cfg(not(unix))]
fn stamp(_: &mut IndexEntry, _: &fs::Metadata) {}

/// All tags, as a file of packed references.
fn tags(repository: &Repository) -> String {
    let mut lines = Vec::new();
    for reference in repository.references_glob("refs/tags/*").into_iter().flatten().flatten() {
        if let (Ok(name), Some(id)) = (reference.name(), reference.target()) {
            lines.push((name.to_owned(), id));
        }
    }
    lines.sort();
    let mut text = String::new();
    for (name, id) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{id} {name}");
    }
    text
}

/// Writes a file that says something else.
fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) { Ok(()) } else { fs::write(path, content) }
}
