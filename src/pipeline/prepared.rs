//! What became of a revision: its executables, and what belongs to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::error::PipelineError;
use crate::build::{BuildRequest, key};
use crate::discover::LeftOut;
use crate::domain::{BenchTarget, BuiltBench, Digest, Note, Revision, SourceTree, Toolchain, TreeId};

/// What would be built of a revision.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// What decides what it is, summed up.
    pub(crate) key: Digest,
    pub(crate) targets: BTreeSet<TargetName>,
    /// Whether some of them can be left out, and the others are what they are beside all.
    pub(crate) may_be_parted: bool,
}

/// A package and one of its bench targets.
pub(crate) type TargetName = (String, String);

impl Planned {
    pub(super) fn of(request: &BuildRequest<'_>) -> Result<Self, PipelineError> {
        let (key, may_be_parted) = key(request)?;
        let targets = request.benches.iter().map(BenchTarget::target_name);
        Ok(Self { key, targets: targets.collect(), may_be_parted })
    }
}

/// One revision, built.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// What was built: a dirty work tree may have changed since it was looked at.
    pub(crate) revision: Revision,
    /// The benches of the workspace, and of the harness where it takes part.
    pub(crate) benches: Vec<BuiltBench>,
    /// Benches, as `package::target`, whose allocations cannot be counted, and why.
    pub(crate) refused: Vec<(String, String)>,
    /// Bench targets that are not measured.
    pub(crate) left_out: Vec<LeftOut>,
    /// Bench targets that were not built, because they can have nothing that is meant.
    pub(crate) passed_over: Vec<TargetName>,
    /// Bench targets that were not built, because enough is known of them. They would be built as the other side's are.
    pub(crate) spared: BTreeSet<TargetName>,
    /// What decided what its own benches are, summed up.
    pub(crate) key: Option<Digest>,
    /// What would have been built, where only that was asked.
    pub(super) planned: Option<Planned>,
    /// What the reader should know.
    pub(crate) notes: Vec<Note>,
    /// What the harness says about the layout of types, or why it cannot.
    pub(crate) layout: Option<Result<String, String>>,
    /// The files of the workspace's bench targets, from the repository's root.
    pub(crate) sources: BTreeMap<TargetName, String>,
    /// What the files are that it was built from: what names their folder.
    pub(crate) content: TreeId,
    /// The target folder to start another side's build from.
    pub(super) target: Option<PathBuf>,
}

impl Prepared {
    /// A revision that has nothing of what is wanted.
    pub(super) fn empty(tree: &SourceTree, notes: Vec<Note>) -> Self {
        Self {
            revision: tree.revision.clone(),
            content: tree.content.clone(),
            benches: Vec::new(),
            refused: Vec::new(),
            left_out: Vec::new(),
            passed_over: Vec::new(),
            spared: BTreeSet::new(),
            key: None,
            planned: None,
            notes,
            layout: None,
            sources: BTreeMap::new(),
            target: None,
        }
    }

    /// What a reader should know, the targets that are not measured included.
    pub(crate) fn all_notes(&self) -> Vec<Note> {
        let left_out = self
            .left_out
            .iter()
            .map(|target| Note::left_out(&target.package, &target.target, &target.reason));
        self.notes.iter().cloned().chain(left_out).collect()
    }

    /// What the figures are taken with.
    pub(crate) fn toolchain(&self) -> Option<Toolchain> {
        self.benches.first().map(|bench| Toolchain {
            rustc: bench.fingerprint.rustc.clone(),
            target: bench.fingerprint.target.clone(),
            profile: bench.fingerprint.profile.clone(),
        })
    }

    /// The same executables, for a revision with the same files.
    pub(crate) fn standing_for(self, revision: Revision) -> Self {
        Self { revision, ..self }
    }
}
