//! One launch: start a process, serve Criterion's protocol to it, and see it end.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::criterion::{Connection, Polled, ProtocolError, Server, Transcript, Version, wire::Message};
use super::excess::{Excess, LONGEST_ID, LOOK, Lookout, MOST_BENCHMARKS, MOST_TOLD};
use super::failure::{FailureKind, LaunchFailure, of_exit, with_last_lines};
use super::invocation::Invocation;
use super::output::Output;
use crate::support::process::Group;

/// How often a silent process is looked at.
const POLL: Duration = Duration::from_millis(50);

/// How often it is looked at before it connects: it may end without, and then we need not wait.
const FIRST_POLL: Duration = Duration::from_millis(2);

/// How long a process may take to end after it broke the connection (it may be panicking, which explains more), and how long
/// something that it told may stay unheard after its end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a limit that no clock can hold comes to.
const NO_LIMIT: Duration = Duration::from_hours(365 * 24);

/// A process that came to a good end.
#[derive(Debug)]
pub struct Finished {
    /// The Criterion it is linked to; `None` when it never connected.
    pub version: Option<Version>,
    /// What it said.
    pub transcript: Transcript,
    /// What it printed.
    pub output: Output,
    /// How long it ran from start to end.
    pub elapsed: Duration,
}

/// Starts a process, talks to it if it connects, and waits for it to end. `watch` sees every message first and may
/// give the launch up.
///
/// # Errors
/// It could not be started, took too long, failed, broke the protocol, or was given up by `watch`.
pub fn converse(
    invocation: &Invocation,
    time_limit: Duration,
    watch: impl FnMut(&Message) -> Result<(), FailureKind>,
) -> Result<Finished, LaunchFailure> {
    let mut output = Output::new().map_err(FailureKind::Unstartable)?;
    match Process::run(invocation, &mut output, time_limit, watch) {
        Ok((status, version, transcript, elapsed)) => match of_exit(status) {
            None => Ok(Finished { version, transcript, output, elapsed }),
            Some(kind) => Err(with_last_lines(kind, output.tail())),
        },
        Err(kind) => Err(with_last_lines(kind, output.tail())),
    }
}

/// A process that runs, and everything that belongs to it.
struct Process<'a> {
    group: Group,
    output: &'a mut Output,
    lookout: Lookout,
    deadline: Instant,
    limit: Duration,
}

/// A process's end: how, which Criterion, what it said, and how long it took.
type Ended = (ExitStatus, Option<Version>, Transcript, Duration);

impl<'a> Process<'a> {
    /// The whole life of a process. It is dead when this returns.
    fn run(
        invocation: &Invocation,
        output: &'a mut Output,
        limit: Duration,
        watch: impl FnMut(&Message) -> Result<(), FailureKind>,
    ) -> Result<Ended, FailureKind> {
        let server = Server::open().map_err(FailureKind::Unstartable)?;
        let mut command = invocation.clone().reporting_to(server.port()).command();
        command.stdout(output.stdio().map_err(FailureKind::Unstartable)?);
        command.stderr(output.stdio().map_err(FailureKind::Unstartable)?);
        invocation.prepare().map_err(FailureKind::Unstartable)?;
        let start = Instant::now();
        let group = Group::spawn(command)?;
        let deadline = start.checked_add(limit).unwrap_or(start + NO_LIMIT);
        let lookout = Lookout::new(invocation.folder());
        let mut process = Self { group, output, lookout, deadline, limit };
        let mut transcript = Transcript::default();
        let mut version = None;
        if let Some(mut connection) = process.connection(&server)? {
            version = Some(connection.version());
            if let Err(kind) = process.talk(&mut connection, &mut transcript, watch) {
                // Before the connection closes: a bench that loses it panics, and its last lines would mislead.
                process.group.kill_group()?;
                return Err(kind);
            }
        }
        let status = process.end()?;
        Ok((status, version, transcript, start.elapsed()))
    }

    /// Waits for the process to connect; `None` when it ended without.
    fn connection(&mut self, server: &Server) -> Result<Option<Connection>, FailureKind> {
        loop {
            // Looked at first: a process may connect and end before we have seen either.
            let ended = self.has_ended()?;
            match server.accept(if ended { Duration::ZERO } else { FIRST_POLL }) {
                Ok(Some(connection)) => return Ok(Some(connection)),
                Ok(None) if ended => return Ok(None),
                Ok(None) => self.check()?,
                Err(error) => return Err(self.explained(error)),
            }
        }
    }

    /// Answers everything until the process closes the connection or ends.
    fn talk(
        &mut self,
        connection: &mut Connection,
        transcript: &mut Transcript,
        mut watch: impl FnMut(&Message) -> Result<(), FailureKind>,
    ) -> Result<(), FailureKind> {
        loop {
            let ended = self.has_ended()?;
            let told = connection.told();
            // What a process told before it ended is still to be heard, however busy the machine is. Who closes the connection
            // with its end, as all do but those with heirs, is not waited for.
            let wait = if ended { LAST_WORDS } else { POLL };
            let step = connection.poll(wait).map(|polled| match polled {
                Polled::Message(message) => Some(message),
                Polled::Closed => None,
                Polled::Nothing if ended && connection.told() == told => None,
                Polled::Nothing => Some(Message::Other),
            });
            let message = match step {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(()),
                Err(error) => return Err(self.explained(error)),
            };
            self.check()?;
            self.check_length(&message)?;
            check_amount(&message, transcript, connection)?;
            watch(&message)?;
            if let Some(request) = transcript.hear(message)
                && let Err(error) = connection.send(request)
            {
                return Err(self.explained(error));
            }
        }
    }

    /// Gives up a launch that announces that it will not end in time.
    fn check_length(&self, message: &Message) -> Result<(), FailureKind> {
        match *message {
            Message::Sampling { estimate }
                if estimate > self.deadline.saturating_duration_since(Instant::now()) =>
            {
                Err(FailureKind::TooSlow { estimate, limit: self.limit })
            }
            _ => Ok(()),
        }
    }

    /// Waits for the process to end by itself.
    fn end(&mut self) -> Result<ExitStatus, FailureKind> {
        loop {
            let next = self.deadline.min(Instant::now() + LOOK);
            if let Some(status) = self.group.wait_until(next)? {
                return Ok(status);
            }
            self.check()?;
        }
    }

    fn has_ended(&mut self) -> Result<bool, FailureKind> {
        Ok(self.group.try_wait()?.is_some())
    }

    /// Gives up a launch that is out of time, or fills the disk.
    fn check(&mut self) -> Result<(), FailureKind> {
        if let Some(excess) = self.lookout.look(self.output).map_err(FailureKind::Unstartable)? {
            return Err(excess.into());
        }
        if Instant::now() < self.deadline { Ok(()) } else { Err(FailureKind::Hung { limit: self.limit }) }
    }

    /// A broken protocol is mostly the consequence of a process that failed, which is the better explanation. It is
    /// looked for in how the process ends, if it does so soon.
    fn explained(&mut self, error: ProtocolError) -> FailureKind {
        let status = self.group.wait_until(Instant::now() + LAST_WORDS);
        match (error, status) {
            (ProtocolError::Io(error), Ok(Some(status))) => {
                of_exit(status).unwrap_or(FailureKind::Garbled(ProtocolError::Io(error)))
            }
            (error, _) => FailureKind::Garbled(error),
        }
    }
}

/// Gives up a launch that tells more than anybody needs.
fn check_amount(
    message: &Message,
    transcript: &Transcript,
    connection: &Connection,
) -> Result<(), FailureKind> {
    if let Message::Skipping { id, .. } | Message::Beginning(id) | Message::Complete { id, .. } = message
        && id.len() > LONGEST_ID
    {
        return Err(Excess::Id.into());
    }
    if transcript.skipped.len().max(transcript.begun.len()) > MOST_BENCHMARKS {
        return Err(Excess::Benchmarks.into());
    }
    if connection.told() > MOST_TOLD { Err(Excess::Told.into()) } else { Ok(()) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::domain::Execution;
    use crate::measure::invocation::tests::bench;

    const LONG: Duration = Duration::from_mins(1);

    fn shell(script: &str, limit: Duration) -> Result<Finished, LaunchFailure> {
        let bench = bench("/bin/sh", Execution::Native);
        converse(&Invocation::of(&bench).args(["-c", script]), limit, |_| Ok(()))
    }

    #[test]
    fn a_program_that_never_connects_ends_with_its_output() {
        let mut finished = shell("echo out; echo err >&2; read line || echo nothing to read", LONG).unwrap();
        assert_eq!(finished.version, None);
        assert_eq!(finished.output.text(), "out\nerr\nnothing to read");
    }

    #[test]
    fn failures_carry_the_last_lines() {
        let failure = shell("echo why; exit 3", LONG).unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Exited(3)), "{failure:?}");
        assert_eq!(failure.output_tail, "why");
        let failure = shell("kill -KILL $$", LONG).unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Signalled(9)), "{failure:?}");
    }

    #[test]
    fn what_is_hung_carries_its_last_lines() {
        // A busy machine may not come to the shell's first word within a short limit.
        let said = [100, 1000, 10_000].map(Duration::from_millis).into_iter().any(|limit| {
            let failure = shell("echo waiting; sleep 600", limit).unwrap_err();
            assert!(matches!(failure.kind, FailureKind::Hung { limit: l } if l == limit), "{failure:?}");
            failure.output_tail == "waiting"
        });
        assert!(said);
    }

    #[test]
    fn a_program_that_is_not_there_is_unstartable() {
        let bench = bench("/nowhere/at/all", Execution::Native);
        let failure = converse(&Invocation::of(&bench), LONG, |_| Ok(())).unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Process(_)), "{failure:?}");
        assert!(failure.to_string().contains("start `/nowhere/at/all`: "), "{failure}");
    }
}
