//! Both sides of a comparison, built: what is timed, and what allocations are counted in.

use std::collections::BTreeSet;

use super::allocations::{AllocationBuild, allocation_builds, among};
use super::apart::mark;
use super::axes::axes;
use super::builder::{Builder, Spare};
use super::catalogue::Benchmark;
use super::claims::{self, Resolved};
use super::error::PipelineError;
use super::prepared::{Prepared, TargetName};
use super::request::CompareRequest;
use super::spared::{Nothing, Search, Spared};
use super::workspace::Listing;
use crate::domain::{BuiltBench, CountKind, Event, Identical, Presence, Progress, Revision, Sides};
use crate::measure::runner::Runner;
use crate::store::Store;

/// Builds both sides, apart where they differ on purpose. `spare` is asked where they do not.
pub(super) fn prepare(
    builders: &Sides<Builder<'_>>,
    request: &CompareRequest,
    revisions: &Sides<Revision>,
    spare: &mut dyn Spare,
) -> Result<Sides<Prepared>, PipelineError> {
    let mut prepared = if axes(&request.axes).is_empty() {
        builders.candidate.prepare_both(revisions, spare)?
    } else {
        Builder::prepare_apart(builders, revisions)?
    };
    mark(&request.axes.baseline, &mut prepared.baseline);
    mark(&request.axes.candidate, &mut prepared.candidate);
    Ok(prepared)
}

/// Builds both sides, but for bench targets of which the store knows enough of the baseline.
pub(super) fn prepare_sparing(
    builders: &Sides<Builder<'_>>,
    request: &CompareRequest,
    revisions: &Sides<Revision>,
    store: &Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<(Sides<Prepared>, Spared), PipelineError> {
    let sides = (&builders.candidate, &revisions.baseline);
    let mut search = Search::new(request, sides, store, runner, progress);
    let prepared = prepare(builders, request, revisions, &mut search)?;
    Ok((prepared, search.found()))
}

/// Asks both sides for their benchmarks.
pub(super) fn listed(
    prepared: &Sides<Prepared>,
    spared: &Spared,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<Sides<Listing>, PipelineError> {
    progress.event(Event::Task("Listing benchmarks"));
    let mut baseline = Listing::ask(&prepared.baseline, runner, progress)?;
    baseline.benches.extend(spared.listed());
    Ok(Sides { baseline, candidate: Listing::ask(&prepared.candidate, runner, progress)? })
}

/// Finds or builds what allocations are counted in, where they are wanted and anything differs between the sides.
pub(super) fn counting_allocations(
    builders: &Sides<Builder<'_>>,
    request: &CompareRequest,
    revisions: &Sides<Revision>,
    timed: &Sides<Vec<&BuiltBench>>,
    (benchmarks, claims): (&[Benchmark], &[Resolved]),
) -> Result<Option<Sides<AllocationBuild>>, PipelineError> {
    let counted = !CountKind::Allocations.metrics(&request.measuring.metrics).is_empty();
    let all = request.measuring.identical == Identical::Measured;
    let open = benchmarks.iter().filter(|benchmark| {
        let presence = &benchmark.evidence.presence;
        // Of what is settled already nothing is counted.
        let is_open = benchmark.both().is_some() && (all || !presence.is_identical());
        counted && matches!(presence, Presence::Both(_)) && is_open
    });
    let mut targets: BTreeSet<TargetName> = open.map(|one| one.evidence.name.target_name()).collect();
    targets.extend(claims::targets(claims.iter().filter(|claim| counted || claim.is_counted())));
    if targets.is_empty() {
        return Ok(None);
    }
    let timed = timed.as_ref().map(|benches| among(benches.iter().copied(), &targets));
    let all = |builders: &Sides<Builder<'_>>| prepare(builders, request, revisions, &mut Nothing);
    allocation_builds(builders, &timed, all).map(Some)
}
