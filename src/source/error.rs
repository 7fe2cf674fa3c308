//! What can go wrong between a revision's name and its files.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

/// Why a revision or its files are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No repository here or above.
    #[error("no git repository in {0} or any folder above it")]
    NotARepository(PathBuf),
    /// A repository without files.
    #[error("{0} is a bare repository, which has no files to measure")]
    Bare(PathBuf),
    /// A repository without a commit.
    #[error("the repository {0} has no commit yet")]
    Unborn(PathBuf),
    /// Git's protection against other people's repositories.
    #[error("the repository {0} belongs to another user")]
    Ownership(PathBuf),
    /// A repository in a format that cannot be read.
    #[error("failed to open the repository {path}: {reason}")]
    Format {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Git tracks what only this program should write.
    #[error("refusing to use {path}: git tracks {tracked}, and a commit must not decide its own verdict")]
    Tracked {
        /// What is ours.
        path: PathBuf,
        /// What git tracks there, relative to its repository.
        tracked: PathBuf,
    },
    /// A path that lies outside the work tree.
    #[error("{path} is not in the work tree {root}")]
    Outside {
        /// The path.
        path: PathBuf,
        /// The root of the work tree.
        root: PathBuf,
    },
    /// Git refused.
    #[error("failed to {doing}: {}", error.message())]
    Git {
        /// What was tried.
        doing: &'static str,
        /// What git said.
        error: git2::Error,
    },
    /// No such revision.
    #[error("unknown revision `{spec}`")]
    UnknownRevision {
        /// As given.
        spec: String,
        /// Branches and tags with similar names.
        near: Vec<String>,
        /// Whether the history is cut off, so that it may exist elsewhere.
        shallow: bool,
    },
    /// A short hash of several commits.
    #[error("`{spec}` is ambiguous: it could be {}", candidates.join(", "))]
    AmbiguousRevision {
        /// As given.
        spec: String,
        /// The commits it could mean.
        candidates: Vec<String>,
    },
    /// A name of something else.
    #[error("`{spec}` is not a revision: it names a {kind}")]
    NotACommit {
        /// As given.
        spec: String,
        /// What it names.
        kind: &'static str,
    },
    /// The first commit has nothing before it.
    #[error("no baseline to compare with: {commit} is the first commit")]
    FirstCommit {
        /// The commit, shortened.
        commit: String,
    },
    /// Several branches, and none that is known to be the default one.
    #[error(
        "no baseline to compare with: it is not known which branch is the default one{}",
        listed(branches)
    )]
    NoDefaultBranch {
        /// The branches there are.
        branches: Vec<String>,
    },
    /// Two histories with nothing in common.
    #[error("no baseline to compare with: HEAD and {branch} have no commit in common")]
    NoMergeBase {
        /// The other branch.
        branch: String,
    },
    /// The history ends before what is needed.
    #[error("failed to find {what}: the clone is shallow, and its history ends before it")]
    Shallow {
        /// What is needed.
        what: String,
    },
    /// Not of the form `A..B`.
    #[error("`{0}` is not a range of commits")]
    NotARange(String),
    /// Nothing between the two.
    #[error("the range `{0}` holds no commit")]
    EmptyRange(String),
    /// A file could not be read.
    #[error("failed to read {path}: {error}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file or folder could not be written.
    #[error("failed to write {path}: {error}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file's content is not in this clone.
    #[error("failed to read {path} of the revision: {}", error.message())]
    MissingObject {
        /// Which file.
        path: PathBuf,
        /// What git said.
        error: git2::Error,
    },
    /// A submodule's commit is not on this machine.
    #[error("the submodule {path} cannot be filled: its commit {commit} is not on this machine")]
    MissingSubmodule {
        /// Where it lies.
        path: PathBuf,
        /// The commit, shortened.
        commit: String,
    },
    /// The content behind a Git LFS pointer is not on this machine.
    #[error("{path} cannot be filled: its content is in Git LFS and not on this machine")]
    MissingLfs {
        /// Which file.
        path: PathBuf,
    },
    /// A tree that names a file outside its folder.
    #[error("the revision holds a file with an unsafe name: {0}")]
    UnsafePath(PathBuf),
    /// A file of a revision that is not what it should be, or too much of it.
    #[error("cannot use {path}: {reason}")]
    Unusable {
        /// Which, below the root of the repository.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Somebody writes while we copy.
    #[error("no snapshot of the work tree can be taken: its files keep changing")]
    Changing,
    /// A kept source tree could not be put back to what it was.
    #[error(transparent)]
    Pristine(#[from] super::pristine::error::PristineError),
    /// The revision has no workspace at this place.
    #[error("`{label}` has no workspace: there is no Cargo.toml in {}", place(prefix))]
    NoWorkspace {
        /// The revision.
        label: String,
        /// Where it was looked for, below the root of the repository.
        prefix: PathBuf,
    },
}

impl SourceError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotARepository(_) => {
                "results are kept by commit: run `git init` and commit first".to_owned()
            }
            Self::Bare(_) => "run this in a clone with a work tree".to_owned(),
            Self::Unborn(_) => "commit once, so that results have a commit to belong to".to_owned(),
            Self::Ownership(path) => format!(
                "if you trust it: git config --global --add safe.directory {}",
                quoted(&path.display().to_string())
            ),
            Self::Tracked { tracked, .. } => format!(
                "git rm -r --cached -- {}: what this program keeps is made anew; of its results only `baselines/` belong in git",
                quoted(&tracked.display().to_string())
            ),
            Self::Outside { .. } => "the workspace must be part of the repository".to_owned(),
            Self::UnknownRevision { near, shallow, .. } => unknown(near, *shallow),
            Self::AmbiguousRevision { .. } => "give more digits".to_owned(),
            Self::NotACommit { .. } => "name a commit, a branch or a tag".to_owned(),
            Self::FirstCommit { .. } => {
                "commit a second time, or name another revision with --baseline".to_owned()
            }
            Self::NoDefaultBranch { branches } => match branches.first() {
                Some(branch) => format!(
                    "name it with --baseline {branch}, or as `baseline` in perfguard.toml; \
                     `git remote set-head origin --auto` asks the remote"
                ),
                None => "there is no branch here: fetch the one that it will land on and name it with --baseline, or say \
                         --baseline HEAD~1 where this commit is all there is to it"
                    .to_owned(),
            },
            Self::NoMergeBase { .. } => "name a revision with --baseline".to_owned(),
            Self::Shallow { .. } => DEEPEN.to_owned(),
            Self::NotARange(_) => "write it as A..B, for example HEAD~20..HEAD".to_owned(),
            Self::EmptyRange(_) => "is it the wrong way round? Write OLDER..NEWER".to_owned(),
            Self::MissingObject { .. } => {
                "is this a partial clone? Fetch it whole: git fetch --refetch --no-filter".to_owned()
            }
            Self::MissingSubmodule { path, .. } => {
                format!("git submodule update --init --recursive -- {}", quoted(&path.display().to_string()))
            }
            Self::MissingLfs { .. } => "git lfs fetch --all".to_owned(),
            Self::Changing => "wait until editors, builds and checkouts are done".to_owned(),
            Self::NoWorkspace { .. } => {
                "the workspace lay elsewhere then; choose a revision that has it here".to_owned()
            }
            Self::Format { .. }
            | Self::Git { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Pristine(_)
            | Self::Unusable { .. }
            | Self::UnsafePath(_) => return None,
        };
        Some(text)
    }
}

const DEEPEN: &str = "fetch more history: git fetch --deepen=50, or git fetch --unshallow \
                      (with GitHub's checkout action: fetch-depth: 0)";

fn unknown(near: &[String], shallow: bool) -> String {
    let mut hint = String::new();
    if !near.is_empty() {
        let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(hint, "did you mean {}?", names.join(" or "));
    }
    if shallow {
        let _ = write!(hint, "{}the clone is shallow; {DEEPEN}", if hint.is_empty() { "" } else { " Or " });
    }
    if hint.is_empty() {
        hint.push_str("name a commit, a branch or a tag that this clone has; is it fetched?");
    }
    hint
}

/// A few branches, in brackets.
fn listed(branches: &[String]) -> String {
    const SHOWN: usize = 5;
    match branches {
        [] => String::new(),
        few if few.len() <= SHOWN => format!(" ({})", few.join(", ")),
        many => format!(" ({}, …)", many[..SHOWN].join(", ")),
    }
}

fn place(prefix: &std::path::Path) -> String {
    if prefix.as_os_str().is_empty() {
        "the root of the repository".to_owned()
    } else {
        prefix.display().to_string()
    }
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Turns git's errors into ours, with what was being done.
pub(super) fn git(doing: &'static str) -> impl Fn(git2::Error) -> SourceError {
    move |error| SourceError::Git { doing, error }
}
