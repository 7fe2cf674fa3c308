//! `explain`: which functions account for the difference of one benchmark. Source, build, two counts of each side.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::builder::Builder;
use super::error::PipelineError;
use super::places::{prefix_in, roots};
use super::prepared::Prepared;
use super::request::{Project, Scope, Subject};
use super::workspace::{Workspace, nothing};
use crate::blame;
use crate::discover::{DiscoverError, Selection, nearest};
use crate::domain::{
    BenchmarkName, BuildDifference, BuiltBench, DependencyDifference, Event, EventDifference, ExplainReport,
    Explanation, Failure, InstructionCount, MachineFacts, Note, Progress, Revision, Side, Sides, SourceTree,
    StackCost, Variant,
};
use crate::measure::counter::{CountOptions, InstructionSource, Uncounted};
use crate::measure::runner::{ListedBenchmark, Runner};
use crate::source::{SUITE_PACKAGE, locked_packages};

/// When a launch that counts is given up: it runs some fifty times slower than one that does not.
const TIME_LIMIT: Duration = Duration::from_mins(10);

/// How many names are offered for one that means several.
const NEAR: usize = 5;

/// What `explain` asks for.
#[derive(Debug, Clone)]
pub struct ExplainRequest {
    /// Where.
    pub project: Project,
    /// Which benchmark: its full name, or a part of it or glob that means exactly one.
    pub benchmark: String,
    /// What is compared with; `None` for the default.
    pub baseline: Option<String>,
    /// What is explained.
    pub candidate: Subject,
    /// What takes part. Its filter is the benchmark's name.
    pub scope: Scope,
    /// When a launch is given up; `None` for the default.
    pub launch_timeout: Option<Duration>,
    /// Whether branches and simulated caches are counted besides.
    pub caches: bool,
    /// On which machine.
    pub machine: MachineFacts,
}

/// A benchmark that was found in an executable.
struct Found {
    name: BenchmarkName,
    bench: BuiltBench,
    listed: ListedBenchmark,
}

/// Explains the difference in instructions of one benchmark.
///
/// # Errors
/// No such benchmark or revision, a build that fails, instructions that cannot be counted.
pub fn explain(
    request: &ExplainRequest,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<ExplainReport, PipelineError> {
    let start = Instant::now();
    let mut workspace = Workspace::find(&request.project, progress)?;
    let named = workspace.name_sides(request.baseline.as_deref(), &request.candidate)?;
    workspace.lock()?;
    let revisions = workspace.sides(named)?;
    let (prepared, found) = candidate_side(request, &workspace, &revisions.candidate, runner)?;
    let (prepared, found) = baseline_side(request, &workspace, revisions.baseline, prepared, found, runner)?;
    let prefix = workspace.prefix()?;
    let mut notes = prepared.candidate.notes.clone();
    let dependencies = dependencies(&prepared, &found, &prefix, &mut notes);
    let counted = if found.baseline.bench.digest == found.candidate.bench.digest {
        None
    } else {
        Some(count_both(request, &found, &prefix, runner, progress)?)
    };
    let revisions = prepared.as_ref().map(|prepared| prepared.revision.clone());
    let Counted { counter, varies, explanation, events, stacks } = counted.unwrap_or_default();
    Ok(ExplainReport {
        benchmark: found.candidate.name.clone(),
        revisions,
        machine: request.machine.clone(),
        toolchain: prepared.candidate.toolchain(),
        counter,
        builds: builds(&found),
        dependencies,
        varies,
        explanation,
        events,
        stacks,
        notes,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Builds the candidate and finds the benchmark. Where the name tells package and target, nothing else is built.
fn candidate_side(
    request: &ExplainRequest,
    workspace: &Workspace<'_>,
    revision: &Revision,
    runner: &mut dyn Runner,
) -> Result<(Prepared, Found), PipelineError> {
    let narrowed = request.benchmark.parse().ok().map(|name| narrowed(&request.scope, &name));
    let mut prepared = None;
    for scope in narrowed.iter().chain([&request.scope]) {
        match builder(workspace, scope).prepare(Side::Candidate, revision, None) {
            // What looks like a package and a target may be any part of a name.
            Err(PipelineError::Discover(
                DiscoverError::UnknownPackage { .. } | DiscoverError::UnknownBench { .. },
            )) if scope.selection != request.scope.selection => {}
            Err(error) => return Err(error),
            Ok(built) => {
                prepared = Some(built);
                break;
            }
        }
    }
    let Some(prepared) = prepared else { return Err(PipelineError::NoBenches(Vec::new())) };
    workspace.progress.event(Event::Task("Listing benchmarks"));
    let found = find(request, &prepared, runner)?;
    Ok((prepared, found))
}

/// Builds the one bench of the baseline and finds the benchmark in it.
fn baseline_side(
    request: &ExplainRequest,
    workspace: &Workspace<'_>,
    revision: Revision,
    candidate: Prepared,
    found: Found,
    runner: &mut dyn Runner,
) -> Result<(Sides<Prepared>, Sides<Found>), PipelineError> {
    let scope = narrowed(&request.scope, &found.name);
    let builder = builder(workspace, &scope);
    let baseline = if revision.tree == candidate.revision.tree {
        candidate.clone().standing_for(revision)
    } else {
        builder.prepare(Side::Baseline, &revision, Some(&candidate))?
    };
    builder.tidy(&[&baseline, &candidate].map(|prepared| prepared.content.clone()));
    let bench = baseline.benches.iter().find(|bench| bench.identity() == found.bench.identity());
    let listed =
        bench.map(|bench| Ok::<_, PipelineError>((bench.clone(), list(bench, runner)?))).transpose()?;
    let same = listed.and_then(|(bench, listed)| {
        let listed = listed.into_iter().find(|listed| listed.id == found.name.id())?;
        Some(Found { name: found.name.clone(), bench, listed })
    });
    let Some(same) = same else {
        return Err(PipelineError::OneSided { name: found.name, side: Side::Candidate });
    };
    Ok((Sides { baseline, candidate }, Sides { baseline: same, candidate: found }))
}

/// Builds with symbols and line tables.
fn builder<'a>(workspace: &'a Workspace<'_>, scope: &'a Scope) -> Builder<'a> {
    Builder { variant: Variant::Lines, ..workspace.builder(scope) }
}

/// A scope of one bench target; of the harness, which is built as one, the whole package.
fn narrowed(scope: &Scope, name: &BenchmarkName) -> Scope {
    let benches = if name.package() == SUITE_PACKAGE { Vec::new() } else { vec![name.target().to_owned()] };
    let selection =
        Selection { packages: vec![name.package().to_owned()], benches, ..scope.selection.clone() };
    Scope { selection, ..scope.clone() }
}

/// Asks an executable for its benchmarks.
fn list(bench: &BuiltBench, runner: &mut dyn Runner) -> Result<Vec<ListedBenchmark>, PipelineError> {
    runner.list(bench).map_err(|failure| PipelineError::Unlisted {
        label: bench.label(),
        unit: bench.unit.kind(),
        failure: Failure::from(failure),
    })
}

/// The one benchmark that is meant.
fn find(
    request: &ExplainRequest,
    prepared: &Prepared,
    runner: &mut dyn Runner,
) -> Result<Found, PipelineError> {
    let mut all = Vec::new();
    let mut broken = None;
    for bench in &prepared.benches {
        match list(bench, runner) {
            Ok(listed) => all.extend(listed.into_iter().map(|listed| Found {
                name: BenchmarkName::new(&bench.package, &bench.target, &listed.id),
                bench: bench.clone(),
                listed,
            })),
            Err(error) => broken = Some(error),
        }
    }
    let names: Vec<BenchmarkName> = all.iter().map(|found| found.name.clone()).collect();
    match (choose(&request.benchmark, &request.scope, &names), broken) {
        (Ok(place), _) => Ok(all.swap_remove(place)),
        // It may be among those that cannot be told.
        (Err(PipelineError::NoMatch { .. }), Some(broken)) => Err(broken),
        (Err(PipelineError::NoMatch { .. }), None) if names.is_empty() => {
            Err(nothing(prepared, &request.scope, &names))
        }
        (Err(error), _) => Err(error),
    }
}

/// The place of the name that a text means: the whole name, or the only one that matches.
fn choose(text: &str, scope: &Scope, names: &[BenchmarkName]) -> Result<usize, PipelineError> {
    if let Some(exact) = names.iter().position(|name| name.to_string() == text) {
        return Ok(exact);
    }
    let matching: Vec<usize> = (0..names.len()).filter(|place| scope.includes(&names[*place])).collect();
    match matching.as_slice() {
        [only] => Ok(*only),
        [] => Err(PipelineError::NoMatch { filter: text.to_owned(), near: nearest(names, text) }),
        several => {
            let mut near = nearest(several.iter().map(|place| &names[*place]), text);
            let others = several.iter().map(|place| names[*place].to_string());
            let others: Vec<String> = others.filter(|name| !near.contains(name)).collect();
            near.extend(others);
            near.truncate(NEAR);
            Err(PipelineError::Several { text: text.to_owned(), count: several.len(), near })
        }
    }
}

/// How the builds differ besides the code.
fn builds(found: &Sides<Found>) -> Vec<BuildDifference> {
    let (baseline, candidate) = (&found.baseline.bench.fingerprint, &found.candidate.bench.fingerprint);
    baseline.differences(candidate)
}

/// How the dependencies differ. That a lock file cannot be read is no reason to fail.
fn dependencies(
    prepared: &Sides<Prepared>,
    found: &Sides<Found>,
    prefix: &Path,
    notes: &mut Vec<Note>,
) -> Vec<DependencyDifference> {
    let locked = Sides::from_fn(|side| {
        let bench = &found.get(side).bench;
        let tree = SourceTree {
            revision: prepared.get(side).revision.clone(),
            content: prepared.get(side).content.clone(),
            home: bench.home.clone(),
            prefix: prefix_in(bench, prefix).to_owned(),
        };
        locked_packages(&tree).unwrap_or_else(|error| {
            notes.push(Note::DependenciesUnknown(side, error.to_string()));
            Vec::new()
        })
    });
    if locked.baseline.is_empty() || locked.candidate.is_empty() {
        return Vec::new();
    }
    blame::dependencies(Sides { baseline: &locked.baseline, candidate: &locked.candidate })
}

/// What two counts of each side come to.
#[derive(Default)]
struct Counted {
    counter: Option<String>,
    varies: Sides<f64>,
    explanation: Option<Explanation>,
    events: Vec<EventDifference>,
    stacks: Vec<StackCost>,
}

fn count_both(
    request: &ExplainRequest,
    found: &Sides<Found>,
    prefix: &Path,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<Counted, PipelineError> {
    let options = CountOptions {
        time_limit: request.launch_timeout.unwrap_or(TIME_LIMIT),
        // Nothing else tells functions apart.
        source: InstructionSource::Callgrind,
        caches: request.caches,
    };
    let mut varies = Sides::default();
    let mut take = |side: Side| {
        progress.event(Event::Task(&format!("Counting the {side}")));
        let found = found.get(side);
        let mut once = || count(found, &options, runner);
        let (mut first, second) = (once()?, once()?);
        *varies.get_mut(side) = (first.sample.per_iteration() - second.sample.per_iteration()).abs();
        blame::tidy(&mut first.profile, &roots(&request.project, &found.bench, prefix));
        Ok::<_, PipelineError>(first)
    };
    let counts = Sides { baseline: take(Side::Baseline)?, candidate: take(Side::Candidate)? };
    Ok(Counted {
        counter: Some(counts.candidate.counter.clone()),
        varies,
        explanation: Some(blame::explain(counts.as_ref())),
        events: events(counts.as_ref()),
        stacks: blame::stacks(counts.as_ref()),
    })
}

/// What was counted besides instructions, for one iteration.
fn events(counts: Sides<&InstructionCount>) -> Vec<EventDifference> {
    let names: BTreeSet<&String> =
        Side::BOTH.iter().flat_map(|&side| counts.get(side).profile.events.keys()).collect();
    // How long system calls took under Valgrind is no count.
    let names = names.into_iter().filter(|name| !matches!(name.as_str(), "sysTime" | "sysCpuTime"));
    let difference = |name: &String| EventDifference {
        event: name.clone(),
        values: counts.map(|count| count.event(name).unwrap_or(0.0)),
    };
    names.map(difference).collect()
}

fn count(
    found: &Found,
    options: &CountOptions,
    runner: &mut dyn Runner,
) -> Result<InstructionCount, PipelineError> {
    let uncounted =
        |reason: String, remedy| PipelineError::Uncounted { name: found.name.clone(), reason, remedy };
    let failed =
        |failure| PipelineError::CountFailed { name: found.name.clone(), failure: Box::new(failure) };
    let counter = runner.counting(&found.bench.home).map_err(|error| uncounted(error.to_string(), None))?;
    counter.instructions(&found.bench, &found.listed, options).map_err(|error| match error {
        Uncounted::Unavailable { reason, remedy } => uncounted(reason, remedy),
        Uncounted::Failed(failure) => failed(Failure::from(failure)),
        Uncounted::Uncountable(reason) => PipelineError::Uncountable { name: found.name.clone(), reason },
    })
}

#[cfg(test)]
mod tests;
