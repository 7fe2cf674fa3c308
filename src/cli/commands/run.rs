//! `run`: measure and store.

use super::super::args::{ListArgs, PartitionArgs, RunArgs};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{check_output, coloring, finish, list, runner, sync};
use crate::domain::Exit;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: RunArgs) -> Result<Exit, CliError> {
    if arguments.list {
        let RunArgs { filter, measuring, build, output, .. } = arguments;
        let wanted = ListArgs {
            filter,
            part: PartitionArgs { partition: None },
            no_builtin: measuring.no_builtin,
            build,
            output,
        };
        return list::execute(context, &wanted);
    }
    check_output(&arguments.output)?;
    let place = Place::to_build(&arguments.build)?;
    let request = place.run(&arguments, coloring(context))?;
    let mut store = place.store(&arguments.store)?;
    sync::before(context, &place, &mut store, &arguments.sharing);
    let mut runner = runner(&request.project, request.measuring.launch_timeout)?;
    let mut report = crate::pipeline::run::run(&request, &mut store, &mut runner, &context.watch)?;
    context.watch.finish();
    sync::after(context, &place, &mut store, &arguments.sharing, &mut report);
    finish(context, &arguments.output, &report)
}
