//! `doctor`: whether this machine is fit to measure.

use super::super::args::DoctorArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{check_output, coloring, deliver, exit, runner, style};
use crate::domain::Exit;
use crate::report::UnsupportedFormat;
use crate::report::doctor::{FORMATS, render};

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &DoctorArgs) -> Result<Exit, CliError> {
    let output = &arguments.output;
    check_output(output)?;
    // Not after a minute of measuring.
    let format = output.format;
    if !FORMATS.contains(&format) {
        return Err(UnsupportedFormat { command: "doctor", format, known: FORMATS }.into());
    }
    let place = Place::to_build(&arguments.build)?;
    let request = place.doctor(arguments, coloring(context))?;
    let mut store = place.store(&arguments.store)?;
    let mut runner = runner(&request.project, None)?;
    let report = crate::pipeline::doctor::doctor(&request, &mut store, &mut runner, &context.watch)?;
    context.watch.finish();
    deliver(output, &render(&report, format, &style(context, output))?)?;
    Ok(exit(report.exit_code))
}
