//! What allocations are counted in: the executables that are timed, where the library that counts can be preloaded; others, with an
//! allocator that counts, where it cannot.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::builder::Builder;
use super::error::PipelineError;
use super::prepared::{Prepared, TargetName};
use crate::build::preload::{Library, Preload, heeds};
use crate::domain::{BuiltBench, CountKind, NotCounted, Sides};
use crate::measure::harness::Counting;
use crate::measure::harnesses::harness_of;
use crate::support::process::interrupted;

/// The executables of one side that count allocations.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllocationBuild {
    benches: Vec<BuiltBench>,
    /// Benches, as `package::target`, that cannot have any, and why.
    refused: Vec<(String, String)>,
    /// Why those are not there that would have had to be built.
    failed: Option<String>,
    /// Its file is there as long as executables name it.
    _preload: Option<Arc<Preload>>,
}

impl AllocationBuild {
    /// The one that counts what another executable times.
    pub(crate) fn find(&self, timed: &BuiltBench) -> Result<&BuiltBench, NotCounted> {
        let found = self.benches.iter().find(|bench| bench.identity() == timed.identity());
        found.ok_or_else(|| {
            let label = timed.label();
            match (self.refused.iter().find(|(refused, _)| *refused == label), &self.failed) {
                (Some((_, reason)), _) => NotCounted::Uncountable(format!("{label}: {reason}")),
                (None, Some(reason)) => NotCounted::Unavailable(reason.clone(), None),
                (None, None) => {
                    NotCounted::Uncountable(format!("{label}: it could not be built to count them"))
                }
            }
        })
    }

    fn add(&mut self, prepared: Prepared) {
        self.benches.extend(prepared.benches);
        self.refused.extend(prepared.refused);
    }
}

/// Finds or builds what allocations of one side are counted in. `prepare` builds what cannot be preloaded.
pub(crate) fn allocation_build(
    builder: &Builder<'_>,
    timed: &[&BuiltBench],
    prepare: impl FnOnce(&Builder<'_>) -> Result<Prepared, PipelineError>,
) -> Result<AllocationBuild, PipelineError> {
    let (mut found, rest) = in_place(builder, [timed]);
    let [build] = &mut found;
    if !rest.is_empty() {
        match built(prepare(&builder.counting_allocations(&rest)))? {
            Ok(prepared) => build.add(prepared),
            Err(reason) => build.failed = Some(reason),
        }
    }
    let [build] = found;
    Ok(build)
}

/// The same of both sides. Where one of them has to be built, the other is built as well: both are counted in one way.
pub(crate) fn allocation_builds(
    builders: &Sides<Builder<'_>>,
    timed: &Sides<Vec<&BuiltBench>>,
    prepare: impl FnOnce(&Sides<Builder<'_>>) -> Result<Sides<Prepared>, PipelineError>,
) -> Result<Sides<AllocationBuild>, PipelineError> {
    let (found, rest) = in_place(&builders.candidate, [&timed.baseline[..], &timed.candidate]);
    let [baseline, candidate] = found;
    let mut builds = Sides { baseline, candidate };
    if !rest.is_empty() {
        match built(prepare(&builders.as_ref().map(|builder| builder.counting_allocations(&rest))))? {
            Ok(prepared) => {
                builds.baseline.add(prepared.baseline);
                builds.candidate.add(prepared.candidate);
            }
            Err(reason) => {
                builds.baseline.failed = Some(reason.clone());
                builds.candidate.failed = Some(reason);
            }
        }
    }
    Ok(builds)
}

/// That it does not build is no reason to leave out the rest.
fn built<T>(prepared: Result<T, PipelineError>) -> Result<Result<T, String>, PipelineError> {
    match prepared {
        Ok(prepared) => Ok(Ok(prepared)),
        Err(PipelineError::Build(error)) if !interrupted() => {
            Ok(Err(format!("the build that counts them failed: {error}")))
        }
        Err(error) => Err(error),
    }
}

/// Of every side, what can be counted as it is, and which bench targets have to be built because of any side.
fn in_place<const N: usize>(
    builder: &Builder<'_>,
    sides: [&[&BuiltBench]; N],
) -> ([AllocationBuild; N], BTreeSet<TargetName>) {
    let all = || sides.iter().flat_map(|side| side.iter().copied());
    let preload = all().any(needs_more).then(|| preload(builder, Library::Allocations)).flatten();
    let unheeding = |bench: &&BuiltBench| needs_more(bench) && !(preload.is_some() && heeds(bench));
    let rest: BTreeSet<TargetName> = all().filter(unheeding).map(BuiltBench::target_name).collect();
    let build = |side: &[&BuiltBench]| AllocationBuild {
        benches: side
            .iter()
            .filter(|bench| !rest.contains(&bench.target_name()))
            .map(|&bench| match &preload {
                Some(preload) if needs_more(bench) => preload.loaded_into(bench),
                _ => bench.clone(),
            })
            .collect(),
        _preload: preload.clone(),
        ..AllocationBuild::default()
    };
    (sides.map(build), rest)
}

/// The executables of these bench targets.
pub(crate) fn among<'a>(
    benches: impl IntoIterator<Item = &'a BuiltBench>,
    targets: &BTreeSet<TargetName>,
) -> Vec<&'a BuiltBench> {
    benches.into_iter().filter(|bench| targets.contains(&bench.target_name())).collect()
}

/// Whether an executable has to be made to count: by the copied library in it, which says where iterations begin and end. What
/// else is counted, or refused, is counted and refused as it is.
fn needs_more(bench: &BuiltBench) -> bool {
    let harness = harness_of(&bench.fingerprint.instrument);
    harness.counting() == Counting::OnRequest
        && harness.capabilities(bench).counted(CountKind::Allocations).is_ok()
}

/// A library to preload, unless it cannot be had: then there is another way.
pub(crate) fn preload(builder: &Builder<'_>, library: Library) -> Option<Arc<Preload>> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let project = builder.project;
    match Preload::compile(library, &project.root, &project.environment, &builder.scope.flags) {
        Ok(preload) => Some(Arc::new(preload)),
        Err(error) => {
            tracing::debug!(%error, ?library, "no library can be preloaded");
            None
        }
    }
}
