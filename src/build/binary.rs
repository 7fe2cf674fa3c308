//! A binary of the source tree that is built to be asked something, not to be timed.

use std::path::PathBuf;
use std::process::Command;

use crate::domain::{Execution, Progress};
use crate::support::process::{self, Stream};

use super::lock_file::LockFile;
use super::{BuildError, BuildRequest, Plan, argv, cargo};

/// Builds the binary target `name` of `package` as the benches of the request are built, runs it, and gives what it
/// prints.
///
/// # Errors
/// A build that fails, a binary that is not there, cannot be started or ends badly.
pub fn output_of_binary(
    request: &BuildRequest<'_>,
    package: &str,
    name: &str,
    progress: &dyn Progress,
) -> Result<String, BuildError> {
    let plan = Plan::new(request)?;
    plan.prepare(request.target_dir, progress)?;
    let arguments = argv::of_binary(package, name, request.flags, request.target_dir, request.patches);
    let _lock = LockFile::keep(request.workspace);
    let messages = cargo::compile_with(request, &arguments, &plan.environment, progress)?;
    let found = messages.binaries.into_iter().find(|(_, target, _)| target == name);
    let bench = || format!("{package}::{name}");
    let (_, _, path) =
        found.ok_or_else(|| BuildError::NoExecutable { side: request.side, bench: bench() })?;
    let mut command = started(&plan.execution, path);
    command.current_dir(request.workspace);
    let mut lines = Vec::new();
    let finished = process::run(command, None, |stream, line| {
        if stream == Stream::Stdout {
            lines.push(line.to_owned());
        }
    })?;
    let output = lines.join("\n");
    if finished.status.success() {
        Ok(output)
    } else {
        Err(BuildError::Failed { side: request.side, status: finished.status.to_string(), output })
    }
}

/// The command that starts an executable on this machine.
fn started(execution: &Execution, path: PathBuf) -> Command {
    match execution {
        Execution::Native => Command::new(path),
        Execution::Runner(words) | Execution::Emulated(words) => match words.split_first() {
            None => Command::new(path),
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(path);
                command
            }
        },
    }
}
