//! `claims`: what is said to hold within one build, put to the test.

use super::super::args::ClaimsArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{coloring, finish, runner};
use crate::domain::Exit;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &ClaimsArgs) -> Result<Exit, CliError> {
    let place = Place::to_build(&arguments.build)?;
    let request = place.claims(arguments, coloring(context))?;
    let mut store = place.store(&arguments.store)?;
    let mut runner = runner(&request.project, None)?;
    let report = crate::pipeline::claims::claims(&request, &mut store, &mut runner, &context.watch)?;
    context.watch.finish();
    finish(context, &arguments.output, &report)
}
