//! Both sides of a comparison, built: what is timed, and what allocations are counted in.

use std::collections::BTreeSet;

use super::apart::mark;
use super::axes::axes;
use super::builder::{Builder, Prepared, TargetName};
use super::catalogue::Benchmark;
use super::claims::{self, Resolved};
use super::collect::benchmarks::AllocationBuilds;
use super::collect::counts::AllocationBuild;
use super::error::PipelineError;
use super::request::CompareRequest;
use crate::domain::{CountKind, Identical, Presence, Revision, Sides};
use crate::support::process::interrupted;

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

/// Builds what allocations are counted in, where they are wanted and anything differs between the sides. That it does not
/// build is no reason to leave out the rest.
pub(super) fn allocation_builds(
    builders: &Sides<Builder<'_>>,
    request: &CompareRequest,
    revisions: &Sides<Revision>,
    benchmarks: &[Benchmark],
    claims: &[Resolved],
) -> Result<Option<AllocationBuilds>, PipelineError> {
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
    let builders = builders.as_ref().map(|builder| builder.counting_allocations(&targets));
    match prepare(&builders, request, revisions) {
        Ok(prepared) => Ok(Some(Ok(prepared.map(AllocationBuild::from)))),
        Err(PipelineError::Build(error)) if !interrupted() => Ok(Some(Err(claims::build_failed(&error)))),
        Err(error) => Err(error),
    }
}

/// What allocations of the candidate are counted in, or why there is nothing.
pub(super) fn counting_candidate(builds: Option<&AllocationBuilds>) -> Result<&AllocationBuild, &str> {
    match builds {
        Some(Ok(builds)) => Ok(&builds.candidate),
        Some(Err(reason)) => Err(reason),
        None => Err("nothing was built to count them in"),
    }
}
