//! `merge`: the reports of several machines as one.

use super::super::args::MergeArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::reports;
use super::{check_output, finish};
use crate::domain::Exit;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &MergeArgs) -> Result<Exit, CliError> {
    check_output(&arguments.output)?;
    let parts = arguments.files.iter().map(|path| Ok((path.display().to_string(), reports::read(path)?)));
    let whole = crate::judge::merge(parts.collect::<Result<Vec<_>, CliError>>()?)?;
    finish(context, &arguments.output, &whole)
}
