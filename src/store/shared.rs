//! Runs as machines share them: what is sent, what is received, and what is known of both.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::domain::sample::median;
use crate::domain::{
    ComparisonId, Digest, MachineFacts, MeasurementKey, Pair, Phase, Provenance, Revision, RunId, RunUid,
    SharedComparison, SharedLaunch, SharedMeasurement, SharedPair, SharedRun, Sides, TreeId,
};

use super::baseline::{series_columns, series_key};
use super::encoding::{decode, encode, encode_median, is_median};
use super::error::{Problem, Refusal, StoreError};
use super::open::Store;
use super::rows;
use super::summary;

/// Whether raw samples of times go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawSamples {
    /// The median of each launch is enough. Counts are short and always go along.
    Left,
    /// They do.
    Sent,
}

/// Which way a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// From here to there.
    Sent,
    /// From there to here.
    Received,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// What became of a run that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It was unknown, and is stored.
    New,
    /// A run of that id is here already, and stays as it is.
    Known,
    /// It was here, and was pruned.
    Pruned,
}

impl Store {
    /// The runs of this store that measured or built something and were not sent to a place, oldest first. What was received is
    /// none of them.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn runs_to_send(&self, place: &str) -> Result<Vec<RunUid>, StoreError> {
        self.read("look for runs in", |connection| {
            let mut query = connection.prepare_cached(
                "SELECT run.uid FROM run WHERE (EXISTS (SELECT 1 FROM measurement WHERE measurement.run = run.id) \
                 OR EXISTS (SELECT 1 FROM bench_summary WHERE bench_summary.run = run.id)) \
                 AND NOT EXISTS (SELECT 1 FROM exchanged WHERE exchanged.uid = run.uid \
                 AND (exchanged.place = ?1 OR exchanged.direction = 'received')) ORDER BY run.id",
            )?;
            let found = query.query_map([place], |row| row.get(0).map(RunUid::new))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// What is known of a place: the content of each run that was sent there or came from there.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn exchanged(&self, place: &str) -> Result<BTreeMap<RunUid, String>, StoreError> {
        self.read("read from", |connection| {
            let mut query =
                connection.prepare_cached("SELECT uid, content FROM exchanged WHERE place = ?1")?;
            let found = query.query_map([place], |row| Ok((RunUid::new(row.get(0)?), row.get(1)?)))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// Notes that runs were sent to a place, each with its content there.
    ///
    /// # Errors
    /// Read-only, full, locked for long.
    pub fn note_sent(&mut self, place: &str, runs: &[(RunUid, String)]) -> Result<(), StoreError> {
        self.write("note what was sent in", |transaction| {
            runs.iter()
                .try_for_each(|(uid, content)| note(transaction, *uid, place, Direction::Sent, content))
        })
    }

    /// A run as it is sent. `log_ratio` says what a pair comes to; pairs that come to nothing are left out.
    ///
    /// # Errors
    /// No such run; damage.
    pub fn shared_run(
        &self,
        uid: RunUid,
        samples: RawSamples,
        log_ratio: impl Fn(&Pair) -> Option<f64>,
    ) -> Result<SharedRun, StoreError> {
        let (mut run, id) = self.read("read a run from", |connection| {
            let (run, id) = head(connection, uid)?;
            let measurements = measurements(connection, id, samples)?;
            Ok((SharedRun { measurements, benches: summary::of_run(connection, id)?, ..run }, id))
        })?;
        for found in self.read("read a run from", |connection| comparisons(connection, id))? {
            let mut pairs =
                self.read("read a run from", |connection| received_pairs(connection, found.id))?;
            // The run that measured them sends those that were taken up.
            let taken_up = self.read("read a run from", |connection| taken_up(connection, found.id))?;
            let own = self.pairs(found.id)?.into_iter().filter(|pair| !taken_up.contains(&pair.index));
            pairs.extend(own.filter_map(|pair| {
                let (index, first, schedule, layout) = (pair.index, pair.first, pair.schedule, pair.layout);
                Some(SharedPair { index, first, schedule, layout, log_ratio: log_ratio(&pair)? })
            }));
            let place = |(key, provenance): &(MeasurementKey, Provenance)| {
                let same = |known: &SharedMeasurement| known.key == *key && known.provenance == *provenance;
                run.measurements.iter().position(same)
            };
            let Sides { baseline: Some(baseline), candidate: Some(candidate) } =
                found.sides.as_ref().map(place)
            else {
                continue;
            };
            if !pairs.is_empty() {
                run.comparisons.push(SharedComparison {
                    phase: found.phase,
                    measurements: Sides { baseline, candidate },
                    executables: found.executables,
                    pairs,
                });
            }
        }
        Ok(run)
    }

    /// Stores a run that came from a place, and that it did: all of it or nothing.
    ///
    /// # Errors
    /// Read-only, full, locked for long.
    pub fn receive(&mut self, run: &SharedRun, place: &str, content: &str) -> Result<Received, StoreError> {
        self.write("store a received run in", |transaction| {
            let has = |query: &str| transaction.prepare_cached(query)?.exists([run.uid.bytes()]);
            let here = has("SELECT 1 FROM run WHERE uid = ?1")?;
            let seen = has("SELECT 1 FROM exchanged WHERE uid = ?1")?;
            if here || seen {
                let came = has("SELECT 1 FROM exchanged WHERE uid = ?1 AND direction = 'received'")?;
                let direction = if came { Direction::Received } else { Direction::Sent };
                note(transaction, run.uid, place, direction, content)?;
                return Ok(if here { Received::Known } else { Received::Pruned });
            }
            let row = add_run(transaction, run)?;
            let mut added = Vec::with_capacity(run.measurements.len());
            for found in &run.measurements {
                added.push(add_measurement(transaction, &row, found)?);
            }
            for found in &run.comparisons {
                add_comparison(transaction, row.id, &added, found)?;
            }
            for (revision, bench) in &run.benches {
                summary::add(transaction, row.id, revision, bench)?;
            }
            note(transaction, run.uid, place, Direction::Received, content)?;
            Ok(Received::New)
        })
    }
}

fn note(
    transaction: &Transaction<'_>,
    uid: RunUid,
    place: &str,
    direction: Direction,
    content: &str,
) -> Result<(), Problem> {
    transaction
        .prepare_cached(
            "INSERT INTO exchanged (uid, place, direction, content) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (uid, place) DO UPDATE SET content = excluded.content",
        )?
        .execute(params![uid.bytes(), place, direction.name(), content])?;
    Ok(())
}

fn head(connection: &Connection, uid: RunUid) -> Result<(SharedRun, i64), Problem> {
    let found = connection
        .prepare_cached(
            "SELECT run.id, run.command, run.started_ms, run.program_version, run.seed, machine.facts FROM run \
             JOIN machine ON machine.id = run.machine WHERE run.uid = ?1",
        )?
        .query_row([uid.bytes()], |row| {
            let run = SharedRun {
                uid,
                command: row.get(1)?,
                started_ms: row.get(2)?,
                program_version: row.get(3)?,
                seed: row.get::<_, i64>(4)?.cast_unsigned(),
                machine: rows::word(row, 5, |text| serde_json::from_str::<MachineFacts>(text).ok())?,
                measurements: Vec::new(),
                comparisons: Vec::new(),
                benches: Vec::new(),
            };
            Ok((run, row.get(0)?))
        })
        .optional()?;
    found.ok_or_else(|| Refusal::NoSharedRun(uid).into())
}

/// The columns that [`key`] reads, after the machine's, metric's, benchmark's and build's.
const REVISION: &str = "revision.commit_id, revision.dirty, revision.tree_id, series.provenance";
/// How many columns [`series_columns`] are.
const SERIES_COLUMNS: usize = 13;

/// Reads [`series_columns`] and [`REVISION`].
fn key(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<(MeasurementKey, Provenance)> {
    let series = series_key(row, first)?;
    let next = first + SERIES_COLUMNS;
    let revision = Revision {
        label: String::new(),
        commit: rows::commit(row, next)?,
        dirty: row.get(next + 1)?,
        tree: rows::word(row, next + 2, TreeId::from_hex)?,
    };
    let key = MeasurementKey {
        revision,
        machine: series.machine,
        build: series.build,
        benchmark: series.benchmark,
        metric: series.metric,
    };
    Ok((key, rows::provenance(row, next + 3)?))
}

fn measurements(
    connection: &Connection,
    run: i64,
    samples: RawSamples,
) -> Result<Vec<SharedMeasurement>, Problem> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT measurement.id, {}, {REVISION} FROM measurement \
         JOIN revision ON revision.id = measurement.revision JOIN series ON series.id = measurement.series \
         JOIN machine ON machine.id = series.machine JOIN build ON build.id = series.build \
         JOIN benchmark ON benchmark.id = series.benchmark WHERE measurement.run = ?1 ORDER BY measurement.id",
        series_columns()
    ))?;
    let found = query.query_map([run], |row| Ok((row.get::<_, i64>(0)?, key(row, 1)?)))?;
    let mut all = Vec::new();
    for found in found {
        let (id, (key, provenance)) = found?;
        let wanted = samples == RawSamples::Sent || key.metric.is_count();
        all.push(SharedMeasurement { launches: launches(connection, id, wanted)?, key, provenance });
    }
    Ok(all)
}

fn launches(connection: &Connection, measurement: i64, wanted: bool) -> Result<Vec<SharedLaunch>, Problem> {
    let mut query = connection.prepare_cached(
        "SELECT executable.digest, launch.cpu, launch.seconds, launch.median, launch.samples, \
         launch.code FROM launch \
         JOIN executable ON executable.id = launch.executable WHERE launch.measurement = ?1 ORDER BY launch.id",
    )?;
    let mut rows = query.query([measurement])?;
    let mut launches = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
        let samples = if wanted && !is_median(bytes) { Some(samples_of(bytes)?) } else { None };
        launches.push(SharedLaunch {
            executable: Digest::new(row.get::<_, String>(0)?),
            cpu: row.get(1)?,
            seconds: row.get(2)?,
            median: row.get(3)?,
            samples,
            code: row.get::<_, Option<String>>(5)?.map(Digest::new),
        });
    }
    Ok(launches)
}

fn samples_of(bytes: &[u8]) -> Result<crate::domain::SampleSet, Problem> {
    decode(bytes).map_err(|error| Problem::Nonsense(error.to_string()))
}

/// A comparison with what its sides measure.
struct FoundComparison {
    id: ComparisonId,
    phase: Phase,
    sides: Sides<(MeasurementKey, Provenance)>,
    executables: Sides<Digest>,
}

fn comparisons(connection: &Connection, run: i64) -> Result<Vec<FoundComparison>, Problem> {
    let side = |comparison: i64, side: &str| -> Result<(MeasurementKey, Provenance, Digest), Problem> {
        let mut query = connection.prepare_cached(&format!(
            "SELECT executable.digest, {}, {REVISION} FROM comparison \
             JOIN revision ON revision.id = comparison.{side}_revision \
             JOIN series ON series.id = comparison.{side}_series \
             JOIN executable ON executable.id = comparison.{side}_executable \
             JOIN machine ON machine.id = series.machine JOIN build ON build.id = series.build \
             JOIN benchmark ON benchmark.id = series.benchmark WHERE comparison.id = ?1",
            series_columns()
        ))?;
        Ok(query.query_row([comparison], |row| {
            let (key, provenance) = key(row, 1)?;
            Ok((key, provenance, Digest::new(row.get::<_, String>(0)?)))
        })?)
    };
    let mut query =
        connection.prepare_cached("SELECT id, phase FROM comparison WHERE run = ?1 ORDER BY id")?;
    let found = query.query_map([run], |row| {
        let phase = rows::word(row, 1, |text| Phase::ALL.into_iter().find(|phase| phase.name() == text))?;
        Ok((row.get::<_, i64>(0)?, phase))
    })?;
    let mut all = Vec::new();
    for found in found {
        let (id, phase) = found?;
        let (baseline, candidate) = (side(id, "baseline")?, side(id, "candidate")?);
        all.push(FoundComparison {
            id: ComparisonId(id),
            phase,
            sides: Sides { baseline: (baseline.0, baseline.1), candidate: (candidate.0, candidate.1) },
            executables: Sides { baseline: baseline.2, candidate: candidate.2 },
        });
    }
    Ok(all)
}

/// The pairs of a comparison that another one had before.
fn taken_up(connection: &Connection, comparison: ComparisonId) -> Result<BTreeSet<u32>, Problem> {
    let mut query = connection.prepare_cached(
        "SELECT pair.idx FROM pair JOIN pair AS earlier ON earlier.baseline_launch = pair.baseline_launch \
         WHERE pair.comparison = ?1 AND earlier.comparison < ?1",
    )?;
    Ok(query.query_map([comparison.0], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn received_pairs(connection: &Connection, comparison: ComparisonId) -> Result<Vec<SharedPair>, Problem> {
    let mut query = connection.prepare_cached(
        "SELECT idx, first, schedule, layout_seed, log_ratio FROM received_pair WHERE comparison = ?1 ORDER BY idx",
    )?;
    let found = query.query_map([comparison.0], |row| {
        Ok(SharedPair {
            index: row.get(0)?,
            first: rows::side(row, 1)?,
            schedule: rows::schedule(row, 2)?,
            layout: row.get::<_, Option<i64>>(3)?.map(|seed| crate::domain::LayoutSeed(seed.cast_unsigned())),
            log_ratio: row.get(4)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn add_run(transaction: &Transaction<'_>, run: &SharedRun) -> Result<rows::RunRow, Problem> {
    let machine = rows::machine_id(transaction, &run.machine)?;
    let id = transaction
        .prepare_cached(
            "INSERT INTO run (uid, command, started_ms, machine, program_version, seed) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .insert(params![
            run.uid.bytes(),
            run.command,
            run.started_ms,
            machine,
            run.program_version,
            run.seed.cast_signed()
        ])?;
    rows::run(transaction, RunId(id))
}

/// Adds a measurement, and gives its series and revision.
fn add_measurement(
    transaction: &Transaction<'_>,
    run: &rows::RunRow,
    found: &SharedMeasurement,
) -> Result<(i64, i64), Problem> {
    let series = rows::series_id(transaction, run, &found.key, found.provenance)?;
    let revision = rows::revision_id(transaction, &found.key.revision)?;
    let value =
        median(found.launches.iter().map(|launch| launch.median).collect()).ok_or(Refusal::NoLaunches)?;
    let launches = found.launches.len().cast_signed() as i64;
    let id = transaction
        .prepare_cached(
            "INSERT INTO measurement (revision, series, run, started_ms, value, launches) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .insert(params![revision, series, run.id.0, run.started_ms, value, launches])?;
    for launch in &found.launches {
        let samples = launch.samples.as_ref().map_or_else(|| encode_median(launch.median), encode);
        let executable = rows::executable_id(transaction, launch.executable.as_str())?;
        transaction
            .prepare_cached(
                "INSERT INTO launch (measurement, executable, cpu, seconds, median, samples, code) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                id,
                executable,
                launch.cpu,
                launch.seconds,
                launch.median,
                samples,
                launch.code.as_ref().map(Digest::as_str)
            ])?;
    }
    Ok((series, revision))
}

fn add_comparison(
    transaction: &Transaction<'_>,
    run: RunId,
    measurements: &[(i64, i64)],
    found: &SharedComparison,
) -> Result<(), Problem> {
    let side = |place: usize| {
        measurements.get(place).copied().ok_or_else(|| Problem::Nonsense("a comparison of nothing".into()))
    };
    let sides = found.measurements.try_map(side)?;
    let executables =
        found.executables.as_ref().try_map(|digest| rows::executable_id(transaction, digest.as_str()))?;
    let id = transaction
        .prepare_cached(
            "INSERT INTO comparison (run, phase, baseline_series, baseline_revision, baseline_executable, \
             candidate_series, candidate_revision, candidate_executable) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .insert(params![
            run.0,
            found.phase.name(),
            sides.baseline.0,
            sides.baseline.1,
            executables.baseline,
            sides.candidate.0,
            sides.candidate.1,
            executables.candidate,
        ])?;
    let mut add = transaction.prepare_cached(
        "INSERT INTO received_pair (comparison, idx, first, schedule, layout_seed, log_ratio) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for pair in &found.pairs {
        add.execute(params![
            id,
            pair.index,
            rows::side_name(pair.first),
            rows::schedule_name(pair.schedule),
            pair.layout.map(|seed| seed.0.cast_signed()),
            pair.log_ratio,
        ])?;
    }
    Ok(())
}
