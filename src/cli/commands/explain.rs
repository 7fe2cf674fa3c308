//! `explain`: which functions account for a difference.

use super::super::args::ExplainArgs;
use super::super::console::{check_file, write_file};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{check_output, coloring, deliver, runner, style};
use crate::domain::Exit;
use crate::report::explain::{check, flamegraph, render};

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &ExplainArgs) -> Result<Exit, CliError> {
    let format = arguments.output.format;
    check(format)?;
    check_output(&arguments.output)?;
    let unwritable = |source| {
        let path = arguments.flamegraph.clone().unwrap_or_default();
        CliError::Output { path, source }
    };
    if let Some(path) = &arguments.flamegraph {
        check_file(path).map_err(unwritable)?;
    }
    let place = Place::to_build(&arguments.build)?;
    let request = place.explain(arguments, coloring(context))?;
    let mut runner = runner(&request.project, request.launch_timeout)?;
    let report = crate::pipeline::explain::explain(&request, &mut runner, &context.watch)?;
    context.watch.finish();
    match &arguments.flamegraph {
        Some(_) if report.stacks.is_empty() => {
            context.console.warning("there is no flame graph: nothing was counted");
        }
        Some(path) => write_file(path, &flamegraph(&report)?).map_err(unwritable)?,
        None if !report.stacks.is_empty() => {
            context.console.progress("Hint", "--flamegraph FILE.svg draws the difference as a flame graph");
        }
        None => {}
    }
    // A drawing that fails ends the command before it has printed a document.
    let text = render(&report, format, &style(context, &arguments.output))?;
    deliver(&arguments.output, &text)?;
    Ok(Exit::Passed)
}
