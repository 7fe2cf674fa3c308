//! Baseline files from what the store holds.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use crate::domain::{ClaimVerdict, CommitId, MachineKey, Provenance};

use super::{BaselineClaim, BaselineFile, BaselineResult};
use crate::store::error::{Problem, StoreError};
use crate::store::history::{SeriesFilter, newest_values};
use crate::store::open::Store;
use crate::store::rows;

impl Store {
    /// The machines and architectures of which there is something to export: native results of clean commits.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn exportable(&self) -> Result<Vec<(MachineKey, String)>, StoreError> {
        self.read("list what can be exported of", |connection| {
            let mut query = connection.prepare_cached(
                "SELECT machine.key, build.arch FROM series \
                 JOIN machine ON machine.id = series.machine JOIN build ON build.id = series.build \
                 WHERE series.provenance = 'native' AND EXISTS (SELECT 1 FROM measurement \
                 JOIN revision ON revision.id = measurement.revision \
                 WHERE measurement.series = series.id AND revision.dirty = 0) \
                 UNION SELECT machine.key, build.arch FROM claim \
                 JOIN run ON run.id = claim.run JOIN machine ON machine.id = run.machine \
                 JOIN build ON build.id = claim.build JOIN revision ON revision.id = claim.revision \
                 WHERE revision.dirty = 0 ORDER BY 1, 2",
            )?;
            let found = query.query_map([], |row| Ok((rows::machine(row, 0)?, row.get(1)?)))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// The values of the clean commit measured last, or of the commit `at`, on one machine and architecture, with
    /// what was found about claims. `None` when there is neither.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn export(
        &self,
        machine: &MachineKey,
        arch: &str,
        at: Option<&CommitId>,
    ) -> Result<Option<BaselineFile>, StoreError> {
        let Some(facts) = self.machines()?.into_iter().find(|facts| facts.key == *machine) else {
            return Ok(None);
        };
        self.read("export from", |connection| {
            let filter = SeriesFilter { machine: Some(machine), arch: Some(arch), target: None };
            let values = newest_values(connection, filter, at)?.into_iter();
            let native = values.filter(|value| value.provenance == Provenance::Native);
            let results: BTreeMap<_, _> = native
                .map(|value| {
                    let result = BaselineResult {
                        commit: value.commit,
                        build: value.series.build,
                        value: value.value,
                        spread: value.spread,
                        launch_spread: value.launch_spread,
                        runs: value.runs,
                        launches: value.launches,
                    };
                    ((value.series.benchmark, value.series.metric), result)
                })
                .collect();
            let claims = claims(connection, machine, arch, at)?;
            if results.is_empty() && claims.is_empty() {
                return Ok(None);
            }
            Ok(Some(BaselineFile { arch: arch.to_owned(), machine: facts, results, claims }))
        })
    }
}

/// What was found last about each claim, at clean commits.
fn claims(
    connection: &Connection,
    machine: &MachineKey,
    arch: &str,
    at: Option<&CommitId>,
) -> Result<BTreeMap<String, BaselineClaim>, Problem> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT claim.name, revision.commit_id, claim.verdict, claim.ratio, claim.low, claim.high, \
         claim.at_least, {} FROM claim \
         JOIN run ON run.id = claim.run \
         JOIN machine ON machine.id = run.machine \
         JOIN revision ON revision.id = claim.revision \
         JOIN build ON build.id = claim.build \
         WHERE machine.key = ?1 AND build.arch = ?2 AND revision.dirty = 0 \
         AND (?3 IS NULL OR revision.commit_id = ?3) ORDER BY run.started_ms, run.id, build.id",
        rows::BUILD
    ))?;
    let found = query.query_map(params![machine.as_str(), arch, at.map(CommitId::as_str)], claim)?;
    // Later ones replace earlier ones.
    Ok(found.collect::<Result<_, _>>()?)
}

fn claim(row: &Row<'_>) -> rusqlite::Result<(String, BaselineClaim)> {
    let (low, high): (Option<f64>, Option<f64>) = (row.get(4)?, row.get(5)?);
    let claim = BaselineClaim {
        commit: rows::commit(row, 1)?,
        verdict: rows::word(row, 2, |text| {
            let all = [ClaimVerdict::Confirmed, ClaimVerdict::Refuted, ClaimVerdict::Undecided];
            all.into_iter().find(|known| known.name() == text)
        })?,
        ratio: row.get(3)?,
        interval: low.zip(high),
        at_least: row.get(6)?,
        build: rows::build(row, 7)?,
    };
    Ok((row.get(0)?, claim))
}
