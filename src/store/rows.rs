//! Columns to words of the domain and back; rows of the tables that others refer to.

use std::str::FromStr;

use rusqlite::types::{FromSqlError, FromSqlResult};
use rusqlite::{OptionalExtension, Params, Row, Transaction};

use crate::domain::{
    BenchmarkName, BuildFingerprint, CommitId, MachineFacts, MachineKey, MeasurementKey, Metric, Provenance,
    Revision, RunId, RunValue, Schedule, SeriesKey, SeriesPoint, Side,
};

use super::error::{Problem, Refusal};

/// The eight columns of a build, in the order [`build`] reads them.
pub(super) const BUILD: &str = "build.rustc, build.host, build.target, build.profile, build.settings, build.features, \
     build.rustflags, build.instrument";
/// The three columns of a benchmark, in the order [`benchmark`] reads them.
pub(super) const BENCHMARK: &str = "benchmark.package, benchmark.target, benchmark.name";
/// The six columns of a point, in the order [`point`] reads them.
pub(super) const POINT: &str = "revision.commit_id, revision.dirty, measurement.run, measurement.started_ms, \
     measurement.value, measurement.launches";

/// A text that is none of the words it may be.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is none of the words it may be")]
struct UnknownWord(String);

/// Reads a text column as one of a few words.
pub(super) fn word<T>(
    row: &Row<'_>,
    column: usize,
    read: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let result: FromSqlResult<T> = row
        .get_ref(column)?
        .as_str()
        .and_then(|text| read(text).ok_or_else(|| FromSqlError::other(UnknownWord(text.to_owned()))));
    result.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

pub(super) fn metric(row: &Row<'_>, column: usize) -> rusqlite::Result<Metric> {
    word(row, column, |text| Metric::from_str(text).ok())
}

pub(super) fn commit(row: &Row<'_>, column: usize) -> rusqlite::Result<CommitId> {
    word(row, column, CommitId::from_hex)
}

pub(super) fn provenance(row: &Row<'_>, column: usize) -> rusqlite::Result<Provenance> {
    word(row, column, |text| {
        [Provenance::Native, Provenance::Emulated].into_iter().find(|known| known.name() == text)
    })
}

pub(super) fn side(row: &Row<'_>, column: usize) -> rusqlite::Result<Side> {
    word(row, column, |text| Side::BOTH.into_iter().find(|known| side_name(*known) == text))
}

pub(super) fn schedule(row: &Row<'_>, column: usize) -> rusqlite::Result<Schedule> {
    word(row, column, |text| {
        [Schedule::Interleaved, Schedule::Sequential].into_iter().find(|known| schedule_name(*known) == text)
    })
}

pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Baseline => "baseline",
        Side::Candidate => "candidate",
    }
}

pub(super) fn schedule_name(schedule: Schedule) -> &'static str {
    match schedule {
        Schedule::Interleaved => "interleaved",
        Schedule::Sequential => "sequential",
    }
}

/// Reads [`BUILD`] from `first` on.
pub(super) fn build(row: &Row<'_>, first: usize) -> rusqlite::Result<BuildFingerprint> {
    Ok(BuildFingerprint {
        rustc: row.get(first)?,
        host: row.get(first + 1)?,
        target: row.get(first + 2)?,
        profile: row.get(first + 3)?,
        settings: row.get(first + 4)?,
        features: row.get(first + 5)?,
        rustflags: row.get(first + 6)?,
        instrument: word(row, first + 7, |text| text.parse().ok())?,
    })
}

/// Reads [`BENCHMARK`] from `first` on.
pub(super) fn benchmark(row: &Row<'_>, first: usize) -> rusqlite::Result<BenchmarkName> {
    Ok(BenchmarkName::new(
        row.get::<_, String>(first)?,
        row.get::<_, String>(first + 1)?,
        row.get::<_, String>(first + 2)?,
    ))
}

/// Reads a machine's key.
pub(super) fn machine(row: &Row<'_>, column: usize) -> rusqlite::Result<MachineKey> {
    row.get::<_, String>(column).map(MachineKey::new)
}

/// Reads run, time, value and number of launches from `first` on.
pub(super) fn run_value(row: &Row<'_>, first: usize) -> rusqlite::Result<RunValue> {
    Ok(RunValue {
        run: RunId(row.get(first)?),
        started_ms: row.get(first + 1)?,
        value: row.get(first + 2)?,
        launches: row.get(first + 3)?,
    })
}

/// Reads [`POINT`] from `first` on.
pub(super) fn point(row: &Row<'_>, first: usize) -> rusqlite::Result<SeriesPoint> {
    Ok(SeriesPoint {
        commit: commit(row, first)?,
        dirty: row.get(first + 1)?,
        found: run_value(row, first + 2)?,
    })
}

/// Finds a row's number, or adds the row. Within the one writer's transaction there is no race between the two.
pub(super) fn find_or_add(
    transaction: &Transaction<'_>,
    find: &str,
    add: &str,
    params: impl Params + Copy,
) -> rusqlite::Result<i64> {
    let found = transaction.prepare_cached(find)?.query_row(params, |row| row.get(0)).optional()?;
    match found {
        Some(id) => Ok(id),
        None => transaction.prepare_cached(add)?.insert(params),
    }
}

pub(super) fn machine_id(transaction: &Transaction<'_>, facts: &MachineFacts) -> Result<i64, Problem> {
    let found = transaction
        .prepare_cached("SELECT id FROM machine WHERE key = ?1")?
        .query_row([facts.key.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    let json = serde_json::to_string(facts).map_err(|error| Problem::Nonsense(error.to_string()))?;
    let mut add = transaction.prepare_cached(
        "INSERT INTO machine (key, arch, os, cpu_model, facts) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    Ok(add.insert((facts.key.as_str(), &facts.arch, &facts.os, &facts.cpu.model, json))?)
}

pub(super) fn build_id(transaction: &Transaction<'_>, build: &BuildFingerprint) -> rusqlite::Result<i64> {
    find_or_add(
        transaction,
        "SELECT id FROM build WHERE rustc = ?1 AND host = ?2 AND target = ?3 AND profile = ?4 AND settings = ?5 \
         AND features = ?6 AND rustflags = ?7 AND instrument = ?8",
        "INSERT INTO build (rustc, host, target, profile, settings, features, rustflags, instrument) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        build.fields().each_ref().map(|(_, value)| value),
    )
}

pub(super) fn revision_id(transaction: &Transaction<'_>, revision: &Revision) -> rusqlite::Result<i64> {
    find_or_add(
        transaction,
        "SELECT id FROM revision WHERE commit_id = ?1 AND dirty = ?2 AND tree_id = ?3",
        "INSERT INTO revision (commit_id, dirty, tree_id) VALUES (?1, ?2, ?3)",
        (revision.commit.as_str(), revision.dirty, revision.tree.as_str()),
    )
}

pub(super) fn executable_id(transaction: &Transaction<'_>, digest: &str) -> rusqlite::Result<i64> {
    find_or_add(
        transaction,
        "SELECT id FROM executable WHERE digest = ?1",
        "INSERT INTO executable (digest) VALUES (?1)",
        (digest,),
    )
}

fn benchmark_id(transaction: &Transaction<'_>, name: &BenchmarkName) -> rusqlite::Result<i64> {
    find_or_add(
        transaction,
        "SELECT id FROM benchmark WHERE package = ?1 AND target = ?2 AND name = ?3",
        "INSERT INTO benchmark (package, target, name) VALUES (?1, ?2, ?3)",
        (name.package(), name.target(), name.id()),
    )
}

/// A run as a writer needs it.
#[derive(Debug, Clone)]
pub(super) struct RunRow {
    pub(super) id: RunId,
    pub(super) started_ms: i64,
    machine: i64,
    machine_key: String,
}

/// Reads a run.
pub(super) fn run(transaction: &Transaction<'_>, id: RunId) -> Result<RunRow, Problem> {
    transaction
        .prepare_cached(
            "SELECT run.started_ms, run.machine, machine.key FROM run \
             JOIN machine ON machine.id = run.machine WHERE run.id = ?1",
        )?
        .query_row([id.0], |row| {
            Ok(RunRow { id, started_ms: row.get(0)?, machine: row.get(1)?, machine_key: row.get(2)? })
        })
        .optional()?
        .ok_or_else(|| Refusal::UnknownRun(id).into())
}

/// The series a key belongs to; refuses a machine other than the run's.
pub(super) fn series_id(
    transaction: &Transaction<'_>,
    run: &RunRow,
    key: &MeasurementKey,
    provenance: Provenance,
) -> Result<i64, Problem> {
    if key.machine.as_str() != run.machine_key {
        return Err(Refusal::WrongMachine {
            measured: key.machine.to_string(),
            run: run.machine_key.clone(),
        }
        .into());
    }
    let benchmark = benchmark_id(transaction, &key.benchmark)?;
    let build = build_id(transaction, &key.build)?;
    Ok(find_or_add(
        transaction,
        "SELECT id FROM series WHERE benchmark = ?1 AND metric = ?2 AND machine = ?3 AND build = ?4 \
         AND provenance = ?5",
        "INSERT INTO series (benchmark, metric, machine, build, provenance) VALUES (?1, ?2, ?3, ?4, ?5)",
        (benchmark, key.metric.name(), run.machine, build, provenance.name()),
    )?)
}

/// The number of an existing native series.
pub(super) fn find_series(
    connection: &rusqlite::Connection,
    key: &SeriesKey,
) -> Result<Option<i64>, Problem> {
    let [rustc, host, target, profile, settings, features, rustflags, instrument] =
        key.build.fields().map(|(_, value)| value);
    Ok(connection
        .prepare_cached(
            "SELECT series.id FROM series \
             JOIN benchmark ON benchmark.id = series.benchmark \
             JOIN machine ON machine.id = series.machine \
             JOIN build ON build.id = series.build \
             WHERE machine.key = ?1 AND benchmark.package = ?2 AND benchmark.target = ?3 AND benchmark.name = ?4 \
             AND series.metric = ?5 AND series.provenance = 'native' \
             AND build.rustc = ?6 AND build.host = ?7 AND build.target = ?8 AND build.profile = ?9 \
             AND build.settings = ?10 AND build.features = ?11 AND build.rustflags = ?12 \
             AND build.instrument = ?13",
        )?
        .query_row(
            (
                key.machine.as_str(),
                key.benchmark.package(),
                key.benchmark.target(),
                key.benchmark.id(),
                key.metric.name(),
                rustc,
                host,
                target,
                profile,
                settings,
                features,
                rustflags,
                instrument,
            ),
            |row| row.get(0),
        )
        .optional()?)
}
