//! What is known of bench targets of commits once their executables are gone.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::domain::{BenchSummary, Digest, LinkSummary, Revision, RunId, TreeId};

use super::error::{Problem, StoreError};
use super::open::Store;
use super::rows;

impl Store {
    /// Keeps what is known of bench targets of a revision, in place of what the run knew before.
    ///
    /// # Errors
    /// No such run; read-only, full, locked for long.
    pub fn keep_summaries(
        &mut self,
        run: RunId,
        revision: &Revision,
        benches: &[BenchSummary],
    ) -> Result<(), StoreError> {
        self.write("store what executables are made of in", |transaction| {
            benches.iter().try_for_each(|bench| add(transaction, run, revision, bench))
        })
    }

    /// What is known of the bench targets of all revisions with these files, the newest first; once, however many runs say the same.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn summaries(&self, tree: &TreeId) -> Result<Vec<BenchSummary>, StoreError> {
        self.read("look for executables in", |connection| {
            let mut query = connection.prepare_cached(&format!(
                "SELECT {SUMMARY} FROM revision JOIN bench_summary ON bench_summary.revision = revision.id \
                 JOIN build ON build.id = bench_summary.build \
                 JOIN executable ON executable.id = bench_summary.executable \
                 WHERE revision.tree_id = ?1 AND NOT revision.dirty \
                 GROUP BY bench_summary.package, bench_summary.target, build.id, executable.id, bench_summary.facts \
                 ORDER BY max(bench_summary.run) DESC, bench_summary.package, bench_summary.target"
            ))?;
            let found = query.query_map([tree.as_str()], summary)?;
            let found: Vec<BenchSummary> = found.collect::<Result<_, _>>()?;
            found.into_iter().map(|bench| with_link(connection, bench)).collect()
        })
    }

    /// What an executable was linked from, where that is known.
    ///
    /// # Errors
    /// Damage, locked for long.
    pub fn link_summary(&self, executable: &Digest) -> Result<Option<LinkSummary>, StoreError> {
        self.read("look for an executable in", |connection| link(connection, executable))
    }
}

/// What [`summary`] reads, in its order.
const SUMMARY: &str = "bench_summary.package, bench_summary.target, executable.digest, bench_summary.facts, \
     build.rustc, build.host, build.target, build.profile, build.settings, build.features, build.rustflags, \
     build.instrument";

/// Reads a summary without what it was linked from.
fn summary(row: &rusqlite::Row<'_>) -> rusqlite::Result<BenchSummary> {
    Ok(BenchSummary {
        package: row.get(0)?,
        target: row.get(1)?,
        executable: Digest::new(row.get::<_, String>(2)?),
        facts: rows::word(row, 3, |text| serde_json::from_str(text).ok())?,
        fingerprint: rows::build(row, 4)?,
        link: None,
    })
}

fn with_link(connection: &Connection, bench: BenchSummary) -> Result<BenchSummary, Problem> {
    Ok(BenchSummary { link: link(connection, &bench.executable)?, ..bench })
}

fn link(connection: &Connection, executable: &Digest) -> Result<Option<LinkSummary>, Problem> {
    let found = connection
        .prepare_cached(
            "SELECT link_summary.besides, link_summary.nameless, link_summary.parts FROM executable \
             JOIN link_summary ON link_summary.executable = executable.id WHERE executable.digest = ?1",
        )?
        .query_row([executable.as_str()], |row| {
            let digest = |column| row.get::<_, String>(column).map(Digest::new);
            Ok((digest(0)?, digest(1)?, row.get::<_, Vec<u8>>(2)?))
        })
        .optional()?;
    let Some((besides, nameless, bytes)) = found else { return Ok(None) };
    let parts = LinkSummary::parts_of(&bytes)
        .ok_or_else(|| Problem::Nonsense("numbers of parts are cut off or in no order".to_owned()))?;
    Ok(Some(LinkSummary { besides, nameless, parts }))
}

/// Adds a summary to a run, and what its executable was linked from where that is new.
pub(super) fn add(
    transaction: &Transaction<'_>,
    run: RunId,
    revision: &Revision,
    bench: &BenchSummary,
) -> Result<(), Problem> {
    let revision = rows::revision_id(transaction, revision)?;
    let build = rows::build_id(transaction, &bench.fingerprint)?;
    let executable = rows::executable_id(transaction, bench.executable.as_str())?;
    let facts = serde_json::to_string(&bench.facts).map_err(|error| Problem::Nonsense(error.to_string()))?;
    let brings_link = match &bench.link {
        Some(link) => {
            let mut add = transaction.prepare_cached(
                "INSERT INTO link_summary (executable, besides, nameless, parts) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (executable) DO UPDATE SET besides = excluded.besides, nameless = excluded.nameless, \
                 parts = excluded.parts WHERE besides <> excluded.besides",
            )?;
            add.execute(params![executable, link.besides.as_str(), link.nameless.as_str(), link.bytes()])? > 0
        }
        None => false,
    };
    transaction
        .prepare_cached(
            "INSERT INTO bench_summary \
             (run, revision, package, target, build, executable, facts, brings_link) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (run, revision, package, target) DO UPDATE SET build = excluded.build, \
             executable = excluded.executable, facts = excluded.facts, \
             brings_link = max(brings_link, excluded.brings_link)",
        )?
        .execute(params![
            run.0,
            revision,
            bench.package,
            bench.target,
            build,
            executable,
            facts,
            brings_link
        ])?;
    Ok(())
}

/// The summaries of a run, with their revisions, in a fixed order. What an executable was linked from goes with the run that found it
/// out: whoever receives all runs has it once.
pub(super) fn of_run(connection: &Connection, run: i64) -> Result<Vec<(Revision, BenchSummary)>, Problem> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {SUMMARY}, revision.commit_id, revision.dirty, revision.tree_id, \
         bench_summary.brings_link FROM bench_summary JOIN revision ON revision.id = bench_summary.revision \
         JOIN build ON build.id = bench_summary.build \
         JOIN executable ON executable.id = bench_summary.executable WHERE bench_summary.run = ?1 \
         ORDER BY revision.commit_id, bench_summary.package, bench_summary.target"
    ))?;
    let found = query.query_map([run], |row| {
        let revision = Revision {
            label: String::new(),
            commit: rows::commit(row, 12)?,
            dirty: row.get(13)?,
            tree: rows::word(row, 14, TreeId::from_hex)?,
        };
        Ok((revision, summary(row)?, row.get::<_, bool>(15)?))
    })?;
    let mut all = Vec::new();
    for found in found {
        let (revision, bench, brings_link) = found?;
        all.push((revision, if brings_link { with_link(connection, bench)? } else { bench }));
    }
    Ok(all)
}
