//! `claims`: what is said to hold within one build, put to the test.
//!
//! | module | does |
//! |---|---|
//! | [`wire`], [`problem`] | claims as they are written, and what can be wrong with them |
//! | `resolve` | texts to benchmarks (pure) |
//! | `collect` | counts, pairs and facts: the evidence |
//! | `gate` | claims as part of `check` |

mod collect;
pub(crate) mod gate;
pub mod problem;
mod resolve;
pub mod wire;

use std::path::Path;

use super::allocations::{allocation_build, among};
use super::builder::{Builder, TypeLayout};
use super::error::PipelineError;
use super::layouts::Layouts;
use super::prepared::Prepared;
use super::request::{Measuring, Project, Scope, Suite};
use super::session::{Beginning, Session};
use super::stopwatch::Stopwatch;
use super::workspace::{Listing, Workspace};
use crate::domain::{
    AaTest, Asked, BenchmarkName, BuiltBench, Claim, Confirm, Event, Execution, HistoryCheck, MachineFacts,
    Note, Progress, ReachUse, Report, ReportKind, Revision, RunEvidence, Side, Sides, Trouble,
};
use crate::judge::{GatePolicy, Policy, Rules, judge_run};
use crate::measure::runner::Runner;
use crate::source::SUITE_PACKAGE;
use crate::store::Store;
use crate::support::area::AreaError;
use crate::support::bounded::{self, Links};
use crate::support::process::interrupted;

use collect::Built;
pub(crate) use collect::targets;
pub use problem::{ClaimError, ClaimProblem};
pub(crate) use resolve::Resolved;
use resolve::{Bench, Reach};

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

/// Puts every claim to the test: the user's and the built-in suite's.
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
    let stopwatch = Stopwatch::start(progress);
    let progress: &dyn Progress = &stopwatch;
    let mut workspace = Workspace::find(&request.project, progress)?;
    let revision = workspace.repository.work_tree()?;
    workspace.lock()?;
    // The filter is about claims: every benchmark may be needed.
    let scope = request.scope.of_every_name();
    let builder = Builder { layout: TypeLayout::Asked, ..workspace.builder(&scope) };
    let prepared = prepare(&builder, &request.own, &revision)?;
    builder.tidy(std::slice::from_ref(&revision.tree));
    progress.event(Event::Task("Listing benchmarks"));
    let revision = prepared.revision.clone();
    let listed = Listing::ask(&prepared, runner, progress)?;
    let resolved = selected(request, &revision, &prepared, &listed)?;
    let targets = targets(&resolved);
    let timed = among(&prepared.benches, &targets);
    let allocations =
        allocation_build(&builder, &timed, |builder| prepare(builder, &request.own, &revision))?;
    let beginning = Beginning {
        kind: ReportKind::Claims,
        measuring: &request.measuring,
        machine: &request.machine,
        seed: request.seed,
    };
    let mut layouts = Layouts::new(request.scope.layout, &request.project.area, request.seed);
    let mut session = Session::begin(&beginning, store, runner, progress, &mut layouts)?;
    let mut run = RunEvidence {
        kind: ReportKind::Claims,
        revisions: Sides { baseline: revision.clone(), candidate: revision.clone() },
        machine: request.machine.clone(),
        toolchain: prepared.toolchain(),
        tests: Some(resolved.iter().filter(|claim| claim.evidence.case.is_timed()).count()),
        asked: request.asked(),
        budget: request.measuring.budget.as_secs_f64(),
        aa: AaTest::default(),
        claims: Vec::new(),
        acceptances: Vec::new(),
        layouts: None,
        notes: prepared.all_notes().into_iter().chain(emulated(&prepared.benches)).collect(),
        troubles: listed.troubles(None),
        seconds: 0.0,
        stages: Vec::new(),
    };
    let built = Built { listed: &listed, allocations: Some(&allocations), layout: prepared.layout.as_ref() };
    let asked = run.asked.clone();
    let rules = Rules { tests: run.tests, ..Rules::new(&request.policy, &asked, run.budget) };
    collect::collect(&mut session, &mut run, &revision, resolved, &built, &rules)?;
    run.notes.extend(session.runner.notes());
    progress.event(Event::Measured);
    workspace.unlock();
    session.layouts.tell(&mut run);
    if interrupted() {
        run.troubles.push(Trouble::Interrupted);
    }
    (run.stages, run.seconds) = stopwatch.read();
    let stored = session.read_back(&run, &[])?;
    let report = judge_run(&stored.run, &stored.benchmarks, &request.policy, GatePolicy::default());
    record(&mut session, &revision, &stored.run, &report)?;
    Ok(report)
}

impl ClaimsRequest {
    /// What is asked for. Claims inform: a refuted one needs no second look.
    fn asked(&self) -> Asked {
        Asked {
            metrics: Vec::new(),
            insistence: self.measuring.insistence,
            confirm: Confirm::Never,
            identical: self.measuring.identical,
            reach: ReachUse::Off,
            history: HistoryCheck::Off,
            partition: None,
            selection: String::new(),
            axes: Vec::new(),
        }
    }
}

/// Stores what was found about every claim that was looked into.
pub(crate) fn record(
    session: &mut Session<'_>,
    revision: &Revision,
    run: &RunEvidence,
    report: &Report,
) -> Result<(), PipelineError> {
    for (evidence, outcome) in run.claims.iter().zip(&report.claims) {
        if let Some(build) = evidence.build.as_ref().filter(|_| outcome.was_examined()) {
            session.store.record_claim(session.run, revision, build, outcome)?;
        }
    }
    Ok(())
}

/// Builds what claims need: the workspace's benches only where the user claims something of them.
fn prepare(
    builder: &Builder<'_>,
    own: &[Claim<String>],
    revision: &Revision,
) -> Result<Prepared, PipelineError> {
    match (own, &builder.scope.suite) {
        ([], Suite::Off) => Err(PipelineError::NoClaims),
        ([], Suite::On { .. }) => builder.prepare_suite(revision),
        _ => builder.prepare(Side::Candidate, revision, None),
    }
}

/// The claims that are asked for, resolved: the user's first.
fn selected(
    request: &ClaimsRequest,
    revision: &Revision,
    prepared: &Prepared,
    listed: &Listing,
) -> Result<Vec<Resolved>, PipelineError> {
    let mut all = request.own.clone();
    if matches!(request.scope.suite, Suite::On { .. }) {
        all.extend(of_suite(prepared)?);
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
    let bench = Bench { listed: &listed.benches, revision, machine: &request.machine, arch: &arch, reach };
    let mut resolved = Vec::new();
    for claim in wanted {
        resolved.extend(bench.resolve(claim)?);
    }
    // Of the built-in suite, only what is selected takes part.
    resolved
        .retain(|claim| claim.evidence.benchmarks.iter().all(|name| selected_of_suite(&request.scope, name)));
    Ok(resolved)
}

fn selected_of_suite(scope: &Scope, name: &BenchmarkName) -> bool {
    name.package() != SUITE_PACKAGE || scope.of_every_name().includes(name)
}

/// The claims of the built-in suite that was built: those that lie beside its benches. None when it was not built.
fn of_suite(prepared: &Prepared) -> Result<Vec<Claim<String>>, PipelineError> {
    let Some(bench) = prepared.benches.iter().find(|bench| bench.package == SUITE_PACKAGE) else {
        return Ok(Vec::new());
    };
    let path = bench.working_dir.join("claims.toml");
    let text = bounded::read_text(&path, 4 << 20, Links::Refuse)
        .map_err(|error| PipelineError::Area(AreaError::Io { folder: path.clone(), error }))?;
    Ok(wire::harness_claims(&text)?)
}

/// That times are left out, where an emulator runs what was built.
fn emulated(benches: &[BuiltBench]) -> Option<Note> {
    benches.iter().find_map(|bench| match &bench.execution {
        Execution::Emulated(words) => Some(Note::Emulated {
            target: bench.fingerprint.target.clone(),
            by: words.first().map_or_else(String::new, |program| file_name(program)),
        }),
        Execution::Native | Execution::Runner(_) => None,
    })
}

/// A program without its folder, which says nothing to others.
fn file_name(program: &str) -> String {
    Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The architecture everything is built for.
fn arch(listed: &Listing) -> String {
    let first = listed.benches.first().map(|listed| listed.bench.fingerprint.arch());
    first.unwrap_or(std::env::consts::ARCH).to_owned()
}
