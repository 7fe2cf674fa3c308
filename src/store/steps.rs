//! Steps from commit to commit that were measured in pairs, here or elsewhere.

use std::collections::BTreeSet;

use rusqlite::params;

use crate::domain::{BenchmarkName, CommitId, MachineKey};

use super::error::StoreError;
use super::open::Store;
use super::rows;

/// What pairs of two neighbouring commits came to.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRatio {
    /// The earlier commit.
    pub baseline: CommitId,
    /// The later one.
    pub candidate: CommitId,
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// ln(candidate/baseline) of each pair's medians.
    pub log_ratios: Vec<f64>,
}

impl Store {
    /// The native wall time of every comparison on a machine whose sides are two of these commits, both clean.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn step_ratios(
        &self,
        machine: &MachineKey,
        steps: &BTreeSet<(CommitId, CommitId)>,
    ) -> Result<Vec<StepRatio>, StoreError> {
        self.read("read steps between commits from", |connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT comparison.id, base.commit_id, candidate.commit_id, {} FROM comparison \
                 JOIN revision AS base ON base.id = comparison.baseline_revision \
                 JOIN revision AS candidate ON candidate.id = comparison.candidate_revision \
                 JOIN series ON series.id = comparison.candidate_series \
                 JOIN machine ON machine.id = series.machine \
                 JOIN benchmark ON benchmark.id = series.benchmark \
                 WHERE machine.key = ?1 AND series.metric = 'wall-time' AND series.provenance = 'native' \
                 AND base.dirty = 0 AND candidate.dirty = 0 \
                 AND comparison.phase IN ('quick-check', 'measurement', 'remeasurement') ORDER BY comparison.id",
                rows::BENCHMARK
            ))?;
            let mut pairs = connection.prepare_cached(
                "SELECT baseline.median, candidate.median, NULL FROM pair \
                 JOIN launch AS baseline ON baseline.id = pair.baseline_launch \
                 JOIN launch AS candidate ON candidate.id = pair.candidate_launch WHERE pair.comparison = ?1 \
                 AND NOT EXISTS (SELECT 1 FROM pair AS taken_up WHERE taken_up.comparison < ?1 \
                 AND taken_up.baseline_launch = pair.baseline_launch) \
                 UNION ALL SELECT NULL, NULL, log_ratio FROM received_pair WHERE comparison = ?1",
            )?;
            let mut found = query.query([machine.as_str()])?;
            let mut all = Vec::new();
            while let Some(row) = found.next()? {
                let step = (rows::commit(row, 1)?, rows::commit(row, 2)?);
                if !steps.contains(&step) {
                    continue;
                }
                let ratio = |row: &rusqlite::Row<'_>| {
                    let medians = row.get::<_, Option<f64>>(0)?.zip(row.get::<_, Option<f64>>(1)?);
                    let measured = medians.map(|(baseline, candidate)| (candidate / baseline).ln());
                    Ok(measured.or(row.get(2)?))
                };
                let ratios = pairs.query_map(params![row.get::<_, i64>(0)?], ratio)?;
                let ratios: Vec<Option<f64>> = ratios.collect::<Result<_, _>>()?;
                all.push(StepRatio {
                    baseline: step.0,
                    candidate: step.1,
                    benchmark: rows::benchmark(row, 3)?,
                    log_ratios: ratios.into_iter().flatten().filter(|ratio| ratio.is_finite()).collect(),
                });
            }
            Ok(all)
        })
    }
}
