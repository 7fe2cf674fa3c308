//! Creep: what stored steps add up to since a release, and what they may, accepted slowdowns included.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::acceptances;
use super::error::PipelineError;
use super::request::Accepting;
use crate::domain::{
    Acceptance, BenchmarkName, CommitId, Creep, CreepWatch, Limit, MachineKey, Metric, Revision, SeriesKey,
    median,
};
use crate::judge::Acceptances;
use crate::judge::creep::{Walk, factor, raised, sums};
use crate::source::Repository;
use crate::store::Store;

/// A longer line is not added up: its start is no release that anybody compares with.
const LONGEST: usize = 2000;

/// A watch that has begun at a release.
pub(super) struct Watched<'a> {
    watch: &'a CreepWatch,
    /// Where it begins.
    pub(super) anchor: Revision,
    /// The commits from there on; the anchor first. None where they are no line, or too long a one.
    commits: Vec<CommitId>,
    /// What was accepted since, in files.
    accepted: Vec<Acceptance>,
}

/// What a check watches.
pub(super) enum Watching<'a> {
    /// Nothing: it is not asked for.
    Nothing,
    /// There is no release to begin at.
    NoAnchor,
    /// From a release on.
    Since(Box<Watched<'a>>),
}

/// Begins a watch that goes up to a commit, along first parents. `prefix` is where the workspace lies below the root of the
/// repository.
pub(super) fn watch<'a>(
    repository: &Repository,
    watch: Option<&'a CreepWatch>,
    to: &Revision,
    prefix: &Path,
    accepting: &Accepting,
) -> Result<Watching<'a>, PipelineError> {
    let Some(watch) = watch else { return Ok(Watching::Nothing) };
    let Some(anchor) = repository.anchor(&watch.since, &to.commit)? else { return Ok(Watching::NoAnchor) };
    let line = repository.line(anchor.commit.as_str(), to.commit.as_str()).unwrap_or_default();
    let line = if line.len() <= LONGEST { line } else { Vec::new() };
    let accepted = acceptances::since(repository, &line, prefix, accepting);
    let commits = line.into_iter().map(|revision| revision.commit).collect();
    Ok(Watching::Since(Box::new(Watched { watch, anchor, commits, accepted })))
}

impl Watched<'_> {
    /// Those acceptances that are in force in a comparison and are not known of the line.
    pub(super) fn besides(&self, in_force: &[Acceptance]) -> Vec<Acceptance> {
        in_force.iter().filter(|one| !self.accepted.contains(one)).cloned().collect()
    }

    /// What stored steps come to, of every benchmark that is known by name, with its architecture. `new` is what this change
    /// accepts.
    pub(super) fn sums(
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

    /// What a benchmark may come to since the release, by each metric that is watched.
    pub(super) fn limits(
        &self,
        name: &BenchmarkName,
        arch: &str,
        new: &[Acceptance],
    ) -> BTreeMap<Metric, Limit> {
        let (before, new) = (Acceptances::new(&self.accepted), Acceptances::new(new));
        let limit = |(metric, limit): &(Metric, Limit)| {
            let factor = factor_of(&[&before, &new], name, arch, *metric, None);
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
