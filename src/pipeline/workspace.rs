//! What every command does first: find the repository, take the workspace's lock, build, list what there is.

use std::path::Path;

use super::builder::{Builder, TREES};
use super::catalogue::ListedBench;
use super::error::PipelineError;
use super::prepared::Prepared;
use super::request::{Project, Scope, Subject, Suite};
use super::stopwatch::within;
use super::sweeper::Sweeper;
use crate::discover::{nearest, nearest_text};
use crate::domain::{
    BenchmarkName, Event, Failure, Progress, Revision, Side, Sides, Stage, Throughput, Trouble,
};
use crate::measure::runner::Runner;
use crate::source::{Repository, place_lock, prepare_place, require_untracked, suite_names};
use crate::support::area;
use crate::support::current::BuildSite;
use crate::support::lock::FileLock;
use crate::support::process::interrupted;

/// How many names are offered for one that means nothing.
const NEAR: usize = 3;

/// How many bench targets are told where none is spelt alike.
const TARGETS: usize = 10;

/// The user's workspace, held by this run until the value is dropped.
pub(crate) struct Workspace<'a> {
    pub(crate) project: &'a Project,
    pub(crate) repository: Repository,
    pub(crate) progress: &'a dyn Progress,
    /// Removes what earlier runs put aside. Before the locks: it ends first.
    sweeper: Option<Sweeper>,
    locks: Vec<FileLock>,
}

/// What is compared, as far as it can be told before the workspace is locked: a work tree is looked at afterwards.
pub(crate) struct NamedSides {
    baseline: Revision,
    candidate: Option<Revision>,
}

impl<'a> Workspace<'a> {
    /// Finds the repository; waits for nobody.
    pub(crate) fn find(project: &'a Project, progress: &'a dyn Progress) -> Result<Self, PipelineError> {
        let repository = Repository::discover(&project.root)?.keeping(&project.records);
        Ok(Self { project, repository, progress, sweeper: None, locks: Vec::new() })
    }

    /// Takes the workspace's lock. Two runs at once would build at one path and disturb each other's figures, so the second
    /// waits, and says so. What a killed run left in the build folder is put back first of all.
    pub(crate) fn lock(&mut self) -> Result<(), PipelineError> {
        let Project { root, area, trees, environment, .. } = self.project;
        for folder in [area, trees] {
            require_untracked(folder, root)?;
        }
        // Before the lock: the file of a lock is made as well.
        area::enter(area, root)?;
        let stage = within(self.progress, Stage::Waiting);
        let waiting = || self.progress.event(Event::Waiting("for another run in this workspace to finish"));
        let lock = FileLock::acquire(&area.join("lock"), waiting)?;
        drop(stage);
        BuildSite::new(area).tag()?;
        prepare_place(trees, area, root, environment)?;
        // However both are spelled: a lock is waited for by whoever holds it, too.
        let outside = trees.canonicalize().ok() != area.canonicalize().ok();
        let place = outside.then(|| FileLock::acquire(&place_lock(trees), || {})).transpose()?;
        BuildSite::new(trees).recover()?;
        super::layouts::sweep(area);
        self.project.records.load();
        area::sweep(area);
        area::sweep(trees);
        self.locks = std::iter::once(lock).chain(place).collect();
        self.sweeper = Some(Sweeper::start(trees.join(TREES)));
        Ok(())
    }

    /// Lets other runs go on.
    pub(crate) fn unlock(&mut self) {
        self.sweeper = None;
        self.locks.clear();
    }

    /// Resolves what is compared. A revision that does not exist is told without waiting for the lock.
    pub(crate) fn name_sides(
        &self,
        baseline: Option<&str>,
        candidate: &Subject,
    ) -> Result<NamedSides, PipelineError> {
        let candidate = match candidate {
            Subject::WorkTree => None,
            Subject::Revision(spec) => Some(self.repository.resolve(spec)?),
        };
        let baseline = match baseline {
            Some(spec) => self.repository.resolve(spec)?,
            None => self.repository.default_baseline()?,
        };
        Ok(NamedSides { baseline, candidate })
    }

    /// What is compared, with the work tree as it is now.
    pub(crate) fn sides(&self, named: NamedSides) -> Result<Sides<Revision>, PipelineError> {
        let candidate = match named.candidate {
            Some(commit) => commit,
            None => self.repository.work_tree()?,
        };
        Ok(Sides { baseline: named.baseline, candidate })
    }

    /// Who turns revisions into executables.
    pub(crate) fn builder<'b>(&'b self, scope: &'b Scope) -> Builder<'b> {
        let builder = Builder::new(self.project, &self.repository, scope, self.progress);
        Builder { sweeper: self.sweeper.as_ref(), ..builder }
    }

    /// Where the workspace lies below the root of the repository.
    pub(crate) fn prefix(&self) -> Result<std::path::PathBuf, PipelineError> {
        let root: &Path = &self.project.root;
        Ok(self.repository.prefix_of(root)?)
    }
}

/// What the executables of one side told about themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) benches: Vec<ListedBench>,
}

impl Listing {
    /// Asks the executables of a build for their benchmarks. One that cannot tell fails alone.
    ///
    /// # Errors
    /// A signal came.
    pub(crate) fn ask(
        prepared: &Prepared,
        runner: &mut dyn Runner,
        progress: &dyn Progress,
    ) -> Result<Self, PipelineError> {
        let _stage = within(progress, Stage::Listing);
        let ask = |bench: &crate::domain::BuiltBench| {
            let listed = runner.list(bench);
            let declaring = listed.iter().flatten().filter(|one| !one.throughput.is_empty());
            let work = declaring.map(|one| (one.id.clone(), one.throughput.clone())).collect();
            let ids = listed.map(|listed| listed.into_iter().map(|listed| listed.id).collect());
            ListedBench { bench: bench.clone(), ids: ids.map_err(Failure::from), work }
        };
        let benches = prepared.benches.iter().map(ask).collect();
        if interrupted() { Err(PipelineError::Interrupted) } else { Ok(Self { benches }) }
    }

    /// Every benchmark with the executable that has it, in the order of the executables.
    pub(crate) fn all(&self) -> impl Iterator<Item = (BenchmarkName, &crate::domain::BuiltBench)> {
        self.benches.iter().flat_map(|listed| {
            let bench = &listed.bench;
            let ids = listed.ids.iter().flatten();
            ids.map(move |id| (BenchmarkName::new(&bench.package, &bench.target, id), bench))
        })
    }

    /// What one iteration of a benchmark works on, where that is declared.
    pub(crate) fn work(&self, name: &BenchmarkName) -> &[Throughput] {
        let of = |listed: &&ListedBench| listed.bench.may_hold(name);
        let found = self.benches.iter().find(of).and_then(|listed| listed.work.get(name.id()));
        found.map_or(&[], Vec::as_slice)
    }

    /// Every name.
    pub(crate) fn names(&self) -> Vec<BenchmarkName> {
        self.all().map(|(name, _)| name).collect()
    }

    /// The executables that could not list their benchmarks. `side` is whose they are, where there are two.
    pub(crate) fn troubles(&self, side: Option<Side>) -> Vec<Trouble> {
        let broken = |listed: &ListedBench| {
            let failure = listed.ids.as_ref().err()?.clone();
            Some(Trouble::CannotList {
                target: listed.bench.label(),
                unit: listed.bench.unit.kind(),
                side,
                failure,
            })
        };
        self.benches.iter().filter_map(broken).collect()
    }
}

/// Nothing to measure: no bench at all, or a filter that means none of them.
pub(crate) fn nothing(prepared: &Prepared, scope: &Scope, names: &[BenchmarkName]) -> PipelineError {
    if names.is_empty() && prepared.passed_over.is_empty() {
        let left_out = prepared
            .left_out
            .iter()
            .map(|target| format!("{}::{}: {}", target.package, target.target, target.reason));
        PipelineError::NoBenches(left_out.collect())
    } else {
        let shipped: Vec<BenchmarkName> = match scope.suite {
            Suite::On { .. } => suite_names().collect(),
            Suite::Off => Vec::new(),
        };
        let known = || names.iter().chain(&shipped);
        let near: Vec<String> =
            scope.words.iter().flat_map(|text| nearest(known(), text)).take(NEAR).collect();
        let filter = scope.words.join("` or `");
        if names.is_empty() && near.is_empty() {
            let labels = prepared.passed_over.iter().map(|(package, target)| format!("{package}::{target}"));
            return PipelineError::NoTarget { filter, targets: targets(labels.collect(), &scope.words) };
        }
        PipelineError::NoMatch { filter, near }
    }
}

/// The bench targets that may have been meant, as `package::target`: those spelt alike, or else all.
fn targets(labels: Vec<String>, words: &[String]) -> Vec<String> {
    let begin = |word: &String| word.splitn(3, "::").take(2).collect::<Vec<_>>().join("::");
    let near = |word: &String| nearest_text(labels.clone(), begin(word).trim_end_matches(['*', '?', ':']));
    let near: Vec<String> = words.iter().flat_map(near).take(NEAR).collect();
    if near.is_empty() { labels.into_iter().take(TARGETS).collect() } else { near }
}

/// What ended a run half-way, beside what was measured.
pub(crate) fn broken_off(error: &PipelineError) -> Trouble {
    Trouble::BrokenOff(error.to_string(), error.hint())
}
