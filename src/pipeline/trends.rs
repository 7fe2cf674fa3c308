//! Stored series with what git knows of their commits: for `history` and `site`. Measures nothing.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::acceptances;
use super::error::PipelineError;
use super::request::{AcceptFrom, Accepting};
use crate::domain::{
    Acceptance, BenchmarkName, CommitId, HistoryPoint, MachineKey, Mark, Metric, Provenance, SeriesHistory,
    Sides, Trend,
};
use crate::judge::Acceptances;
use crate::source::{CommitInfo, Repository};
use crate::stats::change_points;
use crate::stats::robust::{median, robust_sd};
use crate::store::{SeriesFilter, Store};

/// The probability with which a level that did not change is said to have.
const ALPHA: f64 = 0.01;

/// What git knows of commits, asked once for each.
#[derive(Debug)]
struct Commits<'a> {
    repository: &'a Repository,
    known: HashMap<CommitId, Option<CommitInfo>>,
}

impl<'a> Commits<'a> {
    /// Those of a repository. Commits that it does not have are no error.
    fn of(repository: &'a Repository) -> Self {
        Self { repository, known: HashMap::new() }
    }

    fn info(&mut self, commit: &CommitId) -> Option<&CommitInfo> {
        if !self.known.contains_key(commit) {
            self.known.insert(commit.clone(), self.repository.describe(commit));
        }
        self.known.get(commit).and_then(Option::as_ref)
    }

    /// One point for each clean commit of a series, in the order of the commits' dates.
    fn points(&mut self, series: &SeriesHistory) -> Vec<HistoryPoint> {
        let mut by_commit: BTreeMap<&CommitId, (Vec<f64>, i64)> = BTreeMap::new();
        for point in series.points.iter().filter(|point| !point.dirty) {
            let (values, _) = by_commit.entry(&point.commit).or_insert((Vec::new(), point.found.started_ms));
            values.push(point.found.value);
        }
        let mut points: Vec<HistoryPoint> = by_commit
            .into_iter()
            .filter_map(|(commit, (values, measured))| {
                let value = median(&values)?;
                let info = self.info(commit);
                Some(HistoryPoint {
                    commit: commit.clone(),
                    subject: info.map_or_else(String::new, |info| info.summary.clone()),
                    when_ms: info.map_or(measured, |info| info.authored_ms),
                    spread: (values.len() > 2).then(|| robust_sd(&values)).flatten().map(|sd| sd / value),
                    machine: series.series.machine.clone(),
                    value,
                })
            })
            .collect();
        // Commits of one moment (a rebase) have an order, too, whatever order they were measured in.
        points.sort_by(|one, other| (one.when_ms, &one.commit).cmp(&(other.when_ms, &other.commit)));
        points
    }
}

/// The places at which a new level begins.
fn levels(points: &[HistoryPoint]) -> Vec<usize> {
    let values: Vec<f64> = points.iter().map(|point| point.value.ln()).collect();
    change_points(&values, ALPHA).into_iter().map(|change| change.index).collect()
}

/// Everything that trends are made from; each benchmark's trends are read when they are asked for.
#[derive(Debug)]
pub struct Trends<'a> {
    store: &'a Store,
    commits: Commits<'a>,
    cpus: BTreeMap<MachineKey, String>,
    accepted: HashMap<CommitId, Vec<Acceptance>>,
}

impl<'a> Trends<'a> {
    /// Looks at a store and its repository. `workspace` is where acceptances are, below the root of the repository.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn open(
        store: &'a Store,
        repository: &'a Repository,
        workspace: &Path,
    ) -> Result<Self, PipelineError> {
        let machines = store.machines()?;
        let cpus = machines.into_iter().map(|facts| (facts.key, facts.cpu.model)).collect();
        let mut commits = Commits::of(repository);
        let accepted = accepted(store, &mut commits, workspace)?;
        Ok(Self { store, commits, cpus, accepted })
    }

    /// The benchmarks, by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn benchmarks(&self) -> Result<Vec<BenchmarkName>, PipelineError> {
        Ok(self.store.benchmarks()?)
    }

    /// The trends of a benchmark in an order that depends on nothing but what they are of.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(
        &mut self,
        benchmark: &BenchmarkName,
        metrics: &[Metric],
        filter: SeriesFilter<'_>,
    ) -> Result<Vec<Trend>, PipelineError> {
        let mut trends = Vec::new();
        for &metric in metrics {
            let mut found = self.store.history(benchmark, metric, filter)?;
            found.retain(|series| series.provenance == Provenance::Native);
            found.sort_by(|one, other| one.series.cmp(&other.series));
            trends.extend(found.into_iter().map(|series| self.trend(series)));
        }
        trends.retain(|trend| !trend.points.is_empty());
        Ok(trends)
    }

    /// The trend of a series.
    pub fn trend(&mut self, series: SeriesHistory) -> Trend {
        let points = self.commits.points(&series);
        let cpu = self.cpus.get(&series.series.machine).filter(|model| !model.is_empty());
        Trend {
            cpu: cpu.map_or_else(|| series.series.machine.to_string(), Clone::clone),
            change_points: levels(&points),
            accepted: self.marks(&series, &points),
            points,
            series: series.series,
        }
    }

    fn marks(&self, series: &SeriesHistory, points: &[HistoryPoint]) -> Vec<Mark> {
        let (name, metric) = (&series.series.benchmark, series.series.metric);
        let arch = series.series.build.arch();
        let mut marks = Vec::new();
        for (place, point) in points.iter().enumerate() {
            let Some(new) = self.accepted.get(&point.commit) else { continue };
            let about = Acceptances::new(new).about(name, arch, metric);
            marks.extend(about.into_iter().map(|found| Mark { place, reason: found.reason.clone() }));
        }
        marks
    }
}

/// Which acceptances are new in which stored commit. What git no longer has, and files that are none, mark nothing: nothing
/// is judged here.
fn accepted(
    store: &Store,
    commits: &mut Commits<'_>,
    workspace: &Path,
) -> Result<HashMap<CommitId, Vec<Acceptance>>, PipelineError> {
    let mut order: Vec<(i64, CommitId)> = Vec::new();
    for stored in store.commits()? {
        if let Some(info) = commits.info(&stored.commit) {
            order.push((info.authored_ms, stored.commit));
        }
    }
    order.sort();
    order.dedup();
    let mut found = HashMap::new();
    let accepting = Accepting { from: AcceptFrom::Files, given: Vec::new() };
    let mut before = None;
    for (_, commit) in order {
        let Ok(revision) = commits.repository.resolve(commit.as_str()) else { continue };
        if let Some(baseline) = before.replace(revision.clone()) {
            let sides = Sides { baseline, candidate: revision };
            let new = acceptances::in_force(commits.repository, &sides, workspace, &accepting);
            if let Ok(new) = new
                && !new.is_empty()
            {
                found.insert(commit, new);
            }
        }
    }
    Ok(found)
}
