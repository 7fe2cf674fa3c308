//! Running Cargo, and watching it.

use std::collections::VecDeque;
use std::process::Command;

use crate::domain::{Event, Progress, Variables};
use crate::support::process::{self, Stream};

use super::messages::Messages;
use super::{BuildError, BuildRequest, argv};

/// How many of Cargo's last lines are kept for a failure.
const TAIL: usize = 200;

/// Compiles the benches of a request, with as many invocations as they need.
pub(super) fn compile(
    request: &BuildRequest<'_>,
    environment: &Variables,
    progress: &dyn Progress,
) -> Result<Messages, BuildError> {
    let mut messages = Messages::default();
    let flags = argv::for_variant(request.flags, request.variant);
    for benches in argv::invocations(request.benches) {
        let arguments = argv::arguments(
            &benches,
            request.features,
            &flags,
            request.flags.target.as_deref(),
            request.target_dir,
            request.patches,
        );
        invoke(request, &arguments, environment, &mut messages, progress)?;
    }
    Ok(messages)
}

/// One invocation with arguments of its own.
pub(super) fn compile_with(
    request: &BuildRequest<'_>,
    arguments: &[String],
    environment: &Variables,
    progress: &dyn Progress,
) -> Result<Messages, BuildError> {
    let mut messages = Messages::default();
    invoke(request, arguments, environment, &mut messages, progress)?;
    Ok(messages)
}

/// One run of Cargo.
fn invoke(
    request: &BuildRequest<'_>,
    arguments: &[String],
    environment: &Variables,
    messages: &mut Messages,
    progress: &dyn Progress,
) -> Result<(), BuildError> {
    let mut command = Command::new(request.cargo);
    command.args(arguments).current_dir(request.workspace).env_clear().envs(environment);
    let side = request.side;
    let mut tail = VecDeque::with_capacity(TAIL);
    let finished = process::run(command, None, |stream, line| match stream {
        Stream::Stdout => {
            if let Some((name, done)) = messages.line(line) {
                progress.event(Event::Compiled { side, name: &name, done });
            }
        }
        Stream::Stderr => {
            progress.event(Event::BuildOutput { side, line });
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line.to_owned());
        }
    })?;
    if finished.status.success() {
        return Ok(());
    }
    let output = Vec::from(tail).join("\n");
    Err(BuildError::Failed { side, status: finished.status.to_string(), output })
}
