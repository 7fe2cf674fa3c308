//! Where a comparison starts when nobody says: the merge-base with the default branch, or the first parent. And
//! history, for those who go through it.

use std::collections::HashSet;

use git2::{Commit, ErrorCode, Oid};

use super::error::{SourceError, git};
use super::repository::{Repository, commit_id};
use crate::domain::{CommitId, Revision};

/// What people want to know of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// The commit.
    pub commit: CommitId,
    /// The first line of its message.
    pub summary: String,
    /// When it was written, in milliseconds since the Unix epoch.
    pub authored_ms: i64,
}

impl Repository {
    /// What the work tree is compared with by default: the merge-base of HEAD with the default branch; when HEAD is
    /// part of that branch, or there is none, HEAD's first parent.
    ///
    /// # Errors
    /// The first commit, histories with nothing in common, or a history that is cut off before the baseline.
    pub fn default_baseline(&self) -> Result<Revision, SourceError> {
        let head = self.head()?;
        let Some((branch, tip)) = self.default_branch() else { return self.first_parent(&head) };
        match self.inner.merge_base(head.id(), tip) {
            Ok(base) if base == head.id() => self.first_parent(&head),
            Ok(base) => {
                let base = self.inner.find_commit(base).map_err(git("read the merge-base"))?;
                self.revision(format!("merge-base with {branch}"), &base)
            }
            Err(_) if self.inner.is_shallow() => {
                Err(SourceError::Shallow { what: format!("the merge-base with {branch}") })
            }
            Err(error) if error.code() == ErrorCode::NotFound => Err(SourceError::NoMergeBase { branch }),
            Err(error) => Err(git("find the merge-base")(error)),
        }
    }

    /// The commits of `A..B` along first parents, oldest first.
    ///
    /// # Errors
    /// Something that is no range, an empty one, or an unknown revision at either end.
    pub fn range(&self, range: &str) -> Result<Vec<Revision>, SourceError> {
        let ends = range.split_once("..").filter(|(_, to)| !to.starts_with('.'));
        let (from, to) = ends.ok_or_else(|| SourceError::NotARange(range.to_owned()))?;
        let end = |spec: &str| {
            let commit = self.resolve(if spec.is_empty() { "HEAD" } else { spec })?.commit;
            Oid::from_str(commit.as_str()).map_err(git("read an object id"))
        };
        let (from, to) = (end(from)?, end(to)?);
        let within = self.reachable(to, from)?;
        let mut found = Vec::new();
        let mut next = Some(to);
        while let Some(id) = next.filter(|id| within.contains(id)) {
            let commit = self.inner.find_commit(id).map_err(git("read a commit"))?;
            let label = commit_id(id)?.short().to_owned();
            found.push(self.revision(label, &commit)?);
            next = commit.parent_ids().next();
        }
        if found.is_empty() {
            return Err(SourceError::EmptyRange(range.to_owned()));
        }
        found.reverse();
        Ok(found)
    }

    /// What people want to know of `commit`; `None` when this clone does not have it.
    pub fn describe(&self, commit: &CommitId) -> Option<CommitInfo> {
        let found = self.inner.find_commit(Oid::from_str(commit.as_str()).ok()?).ok()?;
        let summary = found.summary_bytes().unwrap_or_default();
        Some(CommitInfo {
            commit: commit.clone(),
            summary: String::from_utf8_lossy(summary).into_owned(),
            authored_ms: found.author().when().seconds().saturating_mul(1000),
        })
    }

    /// All commits that lead to `to` and not to `from`.
    fn reachable(&self, to: Oid, from: Oid) -> Result<HashSet<Oid>, SourceError> {
        let doing = git("walk through history");
        let mut walk = self.inner.revwalk().map_err(&doing)?;
        walk.push(to).map_err(&doing)?;
        walk.hide(from).map_err(&doing)?;
        walk.collect::<Result<_, _>>().map_err(|error| {
            if self.inner.is_shallow() {
                SourceError::Shallow { what: "all commits of the range".to_owned() }
            } else {
                doing(error)
            }
        })
    }

    fn first_parent(&self, head: &Commit<'_>) -> Result<Revision, SourceError> {
        let parent = head.parent(0).ok();
        if let Some(parent) = parent {
            return self.revision("HEAD~1".to_owned(), &parent);
        }
        // Git cuts a shallow history by hiding the parents that the commit itself names.
        let names_a_parent =
            head.raw_header_bytes().split(|&b| b == b'\n').any(|line| line.starts_with(b"parent "));
        Err(if names_a_parent {
            SourceError::Shallow { what: "the parent of HEAD".to_owned() }
        } else {
            SourceError::FirstCommit { commit: commit_id(head.id())?.short().to_owned() }
        })
    }

    /// The default branch as people name it, and its commit.
    fn default_branch(&self) -> Option<(String, Oid)> {
        let remote = self.remote();
        let named = remote.as_ref().and_then(|remote| {
            let head = self.inner.find_reference(&format!("refs/remotes/{remote}/HEAD")).ok()?;
            Some(head.symbolic_target().ok()??.to_owned())
        });
        let usual = remote
            .iter()
            .flat_map(|remote| ["main", "master"].map(|branch| format!("refs/remotes/{remote}/{branch}")));
        let local = ["main", "master"].map(|branch| format!("refs/heads/{branch}"));
        named.into_iter().chain(usual).chain(local).find_map(|name| {
            let reference = self.inner.find_reference(&name).ok()?;
            let tip = reference.peel_to_commit().ok()?.id();
            Some((reference.shorthand().ok()?.to_owned(), tip))
        })
    }

    /// `origin`, or the only remote there is.
    fn remote(&self) -> Option<String> {
        let remotes = self.inner.remotes().ok()?;
        let names: Vec<&str> = remotes.iter().filter_map(|name| name.ok().flatten()).collect();
        match names.as_slice() {
            [only] => Some((*only).to_owned()),
            several => several.contains(&"origin").then(|| "origin".to_owned()),
        }
    }
}
