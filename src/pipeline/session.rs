//! What a run measures with, put together once and handed on.

use std::time::{SystemTime, UNIX_EPOCH};

use super::error::PipelineError;
use super::layouts::Layouts;
use super::request::Measuring;
use crate::domain::{
    BenchmarkEvidence, BenchmarkName, BuiltBench, Execution, MachineFacts, MeasurementKey, Metric, Progress,
    Provenance, ReportKind, Revision, RunEvidence, RunId, SideBuild,
};
use crate::measure::runner::Runner;
use crate::store::{NewRun, Store, StoredRun};

/// A run that is going on.
pub(crate) struct Session<'a> {
    /// Where everything is kept as soon as it is known.
    pub(crate) store: &'a mut Store,
    /// The run's number in the store.
    pub(crate) run: RunId,
    /// Who launches.
    pub(crate) runner: &'a mut dyn Runner,
    /// Who is told.
    pub(crate) progress: &'a dyn Progress,
    /// How to measure.
    pub(crate) measuring: &'a Measuring,
    /// On which machine.
    pub(crate) machine: &'a MachineFacts,
    /// What random choices grow from.
    pub(crate) seed: u64,
    /// The executables of each pair.
    pub(crate) layouts: &'a mut Layouts,
}

/// What a run is begun with.
pub(crate) struct Beginning<'a> {
    /// What was asked for.
    pub(crate) kind: ReportKind,
    /// How to measure.
    pub(crate) measuring: &'a Measuring,
    /// On which machine.
    pub(crate) machine: &'a MachineFacts,
    /// What random choices grow from.
    pub(crate) seed: u64,
}

impl<'a> Session<'a> {
    /// Notes in the store that a run begins.
    pub(crate) fn begin(
        beginning: &Beginning<'a>,
        store: &'a mut Store,
        runner: &'a mut dyn Runner,
        progress: &'a dyn Progress,
        layouts: &'a mut Layouts,
    ) -> Result<Self, PipelineError> {
        let Beginning { kind, measuring, machine, seed } = *beginning;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = store.begin_run(&NewRun {
            command: kind.name(),
            started_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
            machine,
            program_version: env!("CARGO_PKG_VERSION"),
            seed,
        })?;
        Ok(Self { store, run, runner, progress, measuring, machine, seed, layouts })
    }

    /// What the store gives back of this run, which is what is judged: and only what was measured, to the last bit.
    ///
    /// # Errors
    /// The store does not take or give it, or gives something else: others can write to it, too.
    pub(crate) fn read_back(
        &mut self,
        run: &RunEvidence,
        benchmarks: &[BenchmarkEvidence],
    ) -> Result<StoredRun, PipelineError> {
        self.store.finish_run(self.run, run)?;
        let stored = self.store.run_evidence(self.run)?;
        let altered = |what: String| PipelineError::Altered { store: self.store.path().to_owned(), what };
        if stored.run != *run {
            return Err(altered("the run as a whole".to_owned()));
        }
        let mut measured: Vec<&BenchmarkEvidence> = benchmarks.iter().collect();
        measured.sort_by_key(|evidence| evidence.name.to_string());
        if stored.benchmarks.len() != measured.len() {
            let (found, known) = (stored.benchmarks.len(), measured.len());
            return Err(altered(format!("{found} benchmarks where {known} were measured")));
        }
        match stored.benchmarks.iter().zip(measured).find(|(stored, measured)| stored != measured) {
            Some((_, measured)) => Err(altered(measured.name.to_string())),
            None => Ok(stored),
        }
    }

    /// The same run, measuring otherwise.
    pub(crate) fn measuring<'b>(&'b mut self, measuring: &'b Measuring) -> Session<'b>
    where
        'a: 'b,
    {
        Session {
            store: self.store,
            run: self.run,
            runner: self.runner,
            progress: self.progress,
            measuring,
            machine: self.machine,
            seed: self.seed,
            layouts: self.layouts,
        }
    }

    /// What a benchmark's measurements are keyed by.
    pub(crate) fn key(
        &self,
        revision: &Revision,
        bench: &BuiltBench,
        id: &str,
        metric: Metric,
    ) -> MeasurementKey {
        key(revision, self.machine, bench, id, metric)
    }
}

/// What a benchmark's measurements on a machine are keyed by.
pub(crate) fn key(
    revision: &Revision,
    machine: &MachineFacts,
    bench: &BuiltBench,
    id: &str,
    metric: Metric,
) -> MeasurementKey {
    MeasurementKey {
        revision: revision.clone(),
        machine: machine.key.clone(),
        build: bench.fingerprint.clone(),
        benchmark: BenchmarkName::new(&bench.package, &bench.target, id),
        metric,
    }
}

/// The key of figures that were taken one process after the other.
pub(crate) fn sequential(key: &MeasurementKey) -> MeasurementKey {
    MeasurementKey { build: key.build.sequential(), ..key.clone() }
}

/// Whether the times of an executable are evidence about this machine.
pub(crate) fn provenance(bench: &BuiltBench) -> Provenance {
    match bench.execution {
        Execution::Native | Execution::Runner(_) => Provenance::Native,
        Execution::Emulated(_) => Provenance::Emulated,
    }
}

/// What the judge is told about an executable.
pub(crate) fn side_build(bench: &BuiltBench) -> SideBuild {
    SideBuild {
        fingerprint: bench.fingerprint.clone(),
        executable: bench.digest.clone(),
        surroundings: bench.surroundings.digest.clone(),
        provenance: provenance(bench),
        unit: bench.unit.kind(),
    }
}
