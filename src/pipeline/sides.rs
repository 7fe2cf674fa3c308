//! Both sides of a comparison, built: what is timed, and what allocations are counted in.

use std::collections::BTreeSet;

use super::allocations::{AllocationBuild, allocation_builds, among};
use super::apart::mark;
use super::axes::axes;
use super::builder::{Builder, Prepared, TargetName};
use super::catalogue::Benchmark;
use super::claims::{self, Resolved};
use super::error::PipelineError;
use super::request::CompareRequest;
use crate::domain::{BuiltBench, CountKind, Identical, Presence, Revision, Sides};

/// Builds both sides, apart where they differ on purpose.
pub(super) fn prepare(
    builders: &Sides<Builder<'_>>,
    request: &CompareRequest,
    revisions: &Sides<Revision>,
) -> Result<Sides<Prepared>, PipelineError> {
    let mut prepared = if axes(&request.axes).is_empty() {
        builders.candidate.prepare_both(revisions)?
    } else {
        Builder::prepare_apart(builders, revisions)?
    };
    mark(&request.axes.baseline, &mut prepared.baseline);
    mark(&request.axes.candidate, &mut prepared.candidate);
    Ok(prepared)
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
        counted && matches!(presence, Presence::Both(_)) && (all || !presence.is_identical())
    });
    let mut targets: BTreeSet<TargetName> = open
        .map(|one| (one.evidence.name.package().to_owned(), one.evidence.name.target().to_owned()))
        .collect();
    targets.extend(claims::targets(claims.iter().filter(|claim| counted || claim.is_counted())));
    if targets.is_empty() {
        return Ok(None);
    }
    let timed = timed.as_ref().map(|benches| among(benches.iter().copied(), &targets));
    allocation_builds(builders, &timed, |builders| prepare(builders, request, revisions)).map(Some)
}
