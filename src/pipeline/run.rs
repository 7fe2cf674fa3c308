//! `run`: measure and store, no judgement.

use std::collections::BTreeMap;
use std::time::Instant;

use super::allocations::allocation_build;
use super::builder::Builder;
use super::collect::counts::{Taken, Task, counting_bench, task};
use super::error::PipelineError;
use super::layouts::Layouts;
use super::prepared::Prepared;
use super::request::{RunRequest, RunSubject};
use super::session::{Beginning, Session, provenance, sequential};
use super::stopwatch::{Stopwatch, within};
use super::summaries;
use super::workspace::{Listing, Workspace, broken_off, nothing};
use crate::build::relink::Archives;
use crate::domain::{
    BenchmarkName, BenchmarkOutcome, BuiltBench, CountKind, Event, Failure, Insistence, Launch, Limit,
    Measurement, MeasurementKey, Metric, MetricOutcome, NotCounted, Note, Progress, Reason, Report,
    ReportKind, Revision, Side, Sides, Stage, Trouble, Verdict, Work, median,
};
use crate::judge::Exit;
use crate::measure::runner::Runner;
use crate::store::Store;
use crate::support::process::interrupted;

/// How many launches make one measurement: enough that the luck of one start does not decide.
const LAUNCHES: u32 = 10;

/// Measures and stores the work tree, or the commits of a range that are not stored yet.
///
/// # Errors
/// What keeps anything from being measured. What befalls single benchmarks or commits is part of the report.
pub fn run(
    request: &RunRequest,
    store: &mut Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<Report, PipelineError> {
    let stopwatch = Stopwatch::start(progress);
    let progress: &dyn Progress = &stopwatch;
    let mut workspace = Workspace::find(&request.project, progress)?;
    // Asked now so that a range that does not exist is told without waiting for the lock.
    let range = match &request.what {
        RunSubject::WorkTree => None,
        RunSubject::Range(range) => Some(workspace.repository.range(range)?),
    };
    workspace.lock()?;
    let revisions = match range {
        Some(commits) => commits,
        None => vec![workspace.repository.work_tree()?],
    };
    let builder = workspace.builder(&request.scope);
    let beginning = Beginning {
        kind: ReportKind::Run,
        measuring: &request.measuring,
        machine: &request.machine,
        seed: 0,
    };
    // One side alone: nothing to lay out alike.
    let mut layouts = Layouts::none();
    let session = Session::begin(&beginning, store, runner, progress, &mut layouts)?;
    let report = Report { machine: Some(request.machine.clone()), ..Report::new(ReportKind::Run) };
    let mut recorder = Recorder {
        request,
        session,
        report,
        measured: None,
        matched: 0,
        known: Vec::new(),
        work: BTreeMap::new(),
    };
    let alone = revisions.len() == 1;
    let mut last = None;
    for (index, revision) in revisions.iter().enumerate() {
        if interrupted() {
            break;
        }
        if !alone {
            progress.event(Event::Task(&format!(
                "Measuring {} of {}: {revision}",
                index + 1,
                revisions.len()
            )));
        }
        let outcome = builder.prepare(Side::Candidate, revision, None).and_then(|prepared| {
            let result = recorder.record(&prepared, &builder);
            last = Some(prepared);
            result
        });
        match outcome {
            Ok(()) => {}
            // The store refused: nothing more can be kept.
            Err(error @ PipelineError::Store(_)) if !recorder.report.benchmarks.is_empty() => {
                recorder.report.troubles.push(broken_off(&error));
                break;
            }
            Err(error) if alone => return Err(error),
            // A commit of the past that does not build is no reason to leave out the others.
            Err(error) => {
                let trouble = Trouble::Revision(revision.clone(), error.to_string(), error.hint());
                recorder.report.troubles.push(trouble);
            }
        }
        let built = last.as_ref().map_or(&revision.tree, |prepared: &Prepared| &prepared.revision.tree);
        builder.tidy(std::slice::from_ref(built));
    }
    progress.event(Event::Measured);
    if let (Some(prepared), 0, true) = (&last, recorder.matched, recorder.report.troubles.is_empty()) {
        return Err(nothing(prepared, &request.scope, &recorder.known));
    }
    let measured = recorder.measured.or_else(|| revisions.last().cloned());
    let mut report = recorder.report;
    if interrupted() {
        report.troubles.push(Trouble::Interrupted);
    }
    let exit = if report.troubles.is_empty() { Exit::Passed } else { Exit::Incomplete };
    let (stages, seconds) = stopwatch.read();
    Ok(Report { exit_code: exit.code(), candidate: measured, seconds, stages, ..report })
}

/// Who measures the benchmarks of one revision after the other.
struct Recorder<'a> {
    request: &'a RunRequest,
    session: Session<'a>,
    /// Its benchmarks are those of the last revision that was measured.
    report: Report,
    /// That revision.
    measured: Option<Revision>,
    /// How many benchmarks took part so far, stored ones included.
    matched: usize,
    /// Every benchmark of the last revision, wanted or not.
    known: Vec<BenchmarkName>,
    /// What its benchmarks work on, of those that declare it.
    work: BTreeMap<BenchmarkName, Vec<Work>>,
}

impl Recorder<'_> {
    fn record(&mut self, prepared: &Prepared, builder: &Builder<'_>) -> Result<(), PipelineError> {
        let revision = &prepared.revision;
        let listing = Listing::ask(prepared, self.session.runner, self.session.progress)?;
        self.report.troubles.extend(listing.troubles(None));
        let mut archives = Archives::default();
        let link = |_: &Session<'_>, bench: &BuiltBench| summaries::linked(bench, &mut archives);
        summaries::keep(&mut self.session, prepared, &listing, link)?;
        self.known = listing.names();
        let declared = |name: &BenchmarkName| {
            Work::of(&Sides { baseline: Vec::new(), candidate: listing.work(name).to_vec() })
        };
        self.work = self.known.iter().map(|name| (name.clone(), declared(name))).collect();
        let wanted = listing.all().filter(|(name, _)| self.request.scope.includes(name));
        let todo: Vec<(BuiltBench, BenchmarkName)> =
            wanted.map(|(name, bench)| (bench.clone(), name)).collect();
        self.matched += todo.len();
        self.report.toolchain = prepared.toolchain();
        prepared.all_notes().into_iter().for_each(|note| self.note(note));
        let keyed = self.unless_stored(revision, todo)?;
        if keyed.is_empty() {
            return Ok(());
        }
        self.report.benchmarks.clear();
        self.measured = Some(revision.clone());
        self.count(prepared, builder, &keyed)?;
        if !self.wants(Metric::WallTime) {
            return Ok(());
        }
        let _stage = within(self.session.progress, Stage::Measuring);
        self.session.progress.event(Event::Measuring { benchmarks: keyed.len() });
        let total = keyed.len();
        for (index, (bench, key)) in keyed.into_iter().enumerate() {
            if interrupted() {
                break;
            }
            let name = key.benchmark.clone();
            self.session.progress.event(Event::Benchmark {
                name: &name,
                settled: index,
                total,
                launches: 0,
                state: "measuring",
            });
            self.measure(&bench, &name, key)?;
        }
        Ok(())
    }

    /// Keys what is to be measured. A range leaves out what is stored already, and notes what became of each commit.
    fn unless_stored(
        &mut self,
        revision: &Revision,
        todo: Vec<(BuiltBench, BenchmarkName)>,
    ) -> Result<Vec<(BuiltBench, MeasurementKey)>, PipelineError> {
        let backfill = matches!(self.request.what, RunSubject::Range(_));
        let wanted = todo.len();
        let mut keyed = Vec::new();
        for (bench, name) in todo {
            let key = sequential(&self.session.key(revision, &bench, name.id(), Metric::WallTime));
            if !(backfill && self.session.store.has_measurement(&key.series(), &revision.commit)?) {
                keyed.push((bench, key));
            }
        }
        if backfill && wanted > 0 {
            self.note(Note::Backfill {
                revision: revision.to_string(),
                new: keyed.len(),
                stored: wanted - keyed.len(),
            });
        }
        Ok(keyed)
    }

    fn wants(&self, metric: Metric) -> bool {
        self.request.measuring.metrics.contains(&metric)
    }

    /// Counts what is wanted of the benchmarks that are to be measured, side by side.
    fn count(
        &mut self,
        prepared: &Prepared,
        builder: &Builder<'_>,
        keyed: &[(BuiltBench, MeasurementKey)],
    ) -> Result<(), PipelineError> {
        let _stage = within(self.session.progress, Stage::Counting);
        let metrics = &self.request.measuring.metrics;
        for kind in CountKind::ALL {
            if kind.metrics(metrics).is_empty() {
                continue;
            }
            let allocations = match kind {
                CountKind::Instructions => None,
                CountKind::Allocations => {
                    let timed: Vec<&BuiltBench> = keyed.iter().map(|(bench, _)| bench).collect();
                    Some(allocation_build(builder, &timed, |builder| {
                        builder.prepare(Side::Candidate, &prepared.revision, None)
                    })?)
                }
            };
            let mut tasks = Vec::new();
            for (bench, key) in keyed {
                let taken_of = (&prepared.revision, &self.request.machine);
                let found = counting_bench(kind, bench, allocations.as_ref()).and_then(|counting| {
                    task(self.session.runner, kind, (bench, counting), &key.benchmark, taken_of)
                });
                match found {
                    Ok(task) => tasks.push(task),
                    Err(why) => self.not_counted(kind, &key.benchmark, bench, why),
                }
            }
            let counted = self.session.count_repeatedly(&tasks)?;
            for (task, found) in tasks.iter().zip(counted) {
                match found {
                    Ok(taken) => self.tell(task, &taken),
                    Err(why) => self.not_counted(kind, &task.key.benchmark, &task.bench, why),
                }
            }
        }
        Ok(())
    }

    /// What was counted of a benchmark, for the report.
    fn tell(&mut self, task: &Task, taken: &Taken) {
        for metric in task.kind.metrics(&self.request.measuring.metrics) {
            let limit = Limit::default_for(metric);
            let found = MetricOutcome::without_figures(metric, limit, Verdict::New, Reason::Stored);
            let candidate = median(taken.counts.values(metric));
            let found = MetricOutcome { candidate, seconds: taken.counts.seconds, ..found };
            self.found(&task.key.benchmark, &task.bench, found);
        }
    }

    /// Why something was not counted: told once, however many benchmarks it befell. A crash is one where counts were asked
    /// for by name; otherwise the clock tells of it.
    fn not_counted(&mut self, kind: CountKind, name: &BenchmarkName, bench: &BuiltBench, why: NotCounted) {
        let metrics = kind.metrics(&self.request.measuring.metrics);
        let asked = self.request.measuring.insistence == Insistence::Asked;
        let benchmark = match why {
            NotCounted::Interrupted => return,
            NotCounted::Failed(failure) if asked && !failure.unsuitable => {
                for metric in metrics {
                    self.failed(name, bench, metric, failure.clone());
                }
                return;
            }
            NotCounted::Failed(_) | NotCounted::Uncountable(_) => Some(name.clone()),
            NotCounted::Unavailable(..) => None,
        };
        let Some(&metric) = metrics.first() else { return };
        self.note(Note::NotCounted { metric, benchmark, side: Side::Candidate, why });
    }

    /// Takes down that a launch gave nothing: trouble, told once for each benchmark, unless the benchmark is one of which
    /// nothing can be measured.
    fn failed(&mut self, name: &BenchmarkName, bench: &BuiltBench, metric: Metric, failure: Failure) {
        let verdict = if failure.unsuitable { Verdict::NotComparable } else { Verdict::Failed };
        let is_told =
            |trouble: &Trouble| matches!(trouble, Trouble::Failed { benchmark, .. } if benchmark == name);
        if !failure.unsuitable && !self.report.troubles.iter().any(is_told) {
            self.report.troubles.push(Trouble::Failed {
                benchmark: name.clone(),
                unit: bench.unit.kind(),
                side: None,
                failure: failure.clone(),
            });
        }
        if failure.unsuitable {
            let target = format!("{}::{}", name.target(), name.id());
            self.note(Note::left_out(name.package(), &target, &failure.message));
        }
        let reason = Reason::Failed(Side::Candidate, failure);
        let found = MetricOutcome::without_figures(metric, Limit::default_for(metric), verdict, reason);
        self.found(name, bench, found);
    }

    /// Takes down a note, once.
    fn note(&mut self, note: Note) {
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }

    /// Takes down what was found about a metric.
    fn found(&mut self, name: &BenchmarkName, bench: &BuiltBench, found: MetricOutcome) {
        let benchmarks = &mut self.report.benchmarks;
        let at = benchmarks.iter().position(|known| known.name == *name).unwrap_or_else(|| {
            let work = self.work.get(name).cloned().unwrap_or_default();
            let arch = bench.fingerprint.arch();
            benchmarks.push(BenchmarkOutcome { work, ..BenchmarkOutcome::new(name.clone(), arch) });
            benchmarks.len() - 1
        });
        benchmarks[at].add(found);
    }

    fn measure(
        &mut self,
        bench: &BuiltBench,
        name: &BenchmarkName,
        key: MeasurementKey,
    ) -> Result<(), PipelineError> {
        let metric = Metric::WallTime;
        let limit = Limit::default_for(metric);
        let outcome = match self.launches(bench, name.id()) {
            // That is no failure of the benchmark.
            Err(_) if interrupted() => return Ok(()),
            Err(failure) => {
                self.failed(name, bench, metric, failure);
                return Ok(());
            }
            Ok(launches) => {
                let provenance = provenance(bench);
                let executable = bench.digest.clone();
                let measurement = Measurement { key, executable, provenance, launches, code: None };
                self.session.store.record(self.session.run, &measurement)?;
                let seconds = measurement.launches.iter().map(|launch| launch.seconds).sum();
                let outcome = MetricOutcome::without_figures(metric, limit, Verdict::New, Reason::Stored);
                MetricOutcome { candidate: measurement.summary(), seconds, ..outcome }
            }
        };
        self.found(name, bench, outcome);
        Ok(())
    }

    fn launches(&mut self, bench: &BuiltBench, id: &str) -> Result<Vec<Launch>, Failure> {
        let budget = self.request.measuring.budget;
        let start = Instant::now();
        let mut launches: Vec<Launch> = Vec::new();
        // At least one launch; more only while the budget lasts.
        while launches.is_empty() || (launches.len() < LAUNCHES as usize && start.elapsed() < budget) {
            let iteration = launches.first().map(|launch: &Launch| {
                std::time::Duration::try_from_secs_f64(launch.samples.median() * 1e-9).unwrap_or_default()
            });
            let options = self.request.measuring.launch_options(iteration);
            match self.session.runner.launch(bench, id, &options) {
                Ok(launch) => launches.push(launch),
                // What was measured before the signal counts.
                Err(_) if interrupted() && !launches.is_empty() => break,
                Err(failure) => return Err(Failure::from(failure)),
            }
        }
        Ok(launches)
    }
}
