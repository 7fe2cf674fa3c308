//! `bisect`: the commit that made a benchmark slower, and why.

use super::super::args::BisectArgs;
use super::super::console::Console;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{check_output, coloring, deliver, runner, style};
use crate::domain::{BisectReport, Exit, Metric};
use crate::pipeline::explain::{ExplainRequest, explain};
use crate::pipeline::request::Subject;
use crate::report::bisect::{check, exit, render};
use crate::report::{Format, explain as explanation};

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &BisectArgs) -> Result<Exit, CliError> {
    check(arguments.output.format)?;
    check_output(&arguments.output)?;
    let place = Place::to_build(&arguments.build)?;
    let request = place.bisect(arguments, coloring(context))?;
    let mut store = place.store(&arguments.search.store)?;
    let mut runner = runner(&request.ends.project, None)?;
    let report = crate::pipeline::bisect::bisect(&request, &mut store, &mut runner, &context.watch)?;
    context.watch.finish();
    let text = render(&report, arguments.output.format, &style(context, &arguments.output))?;
    deliver(&arguments.output, &text)?;
    let for_people = arguments.output.format == Format::Table && arguments.output.output.is_none();
    if let Some(wanted) = why(&report, &request.ends).filter(|_| for_people) {
        // The answer stands without it: Valgrind may be missing.
        match explain(&wanted, &mut runner, &context.watch) {
            Ok(found) => {
                context.watch.finish();
                let text = explanation::render(&found, Format::Table, &style(context, &arguments.output))?;
                Console::results(&format!("\n{text}")).map_err(CliError::Stdout)?;
            }
            Err(error) => context.console.warning(format!("it is not explained: {error}")),
        }
    }
    Ok(exit(&report))
}

/// What explains the largest part, where that is one commit and instructions, with who allocates, can tell.
fn why(report: &BisectReport, ends: &crate::pipeline::request::CompareRequest) -> Option<ExplainRequest> {
    let part = report.parts.first().filter(|part| part.change.is_some())?;
    let [suspect] = &part.suspects[..] else { return None };
    let explained = matches!(
        report.metric,
        Metric::Instructions | Metric::WallTime | Metric::Allocations | Metric::AllocatedBytes
    );
    explained.then(|| ExplainRequest {
        project: ends.project.clone(),
        benchmark: report.benchmark.to_string(),
        baseline: Some(part.before.commit.as_str().to_owned()),
        candidate: Subject::Revision(suspect.commit.as_str().to_owned()),
        scope: ends.scope.clone(),
        launch_timeout: None,
        caches: false,
        machine: ends.machine.clone(),
    })
}
