//! What every measuring command does first and last: take the workspace's lock, list executables, key measurements.

use std::time::{SystemTime, UNIX_EPOCH};

use super::catalogue::ListedBench;
use super::error::PipelineError;
use super::prove::words;
use super::request::{Harness, Project, Scope};
use super::workshop::Prepared;
use crate::discover::nearest;
use crate::domain::{
    BenchmarkName, BuiltBench, Event, Execution, MachineFacts, MeasurementKey, Metric, OccasionId, Progress,
    Provenance, ReportedError, Revision, Toolchain,
};
use crate::measure::runner::Runner;
use crate::source::harness_names;
use crate::store::{NewOccasion, Store};
use crate::support::current::BuildSite;
use crate::support::lock::FileLock;
use crate::support::process::interrupted;

/// How many names are offered for one that means nothing.
const NEAR: usize = 3;

/// Takes the workspace's lock. Two runs at once would build at one path and disturb each other's figures, so the second
/// waits, and says so. What a killed run left in the build folder is put back first of all.
pub(crate) fn lock(project: &Project, progress: &dyn Progress) -> Result<FileLock, PipelineError> {
    std::fs::create_dir_all(&project.area)
        .map_err(|error| PipelineError::Area { folder: project.area.clone(), error })?;
    let waiting = || progress.event(Event::Waiting("for another run in this workspace to finish"));
    let lock = FileLock::acquire(&project.area.join("lock"), waiting)?;
    BuildSite::new(&project.area).recover()?;
    super::layouts::sweep(&project.area);
    Ok(lock)
}

/// Notes in the store that a run begins.
pub(crate) fn begin(
    store: &mut Store,
    command: &str,
    machine: &MachineFacts,
    seed: u64,
) -> Result<OccasionId, PipelineError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(store.begin_occasion(&NewOccasion {
        command,
        started_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        machine,
        program_version: env!("CARGO_PKG_VERSION"),
        seed,
    })?)
}

/// Asks every executable for its benchmarks. One that cannot tell fails alone.
///
/// # Errors
/// A signal came.
pub(crate) fn list(prepared: &Prepared, runner: &mut dyn Runner) -> Result<Vec<ListedBench>, PipelineError> {
    let ask = |bench: &BuiltBench| {
        let ids = match runner.list(bench) {
            Ok(listed) => Ok(listed.into_iter().map(|listed| listed.id).collect()),
            Err(failure) => Err(words(&failure)),
        };
        ListedBench { bench: bench.clone(), ids }
    };
    let listed = prepared.benches.iter().map(ask).collect();
    if interrupted() { Err(PipelineError::Interrupted) } else { Ok(listed) }
}

/// The executables that could not list their benchmarks, as errors.
pub(crate) fn unlisted(listed: &[ListedBench]) -> Vec<ReportedError> {
    let broken = |listed: &ListedBench| {
        let reason = listed.ids.as_ref().err()?;
        Some(ReportedError {
            subject: listed.bench.label(),
            message: format!("cannot list its benchmarks: {reason}"),
            hint: None,
        })
    };
    listed.iter().filter_map(broken).collect()
}

/// That the user stopped the run, as an error, if so.
pub(crate) fn interruption(before: &str) -> Option<ReportedError> {
    interrupted().then(|| ReportedError {
        subject: String::new(),
        message: format!("interrupted {before}"),
        hint: None,
    })
}

/// What a benchmark's measurements are keyed by.
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

/// Whether what an executable measures is evidence about this machine.
pub(crate) fn provenance(bench: &BuiltBench) -> Provenance {
    match bench.execution {
        Execution::Native | Execution::Runner(_) => Provenance::Native,
        Execution::Emulated(_) => Provenance::Emulated,
    }
}

/// What the figures were taken with, for the report.
pub(crate) fn toolchain(prepared: &Prepared) -> Option<Toolchain> {
    prepared.benches.first().map(|bench| Toolchain {
        rustc: bench.fingerprint.rustc.clone(),
        target: bench.fingerprint.target.clone(),
        profile: bench.fingerprint.profile.clone(),
    })
}

/// What a reader should know about the targets that are not measured.
pub(crate) fn notes(prepared: &Prepared) -> Vec<String> {
    let left_out = prepared
        .left_out
        .iter()
        .map(|target| format!("{}::{} is not measured: {}", target.package, target.target, target.reason));
    prepared.notes.iter().cloned().chain(left_out).collect()
}

/// What ended a run half-way, as the report shows it beside what was measured.
pub(crate) fn broken_off(error: &PipelineError) -> ReportedError {
    ReportedError {
        subject: String::new(),
        message: format!("failed to {error}; what was measured before is stored"),
        hint: error.hint(),
    }
}

/// Nothing to measure: no bench at all, or a filter that means none of them.
pub(crate) fn nothing(prepared: &Prepared, scope: &Scope, names: &[BenchmarkName]) -> PipelineError {
    if names.is_empty() {
        let left_out = prepared
            .left_out
            .iter()
            .map(|target| format!("{}::{}: {}", target.package, target.target, target.reason));
        PipelineError::NoBenches(left_out.collect())
    } else {
        let shipped: Vec<BenchmarkName> = match scope.harness {
            Harness::On { .. } => harness_names().collect(),
            Harness::Off => Vec::new(),
        };
        let known = || names.iter().chain(&shipped);
        let near = scope.words.iter().flat_map(|text| nearest(known(), text)).take(NEAR).collect();
        PipelineError::NoMatch { filter: scope.words.join("` or `"), near }
    }
}
