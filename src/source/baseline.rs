//! Where a comparison starts when nobody says: the merge-base with the default branch, or the first parent. And
//! history, for those who go through it.

use std::collections::HashSet;

use git2::{Commit, ErrorCode, Oid};

use super::error::{SourceError, git};
use super::repository::{Repository, commit_id, oid, revision_of};
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

/// What default branches are called where nobody says.
const USUAL: [&str; 4] = ["main", "master", "trunk", "default"];

/// Whether it is known which branch is the default one.
enum DefaultBranch {
    /// As people name it, and its commit.
    Found(String, Oid),
    /// There is nothing but HEAD's own history.
    Alone,
    /// It could be each of these, or none.
    Unclear(Vec<String>),
}

impl Repository {
    /// What the work tree is compared with by default: the merge-base of HEAD with the default branch; when HEAD is
    /// part of that branch, HEAD's first parent.
    ///
    /// # Errors
    /// The first commit, histories with nothing in common, a history that is cut off before the baseline, or no telling
    /// which branch is the default one.
    pub fn default_baseline(&self) -> Result<Revision, SourceError> {
        let head = self.head()?;
        let (branch, tip) = match self.default_branch(&head) {
            DefaultBranch::Found(branch, tip) => (branch, tip),
            DefaultBranch::Alone => return self.parent_of_head(&head),
            DefaultBranch::Unclear(branches) => return Err(SourceError::NoDefaultBranch { branches }),
        };
        match self.inner.merge_base(head.id(), tip) {
            Ok(base) if base == head.id() => self.parent_of_head(&head),
            Ok(base) => {
                let base = self.inner.find_commit(base).map_err(git("read the merge-base"))?;
                revision_of(format!("merge-base with {branch}"), &base)
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
            oid(commit.as_str())
        };
        let found = self.first_parents(end(from)?, end(to)?)?;
        if found.is_empty() {
            return Err(SourceError::EmptyRange(range.to_owned()));
        }
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

    /// The commits along first parents of `to` that `from` does not have, oldest first.
    pub(super) fn first_parents(&self, from: Oid, to: Oid) -> Result<Vec<Revision>, SourceError> {
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

    fn parent_of_head(&self, head: &Commit<'_>) -> Result<Revision, SourceError> {
        let parent = head.parent(0).ok();
        if let Some(parent) = parent {
            return revision_of("HEAD~1".to_owned(), &parent);
        }
        Err(if named_parents(head) > 0 || self.inner.is_shallow() && head.parent_count() > 0 {
            SourceError::Shallow { what: "the parent of HEAD".to_owned() }
        } else {
            SourceError::FirstCommit { commit: commit_id(head.id())?.short().to_owned() }
        })
    }

    /// The default branch: what the remote says, or a branch of a usual name, or the only one that it can be.
    ///
    /// Never a guess where HEAD could be the tip of a branch of several commits: its parent would be no baseline.
    fn default_branch(&self, head: &Commit<'_>) -> DefaultBranch {
        let remote = self.remote();
        let detached = self.inner.head_detached().unwrap_or(false);
        let remotes = self.inner.remotes().map_or(0, |remotes| remotes.len());
        let named = remote.as_ref().and_then(|remote| {
            let head = self.inner.find_reference(&format!("refs/remotes/{remote}/HEAD")).ok()?;
            Some(head.symbolic_target().ok()??.to_owned())
        });
        let configured = self.inner.config().and_then(|config| config.get_string("init.defaultBranch")).ok();
        let usual: Vec<&str> = USUAL.into_iter().chain(configured.as_deref()).collect();
        let prefixes = remote.iter().map(|remote| format!("refs/remotes/{remote}"));
        let prefixes = prefixes.chain(["refs/heads".to_owned()]);
        let usual = prefixes.flat_map(|prefix| {
            usual.iter().map(move |branch| format!("{prefix}/{branch}")).collect::<Vec<_>>()
        });
        if let Some((branch, tip)) = named.into_iter().chain(usual).find_map(|name| self.branch(&name)) {
            return DefaultBranch::Found(branch, tip);
        }
        let local = self.branches("refs/heads/*");
        // Of several remotes none of which is the usual one, each may have the default branch.
        let remote = self.branches(&format!("refs/remotes/{}/*", remote.as_deref().unwrap_or("*")));
        match (remote.as_slice(), local.as_slice()) {
            // A service that fetched a commit and no branch, or one branch that this commit is not of.
            ([], [(branch, tip)]) if detached && !self.contains(*tip, head.id()) => {
                DefaultBranch::Found(branch.clone(), *tip)
            }
            ([], []) if detached && remotes > 0 && named_parents(head) < 2 && !self.is_cut_at(head) => {
                DefaultBranch::Unclear(Vec::new())
            }
            // Nothing was pushed or fetched, and nothing branches off.
            ([], [_] | []) => DefaultBranch::Alone,
            // HEAD has commits that the one branch of the remote does not have: that one is what they started from.
            ([(branch, tip)], _) if !self.contains(*tip, head.id()) => {
                DefaultBranch::Found(branch.clone(), *tip)
            }
            // A pull request that a service merged for us: the first parent is where it will land.
            _ if named_parents(head) > 1 && detached => DefaultBranch::Alone,
            _ => {
                let mut branches: Vec<String> =
                    remote.into_iter().chain(local).map(|(name, _)| name).collect();
                branches.dedup();
                DefaultBranch::Unclear(branches)
            }
        }
    }

    /// Whether a shallow history ends with this commit: it names parents that are not there.
    fn is_cut_at(&self, commit: &Commit<'_>) -> bool {
        self.inner.is_shallow() && named_parents(commit) > 0 && commit.parent(0).is_err()
    }

    /// A branch as people name it, and its commit.
    fn branch(&self, name: &str) -> Option<(String, Oid)> {
        let reference = self.inner.find_reference(name).ok()?;
        let tip = reference.peel_to_commit().ok()?.id();
        Some((reference.shorthand().ok()?.to_owned(), tip))
    }

    /// All branches of a pattern.
    fn branches(&self, pattern: &str) -> Vec<(String, Oid)> {
        let references = self.inner.references_glob(pattern).into_iter().flatten().flatten();
        let names = references.filter_map(|reference| Some(reference.name().ok()?.to_owned()));
        names.filter(|name| !name.ends_with("/HEAD")).filter_map(|name| self.branch(&name)).collect()
    }

    /// Whether the history that leads to `tip` holds `commit`.
    fn contains(&self, tip: Oid, commit: Oid) -> bool {
        tip == commit || self.inner.graph_descendant_of(tip, commit).unwrap_or(false)
    }

    /// The only remote there is, or of several the one that people call `origin`, or `upstream`.
    fn remote(&self) -> Option<String> {
        let remotes = self.inner.remotes().ok()?;
        let names: Vec<&str> = remotes.iter().filter_map(|name| name.ok().flatten()).collect();
        match names.as_slice() {
            [only] => Some((*only).to_owned()),
            several => {
                let usual = ["origin", "upstream"].into_iter().find(|usual| several.contains(usual));
                usual.map(str::to_owned)
            }
        }
    }
}

/// How many parents a commit names. Git cuts a shallow history by hiding them.
fn named_parents(commit: &Commit<'_>) -> usize {
    commit.raw_header_bytes().split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"parent ")).count()
}
