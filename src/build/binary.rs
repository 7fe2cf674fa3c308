//! A binary of the source tree that is built to be asked something, not to be timed.

use std::fs;
use std::path::{Path, PathBuf};
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

/// The file of which a program that Cargo made is another name: what the linker was told to write.
pub(super) fn linked(path: &Path) -> PathBuf {
    let found = path.file_stem().zip(path.parent()).and_then(|(stem, folder)| {
        let start = format!("{}-", stem.to_str()?.replace('-', "_"));
        let entries = fs::read_dir(folder.join("deps")).ok()?;
        let paths = entries.flatten().map(|entry| entry.path());
        let mut named = paths.filter(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&start))
        });
        named.find(|other| is_same(path, other))
    });
    found.unwrap_or_else(|| path.to_owned())
}

/// Whether two paths lead to one file.
#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |path| fs::metadata(path).map(|data| (data.dev(), data.ino())).ok();
    id(one).is_some() && id(one) == id(other)
}

#[cfg(not(unix))]
fn is_same(_: &Path, _: &Path) -> bool {
    false
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
