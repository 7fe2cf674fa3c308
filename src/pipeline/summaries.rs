//! Keeping what is known of executables for the time when they are gone, and for machines that never had them.

use super::error::PipelineError;
use super::prepared::Prepared;
use super::session::Session;
use super::spared::is_summed_up;
use super::workspace::Listing;
use crate::build::relink::{self, Archives, Original};
use crate::build::variables_of;
use crate::domain::{BenchSummary, BuiltBench, LinkSummary, SummaryFacts};
use crate::support::scratch::Scratch;

/// Keeps what is known of the bench targets of a commit that were built. `link` says of an executable what it was linked from.
///
/// # Errors
/// The store does not take it.
pub(super) fn keep(
    session: &mut Session<'_>,
    prepared: &Prepared,
    listing: &Listing,
    mut link: impl FnMut(&Session<'_>, &BuiltBench) -> Option<LinkSummary>,
) -> Result<(), PipelineError> {
    let (revision, Some(key)) = (&prepared.revision, &prepared.key) else { return Ok(()) };
    if revision.dirty {
        return Ok(());
    }
    let mut found = Vec::new();
    for bench in prepared.benches.iter().filter(|bench| is_summed_up(bench)) {
        let listed = listing.benches.iter().find(|listed| listed.bench.identity() == bench.identity());
        let Some(Ok(ids)) = listed.map(|listed| &listed.ids) else { continue };
        let known = session.store.link_summary(&bench.digest)?.filter(relink::is_current);
        found.push(BenchSummary {
            package: bench.package.clone(),
            target: bench.target.clone(),
            fingerprint: bench.fingerprint.clone(),
            executable: bench.digest.clone(),
            facts: SummaryFacts {
                key: key.clone(),
                unit: bench.unit.kind(),
                surroundings: bench.surroundings.clone(),
                variables: variables_of(bench),
                ids: ids.clone(),
            },
            link: known.or_else(|| link(session, bench)),
        });
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
