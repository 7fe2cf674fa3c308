//! What the store knows of a commit: stored runs to judge by, and what need not be measured again.
//!
//! Only clean revisions and native figures count here: a dirty tree never serves as a baseline, and time under an
//! emulator is no evidence.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Row, params};

use crate::domain::{
    BenchmarkName, BuildFingerprint, CommitId, Digest, Launch, MachineKey, Metric, RunValue, SeriesKey,
    SeriesPoint,
};

use super::error::StoreError;
use super::open::Store;
use super::rows;
use super::write::launch;

/// The launches of one very executable in a series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExecutableLaunches {
    /// The launches, oldest first.
    pub launches: Vec<Launch>,
    /// What the machine code that it executed comes to, where every launch told the same.
    pub code: Option<Digest>,
}

impl Store {
    /// What each run found about a commit, oldest first. Takes one look into an index, whatever the store's size.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn baseline_runs(&self, series: &SeriesKey, commit: &CommitId) -> Result<Vec<RunValue>, StoreError> {
        self.read("read the baseline from", |connection| {
            let Some(series) = rows::find_series(connection, series)? else { return Ok(Vec::new()) };
            let mut query = connection.prepare_cached(BASELINE)?;
            let found = query.query_map(params![commit.as_str(), series], |row| rows::run_value(row, 0))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// [`Store::baseline_runs`] of everything that was measured of a commit on a machine, in one query.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn baseline_of_commit(
        &self,
        machine: &MachineKey,
        commit: &CommitId,
    ) -> Result<BTreeMap<SeriesKey, Vec<RunValue>>, StoreError> {
        self.read("read the baseline from", |connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT measurement.run, measurement.started_ms, measurement.value, measurement.launches, \
                 series.id, {} {SERIES_OF_COMMIT} AND machine.key = ?2 \
                 ORDER BY series.id, measurement.started_ms, measurement.id",
                series_columns()
            ))?;
            let mut rows = query.query(params![commit.as_str(), machine.as_str()])?;
            let mut all = BTreeMap::new();
            let mut current: Option<(i64, SeriesKey, Vec<RunValue>)> = None;
            while let Some(row) = rows.next()? {
                let id = row.get(4)?;
                if current.as_ref().is_none_or(|(same, ..)| *same != id) {
                    let next = (id, series_key(row, 5)?, Vec::new());
                    all.extend(current.replace(next).map(|(_, key, values)| (key, values)));
                }
                if let Some((.., values)) = &mut current {
                    values.push(rows::run_value(row, 0)?);
                }
            }
            all.extend(current.map(|(_, key, values)| (key, values)));
            Ok(all)
        })
    }

    /// The newest `newest` values of a series over all clean commits, oldest first: what the spread between runs
    /// is learnt from.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn neighbour_values(&self, series: &SeriesKey, newest: u32) -> Result<Vec<SeriesPoint>, StoreError> {
        self.read("read neighbouring commits from", |connection| {
            let Some(series) = rows::find_series(connection, series)? else { return Ok(Vec::new()) };
            let mut query = connection.prepare_cached(&neighbours())?;
            let found = query.query_map(params![series, newest], |row| rows::point(row, 0))?;
            let mut points: Vec<_> = found.collect::<Result<_, _>>()?;
            points.reverse();
            Ok(points)
        })
    }

    /// Whether a clean commit has a native measurement of a series.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn has_measurement(&self, series: &SeriesKey, commit: &CommitId) -> Result<bool, StoreError> {
        self.baseline_runs(series, commit).map(|found| !found.is_empty())
    }

    /// The launches of one very executable in a series, of whatever revision, oldest first: what needs no second count.
    /// Launches whose samples stayed on another machine are left out.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn launches_of(
        &self,
        series: &SeriesKey,
        executable: &Digest,
    ) -> Result<ExecutableLaunches, StoreError> {
        self.read("read counts from", |connection| {
            let mut found = ExecutableLaunches::default();
            let Some(series) = rows::find_series(connection, series)? else { return Ok(found) };
            let mut query = connection.prepare_cached(
                "SELECT launch.samples, launch.cpu, launch.seconds, launch.code FROM measurement \
                 JOIN launch ON launch.measurement = measurement.id \
                 JOIN executable ON executable.id = launch.executable \
                 WHERE measurement.series = ?1 AND executable.digest = ?2 AND substr(launch.samples, 1, 1) <> x'02' \
                 ORDER BY launch.id",
            )?;
            let mut rows = query.query(params![series, executable.as_str()])?;
            while let Some(row) = rows.next()? {
                let code = row.get::<_, Option<String>>(3)?.map(Digest::new);
                found.code = code.filter(|code| found.launches.is_empty() || found.code.as_ref() == Some(code));
                found.launches.push(launch(row)?);
            }
            Ok(found)
        })
    }

    /// Everything that was measured of a clean commit on a machine: what back-filling skips.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn measured_series(
        &self,
        machine: &MachineKey,
        commit: &CommitId,
    ) -> Result<BTreeSet<SeriesKey>, StoreError> {
        self.read("look up what is measured in", |connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT DISTINCT {} {SERIES_OF_COMMIT} AND machine.key = ?2",
                series_columns()
            ))?;
            let found =
                query.query_map(params![commit.as_str(), machine.as_str()], |row| series_key(row, 0))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// The machines and builds with which a clean commit was measured: why a result is not comparable, where it is
    /// not.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn other_builds_of(
        &self,
        commit: &CommitId,
        benchmark: &BenchmarkName,
        metric: Metric,
    ) -> Result<Vec<(MachineKey, BuildFingerprint)>, StoreError> {
        self.read("look up what is measured in", |connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT machine.key, {} {SERIES_OF_COMMIT} \
                 AND benchmark.package = ?2 AND benchmark.target = ?3 AND benchmark.name = ?4 \
                 AND series.metric = ?5 GROUP BY series.id ORDER BY max(measurement.started_ms) DESC",
                rows::BUILD
            ))?;
            let found = query.query_map(
                params![
                    commit.as_str(),
                    benchmark.package(),
                    benchmark.target(),
                    benchmark.id(),
                    metric.name()
                ],
                |row| Ok((rows::machine(row, 0)?, rows::build(row, 1)?)),
            )?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }
}

/// Values of the series `?2` at the clean commit `?1`. `CROSS JOIN` keeps `SQLite` from walking the whole series in order
/// of time to save itself the sorting of a few rows.
pub(super) const BASELINE: &str = "SELECT measurement.run, measurement.started_ms, measurement.value, \
     measurement.launches FROM revision CROSS JOIN measurement ON measurement.revision = revision.id \
     WHERE revision.commit_id = ?1 AND revision.dirty = 0 AND measurement.series = ?2 \
     ORDER BY measurement.started_ms, measurement.id";

/// The newest `?2` points of the series `?1` at clean commits, newest first.
pub(super) fn neighbours() -> String {
    format!(
        "SELECT {} FROM measurement JOIN revision ON revision.id = measurement.revision \
         WHERE measurement.series = ?1 AND revision.dirty = 0 \
         ORDER BY measurement.started_ms DESC, measurement.id DESC LIMIT ?2",
        rows::POINT
    )
}

/// Native measurements of the clean commit `?1` with all they refer to.
const SERIES_OF_COMMIT: &str = "FROM revision \
     CROSS JOIN measurement ON measurement.revision = revision.id \
     JOIN series ON series.id = measurement.series \
     JOIN machine ON machine.id = series.machine \
     JOIN build ON build.id = series.build \
     JOIN benchmark ON benchmark.id = series.benchmark \
     WHERE revision.commit_id = ?1 AND revision.dirty = 0 AND series.provenance = 'native'";

/// The columns that [`series_key`] reads.
pub(super) fn series_columns() -> String {
    format!("machine.key, series.metric, {}, {}", rows::BENCHMARK, rows::BUILD)
}

/// Reads [`series_columns`] from `first` on.
pub(super) fn series_key(row: &Row<'_>, first: usize) -> rusqlite::Result<SeriesKey> {
    Ok(SeriesKey {
        machine: rows::machine(row, first)?,
        metric: rows::metric(row, first + 1)?,
        benchmark: rows::benchmark(row, first + 2)?,
        build: rows::build(row, first + 5)?,
    })
}
