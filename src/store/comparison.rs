//! Pairs of launches, stored one by one as they are finished.
//!
//! Each launch of a pair is also a launch of its side's measurement on that run, so history sees it.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::domain::{
    BenchmarkName, ComparisonId, Digest, Launch, LayoutSeed, MeasurementKey, Pair, PairedLaunch, Phase,
    Provenance, RunId, Side, Sides,
};

use super::error::{Problem, Refusal, StoreError};
use super::open::Store;
use super::rows;
use super::write::{add_launch, measurement_id, samples, summarize};

/// What there is to say about a comparison before its first pair.
#[derive(Debug, Clone, Copy)]
pub struct NewComparison<'a> {
    /// Why it is made.
    pub phase: Phase,
    /// What each side's launches are measurements of. Equal for an A/A test; two benchmarks of one build for a claim.
    pub keys: Sides<&'a MeasurementKey>,
    /// What each side runs.
    pub executables: Sides<&'a Digest>,
    /// Whether the figures are evidence about the machine.
    pub provenance: Provenance,
}

/// A comparison as the store holds it, for those who look at its pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredComparison {
    /// Its number, by which [`Store::pairs`] finds them.
    pub id: ComparisonId,
    /// Why it was made.
    pub phase: Phase,
    /// What the baseline's launches measure.
    pub benchmark: BenchmarkName,
    /// Whether both sides ran one and the same executable.
    pub identical: bool,
    /// When its run began, in milliseconds since the Unix epoch.
    pub started_ms: i64,
}

impl Store {
    /// Every comparison, oldest first.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn comparisons(&self) -> Result<Vec<StoredComparison>, StoreError> {
        self.read("list the comparisons of", |connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT comparison.id, comparison.phase, comparison.baseline_executable = \
                 comparison.candidate_executable, run.started_ms, {} FROM comparison \
                 JOIN run ON run.id = comparison.run \
                 JOIN series ON series.id = comparison.baseline_series \
                 JOIN benchmark ON benchmark.id = series.benchmark ORDER BY comparison.id",
                rows::BENCHMARK
            ))?;
            let found = query.query_map([], |row| {
                Ok(StoredComparison {
                    id: ComparisonId(row.get(0)?),
                    phase: rows::word(row, 1, |text| {
                        Phase::ALL.into_iter().find(|phase| phase.name() == text)
                    })?,
                    identical: row.get(2)?,
                    started_ms: row.get(3)?,
                    benchmark: rows::benchmark(row, 4)?,
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// Notes that two sides are about to be measured in pairs.
    ///
    /// # Errors
    /// No such run, or one on another machine; read-only, full, locked for long.
    pub fn begin_comparison(
        &mut self,
        run: RunId,
        new: &NewComparison<'_>,
    ) -> Result<ComparisonId, StoreError> {
        self.write("store a comparison in", |transaction| {
            let run = rows::run(transaction, run)?;
            let series = new.keys.try_map(|key| rows::series_id(transaction, &run, key, new.provenance))?;
            let revisions = new.keys.try_map(|key| rows::revision_id(transaction, &key.revision))?;
            let executables =
                new.executables.try_map(|digest| rows::executable_id(transaction, digest.as_str()))?;
            let mut add = transaction.prepare_cached(
                "INSERT INTO comparison (run, phase, baseline_series, baseline_revision, \
                 baseline_executable, candidate_series, candidate_revision, candidate_executable) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            Ok(ComparisonId(add.insert(params![
                run.id.0,
                new.phase.name(),
                series.baseline,
                revisions.baseline,
                executables.baseline,
                series.candidate,
                revisions.candidate,
                executables.candidate,
            ])?))
        })
    }

    /// Takes up the pairs of the newest comparison that is the same in everything (what both sides ran, of which revisions,
    /// why) and has any, all in layouts that were `drawn` or none, and gives how many. Their launches stay where they are, and
    /// count once. Pairs whose samples stayed on another machine are none.
    ///
    /// # Errors
    /// No such comparison, or one that has pairs; read-only, full, locked for long.
    pub fn take_up_pairs(&mut self, comparison: ComparisonId, drawn: bool) -> Result<usize, StoreError> {
        self.write("store pairs in", |transaction| {
            comparison_row(transaction, comparison)?;
            let mut earlier = transaction.prepare_cached(
                "SELECT earlier.id FROM comparison AS earlier JOIN comparison AS own ON own.id = ?1 \
                 WHERE earlier.id < own.id AND earlier.phase = own.phase \
                 AND earlier.baseline_series = own.baseline_series \
                 AND earlier.baseline_revision = own.baseline_revision \
                 AND earlier.baseline_executable = own.baseline_executable \
                 AND earlier.candidate_series = own.candidate_series \
                 AND earlier.candidate_revision = own.candidate_revision \
                 AND earlier.candidate_executable = own.candidate_executable \
                 AND EXISTS (SELECT 1 FROM pair WHERE pair.comparison = earlier.id) \
                 AND NOT EXISTS (SELECT 1 FROM pair WHERE pair.comparison = earlier.id \
                 AND (pair.layout_seed IS NULL) = ?2) \
                 ORDER BY earlier.id DESC LIMIT 1",
            )?;
            let earlier: Option<i64> = earlier.query_row(params![comparison.0, drawn], |row| row.get(0)).optional()?;
            let Some(earlier) = earlier else { return Ok(0) };
            let mut copy = transaction.prepare_cached(
                "INSERT INTO pair (comparison, idx, first, schedule, baseline_launch, candidate_launch, layout_seed, \
                 baseline_slowdown, candidate_slowdown) \
                 SELECT ?1, idx, first, schedule, baseline_launch, candidate_launch, layout_seed, \
                 baseline_slowdown, candidate_slowdown FROM pair WHERE comparison = ?2",
            )?;
            Ok(copy.execute([comparison.0, earlier])?)
        })
    }

    /// Stores a finished pair in one transaction: both launches or nothing.
    ///
    /// # Errors
    /// No such comparison, an index it already has; read-only, full, locked for long.
    pub fn append_pair(&mut self, comparison: ComparisonId, pair: &Pair) -> Result<(), StoreError> {
        self.write("store a pair in", |transaction| {
            let found = comparison_row(transaction, comparison)?;
            let taken = transaction
                .prepare_cached("SELECT 1 FROM pair WHERE comparison = ?1 AND idx = ?2")?
                .exists(params![comparison.0, pair.index])?;
            if taken {
                return Err(Refusal::PairTwice(pair.index).into());
            }
            let run = rows::run(transaction, found.run)?;
            let add = |side: Side| {
                let Target { series, revision, executable } = *found.targets.get(side);
                let PairedLaunch { samples, seconds } = pair.launches.get(side);
                let launch = Launch { samples: samples.clone(), cpu: pair.cpu, seconds: *seconds };
                let measurement = measurement_id(transaction, &run, series, revision)?;
                let id = add_launch(transaction, measurement, executable, &launch, None)?;
                summarize(transaction, measurement)?;
                Ok::<i64, Problem>(id)
            };
            let launches = Sides::from_fn(|side| side).try_map(add)?;
            transaction
                .prepare_cached(
                    "INSERT INTO pair (comparison, idx, first, schedule, baseline_launch, candidate_launch, \
                     layout_seed, baseline_slowdown, candidate_slowdown) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute(params![
                    comparison.0,
                    pair.index,
                    rows::side_name(pair.first),
                    rows::schedule_name(pair.schedule),
                    launches.baseline,
                    launches.candidate,
                    pair.layout.map(|seed| seed.0.cast_signed()),
                    pair.slowdown.map(|times| times.baseline),
                    pair.slowdown.map(|times| times.candidate),
                ])?;
            Ok(())
        })
    }

    /// The pairs of a comparison by index, to the last bit.
    ///
    /// # Errors
    /// Damage.
    pub fn pairs(&self, comparison: ComparisonId) -> Result<Vec<Pair>, StoreError> {
        self.read("read pairs from", |connection| {
            let mut query = connection.prepare_cached(
                "SELECT pair.idx, pair.first, pair.schedule, baseline.cpu, \
                 baseline.samples, baseline.seconds, candidate.samples, candidate.seconds, \
                 pair.layout_seed, pair.baseline_slowdown, pair.candidate_slowdown FROM pair \
                 JOIN launch AS baseline ON baseline.id = pair.baseline_launch \
                 JOIN launch AS candidate ON candidate.id = pair.candidate_launch \
                 WHERE pair.comparison = ?1 ORDER BY pair.idx",
            )?;
            let mut rows = query.query([comparison.0])?;
            let mut pairs = Vec::new();
            while let Some(row) = rows.next()? {
                pairs.push(Pair {
                    index: row.get(0)?,
                    first: rows::side(row, 1)?,
                    schedule: rows::schedule(row, 2)?,
                    cpu: row.get(3)?,
                    layout: row.get::<_, Option<i64>>(8)?.map(|seed| LayoutSeed(seed.cast_unsigned())),
                    slowdown: slowdown(row, 9)?,
                    launches: Sides { baseline: paired_launch(row, 4)?, candidate: paired_launch(row, 6)? },
                });
            }
            Ok(pairs)
        })
    }
}

/// What a side's launches are added to.
#[derive(Debug, Clone, Copy)]
struct Target {
    series: i64,
    revision: i64,
    executable: i64,
}

struct ComparisonRow {
    run: RunId,
    targets: Sides<Target>,
}

fn comparison_row(transaction: &Transaction<'_>, id: ComparisonId) -> Result<ComparisonRow, Problem> {
    let target = |row: &Row<'_>, first: usize| {
        Ok::<_, rusqlite::Error>(Target {
            series: row.get(first)?,
            revision: row.get(first + 1)?,
            executable: row.get(first + 2)?,
        })
    };
    transaction
        .prepare_cached(
            "SELECT run, baseline_series, baseline_revision, baseline_executable, \
             candidate_series, candidate_revision, candidate_executable FROM comparison WHERE id = ?1",
        )?
        .query_row([id.0], |row| {
            Ok(ComparisonRow {
                run: RunId(row.get(0)?),
                targets: Sides { baseline: target(row, 1)?, candidate: target(row, 4)? },
            })
        })
        .optional()?
        .ok_or_else(|| Refusal::UnknownComparison(id.0).into())
}

/// What turns cost each side, where both are known.
fn slowdown(row: &Row<'_>, first: usize) -> Result<Option<Sides<f64>>, Problem> {
    let (baseline, candidate) = (row.get::<_, Option<f64>>(first)?, row.get::<_, Option<f64>>(first + 1)?);
    Ok(baseline.zip(candidate).map(|(baseline, candidate)| Sides { baseline, candidate }))
}

fn paired_launch(row: &Row<'_>, first: usize) -> Result<PairedLaunch, Problem> {
    let bytes = row.get_ref(first)?.as_blob().map_err(rusqlite::Error::from)?;
    Ok(PairedLaunch { samples: samples(bytes)?, seconds: row.get(first + 1)? })
}
