//! `check`: the gate.

use super::super::args::{CheckArgs, ListArgs};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{check_output, coloring, finish, list, runner, sync};
use crate::domain::Exit;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: CheckArgs) -> Result<Exit, CliError> {
    if arguments.list {
        let CheckArgs { filter, part, measuring, build, output, .. } = arguments;
        let wanted = ListArgs { filter, part, no_builtin: measuring.no_builtin, build, output };
        return list::execute(context, &wanted);
    }
    check_output(&arguments.output)?;
    let place = Place::to_build(&arguments.build)?;
    let request = place.check(&arguments, coloring(context))?;
    let mut store = place.store(&arguments.store)?;
    sync::before(context, &place, &mut store, &arguments.sharing);
    let mut runner = runner(&request.project, request.measuring.launch_timeout)?;
    let mut report = crate::pipeline::compare::compare(&request, &mut store, &mut runner, &context.watch)?;
    context.watch.finish();
    sync::after(context, &place, &mut store, &arguments.sharing, &mut report);
    finish(context, &arguments.output, &report)
}
