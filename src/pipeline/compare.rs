//! `check` and `compare`: two revisions, every stage.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::catalogue::{Catalogue, Presence};
use super::claims::{self, Resolved, gate};
use super::counts::{Heap, Kind};
use super::error::PipelineError;
use super::layouts::Layouts;
use super::null_control::NullControl;
use super::referee::{Heaps, Referee};
use super::request::{CompareRequest, Harness, HarnessClaims, Measuring, Subject};
use super::session;
use super::workshop::{BenchTargetName, Layout, Prepared, Workshop};
use crate::domain::{
    BenchmarkName, BenchmarkOutcome, Event, Progress, Report, ReportedError, Revision, Side, Sides, Verdict,
};
use crate::judge::Gate;
use crate::measure::runner::Runner;
use crate::source::Repository;
use crate::store::Store;
use crate::support::process::interrupted;

/// Measures and judges a candidate against a baseline.
///
/// # Errors
/// What keeps a comparison from being made at all. What befalls single benchmarks is part of the report.
pub fn compare(
    request: &CompareRequest,
    store: &mut Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<Report, PipelineError> {
    let start = Instant::now();
    let repository = Repository::discover(&request.project.root)?;
    // Asked now so that a revision that does not exist is told without waiting for the lock.
    named_revisions(request, &repository)?;
    let lock = session::lock(&request.project, progress)?;
    let revisions = revisions(request, &repository)?;
    let mut workshop = Workshop::new(&request.project, &repository, &request.scope, progress);
    if request.claims.harness == HarnessClaims::Always {
        workshop.layout = Layout::Asked;
    }
    let prepared = prepare(&workshop, revisions)?;
    let revisions = prepared.as_ref().map(|prepared| prepared.revision.clone());
    workshop.tidy(&[revisions.baseline.tree.clone(), revisions.candidate.tree.clone()]);
    progress.event(Event::Stage("Listing benchmarks"));
    let mut list = |side: Side| session::list(prepared.get(side), runner);
    let lists = Sides { baseline: list(Side::Baseline)?, candidate: list(Side::Candidate)? };
    let everything = Catalogue::new(&lists, |_| true);
    let catalogue = Catalogue::new(&lists, |name| in_scope(&request.scope, name));
    let claims =
        gate::selected(request, &revisions.candidate, &prepared.candidate, &lists.candidate, &everything)?;
    if catalogue.entries.is_empty() && catalogue.broken.is_empty() {
        let names: Vec<BenchmarkName> = everything.entries.into_keys().collect();
        return Err(session::nothing(&prepared.candidate, &request.scope, &names));
    }
    let occasion = session::begin(store, request.command, &request.machine, request.seed)?;
    let timed = claims.iter().filter(|claim| claim.is_timed()).count();
    let heap = heap(&workshop, &request.measuring, &revisions, &catalogue, &claims)?;
    let mut referee = Referee {
        request,
        revisions: &revisions,
        store,
        runner,
        progress,
        occasion,
        heap,
        settled: BTreeMap::new(),
        notes: BTreeSet::new(),
        claims: timed,
        control: NullControl::default(),
        layouts: Layouts::new(request.scope.layout, &request.project.area, request.seed),
    };
    let mut found = (Vec::new(), Vec::new());
    let judged = referee.judge(&catalogue).and_then(|budget| {
        let layout = prepared.candidate.layout.as_ref();
        found = referee.claims(&claims, &lists.candidate, layout, budget)?;
        Ok(())
    });
    let (mut claims, broken) = found;
    referee.notes.extend(referee.layouts.notes());
    let (settled, remarks, control) = (referee.settled, referee.notes, referee.control);
    let mut benchmarks: Vec<BenchmarkOutcome> = settled.into_values().collect();
    control.take_back(&mut benchmarks, &mut claims);
    progress.event(Event::Measured);
    drop(lock);
    let mut errors = errors(&catalogue, &benchmarks);
    errors.extend(broken);
    if let Err(error) = judged {
        if benchmarks.is_empty() {
            return Err(error);
        }
        errors.push(session::broken_off(&error));
    }
    errors.extend(session::interruption("before every benchmark was decided; what was measured is stored"));
    let gate = Gate::decide(&benchmarks, &claims, &errors, request.judging.gate);
    Ok(Report {
        command: request.command,
        exit_code: gate.exit.code(),
        baseline: Some(revisions.baseline.clone()),
        candidate: Some(revisions.candidate.clone()),
        machine: Some(request.machine.clone()),
        toolchain: session::toolchain(&prepared.candidate),
        benchmarks,
        claims,
        errors,
        notes: notes(&prepared).into_iter().chain(remarks).chain(control.note()).collect(),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// What a reader should know of the candidate, and what was special about the baseline.
fn notes(prepared: &Sides<Prepared>) -> Vec<String> {
    let mut notes = session::notes(&prepared.candidate);
    for note in &prepared.baseline.notes {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

/// What is compared: the baseline, and the candidate where it is a commit.
fn named_revisions(
    request: &CompareRequest,
    repository: &Repository,
) -> Result<(Revision, Option<Revision>), PipelineError> {
    let candidate = match &request.candidate {
        Subject::WorkTree => None,
        Subject::Revision(spec) => Some(repository.resolve(spec)?),
    };
    let baseline = match &request.baseline {
        Some(spec) => repository.resolve(spec)?,
        None => repository.default_baseline()?,
    };
    Ok((baseline, candidate))
}

fn revisions(request: &CompareRequest, repository: &Repository) -> Result<Sides<Revision>, PipelineError> {
    let (baseline, candidate) = named_revisions(request, repository)?;
    let candidate = match candidate {
        Some(commit) => commit,
        None => repository.work_tree()?,
    };
    Ok(Sides { baseline, candidate })
}

/// Builds both sides, the candidate first: its errors are the user's news.
fn prepare(workshop: &Workshop<'_>, revisions: Sides<Revision>) -> Result<Sides<Prepared>, PipelineError> {
    let candidate = workshop.prepare(Side::Candidate, &revisions.candidate, None)?;
    let baseline = if revisions.baseline.tree == candidate.revision.tree {
        candidate.clone().standing_for(revisions.baseline)
    } else {
        workshop.prepare(Side::Baseline, &revisions.baseline, Some(&candidate))?
    };
    Ok(Sides { baseline, candidate })
}

/// Builds what allocations are counted in, where they are wanted and anything differs between the sides. That it does not
/// build is no reason to leave out the rest.
fn heap(
    workshop: &Workshop<'_>,
    measuring: &Measuring,
    revisions: &Sides<Revision>,
    catalogue: &Catalogue,
    claims: &[Resolved],
) -> Result<Option<Heaps>, PipelineError> {
    let counted = !Kind::Heap.metrics(&measuring.metrics).is_empty();
    let open = catalogue.entries.iter().filter(|(_, presence)| match presence {
        Presence::Both(_) => counted,
        Presence::Identical(_) => counted && measuring.identical,
        Presence::Only(..) | Presence::Unlisted(..) => false,
    });
    let mut targets: BTreeSet<BenchTargetName> =
        open.map(|(name, _)| (name.package().to_owned(), name.target().to_owned())).collect();
    targets.extend(claims::targets(claims.iter().filter(|claim| counted || claim.is_counted())));
    if targets.is_empty() {
        return Ok(None);
    }
    let workshop = workshop.counting_allocations(&targets);
    match prepare(&workshop, revisions.clone()) {
        Ok(prepared) => Ok(Some(Ok(prepared.map(Heap::from)))),
        Err(PipelineError::Build(error)) if !interrupted() => Ok(Some(Err(claims::uncounted(&error)))),
        Err(error) => Err(error),
    }
}

/// Whether a benchmark takes part: the user's filter, and what is selected of the harness.
pub(super) fn in_scope(scope: &super::request::Scope, name: &BenchmarkName) -> bool {
    let selected = name.package() != crate::source::HARNESS_PACKAGE
        || match &scope.harness {
            Harness::Off => false,
            Harness::On { select } => select.matches(name),
        };
    selected && scope.filter.matches(name)
}

/// Every benchmark that failed, and every executable that could not list its own, as errors: the exit code is 101.
fn errors(catalogue: &Catalogue, benchmarks: &[BenchmarkOutcome]) -> Vec<ReportedError> {
    let broken = catalogue.broken.iter().map(|(side, label, reason)| ReportedError {
        subject: format!("{label} ({side})"),
        message: format!("cannot list its benchmarks: {reason}"),
        hint: Some(format!(
            "run it by itself: cargo bench --bench {}",
            label.rsplit("::").next().unwrap_or(label)
        )),
    });
    let failed = benchmarks.iter().filter_map(|benchmark| {
        let metric = benchmark.metrics.iter().find(|metric| metric.verdict == Verdict::Failed)?;
        Some(ReportedError {
            subject: benchmark.name.to_string(),
            message: metric.reason.clone().unwrap_or_default(),
            hint: None,
        })
    });
    broken.chain(failed).collect()
}
