//! Values over time, and the newest ones.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::sample::median;
use crate::domain::{
    BenchmarkName, CommitId, LatestValue, MachineFacts, MachineKey, Metric, Provenance, SeriesHistory,
    SeriesKey,
};

use super::baseline::{series_columns, series_key};
use super::error::{Problem, StoreError};
use super::open::Store;
use super::rows;

/// Turns a median absolute deviation into a standard deviation where errors are normal.
const MAD_TO_SIGMA: f64 = 1.4826;

/// Fewer values tell nothing about a spread.
const FEWEST: usize = 3;

/// Which series to look at. Nothing set: all.
#[derive(Debug, Clone, Copy, Default)]
pub struct SeriesFilter<'a> {
    /// Only this machine.
    pub machine: Option<&'a MachineKey>,
    /// Only this architecture: `x86_64`, `aarch64` …
    pub arch: Option<&'a str>,
    /// Only this target triple.
    pub target: Option<&'a str>,
}

/// A commit of which the store holds measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredCommit {
    /// The commit; for a dirty tree, the commit it is based on.
    pub commit: CommitId,
    /// Whether the files differed from the commit's.
    pub dirty: bool,
    /// The machine.
    pub machine: MachineKey,
    /// On how many runs it was measured.
    pub runs: u32,
    /// How many benchmarks were.
    pub benchmarks: u32,
    /// When the newest run began, in milliseconds since the Unix epoch.
    pub newest_ms: i64,
}

impl Store {
    /// A benchmark's values over all runs, dirty trees and emulated runs included, one history for each
    /// machine and build: values of different ones are never mixed.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn history(
        &self,
        benchmark: &BenchmarkName,
        metric: Metric,
        filter: SeriesFilter<'_>,
    ) -> Result<Vec<SeriesHistory>, StoreError> {
        self.read("read the history from", |connection| {
            let mut histories = Vec::new();
            for found in all_series(connection, filter, Some((benchmark, metric)))? {
                let mut query = connection.prepare_cached(&format!(
                    "SELECT {} FROM measurement JOIN revision ON revision.id = measurement.revision \
                     WHERE measurement.series = ?1 ORDER BY measurement.started_ms, measurement.id",
                    rows::POINT
                ))?;
                let points = query.query_map([found.id], |row| rows::point(row, 0))?;
                let points = points.collect::<Result<Vec<_>, _>>()?;
                if !points.is_empty() {
                    histories.push(SeriesHistory {
                        series: found.series,
                        provenance: found.provenance,
                        points,
                    });
                }
            }
            Ok(histories)
        })
    }

    /// For each architecture, machine, benchmark and metric, the value of the clean commit measured last, whatever
    /// the build; native and emulated figures apart.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn latest_by_architecture(&self, filter: SeriesFilter<'_>) -> Result<Vec<LatestValue>, StoreError> {
        self.read("read the newest results from", |connection| newest_values(connection, filter, None))
    }

    /// The machines of which the store holds runs, by key.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn machines(&self) -> Result<Vec<MachineFacts>, StoreError> {
        self.read("list the machines of", |connection| {
            let mut query = connection.prepare_cached("SELECT facts FROM machine ORDER BY key")?;
            let texts = query.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            let facts = texts.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>();
            facts.map_err(|error| Problem::Nonsense(format!("facts of a machine: {error}")))
        })
    }

    /// The benchmarks of which the store holds measurements, by name.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn benchmarks(&self) -> Result<Vec<BenchmarkName>, StoreError> {
        self.read("list the benchmarks of", |connection| {
            let mut query = connection.prepare_cached(
                "SELECT package, target, name FROM benchmark WHERE EXISTS (SELECT 1 FROM series JOIN measurement \
                 ON measurement.series = series.id WHERE series.benchmark = benchmark.id) \
                 ORDER BY package, target, name",
            )?;
            let names = query.query_map([], |row| {
                Ok(BenchmarkName::new(
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                ))
            })?;
            Ok(names.collect::<Result<_, _>>()?)
        })
    }

    /// The commits of which the store holds measurements, newest first. Reads every measurement's row.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn commits(&self) -> Result<Vec<StoredCommit>, StoreError> {
        self.read("list the commits of", |connection| {
            let mut query = connection.prepare_cached(
                "SELECT revision.commit_id, revision.dirty, machine.key, \
                 count(DISTINCT measurement.run), count(DISTINCT series.benchmark), \
                 max(measurement.started_ms) AS newest FROM measurement \
                 JOIN revision ON revision.id = measurement.revision \
                 JOIN series ON series.id = measurement.series \
                 JOIN machine ON machine.id = series.machine \
                 GROUP BY revision.commit_id, revision.dirty, machine.id \
                 ORDER BY newest DESC, revision.commit_id, revision.dirty, machine.key",
            )?;
            let found = query.query_map([], |row| {
                Ok(StoredCommit {
                    commit: rows::commit(row, 0)?,
                    dirty: row.get(1)?,
                    machine: rows::machine(row, 2)?,
                    runs: row.get(3)?,
                    benchmarks: row.get(4)?,
                    newest_ms: row.get(5)?,
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }
}

/// [`Store::latest_by_architecture`], or the same of one commit.
pub(super) fn newest_values(
    connection: &Connection,
    filter: SeriesFilter<'_>,
    at: Option<&CommitId>,
) -> Result<Vec<LatestValue>, Problem> {
    let mut newest: BTreeMap<_, NewestClean> = BTreeMap::new();
    for found in all_series(connection, filter, None)? {
        let Some((revision, started_ms)) = newest_clean(connection, found.id, at)? else { continue };
        let SeriesKey { machine, build, benchmark, metric } = &found.series;
        let key = (build.arch().to_owned(), machine.clone(), benchmark.clone(), *metric, found.provenance);
        let candidate = NewestClean { started_ms, revision, found };
        let newer = newest.get(&key).is_none_or(|known| known.order() < candidate.order());
        if newer {
            newest.insert(key, candidate);
        }
    }
    newest.into_iter().map(|((arch, ..), newest)| latest(connection, arch, newest)).collect()
}

/// A series with its number.
struct FoundSeries {
    id: i64,
    series: SeriesKey,
    provenance: Provenance,
}

/// The clean revision of a series that was measured last.
struct NewestClean {
    started_ms: i64,
    revision: i64,
    found: FoundSeries,
}

impl NewestClean {
    /// By time; on the same run, the series stored last.
    fn order(&self) -> (i64, i64) {
        (self.started_ms, self.found.id)
    }
}

/// The series a filter lets through, in a stable order.
fn all_series(
    connection: &Connection,
    filter: SeriesFilter<'_>,
    only: Option<(&BenchmarkName, Metric)>,
) -> Result<Vec<FoundSeries>, Problem> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT series.id, series.provenance, {} FROM series \
         JOIN machine ON machine.id = series.machine \
         JOIN build ON build.id = series.build \
         JOIN benchmark ON benchmark.id = series.benchmark \
         WHERE (?1 IS NULL OR machine.key = ?1) AND (?2 IS NULL OR build.arch = ?2) \
         AND (?3 IS NULL OR build.target = ?3) AND (?4 IS NULL OR benchmark.package = ?4) \
         AND (?5 IS NULL OR benchmark.target = ?5) AND (?6 IS NULL OR benchmark.name = ?6) \
         AND (?7 IS NULL OR series.metric = ?7) \
         ORDER BY machine.key, build.arch, {}, series.metric, series.id",
        series_columns(),
        rows::BENCHMARK
    ))?;
    let found = query.query_map(
        params![
            filter.machine.map(MachineKey::as_str),
            filter.arch,
            filter.target,
            only.map(|(name, _)| name.package()),
            only.map(|(name, _)| name.target()),
            only.map(|(name, _)| name.id()),
            only.map(|(_, metric)| metric.name()),
        ],
        |row| {
            Ok(FoundSeries {
                id: row.get(0)?,
                provenance: rows::provenance(row, 1)?,
                series: series_key(row, 2)?,
            })
        },
    )?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The clean revision of a series that was measured last, and when.
fn newest_clean(
    connection: &Connection,
    series: i64,
    at: Option<&CommitId>,
) -> Result<Option<(i64, i64)>, Problem> {
    Ok(connection
        .prepare_cached(
            "SELECT measurement.revision, measurement.started_ms FROM measurement \
             JOIN revision ON revision.id = measurement.revision \
             WHERE measurement.series = ?1 AND revision.dirty = 0 AND (?2 IS NULL OR revision.commit_id = ?2) \
             ORDER BY measurement.started_ms DESC, measurement.id DESC LIMIT 1",
        )?
        .query_row(params![series, at.map(CommitId::as_str)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Sums up all runs of a series' revision.
fn latest(connection: &Connection, arch: String, newest: NewestClean) -> Result<LatestValue, Problem> {
    let NewestClean { revision, found, started_ms } = newest;
    let commit = connection
        .prepare_cached("SELECT commit_id FROM revision WHERE id = ?1")?
        .query_row([revision], |row| rows::commit(row, 0))?;
    let mut query =
        connection.prepare_cached("SELECT value FROM measurement WHERE revision = ?1 AND series = ?2")?;
    let runs: Vec<f64> =
        query.query_map([revision, found.id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut query = connection.prepare_cached(
        "SELECT launch.median FROM measurement JOIN launch ON launch.measurement = measurement.id \
         WHERE measurement.revision = ?1 AND measurement.series = ?2",
    )?;
    let launches: Vec<f64> =
        query.query_map([revision, found.id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(LatestValue {
        arch,
        series: found.series,
        provenance: found.provenance,
        commit,
        started_ms,
        runs: count(runs.len()),
        launches: count(launches.len()),
        spread: spread(&runs),
        launch_spread: spread(&launches),
        value: median(runs).ok_or_else(|| Problem::Nonsense("a revision without runs".into()))?,
    })
}

/// The robust spread of values, as a fraction of their median.
fn spread(values: &[f64]) -> Option<f64> {
    if values.len() < FEWEST {
        return None;
    }
    let middle = median(values.to_vec())?;
    let deviations = values.iter().map(|value| (value - middle).abs()).collect();
    (middle != 0.0).then_some(MAD_TO_SIGMA * median(deviations)? / middle)
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn spread_is_relative_and_robust() {
        assert_eq!(spread(&[5.0, 6.0]), None);
        assert_eq!(spread(&[0.0, 0.0, 3.0]), None);
        assert_eq!(spread(&[7.0, 7.0, 7.0]), Some(0.0));
        let one_outlier = spread(&[99.0, 100.0, 101.0, 100.0, 9000.0]).unwrap();
        assert!((one_outlier - 0.014_826).abs() < 1e-12, "{one_outlier}");
    }
}
