//! `list`: what would be measured. Source, build, and the executables' own lists. The built-in suite's names are known.

use super::builder::Builder;
use super::error::PipelineError;
use super::request::{Project, Scope};
use super::stopwatch::Stopwatch;
use super::workspace::{Listing, Workspace, nothing};
use crate::domain::{BenchmarkOutcome, MachineFacts, Progress, Report, ReportKind, arch_of};
use crate::judge::Exit;
use crate::measure::runner::Runner;

/// What `list` asks for.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// Where.
    pub project: Project,
    /// What takes part.
    pub scope: Scope,
    /// On which machine.
    pub machine: MachineFacts,
}

/// Lists the benchmarks of the work tree.
///
/// # Errors
/// No repository, no benches, a build that fails.
pub fn list(
    request: &ListRequest,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<Report, PipelineError> {
    let stopwatch = Stopwatch::start(progress);
    let progress: &dyn Progress = &stopwatch;
    let mut workspace = Workspace::find(&request.project, progress)?;
    workspace.lock()?;
    let revision = workspace.repository.work_tree()?;
    let builder = Builder { names_only: true, ..workspace.builder(&request.scope) };
    let (prepared, suite) = builder.prepare_to_list(&revision)?;
    let listing = Listing::ask(&prepared, runner, progress)?;
    let troubles = listing.troubles(None);
    let mut benchmarks: Vec<BenchmarkOutcome> = listing
        .all()
        .filter(|(name, _)| request.scope.includes(name))
        .map(|(name, bench)| BenchmarkOutcome::new(name, bench.fingerprint.arch()))
        .collect();
    if let Some(suite) = &suite {
        let arch = arch_of(&suite.toolchain.target);
        benchmarks.extend(suite.names.iter().map(|name| BenchmarkOutcome::new(name.clone(), arch)));
    }
    benchmarks.sort_by(|a, b| a.name.cmp(&b.name));
    if benchmarks.is_empty() && troubles.is_empty() && request.scope.partition.is_none() {
        return Err(nothing(&prepared, &request.scope, &listing.names()));
    }
    let exit = if troubles.is_empty() { Exit::Passed } else { Exit::Incomplete };
    let (stages, seconds) = stopwatch.read();
    Ok(Report {
        exit_code: exit.code(),
        candidate: Some(prepared.revision.clone()),
        machine: Some(request.machine.clone()),
        toolchain: prepared.toolchain().or(suite.map(|suite| suite.toolchain)),
        benchmarks,
        troubles,
        notes: prepared.all_notes(),
        seconds,
        stages,
        ..Report::new(ReportKind::List)
    })
}
