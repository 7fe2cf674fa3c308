//! Creep: what stored steps add up to since a release, for the information line of a check.

use std::collections::{BTreeMap, BTreeSet};

use super::error::PipelineError;
use crate::domain::{
    BenchmarkName, CommitId, Creep, CreepWatch, MachineKey, Metric, Revision, SeriesKey, median,
};
use crate::judge::creep::{Walk, creep};
use crate::source::Repository;
use crate::store::Store;

/// A longer line is not added up: its start is no release that anybody compares with.
const LONGEST: usize = 2000;

/// What the benchmarks that are wanted come to along first parents from the anchor to a commit; `None` where nothing is
/// known, or there is no anchor.
pub(super) fn watched(
    repository: &Repository,
    store: &Store,
    machine: &MachineKey,
    watch: &CreepWatch,
    to: &Revision,
    wanted: impl Fn(&BenchmarkName) -> bool,
) -> Result<Option<Creep>, PipelineError> {
    let Some(anchor) = repository.anchor(&watch.since, &to.commit)? else { return Ok(None) };
    if anchor.commit == to.commit {
        return Ok(None);
    }
    let Ok(line) = repository.line(anchor.commit.as_str(), to.commit.as_str()) else { return Ok(None) };
    if line.len() > LONGEST {
        return Ok(None);
    }
    let commits: Vec<CommitId> = line.into_iter().map(|revision| revision.commit).collect();
    let mut walks = timed(store, machine, &commits)?;
    walks.extend(counted(store, machine, &commits)?);
    walks.retain(|walk| wanted(&walk.benchmark));
    Ok(creep(&anchor.label, &walks, &watch.limits))
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
        let mut before = *values.get(&0)?;
        let steps = (1..commits.len()).map(|place| {
            let step = values.get(&place).map(|value| {
                let step = (value / before).ln();
                before = *value;
                step
            });
            (commits[place].clone(), step)
        });
        Some(Walk { benchmark: series.benchmark, metric: series.metric, steps: steps.collect() })
    };
    Ok(levels.into_iter().filter_map(walk).collect())
}
