//! Creep: what stored steps add up to since a release, and what they may, accepted slowdowns included.

use std::collections::{BTreeMap, BTreeSet};

use super::acceptances;
use super::catalogue::Benchmark;
use super::error::PipelineError;
use super::request::CompareRequest;
use super::workspace::Workspace;
use crate::domain::{
    Acceptance, BenchmarkName, CommitId, Creep, CreepEvidence, CreepWatch, Limit, MachineKey, Metric, Note,
    Revision, SeriesKey, Sides, median,
};
use crate::judge::Acceptances;
use crate::judge::creep::{Walk, factor, nearest, raised, sums};
use crate::store::Store;

/// A longer line is not added up: its start is no release that anybody compares with.
const LONGEST: usize = 2000;

/// A watch that has begun at a release.
struct Watched<'a> {
    watch: &'a CreepWatch,
    anchor: Revision,
    /// The commits from there on; the anchor first. None where they are no line, or too long a one.
    commits: Vec<CommitId>,
    /// What was accepted since, in files.
    accepted: Vec<Acceptance>,
}

/// What a comparison watches.
pub(super) struct Watching<'a> {
    /// What this change accepts, or what is accepted since a release that it is compared with.
    acceptances: Vec<Acceptance>,
    /// Whether the comparison is with the release itself.
    from_anchor: bool,
    watched: Option<Watched<'a>>,
    /// That there is no release to begin at.
    note: Option<Note>,
}

/// Begins to watch, along first parents up to the baseline, or up to the candidate of a comparison with the release itself.
/// `acceptances` are those in force.
pub(super) fn begin<'a>(
    request: &'a CompareRequest,
    workspace: &Workspace<'_>,
    revisions: &Sides<Revision>,
    acceptances: Vec<Acceptance>,
) -> Result<Watching<'a>, PipelineError> {
    let from_anchor = request.from_anchor;
    let mut watching = Watching { acceptances, from_anchor, watched: None, note: None };
    let Some(watch) = &request.creep else { return Ok(watching) };
    let to = if from_anchor { &revisions.candidate } else { &revisions.baseline };
    let repository = &workspace.repository;
    let Some(anchor) = repository.anchor(&watch.since, &to.commit)? else {
        watching.note = Some(Note::NoAnchor(watch.since.clone()));
        return Ok(watching);
    };
    let line = repository.line(anchor.commit.as_str(), to.commit.as_str()).unwrap_or_default();
    let line = if line.len() <= LONGEST { line } else { Vec::new() };
    let accepted = acceptances::since(repository, &line, &workspace.prefix()?, &request.judging.accepting);
    let commits = line.into_iter().map(|revision| revision.commit).collect();
    watching.acceptances.retain(|one| !from_anchor || !accepted.contains(one));
    watching.watched = Some(Watched { watch, anchor, commits, accepted });
    Ok(watching)
}

impl Watching<'_> {
    /// Where the watch begins.
    pub(super) fn anchor(&self) -> Option<&Revision> {
        self.watched.as_ref().map(|watched| &watched.anchor)
    }

    /// What a reader should know.
    pub(super) fn note(&self) -> Option<Note> {
        self.note.clone()
    }

    /// The acceptances that regressions are held against: since a release, what was accepted raises limits instead.
    pub(super) fn in_force(&self) -> &[Acceptance] {
        if self.from_anchor { &[] } else { &self.acceptances }
    }

    /// Notes for each benchmark what it may come to in a comparison with the release, or else what it came to up to the baseline.
    pub(super) fn add(
        &self,
        store: &Store,
        machine: &MachineKey,
        benchmarks: &mut [Benchmark],
    ) -> Result<(), PipelineError> {
        let Some(watched) = &self.watched else { return Ok(()) };
        if self.from_anchor {
            let (before, new) = (Acceptances::new(&watched.accepted), Acceptances::new(&self.acceptances));
            for Benchmark { evidence, .. } in benchmarks {
                evidence.limits = watched.limits(&evidence.name, evidence.arch(), &[&before, &new]);
            }
            return Ok(());
        }
        for sum in watched.sums(store, machine, &architectures(benchmarks), &self.acceptances)? {
            if let Some(one) = benchmarks.iter_mut().find(|one| one.evidence.name == sum.benchmark) {
                one.evidence.creep.get_or_insert_with(CreepEvidence::default).sums.push(sum);
            }
        }
        Ok(())
    }

    /// What stored steps come to up to the candidate of a comparison with the release, of the benchmark that is nearest to its
    /// limit.
    pub(super) fn end(
        &self,
        store: &Store,
        machine: &MachineKey,
        benchmarks: &[Benchmark],
    ) -> Result<Option<Note>, PipelineError> {
        let Some(watched) = self.watched.as_ref().filter(|_| self.from_anchor) else { return Ok(None) };
        let sums = watched.sums(store, machine, &architectures(benchmarks), &self.acceptances)?;
        Ok(nearest(sums).map(|found| Note::Creep(Box::new(found))))
    }
}

/// The architecture of each benchmark.
fn architectures(benchmarks: &[Benchmark]) -> BTreeMap<BenchmarkName, String> {
    benchmarks.iter().map(|one| (one.evidence.name.clone(), one.evidence.arch().to_owned())).collect()
}

impl Watched<'_> {
    /// What stored steps come to, of every benchmark that is known by name, with its architecture. `new` is what this change
    /// accepts.
    fn sums(
        &self,
        store: &Store,
        machine: &MachineKey,
        known: &BTreeMap<BenchmarkName, String>,
        new: &[Acceptance],
    ) -> Result<Vec<Creep>, PipelineError> {
        if self.commits.is_empty() {
            return Ok(Vec::new());
        }
        let mut walks = timed(store, machine, &self.commits)?;
        walks.extend(counted(store, machine, &self.commits)?);
        walks.retain(|walk| known.contains_key(&walk.benchmark));
        let (before, new) = (Acceptances::new(&self.accepted), Acceptances::new(new));
        let factor = |walk: &Walk| {
            let arch = known.get(&walk.benchmark).map_or("", String::as_str);
            factor_of(&[&before, &new], &walk.benchmark, arch, walk.metric, walk.start)
        };
        Ok(sums(&self.anchor.label, &walks, &self.watch.limits, factor))
    }

    /// What a benchmark may come to since the release, by each metric that is watched, with what was accepted.
    fn limits(
        &self,
        name: &BenchmarkName,
        arch: &str,
        accepted: &[&Acceptances<'_>],
    ) -> BTreeMap<Metric, Limit> {
        let limit = |(metric, limit): &(Metric, Limit)| {
            let factor = factor_of(accepted, name, arch, *metric, None);
            Some((*metric, Limit::relative(raised(limit.relative_part(), factor))?))
        };
        self.watch.limits.iter().filter_map(limit).collect()
    }
}

/// By what acceptances of several occasions multiply a benchmark's limit.
fn factor_of(
    all: &[&Acceptances<'_>],
    name: &BenchmarkName,
    arch: &str,
    metric: Metric,
    start: Option<f64>,
) -> f64 {
    all.iter().map(|one| factor(&one.about(name, arch, metric), metric, start)).product()
}

/// Times: steps between neighbours that were measured in pairs.
fn timed(store: &Store, machine: &MachineKey, commits: &[CommitId]) -> Result<Vec<Walk>, PipelineError> {
    let neighbours: BTreeSet<(CommitId, CommitId)> =
        commits.windows(2).map(|two| (two[0].clone(), two[1].clone())).collect();
    let mut found: BTreeMap<BenchmarkName, BTreeMap<CommitId, Vec<f64>>> = BTreeMap::new();
    for step in store.step_ratios(machine, &neighbours)? {
        found.entry(step.benchmark).or_default().entry(step.candidate).or_default().extend(step.log_ratios);
    }
    let walk = |(benchmark, steps): (BenchmarkName, BTreeMap<CommitId, Vec<f64>>)| Walk {
        benchmark,
        metric: Metric::WallTime,
        start: None,
        steps: commits[1..]
            .iter()
            .map(|commit| (commit.clone(), steps.get(commit).and_then(|ratios| median(ratios.clone()))))
            .collect(),
    };
    Ok(found.into_iter().map(walk).collect())
}

/// Counts: exact, so a step leads from the last commit that was counted.
fn counted(store: &Store, machine: &MachineKey, commits: &[CommitId]) -> Result<Vec<Walk>, PipelineError> {
    let mut levels: BTreeMap<SeriesKey, BTreeMap<usize, f64>> = BTreeMap::new();
    for (place, commit) in commits.iter().enumerate() {
        for (series, runs) in store.baseline_of_commit(machine, commit)? {
            let value = median(runs.iter().map(|run| run.value).collect());
            if let Some(value) = value.filter(|value| series.metric.is_count() && *value > 0.0) {
                levels.entry(series).or_default().insert(place, value);
            }
        }
    }
    let walk = |(series, values): (SeriesKey, BTreeMap<usize, f64>)| {
        let start = *values.get(&0)?;
        let mut before = start;
        let steps = (1..commits.len()).map(|place| {
            let step = values.get(&place).map(|value| {
                let step = (value / before).ln();
                before = *value;
                step
            });
            (commits[place].clone(), step)
        });
        Some(Walk {
            benchmark: series.benchmark,
            metric: series.metric,
            start: Some(start),
            steps: steps.collect(),
        })
    };
    Ok(levels.into_iter().filter_map(walk).collect())
}
