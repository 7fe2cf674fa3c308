//! Lines of commits to search through.

use git2::Oid;

use super::error::{SourceError, git};
use super::repository::{Repository, commit_id, revision_of};
use crate::domain::{CommitId, Revision};

impl Repository {
    /// `good`, and the commits along first parents that lead from it to `bad`, oldest first: at least two. Where `good`
    /// lies on another branch, the line begins with it all the same and goes on where the two parted.
    ///
    /// # Errors
    /// An unknown revision, a history that is cut off, or a `bad` that does not come after `good`.
    pub fn line(&self, good: &str, bad: &str) -> Result<Vec<Revision>, SourceError> {
        let (first, last) = (self.resolve(good)?, self.resolve(bad)?);
        let mut line = self.first_parents(oid(&first.commit)?, oid(&last.commit)?)?;
        if line.is_empty() {
            return Err(SourceError::EmptyRange(format!("{good}..{bad}")));
        }
        line.insert(0, first);
        Ok(line)
    }

    /// What a merge brought in: where the two lines parted, and the commits along first parents of what was merged. `None`
    /// for a commit that is no merge of two.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn merged_by(&self, commit: &CommitId) -> Result<Option<Vec<Revision>>, SourceError> {
        let merge = self.inner.find_commit(oid(commit)?).map_err(git("read a commit"))?;
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

    /// The commits along first parents of `to` that `from` does not have, oldest first.
    fn first_parents(&self, from: Oid, to: Oid) -> Result<Vec<Revision>, SourceError> {
        let within = self.reachable(to, from)?;
        let mut line = Vec::new();
        let mut next = Some(to);
        while let Some(id) = next.filter(|id| within.contains(id)) {
            let commit = self.inner.find_commit(id).map_err(git("read a commit"))?;
            line.push(revision_of(commit_id(id)?.short().to_owned(), &commit)?);
            next = commit.parent_ids().next();
        }
        line.reverse();
        Ok(line)
    }
}

fn oid(commit: &CommitId) -> Result<Oid, SourceError> {
    Oid::from_str(commit.as_str()).map_err(git("read an object id"))
}
