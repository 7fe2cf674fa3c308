//! Giving space back.

use rusqlite::params;

use super::error::StoreError;
use super::open::Store;

/// What to remove: measurements that are old *and* not among the newest of their series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneRule {
    /// Only runs that began before this, in milliseconds since the Unix epoch.
    pub before_ms: i64,
    /// Keep at least so many of the newest measurements of each series, however old.
    pub keep_newest: u32,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// How many measurements.
    pub measurements: u64,
    /// How many launches they had.
    pub launches: u64,
    /// How many runs of which nothing was left.
    pub runs: u64,
}

impl Store {
    /// Removes old measurements with their launches, the pairs of those launches, comparisons and runs of
    /// which nothing is left (with what they found about claims), and gives the space back to the file system. What other rows refer to by name
    /// (machines, builds, revisions, benchmarks) stays: it is small, and the next measurement refers to it again.
    ///
    /// # Errors
    /// Read-only, full (it needs some space first), locked for long.
    pub fn prune(&mut self, rule: PruneRule) -> Result<Pruned, StoreError> {
        const ACTION: &str = "prune the store";
        let pruned = self.write(ACTION, |transaction| {
            let launches = count(transaction, "launch")?;
            let measurements = transaction.execute(
                "DELETE FROM measurement WHERE started_ms < ?1 AND id IN (SELECT id FROM (SELECT id, row_number() \
                 OVER (PARTITION BY series ORDER BY started_ms DESC, id DESC) AS place FROM measurement) \
                 WHERE place > ?2)",
                params![rule.before_ms, rule.keep_newest],
            )?;
            // A run that is just going on has a run and comparisons with nothing in them yet: only old ones go.
            let old = "run IN (SELECT id FROM run WHERE started_ms < ?1)";
            transaction.execute(
                &format!(
                    "DELETE FROM comparison WHERE {old} AND NOT EXISTS \
                     (SELECT 1 FROM pair WHERE pair.comparison = comparison.id) AND NOT \
                     (EXISTS (SELECT 1 FROM received_pair WHERE received_pair.comparison = comparison.id) \
                     AND EXISTS (SELECT 1 FROM measurement WHERE measurement.run = comparison.run))"
                ),
                [rule.before_ms],
            )?;
            let runs = transaction.execute(
                "DELETE FROM run WHERE started_ms < ?1 \
                 AND NOT EXISTS (SELECT 1 FROM measurement WHERE measurement.run = run.id) \
                 AND NOT EXISTS (SELECT 1 FROM comparison WHERE comparison.run = run.id)",
                [rule.before_ms],
            )?;
            transaction.execute(
                "DELETE FROM link_summary WHERE NOT EXISTS (SELECT 1 FROM bench_summary \
                 WHERE bench_summary.executable = link_summary.executable)",
                [],
            )?;
            Ok(Pruned {
                measurements: measurements as u64,
                launches: launches - count(transaction, "launch")?,
                runs: runs as u64,
            })
        })?;
        self.read(ACTION, |connection| {
            // Each row read is one page given back.
            let mut pages = connection.prepare("PRAGMA incremental_vacuum")?;
            let mut rows = pages.query([])?;
            while rows.next()?.is_some() {}
            Ok(())
        })?;
        Ok(pruned)
    }
}

fn count(connection: &rusqlite::Connection, table: &str) -> rusqlite::Result<u64> {
    let count: i64 = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}
