//! `run`: measure and store, no judgement.

use std::collections::BTreeSet;
use std::time::Instant;

use super::claims::uncounted;
use super::compare::in_scope;
use super::counts::{Abacus, Heap, Kind, NotCounted, Tally, Task, counting_bench, task};
use super::error::PipelineError;
use super::prove::words;
use super::request::{RunRequest, RunSubject};
use super::screen::by_whole_processes;
use super::session;
use super::workshop::{BenchTargetName, Prepared, Workshop};
use crate::domain::{
    BenchmarkName, BenchmarkOutcome, BuiltBench, Event, Launch, Limit, Measurement, MeasurementKey, Metric,
    MetricOutcome, OccasionId, Progress, Report, ReportedError, Revision, Side, Verdict, median,
};
use crate::judge::Exit;
use crate::measure::runner::Runner;
use crate::source::Repository;
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
    let start = Instant::now();
    let repository = Repository::discover(&request.project.root)?;
    // Asked now so that a range that does not exist is told without waiting for the lock.
    let range = match &request.what {
        RunSubject::WorkTree => None,
        RunSubject::Range(range) => Some(repository.range(range)?),
    };
    let _lock = session::lock(&request.project, progress)?;
    let revisions = match range {
        Some(commits) => commits,
        None => vec![repository.work_tree()?],
    };
    let workshop = Workshop::new(&request.project, &repository, &request.scope, progress);
    let occasion = session::begin(store, "run", &request.machine, 0)?;
    let mut surveyor = Surveyor {
        request,
        store,
        runner,
        progress,
        occasion,
        report: empty(request),
        measured: None,
        matched: 0,
        known: Vec::new(),
    };
    let alone = revisions.len() == 1;
    let mut last = None;
    for (index, revision) in revisions.iter().enumerate() {
        if interrupted() {
            break;
        }
        if !alone {
            progress.event(Event::Stage(&format!(
                "Measuring {} of {}: {revision}",
                index + 1,
                revisions.len()
            )));
        }
        let surveyed = workshop.prepare(Side::Candidate, revision, None).and_then(|prepared| {
            let surveyed = surveyor.survey(&prepared, &workshop);
            last = Some(prepared);
            surveyed
        });
        match surveyed {
            Ok(()) => {}
            // The store refused: nothing more can be kept.
            Err(error @ PipelineError::Store(_)) if !surveyor.report.benchmarks.is_empty() => {
                surveyor.report.errors.push(session::broken_off(&error));
                break;
            }
            Err(error) if alone => return Err(error),
            // A commit of the past that does not build is no reason to leave out the others.
            Err(error) => surveyor.report.errors.push(ReportedError {
                subject: revision.to_string(),
                message: format!("failed to {error}"),
                hint: error.hint(),
            }),
        }
        let built = last.as_ref().map_or(&revision.tree, |prepared: &Prepared| &prepared.revision.tree);
        workshop.tidy(std::slice::from_ref(built));
    }
    progress.event(Event::Measured);
    if let (Some(prepared), 0, true) = (&last, surveyor.matched, surveyor.report.errors.is_empty()) {
        return Err(session::nothing(prepared, &request.scope, &surveyor.known));
    }
    let measured = surveyor.measured.or_else(|| revisions.last().cloned());
    let mut report = surveyor.report;
    if interrupted() {
        report.errors.push(ReportedError {
            subject: String::new(),
            message: "interrupted; what was measured is stored".to_owned(),
            hint: None,
        });
    }
    let exit = if report.errors.is_empty() { Exit::Passed } else { Exit::Incomplete };
    Ok(Report {
        exit_code: exit.code(),
        candidate: measured,
        seconds: start.elapsed().as_secs_f64(),
        ..report
    })
}

fn empty(request: &RunRequest) -> Report {
    Report {
        command: "run",
        exit_code: 0,
        baseline: None,
        candidate: None,
        machine: Some(request.machine.clone()),
        toolchain: None,
        benchmarks: Vec::new(),
        claims: Vec::new(),
        errors: Vec::new(),
        notes: Vec::new(),
        seconds: 0.0,
    }
}

/// Who measures the benchmarks of one revision after the other.
struct Surveyor<'a> {
    request: &'a RunRequest,
    store: &'a mut Store,
    runner: &'a mut dyn Runner,
    progress: &'a dyn Progress,
    occasion: OccasionId,
    /// Its benchmarks are those of the last revision that was measured.
    report: Report,
    /// That revision.
    measured: Option<Revision>,
    /// How many benchmarks took part so far, stored ones included.
    matched: usize,
    /// Every benchmark of the last revision, wanted or not.
    known: Vec<BenchmarkName>,
}

impl Surveyor<'_> {
    fn survey(&mut self, prepared: &Prepared, workshop: &Workshop<'_>) -> Result<(), PipelineError> {
        let revision = &prepared.revision;
        let mut todo: Vec<(BuiltBench, BenchmarkName)> = Vec::new();
        let mut everything = Vec::new();
        for listed in session::list(prepared, self.runner)? {
            match listed.ids {
                Err(reason) => self.report.errors.push(ReportedError {
                    subject: listed.bench.label(),
                    message: format!("cannot list its benchmarks: {reason}"),
                    hint: None,
                }),
                Ok(ids) => {
                    for id in ids {
                        let name = BenchmarkName::new(&listed.bench.package, &listed.bench.target, id);
                        if in_scope(&self.request.scope, &name) {
                            todo.push((listed.bench.clone(), name.clone()));
                        }
                        everything.push(name);
                    }
                }
            }
        }
        self.known = everything;
        self.matched += todo.len();
        self.report.toolchain = session::toolchain(prepared);
        for note in session::notes(prepared) {
            if !self.report.notes.contains(&note) {
                self.report.notes.push(note);
            }
        }
        let keyed = self.unless_stored(revision, todo)?;
        if keyed.is_empty() {
            return Ok(());
        }
        self.report.benchmarks.clear();
        self.measured = Some(revision.clone());
        self.count(prepared, workshop, &keyed)?;
        if !self.wants(Metric::WallTime) {
            return Ok(());
        }
        self.progress.event(Event::Measuring { benchmarks: keyed.len() });
        let total = keyed.len();
        for (index, (bench, key)) in keyed.into_iter().enumerate() {
            if interrupted() {
                break;
            }
            let name = key.benchmark.clone();
            self.progress.event(Event::Benchmark {
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
            let key = session::key(revision, &self.request.machine, &bench, name.id(), Metric::WallTime);
            let key = by_whole_processes(&key);
            if !(backfill && self.store.has_measurement(&key.series(), &revision.commit)?) {
                keyed.push((bench, key));
            }
        }
        if backfill && wanted > 0 {
            let stored = wanted - keyed.len();
            let note = match (keyed.len(), stored) {
                (0, _) => format!("{revision}: all {stored} benchmarks are stored already"),
                (new, 0) => format!("{revision}: {new} benchmarks to measure"),
                (new, _) => format!("{revision}: {new} benchmarks to measure, {stored} are stored already"),
            };
            self.report.notes.push(note);
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
        workshop: &Workshop<'_>,
        keyed: &[(BuiltBench, MeasurementKey)],
    ) -> Result<(), PipelineError> {
        let metrics = &self.request.measuring.metrics;
        for kind in [Kind::Instructions, Kind::Heap] {
            if kind.metrics(metrics).is_empty() {
                continue;
            }
            let heap = match kind {
                Kind::Instructions => None,
                Kind::Heap => Some(heap(workshop, &prepared.revision, keyed)?),
            };
            let heap = heap.as_ref().map(|heap| heap.as_ref().map_err(String::as_str));
            let mut tasks = Vec::new();
            for (bench, key) in keyed {
                let taken_of = (&prepared.revision, &self.request.machine);
                let found = counting_bench(kind, bench, heap).and_then(|counting| {
                    task(self.runner, kind, (bench, counting), &key.benchmark, taken_of)
                });
                match found {
                    Ok(task) => tasks.push(task),
                    Err(why) => self.note(kind, &key.benchmark, &why),
                }
            }
            let mut abacus = Abacus {
                store: self.store,
                occasion: self.occasion,
                runner: self.runner,
                progress: self.progress,
                metrics,
                options: self.request.measuring.count_options(),
            };
            let counted = abacus.count(&tasks)?;
            for (task, found) in tasks.iter().zip(counted) {
                match found {
                    Ok(tally) => self.tell(task, &tally),
                    Err(why) => self.note(kind, &task.key.benchmark, &why),
                }
            }
        }
        Ok(())
    }

    /// What was counted of a benchmark, for the report.
    fn tell(&mut self, task: &Task, tally: &Tally) {
        for metric in task.kind.metrics(&self.request.measuring.metrics) {
            let limit = Limit::default_for(metric);
            let found = MetricOutcome::without_figures(metric, limit, Verdict::New, "counted and stored");
            let candidate = median(tally.values(metric));
            let found = MetricOutcome { candidate, seconds: tally.seconds, ..found };
            self.found(&task.key.benchmark, &task.bench, found);
        }
    }

    /// Why something was not counted: told once, however many benchmarks it befell.
    fn note(&mut self, kind: Kind, name: &BenchmarkName, why: &NotCounted) {
        let what = if kind == Kind::Instructions { "instructions" } else { "allocations" };
        let note = match why {
            NotCounted::Interrupted => return,
            NotCounted::Failed(_) | NotCounted::Uncountable(_) => {
                format!("{name}: {what} not counted: {why}")
            }
            NotCounted::Unavailable { .. } => format!("{what} not counted: {why}"),
        };
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }

    /// Takes down what was found about a metric.
    fn found(&mut self, name: &BenchmarkName, bench: &BuiltBench, found: MetricOutcome) {
        let benchmarks = &mut self.report.benchmarks;
        let at = benchmarks.iter().position(|known| known.name == *name).unwrap_or_else(|| {
            benchmarks.push(BenchmarkOutcome::new(name.clone(), bench.fingerprint.arch()));
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
            Err(reason) => {
                self.report.errors.push(ReportedError {
                    subject: name.to_string(),
                    message: reason.clone(),
                    hint: None,
                });
                MetricOutcome::without_figures(metric, limit, Verdict::Failed, reason)
            }
            Ok(launches) => {
                let provenance = session::provenance(bench);
                let measurement = Measurement { key, executable: bench.digest.clone(), provenance, launches };
                self.store.record(self.occasion, &measurement)?;
                let seconds = measurement.launches.iter().map(|launch| launch.seconds).sum();
                let outcome =
                    MetricOutcome::without_figures(metric, limit, Verdict::New, "measured and stored");
                MetricOutcome { candidate: measurement.summary(), seconds, ..outcome }
            }
        };
        self.found(name, bench, outcome);
        Ok(())
    }

    fn launches(&mut self, bench: &BuiltBench, id: &str) -> Result<Vec<Launch>, String> {
        let budget = self.request.measuring.budget;
        let start = Instant::now();
        let mut launches: Vec<Launch> = Vec::new();
        // At least one launch; more only while the budget lasts.
        while launches.is_empty() || (launches.len() < LAUNCHES as usize && start.elapsed() < budget) {
            let iteration = launches.first().map(|launch: &Launch| {
                std::time::Duration::try_from_secs_f64(launch.samples.median() * 1e-9).unwrap_or_default()
            });
            let options = self.request.measuring.launch_options(iteration);
            match self.runner.launch(bench, id, &options) {
                Ok(launch) => launches.push(launch),
                // What was measured before the signal counts.
                Err(_) if interrupted() && !launches.is_empty() => break,
                Err(failure) => return Err(words(&failure)),
            }
        }
        Ok(launches)
    }
}

/// Builds what allocations of these benchmarks are counted in. That it does not build is no reason to leave out the rest.
fn heap(
    workshop: &Workshop<'_>,
    revision: &Revision,
    keyed: &[(BuiltBench, MeasurementKey)],
) -> Result<Result<Heap, String>, PipelineError> {
    let targets: BTreeSet<BenchTargetName> =
        keyed.iter().map(|(bench, _)| (bench.package.clone(), bench.target.clone())).collect();
    match workshop.counting_allocations(&targets).prepare(Side::Candidate, revision, None) {
        Ok(prepared) => Ok(Ok(Heap::from(prepared))),
        Err(PipelineError::Build(error)) if !interrupted() => Ok(Err(uncounted(&error))),
        Err(error) => Err(error),
    }
}
