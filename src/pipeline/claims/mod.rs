//! `claims`: what is said to hold within one build, put to the test.
//!
//! | module | does |
//! |---|---|
//! | [`wire`], [`problem`] | claims as they are written, and what can be wrong with them |
//! | `resolve` | texts to benchmarks (pure) |
//! | `examine` | pairs for what is about time |
//! | `tallies` | counts of allocations and instructions |
//! | `allocations`, `layout` | counts and facts for the rest |
//! | `gate` | claims as part of `check` |

mod allocations;
mod examine;
pub(crate) mod gate;
mod layout;
pub mod problem;
mod resolve;
mod tallies;
pub mod wire;

use std::time::Instant;

use super::catalogue::ListedBench;
use super::compare::in_scope;
use super::counts::Heap;
use super::error::PipelineError;
use super::layouts::Layouts;
use super::prove::Arena;
use super::request::{Harness, Measuring, Project, Scope};
use super::session;
use super::workshop::{Layout, Prepared, Workshop};
use crate::discover::Filter;
use crate::domain::{
    BenchmarkName, Claim, ClaimWeight, Event, MachineFacts, Progress, Report, Revision, Side,
};
use crate::judge::{Exit, Policy};
use crate::measure::runner::Runner;
use crate::source::{HARNESS_PACKAGE, Repository};
use crate::store::Store;
use crate::support::process::interrupted;

pub(crate) use examine::{Evidence, SecondLook, examine};
pub use problem::{ClaimError, ClaimProblem};
pub(crate) use resolve::Resolved;
use resolve::{Bench, Reach};
pub(crate) use tallies::{Tallies, targets};

/// What `claims` asks for.
#[derive(Debug, Clone)]
pub struct ClaimsRequest {
    /// Where.
    pub project: Project,
    /// What takes part; its filter is over names of claims.
    pub scope: Scope,
    /// The user's own claims.
    pub own: Vec<Claim<String>>,
    /// How it is measured; the budget is for each claim.
    pub measuring: Measuring,
    /// The error that is accepted.
    pub policy: Policy,
    /// On which machine.
    pub machine: MachineFacts,
    /// What orders are drawn from.
    pub seed: u64,
}

/// Puts every claim to the test: the user's and the harness's.
///
/// # Errors
/// What keeps claims from being tested at all, and claims of the user's that make no sense. What befalls single ones is
/// part of the report.
pub fn claims(
    request: &ClaimsRequest,
    store: &mut Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<Report, PipelineError> {
    let start = Instant::now();
    let repository = Repository::discover(&request.project.root)?;
    let revision = repository.work_tree()?;
    let lock = session::lock(&request.project, progress)?;
    // The filter is about claims: every benchmark may be needed.
    let scope = Scope { filter: Filter::default(), ..request.scope.clone() };
    let workshop =
        Workshop { layout: Layout::Asked, ..Workshop::new(&request.project, &repository, &scope, progress) };
    let prepared = prepare(&workshop, &request.own, &revision)?;
    workshop.tidy(std::slice::from_ref(&revision.tree));
    progress.event(Event::Stage("Listing benchmarks"));
    let revision = prepared.revision.clone();
    let listed = session::list(&prepared, runner)?;
    let resolved = selected(request, &revision, &prepared, &listed)?;
    let targets = targets(&resolved);
    let counting = workshop.counting_allocations(&targets);
    let heap = match prepare(&counting, &request.own, &revision) {
        Ok(prepared) => Ok(Heap::from(prepared)),
        Err(PipelineError::Build(error)) if !interrupted() => Err(uncounted(&error)),
        Err(error) => return Err(error),
    };
    let occasion = session::begin(store, "claims", &request.machine, request.seed)?;
    let timed = resolved.iter().filter(|claim| claim.is_timed()).count();
    let measuring = &request.measuring;
    let layouts = &mut Layouts::new(request.scope.layout, &request.project.area, request.seed);
    let mut arena = Arena { store, occasion, runner, progress, measuring, seed: request.seed, layouts };
    let heap = heap.as_ref().map_err(String::as_str);
    let tallies = Tallies::count(&mut arena, (&revision, &request.machine), &resolved, &listed, heap)?;
    arena.progress.event(Event::Measuring { benchmarks: timed });
    let evidence = Evidence {
        tallies: &tallies,
        layout: prepared.layout.as_ref(),
        weight: &|_| ClaimWeight::Informative,
        second_look: SecondLook::No,
        budget: request.policy.error_budget(timed),
    };
    let (outcomes, broken) = examine(&mut arena, &revision, &resolved, &evidence)?;
    progress.event(Event::Measured);
    drop(lock);
    let mut errors = session::unlisted(&listed);
    errors.extend(broken);
    errors.extend(session::interruption("before every claim was decided; what was measured is stored"));
    let exit = if errors.is_empty() { Exit::Passed } else { Exit::Incomplete };
    Ok(Report {
        command: "claims",
        exit_code: exit.code(),
        baseline: None,
        candidate: Some(revision),
        machine: Some(request.machine.clone()),
        toolchain: session::toolchain(&prepared),
        benchmarks: Vec::new(),
        claims: outcomes,
        errors,
        notes: session::notes(&prepared),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Why there are no executables that count allocations.
pub(crate) fn uncounted(error: &crate::build::BuildError) -> String {
    format!("the build that counts them failed to {error}")
}

/// Builds what claims need: the workspace's benches only where the user claims something of them.
fn prepare(
    workshop: &Workshop<'_>,
    own: &[Claim<String>],
    revision: &Revision,
) -> Result<Prepared, PipelineError> {
    match (own, &workshop.scope.harness) {
        ([], Harness::Off) => Err(PipelineError::NoClaims),
        ([], Harness::On { .. }) => workshop.prepare_harness(revision),
        _ => workshop.prepare(Side::Candidate, revision, None),
    }
}

/// The claims that are asked for, resolved: the user's first.
fn selected(
    request: &ClaimsRequest,
    revision: &Revision,
    prepared: &Prepared,
    listed: &[ListedBench],
) -> Result<Vec<Resolved>, PipelineError> {
    let mut all = request.own.clone();
    if matches!(request.scope.harness, Harness::On { .. }) {
        all.extend(of_harness(prepared)?);
    }
    if all.is_empty() {
        return Err(PipelineError::NoClaims);
    }
    let wanted: Vec<&Claim<String>> =
        all.iter().filter(|claim| request.scope.filter.matches_text(&claim.name)).collect();
    if wanted.is_empty() {
        let near =
            request.scope.words.iter().flat_map(|word| {
                crate::discover::nearest_text(all.iter().map(|claim| claim.name.clone()), word)
            });
        let filter = request.scope.words.join(", ");
        return Err(PipelineError::NoClaimMatch { filter, near: near.take(3).collect() });
    }
    let arch = arch(listed);
    let reach = Reach::of(&request.scope.selection);
    let bench = Bench { listed, revision, machine: &request.machine, arch: &arch, reach };
    let mut resolved = Vec::new();
    for claim in wanted {
        resolved.extend(bench.resolve(claim)?);
    }
    // Of the harness, only what is selected takes part.
    resolved.retain(|claim| claim.benchmarks.iter().all(|name| selected_of_harness(&request.scope, name)));
    Ok(resolved)
}

fn selected_of_harness(scope: &Scope, name: &BenchmarkName) -> bool {
    name.package() != HARNESS_PACKAGE || in_scope(&Scope { filter: Filter::default(), ..scope.clone() }, name)
}

/// The claims of the harness that was built: those that lie beside its benches. None when it was not built.
fn of_harness(prepared: &Prepared) -> Result<Vec<Claim<String>>, PipelineError> {
    let Some(bench) = prepared.benches.iter().find(|bench| bench.package == HARNESS_PACKAGE) else {
        return Ok(Vec::new());
    };
    let path = bench.working_dir.join("claims.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| PipelineError::Area { folder: path.clone(), error })?;
    Ok(wire::harness_claims(&text)?)
}

/// The architecture everything is built for.
fn arch(listed: &[ListedBench]) -> String {
    let first = listed.first().map(|listed| listed.bench.fingerprint.arch());
    first.unwrap_or(std::env::consts::ARCH).to_owned()
}
