//! Finding the repository, and revisions by what people call them.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType};

use super::error::{SourceError, git};
use super::extensions;
use crate::domain::near::nearest;
use crate::domain::{CommitId, Revision, TreeId};
use crate::support::records::Records;

/// How many meanings of a short hash are named.
const MEANINGS: usize = 5;
/// How many digits of a hash are shown where a few are ambiguous.
const DIGITS: usize = 12;

/// The user's git repository, read only.
pub struct Repository {
    pub(super) inner: git2::Repository,
    root: PathBuf,
    /// What is known of trees that were extracted before.
    pub(super) records: Records,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Repository {
    /// Finds the repository around `start`: a clone, a linked work tree or a submodule, with at least one commit.
    ///
    /// # Errors
    /// No repository, one without files or commits, one of another user, or one that cannot be read.
    pub fn discover(start: &Path) -> Result<Self, SourceError> {
        extensions::allow();
        let inner = git2::Repository::discover(start).map_err(|error| match error.code() {
            ErrorCode::NotFound => SourceError::NotARepository(start.to_owned()),
            ErrorCode::Owner => SourceError::Ownership(owned_by_another(start)),
            _ => SourceError::Format { path: start.to_owned(), reason: error.message().to_owned() },
        })?;
        let Some(root) = inner.workdir() else {
            return Err(SourceError::Bare(inner.path().to_owned()));
        };
        // Without the separator that git puts at the end.
        let root: PathBuf = root.components().collect();
        match inner.head() {
            Ok(_) => {}
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                return Err(SourceError::Unborn(root));
            }
            Err(error) => return Err(git("read HEAD")(error)),
        }
        Ok(Self { inner, root, records: Records::none() })
    }

    /// The same repository, whose extracted trees are believed as far as `records` know them.
    #[must_use]
    pub fn keeping(self, records: &Records) -> Self {
        Self { records: records.clone(), ..self }
    }

    /// The root of the work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `folder` lies below the root; empty when it is the root. Links on the way are followed.
    ///
    /// # Errors
    /// A folder that is not there or not part of the work tree.
    pub fn prefix_of(&self, folder: &Path) -> Result<PathBuf, SourceError> {
        let real = |path: &Path| {
            path.canonicalize().map_err(|error| SourceError::Read { path: path.to_owned(), error })
        };
        let (folder, root) = (real(folder)?, real(&self.root)?);
        match folder.strip_prefix(&root) {
            Ok(prefix) => Ok(prefix.to_owned()),
            Err(_) => Err(SourceError::Outside { path: folder, root }),
        }
    }

    /// The commit that `spec` names, in any way git understands for a single one; tags are followed.
    ///
    /// # Errors
    /// Nothing or several things of that name, or a name of something that is no commit.
    pub fn resolve(&self, spec: &str) -> Result<Revision, SourceError> {
        let object = match self.inner.revparse_single(spec) {
            Ok(object) => object,
            Err(error) if error.code() == ErrorCode::Ambiguous => return self.disambiguate(spec),
            Err(_) => return Err(self.unknown(spec)),
        };
        match object.peel_to_commit() {
            Ok(commit) => revision_of(spec.to_owned(), &commit),
            Err(error) => Err(match object.peel(ObjectType::Any).ok().and_then(|end| end.kind()) {
                Some(kind @ (ObjectType::Tree | ObjectType::Blob)) => {
                    SourceError::NotACommit { spec: spec.to_owned(), kind: kind.str() }
                }
                _ => match object.kind() {
                    Some(kind @ (ObjectType::Tree | ObjectType::Blob)) => {
                        SourceError::NotACommit { spec: spec.to_owned(), kind: kind.str() }
                    }
                    _ => git("read the commit")(error),
                },
            }),
        }
    }

    /// The commit at HEAD.
    pub(super) fn head(&self) -> Result<git2::Commit<'_>, SourceError> {
        let head = self.inner.head().map_err(git("read HEAD"))?;
        head.peel_to_commit().map_err(git("read the commit at HEAD"))
    }

    /// Git takes a short hash for a commit when only one commit starts with it.
    fn disambiguate(&self, spec: &str) -> Result<Revision, SourceError> {
        let odb = self.inner.odb().map_err(git("open the object database"))?;
        let mut ids = Vec::new();
        let lower = spec.to_ascii_lowercase();
        odb.foreach(|id| {
            if id.to_string().starts_with(&lower) {
                ids.push(*id);
            }
            true
        })
        .map_err(git("search the object database"))?;
        ids.sort_unstable();
        ids.dedup();
        let commits: Vec<git2::Commit<'_>> =
            ids.into_iter().filter_map(|id| self.inner.find_commit(id).ok()).collect();
        if let [commit] = commits.as_slice() {
            return revision_of(spec.to_owned(), commit);
        }
        let shown = |commit: &git2::Commit<'_>| {
            let hex = commit.id().to_string();
            hex[..DIGITS.max(spec.len() + 2).min(hex.len())].to_owned()
        };
        let candidates = commits.iter().take(MEANINGS).map(shown).collect();
        Err(SourceError::AmbiguousRevision { spec: spec.to_owned(), candidates })
    }

    fn unknown(&self, spec: &str) -> SourceError {
        let near = nearest(self.names(), spec);
        SourceError::UnknownRevision { spec: spec.to_owned(), near, shallow: self.inner.is_shallow() }
    }

    /// All branches, here and remote, and tags.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        if let Ok(references) = self.inner.references() {
            for reference in references.flatten() {
                let known = reference.is_branch() || reference.is_remote() || reference.is_tag();
                if let (true, Ok(name)) = (known, reference.shorthand()) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }
}

/// The nearest folder above `start` that looks like a repository: the one that git refused.
fn owned_by_another(start: &Path) -> PathBuf {
    start.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(start).to_owned()
}

pub(super) fn revision_of(label: String, commit: &git2::Commit<'_>) -> Result<Revision, SourceError> {
    Ok(Revision { label, commit: commit_id(commit.id())?, dirty: false, tree: tree_id(commit.tree_id())? })
}

/// The id as git2 has it.
pub(super) fn oid(id: &str) -> Result<git2::Oid, SourceError> {
    git2::Oid::from_str(id).map_err(git("read an object id"))
}

pub(super) fn commit_id(id: git2::Oid) -> Result<CommitId, SourceError> {
    CommitId::from_hex(&id.to_string()).ok_or_else(strange)
}

pub(super) fn tree_id(id: git2::Oid) -> Result<TreeId, SourceError> {
    TreeId::from_hex(&id.to_string()).ok_or_else(strange)
}

fn strange() -> SourceError {
    git("read an object id")(git2::Error::from_str("its length is not that of a hash"))
}
