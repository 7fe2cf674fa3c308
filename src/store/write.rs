//! What a run writes: its run, its measurements, what it found about claims.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::sample::median;
use crate::domain::{
    BuildFingerprint, ClaimOutcome, Digest, Launch, MachineFacts, Measurement, Revision, RunId,
};

use super::encoding::{decode, encode};
use super::error::{Problem, Refusal, StoreError};
use super::open::Store;
use super::rows;

/// The number of a measurement in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeasurementId(pub(super) i64);

/// What there is to say about a run before it measures anything.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// The command's name.
    pub command: &'a str,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// Where it runs.
    pub machine: &'a MachineFacts,
    /// The version of this program.
    pub program_version: &'a str,
    /// What its random choices grow from.
    pub seed: u64,
}

impl Store {
    /// Notes that a run begins.
    ///
    /// # Errors
    /// Read-only, full, locked for long.
    pub fn begin_run(&mut self, new: &NewRun<'_>) -> Result<RunId, StoreError> {
        self.write("store a run in", |transaction| {
            let machine = rows::machine_id(transaction, new.machine)?;
            let mut add = transaction.prepare_cached(
                "INSERT INTO run (command, started_ms, machine, program_version, seed) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let seed = new.seed.cast_signed();
            let id = add.insert(params![new.command, new.started_ms, machine, new.program_version, seed])?;
            Ok(RunId(id))
        })
    }

    /// Stores a measurement, raw samples included, in one transaction: all of it or nothing. Further launches of a
    /// key that the run already measured join its measurement.
    ///
    /// # Errors
    /// No such run, one on another machine, no launches; read-only, full, locked for long.
    pub fn record(&mut self, run: RunId, new: &Measurement) -> Result<MeasurementId, StoreError> {
        self.write("store a measurement in", |transaction| {
            if new.launches.is_empty() {
                return Err(Refusal::NoLaunches.into());
            }
            let run = rows::run(transaction, run)?;
            let series = rows::series_id(transaction, &run, &new.key, new.provenance)?;
            let revision = rows::revision_id(transaction, &new.key.revision)?;
            let executable = rows::executable_id(transaction, new.executable.as_str())?;
            let id = measurement_id(transaction, &run, series, revision)?;
            for launch in &new.launches {
                add_launch(transaction, id, executable, launch, new.code.as_ref())?;
            }
            summarize(transaction, id)?;
            Ok(id)
        })
    }

    /// The launches of a measurement, in the order they were stored, to the last bit.
    ///
    /// # Errors
    /// Damage.
    pub fn launches(&self, measurement: MeasurementId) -> Result<Vec<Launch>, StoreError> {
        self.read("read a measurement from", |connection| {
            let mut query = connection.prepare_cached(
                "SELECT samples, cpu, seconds FROM launch WHERE measurement = ?1 ORDER BY id",
            )?;
            launches(query.query([measurement.0])?)
        })
    }

    /// Stores what was found about a claim: once for each run, build and name; a later finding replaces it.
    ///
    /// # Errors
    /// No such run, figures that are no numbers; read-only, full, locked for long.
    pub fn record_claim(
        &mut self,
        run: RunId,
        revision: &Revision,
        build: &BuildFingerprint,
        found: &ClaimOutcome,
    ) -> Result<(), StoreError> {
        self.write("store a claim in", |transaction| {
            let run = rows::run(transaction, run)?;
            let (low, high) = found.interval.unzip();
            // A claim without a ratio is stored with 0.
            let least = found.claimed.at_least().unwrap_or(0.0);
            if least.is_nan() {
                return Err(Refusal::NotANumber("the claimed ratio").into());
            }
            let revision = rows::revision_id(transaction, revision)?;
            let build = rows::build_id(transaction, build)?;
            let mut add = transaction.prepare_cached(
                "INSERT OR REPLACE INTO claim \
                 (run, name, revision, build, verdict, ratio, low, high, at_least) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?;
            let verdict = found.verdict.name();
            let ratio = found.ratio;
            add.execute(params![run.id.0, found.name, revision, build, verdict, ratio, low, high, least])?;
            Ok(())
        })
    }
}

/// Reads launches from rows of their samples, CPU and seconds.
pub(super) fn launches(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Launch>, Problem> {
    let mut launches = Vec::new();
    while let Some(row) = rows.next()? {
        launches.push(launch(row)?);
    }
    Ok(launches)
}

/// Reads a launch from a row that begins with its samples, CPU and seconds.
pub(super) fn launch(row: &rusqlite::Row<'_>) -> Result<Launch, Problem> {
    Ok(Launch {
        samples: samples(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?,
        cpu: row.get(1)?,
        seconds: row.get(2)?,
    })
}

/// Reads samples.
pub(super) fn samples(bytes: &[u8]) -> Result<crate::domain::SampleSet, Problem> {
    decode(bytes).map_err(|error| Problem::Nonsense(error.to_string()))
}

/// The run's measurement of a series and a revision: found, or added with a value that [`summarize`] must set
/// within the same transaction.
pub(super) fn measurement_id(
    transaction: &Transaction<'_>,
    run: &rows::RunRow,
    series: i64,
    revision: i64,
) -> rusqlite::Result<MeasurementId> {
    let found = transaction
        .prepare_cached("SELECT id FROM measurement WHERE revision = ?1 AND series = ?2 AND run = ?3")?
        .query_row([revision, series, run.id.0], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(MeasurementId(id));
    }
    let mut add = transaction.prepare_cached(
        "INSERT INTO measurement (revision, series, run, started_ms, value, launches) \
         VALUES (?1, ?2, ?3, ?4, 0.0, 1)",
    )?;
    add.insert([revision, series, run.id.0, run.started_ms]).map(MeasurementId)
}

/// Adds one launch, with what the machine code that it executed comes to.
pub(super) fn add_launch(
    transaction: &Transaction<'_>,
    measurement: MeasurementId,
    executable: i64,
    launch: &Launch,
    code: Option<&Digest>,
) -> Result<i64, Problem> {
    if launch.seconds.is_nan() {
        return Err(Refusal::NotANumber("the time a launch took").into());
    }
    let mut add = transaction.prepare_cached(
        "INSERT INTO launch (measurement, executable, cpu, seconds, median, samples, code) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    Ok(add.insert(params![
        measurement.0,
        executable,
        launch.cpu,
        launch.seconds,
        launch.samples.median(),
        encode(&launch.samples),
        code.map(Digest::as_str)
    ])?)
}

/// Sets a measurement's value and number of launches from its launches.
pub(super) fn summarize(transaction: &Transaction<'_>, measurement: MeasurementId) -> Result<(), Problem> {
    let mut query = transaction.prepare_cached("SELECT median FROM launch WHERE measurement = ?1")?;
    let medians: Vec<f64> = query.query_map([measurement.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let launches = medians.len().cast_signed() as i64;
    let value = median(medians).ok_or(Refusal::NoLaunches)?;
    let mut set =
        transaction.prepare_cached("UPDATE measurement SET value = ?2, launches = ?3 WHERE id = ?1")?;
    set.execute(params![measurement.0, value, launches])?;
    Ok(())
}
