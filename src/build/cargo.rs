//! Running Cargo, and watching it.

use std::collections::VecDeque;
use std::process::Command;

use crate::domain::{BenchTarget, Event, Progress, Variables, Variant};
use crate::support::process::{self, Stream};

use super::messages::Messages;
use super::units::{self, Units};
use super::{BuildError, BuildRequest, argv, inventory};

/// How many of Cargo's last lines are kept for a failure.
const TAIL: usize = 200;

/// Compiles the benches of a request, with as many invocations as they need.
pub(super) fn compile(
    request: &BuildRequest<'_>,
    environment: &Variables,
    progress: &dyn Progress,
) -> Result<Messages, BuildError> {
    let mut messages = Messages::default();
    for benches in argv::invocations(request.benches) {
        let mut complaints = Complaints::default();
        match compile_some(request, &benches, environment, &mut messages, &mut complaints, progress) {
            // Cargo gives up at the first of them, so the others are tried one by one. Those that are left without an
            // executable are told by the caller.
            Err(BuildError::Failed { .. }) if forgiven(request, &complaints) => {
                for bench in benches {
                    let mut complaints = Complaints::default();
                    let one = &[bench];
                    match compile_some(request, one, environment, &mut messages, &mut complaints, progress) {
                        Err(BuildError::Failed { .. }) if forgiven(request, &complaints) => {}
                        result => result?,
                    }
                }
            }
            result => result?,
        }
    }
    Ok(messages)
}

/// One invocation for some benches.
fn compile_some(
    request: &BuildRequest<'_>,
    benches: &[&BenchTarget],
    environment: &Variables,
    messages: &mut Messages,
    complaints: &mut Complaints,
    progress: &dyn Progress,
) -> Result<(), BuildError> {
    let flags = argv::for_variant(request.flags, request.variant);
    let target = request.flags.target.as_deref();
    let arguments = argv::arguments(
        benches,
        request.beside,
        request.features,
        &flags,
        target,
        request.target_dir,
        request.patches,
    );
    invoke(request, &arguments, environment, messages, complaints, progress)
}

/// One invocation with arguments of its own.
pub(super) fn compile_with(
    request: &BuildRequest<'_>,
    arguments: &[String],
    environment: &Variables,
    progress: &dyn Progress,
) -> Result<Messages, BuildError> {
    let mut messages = Messages::default();
    invoke(request, arguments, environment, &mut messages, &mut Complaints::default(), progress)?;
    Ok(messages)
}

/// Whether a failure only means that some benches cannot be linked to another allocator.
fn forgiven(request: &BuildRequest<'_>, complaints: &Complaints) -> bool {
    request.variant == Variant::Allocations && complaints.are_of_allocators()
}

/// What a build failed by.
#[derive(Debug, Default, PartialEq, Eq)]
struct Complaints {
    /// Executables that have two global allocators.
    conflicts: usize,
    /// Crates that could not be compiled.
    failed: usize,
}

impl Complaints {
    fn line(&mut self, line: &str) {
        // Within a line, for colours may come before and after.
        self.conflicts += usize::from(line.contains("conflicts with global allocator in"));
        self.failed += usize::from(line.contains("could not compile `"));
    }

    /// Whether a second global allocator is all that is wrong.
    fn are_of_allocators(&self) -> bool {
        self.conflicts > 0 && self.failed <= self.conflicts
    }
}

/// One run of Cargo.
fn invoke(
    request: &BuildRequest<'_>,
    arguments: &[String],
    environment: &Variables,
    messages: &mut Messages,
    complaints: &mut Complaints,
    progress: &dyn Progress,
) -> Result<(), BuildError> {
    let mut command = Command::new(request.cargo);
    command.args(arguments).current_dir(request.workspace).env_clear().envs(environment);
    // A bar is asked for wherever output goes: it is read here, and shown in our own way where there is a terminal.
    command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", units::WIDTH);
    command.env("CARGO_TERM_PROGRESS_TERM_INTEGRATION", "false");
    let side = request.side;
    let mut tail = VecDeque::with_capacity(TAIL);
    let heard = |stream, line: &str| match stream {
        Stream::Stdout => {
            if let Some((name, done)) = messages.line(line) {
                progress.event(Event::Compiled { side, name: &name, done });
            }
        }
        Stream::Stderr => {
            let erased = units::without_erasing(line);
            if let Some(Units { done, total, names }) = Units::parse(erased) {
                progress.event(Event::Building { side, done, total, names: &names });
                return;
            }
            // Nothing but an end of the bar.
            if erased.is_empty() && !line.is_empty() {
                return;
            }
            let line = erased;
            progress.event(Event::BuildOutput { side, line });
            complaints.line(line);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line.to_owned());
        }
    };
    let finished = inventory::around(request.target_dir, || process::run_redrawing(command, heard))?;
    if finished.status.success() {
        return Ok(());
    }
    let output = Vec::from(tail).join("\n");
    Err(BuildError::Failed { side, status: finished.status.to_string(), output })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(lines: &[&str]) -> Complaints {
        let mut complaints = Complaints::default();
        for line in lines {
            complaints.line(line);
        }
        complaints
    }

    #[test]
    fn only_a_second_allocator_is_forgiven() {
        let conflict = "\u{1b}[1merror\u{1b}[0m: the `#[global_allocator]` in this crate conflicts with global allocator in: criterion";
        let failed =
            "\u{1b}[1merror\u{1b}[0m: could not compile `own` (bench \"own\") due to 1 previous error";
        let other = "error: could not compile `other` (lib) due to 2 previous errors";
        assert!(complaints(&[conflict, "", failed]).are_of_allocators());
        assert!(!complaints(&[conflict, failed, other]).are_of_allocators());
        assert!(!complaints(&[other]).are_of_allocators());
        assert!(!complaints(&[]).are_of_allocators());
    }
}
