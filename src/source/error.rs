//! What can go wrong between a revision's name and its files.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

/// Why a revision or its files are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No repository here or above.
    #[error("find a git repository in {0} or any folder above it")]
    NotARepository(PathBuf),
    /// A repository without files.
    #[error("use {0}: it is a bare repository, with no files to measure")]
    Bare(PathBuf),
    /// A repository without a commit.
    #[error("use {0}: it has no commit yet")]
    Unborn(PathBuf),
    /// Git's protection against other people's repositories.
    #[error("use {0}: it belongs to another user")]
    Ownership(PathBuf),
    /// A repository in a format that cannot be read.
    #[error("open the repository at {path}: {reason}")]
    Format {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A path that lies outside the work tree.
    #[error("find {path} in the work tree {root}")]
    Outside {
        /// The path.
        path: PathBuf,
        /// The root of the work tree.
        root: PathBuf,
    },
    /// Git refused.
    #[error("{doing}: {}", error.message())]
    Git {
        /// What was tried.
        doing: &'static str,
        /// What git said.
        error: git2::Error,
    },
    /// No such revision.
    #[error("find the revision `{spec}`")]
    UnknownRevision {
        /// As given.
        spec: String,
        /// Branches and tags with similar names.
        near: Vec<String>,
        /// Whether the history is cut off, so that it may exist elsewhere.
        shallow: bool,
    },
    /// A short hash of several commits.
    #[error("tell which commit `{spec}` means: it could be {}", candidates.join(", "))]
    AmbiguousRevision {
        /// As given.
        spec: String,
        /// The commits it could mean.
        candidates: Vec<String>,
    },
    /// A name of something else.
    #[error("use `{spec}` as a revision: it names a {kind}")]
    NotACommit {
        /// As given.
        spec: String,
        /// What it names.
        kind: &'static str,
    },
    /// The first commit has nothing before it.
    #[error("find a baseline: nothing to compare with: {commit} is the first commit")]
    FirstCommit {
        /// The commit, shortened.
        commit: String,
    },
    /// Two histories with nothing in common.
    #[error("find a baseline: HEAD and {branch} have no commit in common")]
    NoMergeBase {
        /// The other branch.
        branch: String,
    },
    /// The history ends before what is needed.
    #[error("find {what}: the clone is shallow and its history ends before it")]
    Shallow {
        /// What is needed.
        what: String,
    },
    /// Not of the form `A..B`.
    #[error("read `{0}` as a range of commits")]
    NotARange(String),
    /// Nothing between the two.
    #[error("find a commit in `{0}`: the range is empty")]
    EmptyRange(String),
    /// A file could not be read.
    #[error("read {path}: {error}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file or folder could not be written.
    #[error("write {path}: {error}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file's content is not in this clone.
    #[error("read {path} of the revision: {}", error.message())]
    MissingObject {
        /// Which file.
        path: PathBuf,
        /// What git said.
        error: git2::Error,
    },
    /// A submodule's commit is not on this machine.
    #[error("fill the submodule {path}: its commit {commit} is not on this machine")]
    MissingSubmodule {
        /// Where it lies.
        path: PathBuf,
        /// The commit, shortened.
        commit: String,
    },
    /// The content behind a Git LFS pointer is not on this machine.
    #[error("fill {path}: its content is in Git LFS and not on this machine")]
    MissingLfs {
        /// Which file.
        path: PathBuf,
    },
    /// A tree that names a file outside its folder.
    #[error("extract {0}: no safe name for a file")]
    UnsafePath(PathBuf),
    /// Somebody writes while we copy.
    #[error("take a snapshot of the work tree: its files keep changing")]
    Changing,
    /// The revision has no workspace at this place.
    #[error("find the workspace of `{label}`: there is no Cargo.toml in {}", place(prefix))]
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
            Self::Outside { .. } => "the workspace must be part of the repository".to_owned(),
            Self::UnknownRevision { near, shallow, .. } => unknown(near, *shallow),
            Self::AmbiguousRevision { .. } => "give more digits".to_owned(),
            Self::NotACommit { .. } => "name a commit, a branch or a tag".to_owned(),
            Self::FirstCommit { .. } => {
                "commit a second time, or name another revision with --baseline".to_owned()
            }
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
