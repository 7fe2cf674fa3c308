//! `compare`: two revisions against each other, now.

use super::super::args::CompareArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{check_output, coloring, finish, runner};
use crate::domain::Exit;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &CompareArgs) -> Result<Exit, CliError> {
    check_output(&arguments.output)?;
    let place = Place::to_build(&arguments.build)?;
    let request = place.compare(arguments, coloring(context))?;
    let mut store = place.store(&arguments.store)?;
    let mut runner = runner(&request.project, request.measuring.launch_timeout)?;
    let report = crate::pipeline::compare::compare(&request, &mut store, &mut runner, &context.watch)?;
    context.watch.finish();
    finish(context, &arguments.output, &report)
}
