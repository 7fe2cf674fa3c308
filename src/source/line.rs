//! Lines of commits to search through.

use git2::Oid;

use super::error::{SourceError, git};
use super::repository::{Repository, commit_id, oid, revision_of};
use crate::domain::{CommitId, Revision};

impl Repository {
    /// `good`, and the commits along first parents that lead from it to `bad`, oldest first: at least two. Where `good`
    /// lies on another branch, the line begins with it all the same and goes on where the two parted.
    ///
    /// # Errors
    /// An unknown revision, a history that is cut off, or a `bad` that does not come after `good`.
    pub fn line(&self, good: &str, bad: &str) -> Result<Vec<Revision>, SourceError> {
        let (first, last) = (self.resolve(good)?, self.resolve(bad)?);
        let mut line = self.first_parents(oid(first.commit.as_str())?, oid(last.commit.as_str())?)?;
        if line.is_empty() {
            return Err(SourceError::EmptyRange(format!("{good}..{bad}")));
        }
        line.insert(0, first);
        Ok(line)
    }

    /// Where a watch begins: the newest tag that `since` matches (a glob, as git matches tags) and that leads to `commit`, or
    /// itself; a revision where `since` is no glob. `None` where there is none.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn anchor(&self, since: &str, commit: &CommitId) -> Result<Option<Revision>, SourceError> {
        if !since.contains(['*', '?', '[']) {
            return Ok(self.resolve(since).ok());
        }
        let to = oid(commit.as_str())?;
        let doing = git("list tags");
        let mut newest: Option<(usize, String, Oid)> = None;
        for name in &self.inner.tag_names(Some(since)).map_err(&doing)? {
            let Some(name) = name.ok().flatten() else { continue };
            let found =
                self.inner.revparse_single(&format!("refs/tags/{name}")).and_then(|tag| tag.peel_to_commit());
            let Ok(found) = found.map(|commit| commit.id()) else { continue };
            let Ok((ahead, behind)) = self.inner.graph_ahead_behind(to, found) else { continue };
            let nearer = newest.as_ref().is_none_or(|(known, ..)| ahead < *known);
            if behind == 0 && nearer {
                newest = Some((ahead, name.to_owned(), found));
            }
        }
        let Some((_, name, found)) = newest else { return Ok(None) };
        let commit = self.inner.find_commit(found).map_err(git("read a commit"))?;
        revision_of(name, &commit).map(Some)
    }

    /// What a merge brought in: where the two lines parted, and the commits along first parents of what was merged. `None`
    /// for a commit that is no merge of two.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn merged_by(&self, commit: &CommitId) -> Result<Option<Vec<Revision>>, SourceError> {
        let merge = self.inner.find_commit(oid(commit.as_str())?).map_err(git("read a commit"))?;
        if merge.parent_count() != 2 {
            return Ok(None);
        }
        let (own, other) = (merge.parent_id(0), merge.parent_id(1));
        let (Ok(own), Ok(other)) = (own, other) else { return Ok(None) };
        let Ok(parted) = self.inner.merge_base(own, other) else { return Ok(None) };
        let mut line = self.first_parents(parted, other)?;
        if line.is_empty() {
            return Ok(None);
        }
        let base = self.inner.find_commit(parted).map_err(git("read a commit"))?;
        line.insert(0, revision_of(commit_id(parted)?.short().to_owned(), &base)?);
        Ok(Some(line))
    }
}
