//! `list`: what would be measured. Source, build, and the executables' own lists.

use std::time::Instant;

use super::compare::in_scope;
use super::error::PipelineError;
use super::request::{Project, Scope};
use super::session;
use super::workshop::Workshop;
use crate::domain::{BenchmarkName, BenchmarkOutcome, MachineFacts, Progress, Report, ReportedError, Side};
use crate::judge::Exit;
use crate::measure::runner::Runner;
use crate::source::Repository;

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
    let start = Instant::now();
    let repository = Repository::discover(&request.project.root)?;
    let _lock = session::lock(&request.project, progress)?;
    let candidate = repository.work_tree()?;
    let workshop = Workshop::new(&request.project, &repository, &request.scope, progress);
    let prepared = workshop.prepare(Side::Candidate, &candidate, None)?;
    let listed = session::list(&prepared, runner)?;
    let mut names = Vec::new();
    let mut errors = Vec::new();
    for listed in &listed {
        match &listed.ids {
            Ok(ids) => names.extend(ids.iter().map(|id| (listed, id))),
            Err(reason) => errors.push(ReportedError {
                subject: listed.bench.label(),
                message: format!("cannot list its benchmarks: {reason}"),
                hint: None,
            }),
        }
    }
    let all: Vec<(BenchmarkName, String)> = names
        .into_iter()
        .map(|(listed, id)| {
            let name = BenchmarkName::new(&listed.bench.package, &listed.bench.target, id);
            (name, listed.bench.fingerprint.arch().to_owned())
        })
        .collect();
    let mut benchmarks: Vec<BenchmarkOutcome> = all
        .iter()
        .filter(|(name, _)| in_scope(&request.scope, name))
        .map(|(name, arch)| BenchmarkOutcome::new(name.clone(), arch))
        .collect();
    benchmarks.sort_by(|a, b| a.name.cmp(&b.name));
    if benchmarks.is_empty() && errors.is_empty() {
        let names: Vec<BenchmarkName> = all.into_iter().map(|(name, _)| name).collect();
        return Err(session::nothing(&prepared, &request.scope, &names));
    }
    let exit = if errors.is_empty() { Exit::Passed } else { Exit::Incomplete };
    Ok(Report {
        command: "list",
        exit_code: exit.code(),
        baseline: None,
        candidate: Some(prepared.revision.clone()),
        machine: Some(request.machine.clone()),
        toolchain: session::toolchain(&prepared),
        benchmarks,
        claims: Vec::new(),
        errors,
        notes: session::notes(&prepared),
        seconds: start.elapsed().as_secs_f64(),
    })
}
