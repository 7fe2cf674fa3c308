//! `list`: what would be measured.

use super::super::args::ListArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{check_output, coloring, finish, runner};
use crate::domain::Exit;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &ListArgs) -> Result<Exit, CliError> {
    check_output(&arguments.output)?;
    let place = Place::to_build(&arguments.build)?;
    let request = place.list(arguments, coloring(context))?;
    let mut runner = runner(&request.project, None)?;
    let report = crate::pipeline::list::list(&request, &mut runner, &context.watch)?;
    context.watch.finish();
    finish(context, &arguments.output, &report)
}
