//! One file per command: from arguments to a request, to a report, to an exit code.

mod accept;
pub(super) mod baseline;
pub(super) mod bisect;
pub(super) mod check;
pub(super) mod claims;
pub(super) mod compare;
pub(super) mod completions;
pub(super) mod doctor;
pub(super) mod explain;
pub(super) mod history;
pub(super) mod init;
pub(super) mod list;
pub(super) mod merge;
pub(super) mod publish;
pub(super) mod report;
pub(super) mod run;
pub(super) mod site;
pub(super) mod sync;

use std::io;
use std::path::Path;
use std::time::Duration;

use super::args::OutputArgs;
use super::console::{Console, check_file, write_file};
use super::context::Context;
use super::error::CliError;
use crate::domain::{Coloring, Exit, Report, ReportKind, Trouble};
use crate::measure::coordinator::Coordinator;
use crate::measure::homes::Homes;
use crate::pipeline::request::Project;
use crate::report::{Format, Style};
use crate::support::current::BuildSite;
use crate::support::records::Records;

/// A runner that makes a side's files the current ones before it runs.
fn runner(project: &Project, launch_timeout: Option<Duration>) -> Result<Coordinator, CliError> {
    let trees = Trees { site: BuildSite::new(&project.trees), records: project.records.clone() };
    let runner = Coordinator::new(trees).map_err(CliError::Runner)?;
    Ok(match launch_timeout {
        Some(limit) => runner.with_list_limit(limit),
        None => runner,
    })
}

/// The source trees that benches run in.
struct Trees {
    site: BuildSite,
    records: Records,
}

impl Homes for Trees {
    fn enter(&mut self, home: &Path) -> io::Result<()> {
        self.site.point_at(home).map_err(io::Error::other)
    }

    fn refresh(&mut self, home: &Path) -> io::Result<()> {
        crate::source::restore(home, &self.records)?;
        Ok(())
    }
}

/// How a report says that the command ends.
fn exit(code: u8) -> Exit {
    Exit::of_code(code).unwrap_or(Exit::Incomplete)
}

/// Renders a report, puts it where it is wanted, and gives its exit code.
fn finish(context: &Context, output: &OutputArgs, report: &Report) -> Result<Exit, CliError> {
    let format = output.format;
    let text = crate::report::render(report, format, &style(context, output));
    if let Some(step) = &context.step {
        step.found(context.console, report);
    }
    deliver(output, &text)?;
    if context.verbose > 0 && !context.console.is_quiet() {
        let stages = crate::report::stages::render(report);
        stages.lines().for_each(Console::line);
    }
    Ok(exit(report.exit_code))
}

/// A command that ended early, in the format that was asked for: programs that read the output learn of it too. People
/// read stderr.
pub(super) fn finish_failed(context: &Context, kind: ReportKind, output: &OutputArgs, error: &CliError) {
    let report = Report {
        exit_code: error.exit().code(),
        troubles: vec![Trouble::Ended(error.with_output(), error.hint())],
        ..Report::new(kind)
    };
    let nowhere = matches!(error, CliError::Output { .. } | CliError::Stdout(_) | CliError::Format(_));
    if let Some(step) = &context.step {
        step.found(context.console, &report);
    }
    if output.format == Format::Table || nowhere {
        return;
    }
    let text = crate::report::render(&report, output.format, &style(context, output));
    // The error itself is told on stderr, and decides the exit code.
    let _ = deliver(output, &text);
}

/// Refuses an output file that could never be written, before hours are spent on its content.
fn check_output(output: &OutputArgs) -> Result<(), CliError> {
    let Some(path) = &output.output else { return Ok(()) };
    check_file(path).map_err(|source| CliError::Output { path: path.clone(), source })
}

/// To the file, or to stdout.
fn deliver(output: &OutputArgs, text: &str) -> Result<(), CliError> {
    match &output.output {
        Some(path) => {
            write_file(path, text).map_err(|source| CliError::Output { path: path.clone(), source })
        }
        None => Console::results(text).map_err(CliError::Stdout),
    }
}

fn style(context: &Context, output: &OutputArgs) -> Style {
    Style {
        color: output.output.is_none() && context.console.colors_results(),
        width: Some(Console::width()),
        verbose: context.verbose > 0,
    }
}

/// Whether Cargo may colour what it says.
fn coloring(context: &Context) -> Coloring {
    if context.console.colors_progress() { Coloring::Always } else { Coloring::Never }
}
