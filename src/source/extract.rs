//! The files of a revision in a folder of our own, made whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, TreeWalkMode, TreeWalkResult};

use super::checkout::Checkout;
use super::error::SourceError;
use super::files;
use super::gitdir;
use super::given_lock::{GivenLock, LOCK, Place};
use super::lfs;
use super::pristine::{self, LENT, Look};
use super::prune;
use super::repository::{Repository, commit_id, oid, tree_id};
use super::snapshot::{self, Origin, Snapshot};
use crate::domain::{Revision, SourceTree, TreeId};
use crate::support::files::link_below;

/// How unfinished folders are called.
const DRAFT: &str = ".draft-";

impl Repository {
    /// The work tree as it is now: HEAD where nothing differs from it, otherwise a snapshot by content.
    ///
    /// Untracked files count unless they are ignored; `target` and `.perfguard` never do.
    ///
    /// # Errors
    /// A file that cannot be read, or an index that git cannot read.
    pub fn work_tree(&self) -> Result<Revision, SourceError> {
        self.look().map(|(revision, _)| revision)
    }

    /// Puts the files of `revision` in `trees/<tree id>/src`, unless they are there already.
    ///
    /// `prefix` is where the workspace lies below the root of the repository. A workspace without a Cargo.lock is lent
    /// the one in `lock_from`. The snapshot of a dirty work tree is taken anew: when files changed since `revision` was
    /// looked at, the returned tree names what was really copied.
    ///
    /// # Errors
    /// Content that is not on this machine, files that keep changing, no workspace, or a folder that cannot be written.
    pub fn extract(
        &self,
        revision: &Revision,
        trees: &Path,
        prefix: &Path,
        lock_from: Option<&Path>,
    ) -> Result<SourceTree, SourceError> {
        let tree = self.extract_as(revision, trees, prefix, None)?;
        if let Some(from) = lock_from
            && lend_lock(&tree, &from.join(LOCK))?
        {
            pristine::note(&tree.home, &self.records)?;
        }
        Ok(tree)
    }

    /// As [`extract`](Self::extract), with a lock file of the user's in the place of the tree's own: where they differ, in a
    /// folder of its own.
    ///
    /// # Errors
    /// As [`extract`](Self::extract); a link where the workspace should be.
    pub fn extract_with_lock(
        &self,
        revision: &Revision,
        trees: &Path,
        prefix: &Path,
        lock: &GivenLock,
    ) -> Result<SourceTree, SourceError> {
        let place = Place { lock, prefix };
        let place = Some(place).filter(|place| !self.has_by_itself(revision, place));
        self.extract_as(revision, trees, prefix, place)
    }

    /// Whether a commit has that lock file: then its tree is the one that is wanted.
    fn has_by_itself(&self, revision: &Revision, lock: &Place<'_>) -> bool {
        let found = || {
            let tree = self.inner.find_tree(Oid::from_str(revision.tree.as_str()).ok()?).ok()?;
            let entry = tree.get_path(&lock.path()).ok()?;
            let is_file = files::Kind::from_mode(entry.filemode().unsigned_abs()) == files::Kind::Plain;
            Some(is_file && Some(entry.id()) == lock.id())
        };
        !revision.dirty && found().unwrap_or(false)
    }

    fn extract_as(
        &self,
        revision: &Revision,
        trees: &Path,
        prefix: &Path,
        lock: Option<Place<'_>>,
    ) -> Result<SourceTree, SourceError> {
        let revision = if revision.dirty {
            self.extract_snapshot(trees, lock)?
        } else {
            self.extract_commit(revision, trees, lock)?
        };
        let content = content(&revision.tree, lock);
        let home = trees.join(content.as_str());
        let tree = SourceTree { revision, content, home, prefix: prefix.to_owned() };
        if !tree.workspace().join("Cargo.toml").is_file() {
            return Err(SourceError::NoWorkspace {
                label: tree.revision.label.clone(),
                prefix: prefix.to_owned(),
            });
        }
        let contents = tree.revision.dirty.then(|| pristine::ids(&tree.home, &self.records));
        gitdir::furnish(&self.inner, &tree.files(), &tree.revision.commit, contents.as_ref())?;
        prune::stamp(&tree.home);
        Ok(tree)
    }

    fn look(&self) -> Result<(Revision, Snapshot), SourceError> {
        let head = self.head()?;
        let snapshot = Snapshot::take(&self.inner, self.root())?;
        let dirty = snapshot.id != head.tree_id();
        let revision = Revision {
            label: if dirty { "work tree" } else { "HEAD" }.to_owned(),
            commit: commit_id(head.id())?,
            dirty,
            tree: tree_id(snapshot.id)?,
        };
        Ok((revision, snapshot))
    }

    fn extract_commit(
        &self,
        revision: &Revision,
        trees: &Path,
        lock: Option<Place<'_>>,
    ) -> Result<Revision, SourceError> {
        let home = trees.join(content(&revision.tree, lock).as_str());
        let there = self.is_kept(&home, lock) && self.agrees(&home, revision, lock);
        tracing::debug!(label = revision.label, commit = %revision.commit, home = %home.display(), there, "wants a commit's files");
        if !there {
            let tree = oid(revision.tree.as_str())?;
            self.fill_home(trees, &home, lock, |to| self.checkout(to).tree(tree))?;
        }
        Ok(revision.clone())
    }

    /// Tries twice: somebody may be writing.
    fn extract_snapshot(&self, trees: &Path, lock: Option<Place<'_>>) -> Result<Revision, SourceError> {
        for _ in 0..2 {
            let (revision, snapshot) = self.look()?;
            if !revision.dirty {
                return self.extract_commit(&revision, trees, lock);
            }
            let home = trees.join(content(&revision.tree, lock).as_str());
            tracing::debug!(label = revision.label, home = %home.display(), "wants the work tree's files");
            if self.is_kept(&home, lock) {
                return Ok(revision);
            }
            match self.fill_home(trees, &home, lock, |to| self.copy(&snapshot, to)) {
                Ok(()) => return Ok(revision),
                Err(SourceError::Changing) => {}
                Err(SourceError::Read { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(SourceError::Changing)
    }

    /// Copies a snapshot and looks again: what was copied must still be what is there.
    fn copy(&self, snapshot: &Snapshot, to: &Path) -> Result<(), SourceError> {
        let checkout = self.checkout(to);
        let head = self.head()?.tree_id();
        for (bytes, node) in &snapshot.nodes {
            let path = files::relative(bytes)?;
            if let Some(parent) = to.join(&path).parent() {
                fs::create_dir_all(parent)
                    .map_err(|error| SourceError::Write { path: parent.to_owned(), error })?;
            }
            match node.origin {
                Origin::Index => checkout.entry(Some(head), bytes, node.kind, node.id)?,
                Origin::Disk => {
                    let file = self.root().join(&path);
                    let (content, id) = snapshot::read(&self.inner, &file, &path, node.kind)?;
                    if id != node.id {
                        return Err(SourceError::Changing);
                    }
                    files::write(&to.join(&path), node.kind, &content)?;
                }
            }
        }
        let again = Snapshot::take(&self.inner, self.root())?;
        if again.id == snapshot.id { Ok(()) } else { Err(SourceError::Changing) }
    }

    /// Whether the files of a home are there, and as they were. What differs is put back; where that cannot be done, they
    /// count as absent.
    fn is_kept(&self, home: &Path, lock: Option<Place<'_>>) -> bool {
        let files = home.join(SourceTree::FILES);
        if !files.is_dir() {
            return false;
        }
        let restored = pristine::set_objects(home, &self.objects())
            .and_then(|()| pristine::restore_by(Look::AtContents, home, &self.records));
        if let Err(error) = &restored {
            tracing::debug!(home = %home.display(), %error, "extracts a source tree anew");
        }
        // What a killed build wrote into a lock file counts as the tree's own.
        restored.is_ok() && lock.is_none_or(|lock| lock.is_in(&files))
    }

    /// Whether a kept tree has every file of a commit as git has it. What git has only a name of (submodules, content in
    /// Git LFS) was compared with what was written down.
    fn agrees(&self, home: &Path, revision: &Revision, lock: Option<Place<'_>>) -> bool {
        let replaced = lock.map(|lock| lock.path());
        let ids = pristine::ids(home, &self.records);
        let is_pointer = |id: Oid| {
            self.inner.find_blob(id).is_ok_and(|blob| lfs::Pointer::parse(blob.content()).is_some())
        };
        let right = |path: &[u8], mode: u32, id: Oid| {
            let Ok(path) = files::relative(path) else { return false };
            let kind = files::Kind::from_mode(mode);
            let there = ids.get(&path) == Some(&(kind, id)) || replaced.as_ref() == Some(&path);
            there || kind == files::Kind::Submodule || is_pointer(id)
        };
        let compare = || -> Result<bool, git2::Error> {
            let tree = self.inner.find_tree(Oid::from_str(revision.tree.as_str())?)?;
            let mut all = true;
            tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
                let is_folder = entry.kind() == Some(ObjectType::Tree);
                let path = [folder.as_bytes(), entry.name_bytes()].concat();
                all &= is_folder || right(&path, entry.filemode_raw().unsigned_abs(), entry.id());
                if all { TreeWalkResult::Ok } else { TreeWalkResult::Abort }
            })
            .or_else(|error| if all { Err(error) } else { Ok(()) })?;
            Ok(all)
        };
        compare().unwrap_or(false)
    }

    fn objects(&self) -> PathBuf {
        self.inner.commondir().join("objects")
    }

    /// Lets `fill` write to a draft beside `home`, and moves the result in as a whole, in the place of what may be there.
    fn fill_home(
        &self,
        trees: &Path,
        home: &Path,
        lock: Option<Place<'_>>,
        fill: impl FnOnce(&Path) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |error| SourceError::Write { path, error }
        };
        fs::create_dir_all(trees).map_err(fail(trees))?;
        let draft = tempfile::Builder::new().prefix(DRAFT).tempdir_in(trees).map_err(fail(trees))?;
        let files: PathBuf = draft.path().join(SourceTree::FILES);
        fs::create_dir(&files).map_err(fail(&files))?;
        fill(&files)?;
        if let Some(lock) = lock {
            lock.put(&files)?;
        }
        fs::create_dir_all(home).map_err(fail(home))?;
        let place = home.join(SourceTree::FILES);
        pristine::forget(home)?;
        fs::rename(&files, &place).map_err(fail(home))?;
        pristine::set_objects(home, &self.objects())?;
        Ok(pristine::note(home, &self.records)?)
    }

    fn checkout<'a>(&'a self, to: &'a Path) -> Checkout<'a> {
        Checkout { repository: &self.inner, work_tree: Some(self.root()), to, shown: Path::new("") }
    }
}

/// What a tree's home is named by.
fn content(tree: &TreeId, lock: Option<Place<'_>>) -> TreeId {
    lock.map_or_else(|| tree.clone(), |lock| lock.content(tree))
}

/// Copies the user's lock file to a workspace that has none of its own, and keeps it in step with the user's. Says whether
/// it was written.
fn lend_lock(tree: &SourceTree, from: &Path) -> Result<bool, SourceError> {
    let (to, lent) = (tree.workspace().join(LOCK), tree.home.join(LENT));
    let Ok(content) = fs::read(from) else { return Ok(false) };
    // A workspace behind a link may be the user's.
    if link_below(&tree.files(), &tree.workspace()).is_some() {
        return Ok(false);
    }
    let before = fs::read(&lent).ok();
    // A link counts as the tree's own, wherever it leads.
    let is_there = fs::symlink_metadata(&to).is_ok();
    let own = before.is_none() && is_there;
    if own || before.as_ref() == Some(&content) && is_there {
        return Ok(false);
    }
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |error| SourceError::Write { path, error }
    };
    fs::write(&lent, &content).map_err(fail(&lent))?;
    fs::write(&to, &content).map_err(fail(&to))?;
    Ok(true)
}
