//! `check` and `compare`: two revisions, every stage. Evidence is collected step by step, kept in the store, read back from
//! there, and judged once.

use std::collections::BTreeSet;

use super::acceptances::in_force;
use super::apart::{apply, builders};
use super::builder::{Builder, TypeLayout};
use super::catalogue::{Benchmark, benchmarks};
use super::claims::{self, Resolved, gate};
use super::collect::anchor::Anchors;
use super::collect::benchmarks::Collector;
use super::collect::{aa, renames};
use super::creep;
use super::error::PipelineError;
use super::layouts::Layouts;
use super::places;
use super::prepared::Prepared;
use super::request::{CompareRequest, SuiteClaims};
use super::session::{Beginning, Session};
use super::sides::{counting_allocations, listed, prepare_sparing};
use super::spared::Spared;
use super::stopwatch::{Stopwatch, within};
use super::summaries;
use super::workspace::{Listing, Workspace, broken_off, nothing};
use crate::domain::{
    Acceptance, BenchmarkEvidence, BenchmarkName, BuiltBench, Event, Metric, Note, Progress, Report,
    RunEvidence, RunId, Side, Sides, Stage, Trouble, Verdict,
};
use crate::judge::next::{most_tests_of, tests_of};
use crate::judge::{Rules, Step, judge_run, next};
use crate::measure::runner::Runner;
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
    let Some(watch) = request.creep.as_ref().filter(|_| request.from_anchor) else {
        return compare_sides(request, store, runner, progress);
    };
    let workspace = Workspace::find(&request.project, progress)?;
    let head = workspace.repository.resolve("HEAD")?;
    let Some(anchor) = workspace.repository.anchor(&watch.since, &head.commit)? else {
        // Before the first release nothing can creep: that is said, and is no failure.
        let notes = vec![Note::NoAnchor(watch.since.clone())];
        return Ok(Report { candidate: Some(head), notes, ..Report::new(request.kind) });
    };
    let request = CompareRequest { baseline: Some(anchor.label), ..request.clone() };
    compare_sides(&request, store, runner, progress)
}

/// The same, of sides that are named.
fn compare_sides(
    request: &CompareRequest,
    store: &mut Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<Report, PipelineError> {
    let stopwatch = Stopwatch::start(progress);
    let progress: &dyn Progress = &stopwatch;
    let mut workspace = Workspace::find(&request.project, progress)?;
    let asked_for = workspace.name_sides(request.baseline.as_deref(), &request.candidate)?;
    workspace.lock()?;
    let revisions = workspace.sides(asked_for)?;
    // Before anything is built: a file that is wrong is told at once.
    let acceptances =
        in_force(&workspace.repository, &revisions, &workspace.prefix()?, &request.judging.accepting)?;
    let mut builder = workspace.builder(&request.scope);
    if request.claims.suite == SuiteClaims::Always {
        builder.layout = TypeLayout::Asked;
    }
    let settings = request.axes.as_ref().map(|side| apply(side, &request.project, &request.scope));
    let builders = builders(&builder, &settings, &request.axes);
    let (prepared, spared) = prepare_sparing(&builders, request, &revisions, store, runner, progress)?;
    builder.tidy_trees(&[prepared.baseline.content.clone(), prepared.candidate.content.clone()]);
    let revisions = prepared.as_ref().map(|prepared| prepared.revision.clone());
    let lists = listed(&prepared, &spared, runner, progress)?;
    let mut everything = benchmarks(&lists.as_ref().map(|list| &list.benches[..]));
    spared.settle(&mut everything);
    let names: Vec<BenchmarkName> = everything.iter().map(|one| one.evidence.name.clone()).collect();
    let claims =
        gate::selected(request, &revisions.candidate, &prepared.candidate, &lists.candidate, &everything)?;
    let mut wanted = everything;
    wanted.retain(|benchmark| request.scope.includes(&benchmark.evidence.name));
    for benchmark in &mut wanted {
        let name = &benchmark.evidence.name;
        let target = name.target_name();
        benchmark.evidence.source = prepared.candidate.sources.get(&target).cloned();
    }
    let watching = creep::begin(request, &workspace, &revisions, acceptances)?;
    let unlisted = troubles(&lists);
    // A part may be empty; that everything is cannot be told from it.
    if wanted.is_empty() && unlisted.is_empty() && request.scope.partition.is_none() {
        return Err(nothing(&prepared.candidate, &request.scope, &names));
    }
    let beginning = Beginning {
        kind: request.kind,
        measuring: &request.measuring,
        machine: &request.machine,
        seed: request.seed,
    };
    let mut layouts = Layouts::new(request.scope.layout, &request.project.area, request.seed);
    let mut session = Session::begin(&beginning, store, runner, progress, &mut layouts)?;
    let timed = prepared.as_ref().map(|prepared| prepared.benches.iter().collect());
    let allocations = counting_allocations(&builders, request, &revisions, &timed, (&wanted, &claims))?;
    let mut run = nothing_yet(request, &prepared, watching.in_force(), unlisted);
    run.notes.extend(watching.note());
    run.notes.extend(spared.note());
    watching.add(session.store, &request.machine.key, &mut wanted)?;
    let mut anchors = Anchors::new(request, &builders, (&prepared.candidate, &lists.candidate), &watching);
    let mut collector = Collector::new(&mut session, &revisions, &builders.candidate, allocations);
    let collected = collect(request, &mut collector, &mut anchors, &mut run, wanted, &claims);
    run.notes.extend(anchors.note());
    let (mut benchmarks, broken) = match collected {
        Collected { benchmarks, error: Some(error) } if benchmarks.is_empty() => return Err(error),
        Collected { benchmarks, error } => (benchmarks, error),
    };
    let allocations = collector.allocations.take();
    let layout = prepared.candidate.layout.as_ref();
    let broken = broken.or_else(|| {
        let allocations = allocations.as_ref().map(|builds| &builds.candidate);
        let built = gate::Built { listed: &lists.candidate, allocations, layout };
        let claims = gate::reached(request, &run, claims, &benchmarks);
        gate::collect(request, &mut session, &mut run, &revisions.candidate, claims, &built).err()
    });
    run.notes.extend(session.runner.notes());
    run.notes.extend(watching.end(session.store, &request.machine.key, &benchmarks)?);
    progress.event(Event::Measured);
    let judging = within(progress, Stage::Judging);
    let broken = broken.or_else(|| {
        find_places(
            request,
            &workspace,
            &builders.candidate,
            &mut session,
            &mut run,
            &prepared,
            &mut benchmarks,
        )
        .err()
    });
    let broken = broken.or_else(|| keep_summaries(&mut session, &prepared, &lists, &spared).err());
    builder.make_room();
    workspace.unlock();
    session.layouts.tell(&mut run);
    run.troubles.extend(broken.as_ref().map(broken_off));
    if interrupted() {
        run.troubles.push(Trouble::Interrupted);
    }
    drop(judging);
    (run.stages, run.seconds) = stopwatch.read();
    let evidence: Vec<BenchmarkEvidence> =
        benchmarks.into_iter().map(|benchmark| benchmark.evidence).collect();
    // A store that refused once is not asked again: what is in memory is all there is.
    if broken.is_some() {
        return Ok(judged(request, &run, &evidence));
    }
    keep_and_judge(request, &mut session, run, &evidence)
}

/// Keeps what is known of both sides' executables.
fn keep_summaries(
    session: &mut Session<'_>,
    prepared: &Sides<Prepared>,
    lists: &Sides<Listing>,
    spared: &Spared,
) -> Result<(), PipelineError> {
    for side in Side::BOTH {
        let known = |session: &Session<'_>, bench: &BuiltBench| {
            session.layouts.summary_of(&bench.digest).or_else(|| spared.summary_of(bench))
        };
        summaries::keep(session, prepared.get(side), lists.get(side), known)?;
    }
    Ok(())
}

/// What is known of a run before anything is measured.
fn nothing_yet(
    request: &CompareRequest,
    prepared: &Sides<Prepared>,
    acceptances: &[Acceptance],
    troubles: Vec<Trouble>,
) -> RunEvidence {
    RunEvidence {
        kind: request.kind,
        revisions: prepared.as_ref().map(|prepared| prepared.revision.clone()),
        machine: request.machine.clone(),
        toolchain: prepared.candidate.toolchain(),
        tests: None,
        asked: request.asked(),
        budget: request.measuring.budget.as_secs_f64(),
        aa: crate::domain::AaTest { asked: request.judging.aa_test, ..crate::domain::AaTest::default() },
        claims: Vec::new(),
        acceptances: acceptances.to_vec(),
        layouts: None,
        notes: notes(prepared),
        troubles,
        seconds: 0.0,
        stages: Vec::new(),
    }
}

/// Judges by the request's rules.
fn judged(request: &CompareRequest, run: &RunEvidence, evidence: &[BenchmarkEvidence]) -> Report {
    judge_run(run, evidence, &request.judging.policy, request.judging.gate)
}

/// Keeps a run that was collected in full, and judges what the store gives back.
fn keep_and_judge(
    request: &CompareRequest,
    session: &mut Session<'_>,
    mut run: RunEvidence,
    evidence: &[BenchmarkEvidence],
) -> Result<Report, PipelineError> {
    let stored = match session.read_back(&run, evidence) {
        Ok(stored) => stored,
        // What was measured is still known; that it cannot be kept, or was tampered with, is told beside it.
        Err(error) => {
            run.troubles.push(broken_off(&error));
            return Ok(judged(request, &run, evidence));
        }
    };
    let report = judged(request, &stored.run, &stored.benchmarks);
    log_verdicts(session.run, &report);
    claims::record(session, &run.revisions.candidate, &stored.run, &report)?;
    Ok(report)
}

/// Says of what regressed where the functions are written that it comes from, and keeps that.
fn find_places(
    request: &CompareRequest,
    workspace: &Workspace<'_>,
    builder: &Builder<'_>,
    session: &mut Session<'_>,
    run: &mut RunEvidence,
    prepared: &Sides<Prepared>,
    benchmarks: &mut [Benchmark],
) -> Result<(), PipelineError> {
    if interrupted() || benchmarks.iter().all(|one| one.evidence.top_functions.is_empty()) {
        return Ok(());
    }
    let evidence: Vec<BenchmarkEvidence> = benchmarks.iter().map(|one| one.evidence.clone()).collect();
    let report = judged(request, run, &evidence);
    let regressed = report.benchmarks.iter().filter(|found| found.verdict() == Verdict::Regressed);
    let regressed: BTreeSet<BenchmarkName> = regressed.map(|found| found.name.clone()).collect();
    let all = benchmarks.iter_mut().map(|benchmark| &mut benchmark.evidence);
    let wanted = |evidence: &&mut BenchmarkEvidence| {
        regressed.contains(&evidence.name) && !evidence.top_functions.is_empty()
    };
    let mut regressed: Vec<&mut BenchmarkEvidence> = all.filter(wanted).collect();
    if regressed.is_empty() {
        return Ok(());
    }
    run.notes.extend(places::find(workspace, builder, &prepared.candidate, &mut regressed));
    for evidence in regressed {
        session.store.keep_evidence(session.run, evidence)?;
    }
    Ok(())
}

/// What was collected, also when an error ended it half-way.
struct Collected {
    benchmarks: Vec<Benchmark>,
    error: Option<PipelineError>,
}

/// Collects until the judge wants to know no more, and keeps every step in the store.
fn collect(
    request: &CompareRequest,
    collector: &mut Collector<'_, '_>,
    anchors: &mut Anchors<'_>,
    run: &mut RunEvidence,
    wanted: Vec<Benchmark>,
    claims: &[Resolved],
) -> Collected {
    let counted = request.measuring.metrics.contains(&Metric::Instructions);
    let joined = if counted { renames::join(collector, wanted) } else { Ok(wanted) };
    let mut benchmarks = match joined {
        Ok(benchmarks) => benchmarks,
        Err(error) => return Collected { benchmarks: Vec::new(), error: Some(error) },
    };
    let error = steps(request, collector, anchors, run, &mut benchmarks, claims).err();
    Collected { benchmarks, error }
}

fn steps(
    request: &CompareRequest,
    collector: &mut Collector<'_, '_>,
    anchors: &mut Anchors<'_>,
    run: &mut RunEvidence,
    benchmarks: &mut [Benchmark],
    claims: &[Resolved],
) -> Result<(), PipelineError> {
    let asked = run.asked.clone();
    let rules = Rules::new(&request.judging.policy, &asked, run.budget);
    let timed_claims = claims.iter().filter(|claim| claim.evidence.case.is_timed()).count();
    let most: usize = benchmarks.iter().map(|one| most_tests_of(&one.evidence, &rules)).sum();
    let parts = shares(request);
    let most = (most + timed_claims) * parts;
    for benchmark in benchmarks.iter() {
        keep(collector, &benchmark.evidence)?;
        if request.measuring.metrics.contains(&Metric::WallTime) {
            collector.store_emulated(benchmark)?;
        }
    }
    while !interrupted() {
        let rules = Rules { tests: run.tests, ..rules };
        let steps: Vec<Step> = benchmarks.iter().map(|one| next(&one.evidence, &rules, most)).collect();
        let Some(step) = steps.iter().copied().filter(|step| *step != Step::Done).min() else { break };
        if step == Step::AwaitTests {
            let tests: usize = benchmarks.iter().map(|one| tests_of(&one.evidence, &rules)).sum();
            run.tests = Some((tests + timed_claims) * parts);
            tracing::debug!(tests = run.tests, "knows among how many tests the error is divided");
            continue;
        }
        let taking = benchmarks.iter_mut().zip(&steps).filter(|(_, next)| **next == step);
        let mut taking: Vec<&mut Benchmark> = taking.map(|(benchmark, _)| benchmark).collect();
        if step == Step::Pairs && run.aa.asked && run.aa.controls.is_empty() {
            let comparisons: Vec<_> =
                taking.iter().filter_map(|benchmark| collector.comparison(benchmark, &rules)).collect();
            run.aa = aa::collect(collector.session, &comparisons, &rules)?;
            if interrupted() {
                break;
            }
        }
        for benchmark in &taking {
            tracing::debug!(benchmark = %benchmark.evidence.name, ?step, "goes on with");
        }
        if step == Step::CreepAnchor {
            anchors.take(collector.session, &rules, most, &mut taking)?;
        } else {
            collector.take(step, &rules, &mut taking)?;
        }
        for benchmark in taking {
            keep(collector, &benchmark.evidence)?;
        }
    }
    if run.tests.is_none() {
        let rules = Rules { tests: None, ..rules };
        let tests: usize = benchmarks.iter().map(|one| tests_of(&one.evidence, &rules)).sum();
        run.tests = Some((tests + timed_claims) * parts);
    }
    Ok(())
}

/// How many parts share the error of the whole. Each takes its tests as many times: with m of a part's tests and N parts, the
/// error of the whole is at most the sum over the parts of m · α/(N · m), which is α, whatever the sizes.
fn shares(request: &CompareRequest) -> usize {
    request.scope.partition.map_or(1, |part| part.count as usize)
}

fn keep(collector: &mut Collector<'_, '_>, evidence: &BenchmarkEvidence) -> Result<(), PipelineError> {
    let run = collector.session.run;
    Ok(collector.session.store.keep_evidence(run, evidence)?)
}

/// Every verdict, for a bug report.
fn log_verdicts(run: RunId, report: &Report) {
    for benchmark in &report.benchmarks {
        for metric in &benchmark.metrics {
            let (verdict, change, reason) = (metric.verdict, metric.change, &metric.reason);
            tracing::debug!(benchmark = %benchmark.name, metric = %metric.metric, ?verdict, change, ?reason, "judges");
        }
    }
    tracing::debug!(%run, exit = ?report.exit_code, "judged the run");
}

/// What a reader should know of the candidate, and what was special about the baseline.
fn notes(prepared: &Sides<Prepared>) -> Vec<Note> {
    let mut notes = prepared.candidate.all_notes();
    for note in &prepared.baseline.notes {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

/// The executables that could not list their benchmarks.
fn troubles(lists: &Sides<Listing>) -> Vec<Trouble> {
    Side::BOTH.iter().flat_map(|&side| lists.get(side).troubles(Some(side))).collect()
}
