//! Keeping what is known of executables for the time when they are gone, and for machines that never had them.

use super::builder::Prepared;
use super::error::PipelineError;
use super::session::Session;
use super::spared::is_summed_up;
use super::workspace::Listing;
use crate::build::relink::{self, Archives, Original};
use crate::build::variables_of;
use crate::domain::{BenchSummary, BuiltBench, LinkSummary, SummaryFacts};
use crate::support::scratch::Scratch;

/// Keeps what is known of the bench targets of a commit, of those of which the store has no summary. `link` says of an executable
/// what it was linked from.
///
/// # Errors
/// The store does not take it.
pub(super) fn keep(
    session: &mut Session<'_>,
    prepared: &Prepared,
    listing: &Listing,
    mut link: impl FnMut(&Session<'_>, &BuiltBench) -> Option<LinkSummary>,
) -> Result<(), PipelineError> {
    let revision = &prepared.revision;
    if revision.dirty {
        return Ok(());
    }
    let known = session.store.summaries(&revision.tree)?;
    let mut found = Vec::new();
    for listed in listing.benches.iter().filter(|listed| is_summed_up(&listed.bench)) {
        let (bench, Ok(ids)) = (&listed.bench, &listed.ids) else { continue };
        let facts = SummaryFacts {
            unit: bench.unit.kind(),
            surroundings: bench.surroundings.clone(),
            variables: variables_of(bench),
            ids: ids.clone(),
        };
        let summary = BenchSummary {
            package: bench.package.clone(),
            target: bench.target.clone(),
            fingerprint: bench.fingerprint.clone(),
            executable: bench.digest.clone(),
            facts,
            link: None,
        };
        let is_same = |before: &BenchSummary| BenchSummary { link: None, ..before.clone() } == summary;
        if known.iter().any(is_same) {
            continue;
        }
        let link = match session.store.link_summary(&bench.digest)? {
            None => link(session, bench),
            known => known,
        };
        found.push(BenchSummary { link, ..summary });
    }
    if found.is_empty() {
        return Ok(());
    }
    Ok(session.store.keep_summaries(session.run, revision, &found)?)
}

/// What an executable was linked from, by linking it once more.
pub(super) fn linked(bench: &BuiltBench, archives: &mut Archives) -> Option<LinkSummary> {
    let folder = Scratch::new().ok()?;
    let original = Original { executable: &bench.executable, digest: &bench.digest };
    relink::summary(original, archives, folder.path())
        .inspect_err(|reason| tracing::debug!(target = bench.label(), %reason, "does not tell what it was linked from"))
        .ok()
}
