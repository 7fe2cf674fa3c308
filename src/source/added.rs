//! The files of a folder that a candidate has and its baseline does not.
//!
//! Files are compared by content, whatever they are called, and only two trees are asked: no history, so that it makes no
//! difference how a change came to be (merged, squashed, rebased, picked) and how deep a clone is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Tree};

use super::error::{SourceError, git};
use super::files::{self, Kind};
use super::lfs;
use super::repository::{Repository, oid};
use super::snapshot::{Origin, Snapshot};
use crate::domain::{Revision, Sides};
use crate::support::bounded::{self, Links};

/// Which files are looked for, and how much of them is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddedBounds {
    /// How their names end.
    pub extension: &'static str,
    /// How many there may be.
    pub files: usize,
    /// How large each may be, in bytes.
    pub bytes: u64,
}

/// A file that only the candidate has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedFile {
    /// Its name in the folder.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// An entry of the folder.
struct Entry {
    name: Vec<u8>,
    /// `None` for a folder.
    kind: Option<Kind>,
    id: Oid,
    origin: Origin,
}

impl Repository {
    /// The files directly in `folder`, a path below the root of the repository, that the candidate has and the baseline does
    /// not, by name. A work tree is taken as it is on disk, with what is not committed yet.
    ///
    /// # Errors
    /// Too many, one that is too large, a link or no file, a folder that is none; an object that is not there.
    pub fn added(
        &self,
        sides: &Sides<Revision>,
        folder: &Path,
        bounds: AddedBounds,
    ) -> Result<Vec<AddedFile>, SourceError> {
        let way: Vec<&[u8]> = folder.components().map(|part| part.as_os_str().as_encoded_bytes()).collect();
        let known = self.known(&sides.baseline, &way)?;
        let entries = if sides.candidate.dirty {
            self.entries_on_disk(folder, &way)?
        } else {
            match self.folder(&sides.candidate, &way)? {
                Some(tree) => entries_of(&tree),
                None => Vec::new(),
            }
        };
        let ending = format!(".{}", bounds.extension);
        let mut new: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| entry.name.ends_with(ending.as_bytes()) && !known.contains(&entry.id))
            .collect();
        new.sort_by(|a, b| a.name.cmp(&b.name));
        if new.len() > bounds.files {
            let reason = format!("it holds {} new files, and at most {} are read", new.len(), bounds.files);
            return Err(unusable(folder, reason));
        }
        new.iter().map(|entry| self.read_added(folder, entry, bounds.bytes)).collect()
    }

    /// What the baseline has in the folder, by content.
    fn known(&self, baseline: &Revision, way: &[&[u8]]) -> Result<BTreeSet<Oid>, SourceError> {
        match self.folder(baseline, way) {
            Ok(Some(tree)) => Ok(tree.iter().map(|entry| entry.id()).collect()),
            // What is no folder there has no files in it.
            Ok(None) | Err(SourceError::Unusable { .. }) => Ok(BTreeSet::new()),
            Err(error) => Err(error),
        }
    }

    /// A folder of a commit.
    fn folder(&self, revision: &Revision, way: &[&[u8]]) -> Result<Option<Tree<'_>>, SourceError> {
        let doing = "read a tree";
        let id = oid(revision.tree.as_str())?;
        let mut tree = self.inner.find_tree(id).map_err(git(doing))?;
        let mut path = PathBuf::new();
        for part in way {
            path.push(files::relative(part)?);
            let Some(entry) = tree.get_name_bytes(part).map(|entry| entry.to_owned()) else {
                return Ok(None);
            };
            if entry.kind() != Some(ObjectType::Tree) {
                return Err(unusable(&path, NO_FOLDER));
            }
            tree = self.inner.find_tree(entry.id()).map_err(git(doing))?;
        }
        Ok(Some(tree))
    }

    /// The folder in the work tree, as git would take it in.
    fn entries_on_disk(&self, folder: &Path, way: &[&[u8]]) -> Result<Vec<Entry>, SourceError> {
        let snapshot = Snapshot::take(&self.inner, self.root())?;
        for length in 1..=way.len() {
            if snapshot.nodes.contains_key(&way[..length].join(&b'/')) {
                let path: PathBuf = folder.components().take(length).collect();
                return Err(unusable(&path, NO_FOLDER));
            }
        }
        let inside = [&way.join(&b'/')[..], b"/"].concat();
        let below = snapshot.nodes.range(inside.clone()..).take_while(|(path, _)| path.starts_with(&inside));
        let direct = below.filter(|(path, _)| !path[inside.len()..].contains(&b'/'));
        let entry = |(path, node): (&Vec<u8>, &super::snapshot::Node)| Entry {
            name: path[inside.len()..].to_vec(),
            kind: Some(node.kind),
            id: node.id,
            origin: node.origin,
        };
        Ok(direct.map(entry).collect())
    }

    fn read_added(&self, folder: &Path, entry: &Entry, limit: u64) -> Result<AddedFile, SourceError> {
        let path = folder.join(files::relative(&entry.name)?);
        let refuse = |reason: String| unusable(&path, reason);
        match entry.kind {
            Some(Kind::Plain | Kind::Executable) => {}
            Some(Kind::Link) => return Err(refuse("it is a link".to_owned())),
            Some(Kind::Submodule) | None => return Err(refuse("it is no file".to_owned())),
        }
        let too_large = || refuse(format!("it is larger than {}", bounded::size(limit)));
        let bytes = match entry.origin {
            Origin::Index => {
                let missing = |error| SourceError::MissingObject { path: path.clone(), error };
                let store = self.inner.odb().map_err(git("open the object database"))?;
                let (size, _) = store.read_header(entry.id).map_err(missing)?;
                if size as u64 > limit {
                    return Err(too_large());
                }
                self.inner.find_blob(entry.id).map_err(missing)?.content().to_vec()
            }
            Origin::Disk => {
                let bytes = bounded::read(&self.root().join(&path), limit, Links::Refuse)
                    .map_err(|error| refuse(error.to_string()))?;
                let id = Oid::hash_object(ObjectType::Blob, &bytes).map_err(git("hash a file"))?;
                if id != entry.id && !lfs::is_filtered(&self.inner, &path) {
                    return Err(SourceError::Changing);
                }
                bytes
            }
        };
        Ok(AddedFile { name: String::from_utf8_lossy(&entry.name).into_owned(), bytes })
    }
}

const NO_FOLDER: &str = "it is no folder";

fn unusable(path: &Path, reason: impl Into<String>) -> SourceError {
    SourceError::Unusable { path: path.to_owned(), reason: reason.into() }
}

fn entries_of(tree: &Tree<'_>) -> Vec<Entry> {
    let entry = |entry: git2::TreeEntry<'_>| {
        let is_folder = entry.kind() == Some(ObjectType::Tree);
        Entry {
            name: entry.name_bytes().to_vec(),
            kind: (!is_folder).then(|| Kind::from_mode(entry.filemode().cast_unsigned())),
            id: entry.id(),
            origin: Origin::Index,
        }
    };
    tree.iter().map(entry).collect()
}
