//! The evidence of a run: what the judge is given, and what a stored run is judged by again.
//!
//! Facts are kept as JSON, one row a benchmark, replaced as more becomes known. Pairs are kept where pairs are kept, and joined
//! by the number of their comparison when evidence is read.

use rusqlite::{OptionalExtension, params};

use crate::domain::{BenchmarkEvidence, PairedEvidence, ReportKind, RunEvidence, RunId};

use super::error::{Problem, Refusal, StoreError};
use super::open::Store;

/// Everything that a run found out.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// What is known about the run as a whole.
    pub run: RunEvidence,
    /// Its benchmarks, by name.
    pub benchmarks: Vec<BenchmarkEvidence>,
}

impl Store {
    /// Keeps what is known about a benchmark so far, in place of what was known before.
    ///
    /// # Errors
    /// Read-only, full, locked for long.
    pub fn keep_evidence(&mut self, run: RunId, evidence: &BenchmarkEvidence) -> Result<(), StoreError> {
        let facts = text(evidence);
        self.write("store what was found out in", |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO benchmark_evidence (run, benchmark, facts) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (run, benchmark) DO UPDATE SET facts = excluded.facts",
                )?
                .execute(params![run.0, evidence.name.to_string(), facts?])?;
            Ok(())
        })
    }

    /// Keeps what is known about a run as a whole.
    ///
    /// # Errors
    /// Read-only, full, locked for long.
    pub fn finish_run(&mut self, run: RunId, evidence: &RunEvidence) -> Result<(), StoreError> {
        let facts = text(evidence);
        self.write("store what was found out in", |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO run_evidence (run, facts) VALUES (?1, ?2) \
                     ON CONFLICT (run) DO UPDATE SET facts = excluded.facts",
                )?
                .execute(params![run.0, facts?])?;
            Ok(())
        })
    }

    /// The newest run whose evidence is complete; `None` where there is none.
    ///
    /// # Errors
    /// Damage.
    pub fn newest_judged_run(&self) -> Result<Option<RunId>, StoreError> {
        self.read("look for a run in", |connection| {
            let newest: Option<i64> =
                connection.query_row("SELECT max(run) FROM run_evidence", [], |row| row.get(0))?;
            Ok(newest.map(RunId))
        })
    }

    /// The newest `check` whose evidence is complete; `None` where there is none.
    ///
    /// # Errors
    /// Damage.
    pub fn newest_check(&self) -> Result<Option<RunId>, StoreError> {
        self.read("look for a check in", |connection| {
            let newest: Option<i64> = connection.query_row(
                "SELECT max(run_evidence.run) FROM run_evidence \
                 JOIN run ON run.id = run_evidence.run WHERE run.command = ?1",
                [ReportKind::Check.name()],
                |row| row.get(0),
            )?;
            Ok(newest.map(RunId))
        })
    }

    /// Everything that a run found out, to the last bit.
    ///
    /// # Errors
    /// No such run, or none whose evidence is complete; damage.
    pub fn run_evidence(&self, run: RunId) -> Result<StoredRun, StoreError> {
        let (facts, rows) = self.read("read a run from", |connection| {
            let facts: Option<String> = connection
                .query_row("SELECT facts FROM run_evidence WHERE run = ?1", [run.0], |row| row.get(0))
                .optional()?;
            let facts = facts.ok_or(Refusal::NoEvidence(run.0))?;
            let mut query = connection
                .prepare_cached("SELECT facts FROM benchmark_evidence WHERE run = ?1 ORDER BY benchmark")?;
            let rows: Vec<String> = query.query_map([run.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok((parsed::<RunEvidence>(&facts)?, rows))
        })?;
        let mut found = StoredRun { run: facts, benchmarks: Vec::new() };
        self.fill(found.run.paired_mut())?;
        for row in rows {
            let mut evidence = self.read("read a run from", |_| parsed::<BenchmarkEvidence>(&row))?;
            self.fill(evidence.paired_mut().into_iter())?;
            found.benchmarks.push(evidence);
        }
        Ok(found)
    }

    /// Puts the pairs to the facts about them.
    fn fill<'a>(&self, paired: impl Iterator<Item = &'a mut PairedEvidence>) -> Result<(), StoreError> {
        for evidence in paired {
            evidence.pairs = self.pairs(evidence.comparison)?;
        }
        Ok(())
    }
}

fn text(evidence: &impl serde::Serialize) -> Result<String, Problem> {
    serde_json::to_string(evidence).map_err(|error| Problem::Nonsense(error.to_string()))
}

fn parsed<T: serde::de::DeserializeOwned>(facts: &str) -> Result<T, Problem> {
    serde_json::from_str(facts).map_err(|error| Problem::Nonsense(error.to_string()))
}
