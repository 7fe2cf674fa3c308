//! Writing the files of a tree to a folder, without git's own checkout: that would want an index and a work tree.
//!
//! Content is written as it is in the tree. Filters (line ends, keywords) do not run, on either side of a comparison.

use std::fs;
use std::path::{Path, PathBuf};

use git2::{Oid, Repository};

use super::error::{SourceError, git};
use super::files::{self, Kind};
use super::{lfs, submodule};

/// Writes trees of one repository (or of one of its submodules) below a folder.
pub(super) struct Checkout<'a> {
    pub(super) repository: &'a Repository,
    /// The user's files of this repository, if there are any.
    pub(super) work_tree: Option<&'a Path>,
    /// Where the root of this repository goes.
    pub(super) to: &'a Path,
    /// Where this repository lies below the outermost one, for messages.
    pub(super) shown: &'a Path,
}

impl Checkout<'_> {
    /// Writes all files of `tree`.
    pub(super) fn tree(&self, tree: Oid) -> Result<(), SourceError> {
        fs::create_dir_all(self.to)
            .map_err(|error| SourceError::Write { path: self.to.to_owned(), error })?;
        self.folder(tree, tree, &[])
    }

    /// Writes one file of the tree `root` (which tells about submodules).
    pub(super) fn entry(
        &self,
        root: Option<Oid>,
        path: &[u8],
        kind: Kind,
        id: Oid,
    ) -> Result<(), SourceError> {
        let path = files::relative(path)?;
        if kind == Kind::Submodule {
            return self.submodule(root, &path, id);
        }
        let missing = |error| SourceError::MissingObject { path: self.shown.join(&path), error };
        let blob = self.repository.find_blob(id).map_err(missing)?;
        let content = match kind {
            Kind::Plain | Kind::Executable => self.behind_pointer(&path, blob.content())?,
            Kind::Link | Kind::Submodule => None,
        };
        files::write(&self.to.join(&path), kind, content.as_deref().unwrap_or_else(|| blob.content()))
    }

    fn folder(&self, root: Oid, tree: Oid, prefix: &[u8]) -> Result<(), SourceError> {
        let tree = self.repository.find_tree(tree).map_err(git("read a tree"))?;
        for entry in &tree {
            let mut path = prefix.to_vec();
            path.extend_from_slice(entry.name_bytes());
            let mode = entry.filemode_raw().unsigned_abs();
            if mode & 0o170_000 == 0o040_000 {
                let folder = self.to.join(files::relative(&path)?);
                // Not `create_dir_all`: a hostile tree may hold a link of the same name.
                fs::create_dir(&folder).map_err(|error| SourceError::Write { path: folder, error })?;
                path.push(b'/');
                self.folder(root, entry.id(), &path)?;
            } else {
                self.entry(Some(root), &path, Kind::from_mode(mode), entry.id())?;
            }
        }
        Ok(())
    }

    /// The content that an LFS pointer stands for; `None` for a file that is none.
    fn behind_pointer(&self, path: &Path, content: &[u8]) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(pointer) = lfs::Pointer::parse(content) else { return Ok(None) };
        let own = self.work_tree.unwrap_or(Path::new("")).join(path);
        match pointer.content(self.repository, &own) {
            Some(content) => Ok(Some(content)),
            // Somebody's sample of a pointer, kept as an ordinary file.
            None if !lfs::is_filtered(self.repository, path) => Ok(None),
            None => Err(SourceError::MissingLfs { path: self.shown.join(path) }),
        }
    }

    fn submodule(&self, root: Option<Oid>, path: &Path, commit: Oid) -> Result<(), SourceError> {
        let shown: PathBuf = self.shown.join(path);
        let found = submodule::find(self.repository, root, self.work_tree, path, commit);
        let inner = found.ok_or_else(|| SourceError::MissingSubmodule {
            path: shown.clone(),
            commit: commit.to_string()[..10].to_owned(),
        })?;
        let tree = inner.find_commit(commit).map_err(git("read a submodule's commit"))?.tree_id();
        let work_tree = self.work_tree.map(|root| root.join(path));
        let checkout = Checkout {
            repository: &inner,
            work_tree: work_tree.as_deref(),
            to: &self.to.join(path),
            shown: &shown,
        };
        checkout.tree(tree)
    }
}
