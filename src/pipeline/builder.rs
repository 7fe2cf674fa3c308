//! From a revision to executables: its files are extracted, its benches found and built, at the one build path.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::copies::{Copies, leave_out};
use super::error::PipelineError;
use super::prepared::{Planned, Prepared, TargetName};
use super::request::{Project, Scope, Suite};
use super::start::Start;
use super::stopwatch::within;
use super::sweeper::Sweeper;
use crate::build::{BuildRequest, Built, build, output_of_binary, tools};
use crate::discover::{DiscoverError, Discovered, Selection, discover};
use crate::domain::library;
use crate::domain::{
    BenchTarget, CargoFlags, Event, Note, Progress, Revision, Side, Sides, SourceTree, Stage, TreeId,
    Variables, Variant, is_below,
};
use crate::source::{GivenLock, Repository, SUITE_PACKAGE, SourceError, nearest_target, note, note_begin};
use crate::support::current::{BuildSite, Occupied};
use crate::support::room;

/// The harness's binary that prints the layout of types.
const LAYOUT_BINARY: &str = "perfguard-layout";

/// The folder of kept executables, in the program's area.
const ARTIFACTS: &str = "artifacts";

/// The folder of what Cargo knows of compilers, in the program's area.
const COMPILERS: &str = "compilers";

/// The folder of source trees, in the place of trees.
pub(super) const TREES: &str = "trees";

/// How many source trees, with their target folders, are kept for the next run.
const KEPT_TREES: usize = 4;

/// Everything needed to turn revisions into executables.
pub(crate) struct Builder<'a> {
    pub(crate) project: &'a Project,
    pub(crate) repository: &'a Repository,
    pub(crate) scope: &'a Scope,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) layout: TypeLayout,
    /// What executables are built for.
    pub(crate) variant: Variant,
    /// The only bench targets to build, where not all that are selected are wanted.
    pub(crate) only: Option<&'a BTreeSet<TargetName>>,
    /// The bench targets that are not built, because enough is known of them.
    pub(crate) spared: Option<&'a BTreeSet<TargetName>>,
    /// What takes the place of the Cargo.lock of every tree.
    pub(crate) lock: Option<&'a GivenLock>,
    /// Who removes old trees beside the build.
    pub(crate) sweeper: Option<&'a Sweeper>,
    /// Whether it is only found out what would decide what is built.
    pub(crate) only_key: bool,
    /// Whether executables are built for the names that they tell, and nothing else.
    pub(crate) names_only: bool,
}

/// Who says of which bench targets of a baseline enough is known, once the candidate is built.
pub(super) trait Spare {
    /// Whether it is worth asking. `baseline` is where the baseline's files are.
    fn may_know(&mut self, baseline: &SourceTree) -> bool;

    /// The bench targets that need not be built. Where what is planned cannot be parted, it is all of them or none.
    ///
    /// # Errors
    /// A signal came.
    fn find(
        &mut self,
        candidate: &Prepared,
        baseline: &SourceTree,
        planned: &Planned,
    ) -> Result<BTreeSet<TargetName>, PipelineError>;
}

/// Whether the harness is asked for the layout of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeLayout {
    Unasked,
    Asked,
}

/// What a revision is built beside, as far as the shipped harness depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// There is no other side.
    Nothing,
    /// Another side with the same toolchain, profile and flags.
    Same,
    /// Another side that is built otherwise.
    Different,
}

/// What a name means that a tree does not know.
enum MissingTarget {
    /// A mistake.
    Refused,
    /// No mistake, and it goes without saying.
    Silent,
    /// No mistake, but the reader should know.
    Noted(Note),
}

impl<'a> Builder<'a> {
    /// Builds to time, and does not ask about layout.
    pub(crate) fn new(
        project: &'a Project,
        repository: &'a Repository,
        scope: &'a Scope,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            project,
            repository,
            scope,
            progress,
            layout: TypeLayout::Unasked,
            variant: Variant::Timed,
            only: None,
            spared: None,
            lock: None,
            sweeper: None,
            only_key: false,
            names_only: false,
        }
    }

    /// The same, building executables that count allocations, of these bench targets alone.
    pub(crate) fn counting_allocations(&self, only: &'a BTreeSet<TargetName>) -> Self {
        Self { variant: Variant::Allocations, only: Some(only), layout: TypeLayout::Unasked, ..*self }
    }
}

impl Builder<'_> {
    pub(super) fn trees(&self) -> PathBuf {
        self.project.trees.join(TREES)
    }

    /// Builds a revision. `like` is another side that is built already: its dependencies need no second compilation.
    pub(crate) fn prepare(
        &self,
        side: Side,
        revision: &Revision,
        like: Option<&Prepared>,
    ) -> Result<Prepared, PipelineError> {
        let (mut prepared, tree) = self.prepare_own(side, revision, like)?;
        self.complete(side, &tree, &mut prepared, Beside::Nothing)?;
        Ok(prepared)
    }

    /// Builds what a revision itself has.
    pub(super) fn prepare_own(
        &self,
        side: Side,
        revision: &Revision,
        like: Option<&Prepared>,
    ) -> Result<(Prepared, SourceTree), PipelineError> {
        let tree = self.extract(side, revision)?;
        let prepared = self.own(side, &tree, like)?;
        Ok((prepared, tree))
    }

    fn extract(&self, side: Side, revision: &Revision) -> Result<SourceTree, PipelineError> {
        self.progress.event(Event::Task(&format!("Extracting the {side}, {revision}")));
        let _stage = within(self.progress, Stage::SourceTrees);
        let prefix = self.repository.prefix_of(&self.project.root)?;
        let trees = self.trees();
        Ok(match self.lock {
            Some(lock) => self.repository.extract_with_lock(revision, &trees, &prefix, lock)?,
            None => self.repository.extract(revision, &trees, &prefix, Some(&self.project.root))?,
        })
    }

    /// Builds both sides, the candidate first: its errors are the user's news. `spare` is told of the candidate and of the
    /// baseline's files, and names the bench targets of which no baseline is built.
    pub(crate) fn prepare_both(
        &self,
        revisions: &Sides<Revision>,
        spare: &mut dyn Spare,
    ) -> Result<Sides<Prepared>, PipelineError> {
        let (mut candidate, tree) = self.prepare_own(Side::Candidate, &revisions.candidate, None)?;
        if revisions.baseline.tree == candidate.revision.tree {
            self.complete(Side::Candidate, &tree, &mut candidate, Beside::Same)?;
            let baseline = candidate.clone().standing_for(revisions.baseline.clone());
            return Ok(Sides { baseline, candidate });
        }
        let baseline_tree = self.extract(Side::Baseline, &revisions.baseline)?;
        let spared = self.spared(&candidate, &baseline_tree, spare)?;
        let mut baseline = self.sparing(&spared).own(Side::Baseline, &baseline_tree, Some(&candidate))?;
        baseline.spared = spared;
        let sides = Sides { baseline: (baseline, baseline_tree), candidate: (candidate, tree) };
        Self::complete_both(&Sides { baseline: self, candidate: self }, sides)
    }

    /// The bench targets of which no baseline is built: all, or some where the others are built as they would be with them.
    fn spared(
        &self,
        candidate: &Prepared,
        baseline: &SourceTree,
        spare: &mut dyn Spare,
    ) -> Result<BTreeSet<TargetName>, PipelineError> {
        if !spare.may_know(baseline) {
            return Ok(BTreeSet::new());
        }
        let asked = Builder { only_key: true, ..*self }.own(Side::Baseline, baseline, Some(candidate))?;
        asked.planned.map_or_else(|| Ok(BTreeSet::new()), |planned| spare.find(candidate, baseline, &planned))
    }

    /// The same, leaving out these bench targets.
    fn sparing<'b>(&'b self, spared: &'b BTreeSet<TargetName>) -> Builder<'b> {
        let this: &Builder<'b> = self;
        Builder { spared: Some(spared), ..*this }
    }

    /// Builds both sides, each by a builder of its own.
    pub(crate) fn prepare_apart(
        builders: &Sides<Self>,
        revisions: &Sides<Revision>,
    ) -> Result<Sides<Prepared>, PipelineError> {
        let candidate = builders.candidate.prepare_own(Side::Candidate, &revisions.candidate, None)?;
        let baseline = builders.baseline.prepare_own(Side::Baseline, &revisions.baseline, None)?;
        Self::complete_both(&builders.as_ref(), Sides { baseline, candidate })
    }

    /// Builds the workspace's own benches. A package or bench target that only the candidate has is no error of the
    /// baseline: its benchmarks are new.
    fn own(&self, side: Side, tree: &SourceTree, like: Option<&Prepared>) -> Result<Prepared, PipelineError> {
        let mut selection = self.scope.selection.clone();
        let mut notes = Vec::new();
        loop {
            let error = match self.make(side, tree, &selection, like) {
                Ok(prepared) => {
                    return Ok(Prepared {
                        notes: notes.into_iter().chain(prepared.notes).collect(),
                        ..prepared
                    });
                }
                Err(PipelineError::Discover(error)) => error,
                Err(error) => return Err(error),
            };
            let named = (selection.packages.len(), selection.benches.len());
            match self.missing_target(side, &mut selection, &error) {
                MissingTarget::Noted(note) => notes.push(note),
                MissingTarget::Silent => {}
                MissingTarget::Refused => return Err(error.into()),
            }
            let emptied = |before: usize, names: &[String]| before > 0 && names.is_empty();
            // An empty list would mean everything.
            if emptied(named.0, &selection.packages) || emptied(named.1, &selection.benches) {
                return Ok(Prepared::empty(tree, notes));
            }
        }
    }

    /// Takes a name that this tree does not know out of the selection, where that is no mistake of the user.
    fn missing_target(&self, side: Side, selection: &mut Selection, error: &DiscoverError) -> MissingTarget {
        match error {
            DiscoverError::UnknownPackage { name, .. } => {
                let shipped = name == SUITE_PACKAGE && matches!(self.scope.suite, Suite::On { .. });
                if !shipped && side == Side::Candidate {
                    return MissingTarget::Refused;
                }
                selection.packages.retain(|package| package != name);
                selection.exclude.retain(|package| package != name);
                if shipped {
                    MissingTarget::Silent
                } else {
                    MissingTarget::Noted(Note::NoPackage(side, name.clone()))
                }
            }
            DiscoverError::UnknownBench { name, .. } if side == Side::Baseline => {
                selection.benches.retain(|bench| bench != name);
                MissingTarget::Noted(Note::NoBenchTarget(side, name.clone()))
            }
            // What the baseline does not have is new.
            DiscoverError::UnknownProgram { command, program, .. } if side == Side::Baseline => {
                selection.commands.retain(|one| (&one.name, &one.bin) != (command, program));
                MissingTarget::Silent
            }
            _ => MissingTarget::Refused,
        }
    }

    /// Forgets source trees and executables that have not been used for long.
    pub(crate) fn tidy(&self, spare: &[TreeId]) {
        self.tidy_trees(spare);
        self.make_room();
    }

    /// Forgets source trees that have not been used for long.
    pub(crate) fn tidy_trees(&self, spare: &[TreeId]) {
        let _stage = within(self.progress, Stage::Tidying);
        if let Some(sweeper) = self.sweeper {
            sweeper.stop();
        }
        // What cannot be removed now is removed another time.
        let _ = crate::source::prune(&self.trees(), KEPT_TREES, spare);
    }

    /// Keeps within bounds what is kept. What the run has not used yet counts as old, so it is done when all is built.
    pub(crate) fn make_room(&self) {
        let _stage = within(self.progress, Stage::Tidying);
        room::make(self.project.room, &[self.trees(), self.project.area.join(ARTIFACTS)]);
    }

    /// Finds and builds the benches of one tree at the one build path. What the build leaves in the tree belongs to it.
    pub(super) fn make(
        &self,
        side: Side,
        tree: &SourceTree,
        selection: &Selection,
        like: Option<&Prepared>,
    ) -> Result<Prepared, PipelineError> {
        let _stage = within(self.progress, self.stage(side));
        let records = &self.project.records;
        note_begin(&tree.home, records).map_err(SourceError::from)?;
        // Without another side to start from, an earlier build in this workspace will do, or the user's own.
        let other = like
            .and_then(|prepared| prepared.target.clone())
            .or_else(|| nearest_target(&self.trees(), &tree.home, records));
        let mut start = Start::from(tree, other, records)?;
        let made = self.make_in_place(side, tree, selection, &mut start);
        let noted = note(&tree.home, records).map_err(SourceError::from);
        let made = made?;
        noted?;
        Ok(made)
    }

    /// What building a side belongs to.
    fn stage(&self, side: Side) -> Stage {
        match (self.variant, side) {
            (Variant::Timed, Side::Baseline) => Stage::BaselineBuild,
            (Variant::Timed, Side::Candidate) => Stage::CandidateBuild,
            (Variant::Allocations, _) => Stage::AllocationBuilds,
            // Only what regressed is built so.
            (Variant::Lines | Variant::Places, _) => Stage::Judging,
        }
    }

    fn make_in_place(
        &self,
        side: Side,
        tree: &SourceTree,
        selection: &Selection,
        start: &mut Start,
    ) -> Result<Prepared, PipelineError> {
        let occupied = BuildSite::new(&self.project.trees).occupy(tree)?;
        let workspace = occupied.workspace();
        let Project { cargo, environment, trees: place, .. } = self.project;
        let (cargo, environment) = tools(cargo, environment, &workspace, place);
        let mut found = self.discover(side, &cargo, &workspace, selection, &environment)?;
        start.know_lock(&tree.prefix, &occupied.files());
        if let Some(only) = self.only {
            found.benches.retain(|bench| only.contains(&bench.target_name()));
        }
        found.benches.retain(|bench| self.scope.builds(&bench.package, &bench.target));
        let possible = |bench: &BenchTarget| self.scope.may_match(&bench.package, &bench.target);
        let (wanted, others) = found.benches.into_iter().partition::<Vec<_>, _>(possible);
        found.benches = wanted;
        let mut passed_over: Vec<TargetName> =
            others.into_iter().map(|bench| (bench.package, bench.target)).collect();
        passed_over.dedup();
        let mut notes = Vec::new();
        let Copies { patches, none } = Copies::of(&found.benches, &self.project.area, self.variant)?;
        for (library, what) in none {
            if library::family(&library.name).measures_uncopied() {
                notes.push(Note::Sequential(library.instrument(false), what));
            } else {
                leave_out(&mut found, &library, &what);
            }
        }
        let purpose = match self.variant {
            Variant::Timed => "",
            Variant::Allocations => " to count allocations",
            Variant::Lines | Variant::Places => " with line tables",
        };
        let scope = self.scope;
        let is_spared =
            |bench: &BenchTarget| self.spared.is_some_and(|spared| spared.contains(&bench.target_name()));
        let (beside, wanted) = found.benches.into_iter().partition::<Vec<_>, _>(is_spared);
        found.benches = wanted;
        if !found.benches.is_empty() && !self.only_key {
            let why = self.names_only.then(|| why_built(&found.benches, &scope.words)).flatten();
            let why = why.unwrap_or_default();
            self.progress.event(Event::Task(&format!("Building the {side}{purpose}{why}")));
        }
        let seed = start.seed(self.project, &found.downloads);
        let (unchanged, local) = start.apart(&found.local, &occupied.files());
        let request = BuildRequest {
            side,
            tree: &tree.content,
            workspace: &workspace,
            target_dir: &occupied.target(),
            home: occupied.home(),
            artifacts: &self.project.area.join(ARTIFACTS),
            records: &self.project.records,
            cargo: &cargo,
            environment: &environment,
            flags: &scope.flags,
            features: &selection.features,
            benches: &found.benches,
            beside: &beside,
            patches: &patches,
            variant: self.variant,
            layout: scope.layout,
            seed,
            local: &local,
            unchanged: &unchanged,
        };
        if self.only_key {
            let planned = Planned::of(&request);
            occupied.release()?;
            return Ok(Prepared { planned: Some(planned?), ..Prepared::empty(tree, Vec::new()) });
        }
        let Built { benches, refused, key, notes: built_notes, .. } = build(&request, self.progress)?;
        let layout = (self.layout == TypeLayout::Asked
            && found.members.iter().any(|member| member == SUITE_PACKAGE))
        .then(|| {
            output_of_binary(&request, SUITE_PACKAGE, LAYOUT_BINARY, self.progress)
                .map_err(|error| error.to_string())
        });
        let sources = found.benches.iter().filter_map(|bench| source(bench, &occupied, tree)).collect();
        occupied.release()?;
        notes.extend(built_notes);
        Ok(Prepared {
            revision: tree.revision.clone(),
            benches,
            refused,
            left_out: found.left_out,
            passed_over,
            spared: BTreeSet::new(),
            key,
            planned: None,
            notes,
            layout,
            sources,
            content: tree.content.clone(),
            target: Some(tree.target()),
        })
    }

    /// Finds the benches. A lock file that was given must fit as it is: Cargo would otherwise choose versions anew.
    fn discover(
        &self,
        side: Side,
        cargo: &Path,
        workspace: &Path,
        selection: &Selection,
        environment: &Variables,
    ) -> Result<Discovered, PipelineError> {
        let _stage = within(self.progress, Stage::BenchTargets);
        let known = self.project.area.join(COMPILERS);
        let Some(lock) = self.lock else {
            return Ok(discover(cargo, workspace, selection, &self.scope.flags, environment, &known)?);
        };
        let flags = CargoFlags { locked: true, ..self.scope.flags.clone() };
        discover(cargo, workspace, selection, &flags, environment, &known).map_err(|error| match error {
            DiscoverError::Metadata { output } => {
                PipelineError::LockFile { side, path: lock.path().to_owned(), output }
            }
            other => other.into(),
        })
    }
}

/// Why bench targets are built to tell names, where the user gave a part of one: it may be in any of them.
fn why_built(benches: &[BenchTarget], words: &[String]) -> Option<String> {
    let targets: BTreeSet<_> = benches.iter().map(|bench| (&bench.package, &bench.target)).collect();
    (targets.len() > 1 && !words.is_empty())
        .then(|| format!(": {} bench targets may have `{}`", targets.len(), words.join("` or `")))
}

/// A bench target's file from the root of its tree, where it lies in there.
fn source(bench: &BenchTarget, occupied: &Occupied, tree: &SourceTree) -> Option<(TargetName, String)> {
    // Commands of one package may be of several programs.
    if bench.unit.command().is_some() {
        return None;
    }
    let workspace = occupied.workspace();
    let files = workspace.ancestors().nth(tree.prefix.components().count())?;
    // Cargo may spell a folder behind a link otherwise.
    let real = files.canonicalize().ok()?;
    let below = bench.source.strip_prefix(files).or_else(|_| bench.source.strip_prefix(&real)).ok()?;
    let parts: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
    let path = parts?.join("/");
    is_below(&path).then(|| (bench.target_name(), path))
}
