//! One child process with everything that it starts.

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::system::{self, Ask, GRACE, Patience};
use super::{ProcessError, registry, spawner, strays, told};

/// How often a child's end is looked for where the system cannot tell us.
pub(super) const POLL: Duration = Duration::from_millis(10);

/// A child process that leads a process group of its own, in a session without a terminal.
///
/// When the leader ends, what is left of its group is killed; when this is dropped, all of it is.
#[derive(Debug)]
pub struct Group {
    child: Child,
    program: String,
    /// Hears once of the leader's end.
    end: Option<Receiver<()>>,
    status: Option<ExitStatus>,
}

impl Group {
    /// Starts `command` in a process group of its own. It inherits the CPUs the calling thread may run on.
    ///
    /// # Errors
    /// A program that cannot be started, or a program that is being interrupted.
    pub fn spawn(mut command: Command) -> Result<Self, ProcessError> {
        let program = command.get_program().to_string_lossy().into_owned();
        registry::watch_signals();
        if registry::interrupted() {
            return Err(ProcessError::Interrupted { program });
        }
        if tracing::enabled!(tracing::Level::DEBUG) {
            let folder = command.get_current_dir().map(|folder| folder.display().to_string());
            tracing::debug!(
                command = told::line(&command),
                environment = ?told::environment(&command),
                folder = folder.as_deref().unwrap_or("."),
                "starts a process"
            );
        }
        system::own_group(&mut command);
        match spawner::spawn(command) {
            Ok(child) => Ok(Self { child, program, end: None, status: None }),
            Err(error) => Err(ProcessError::Start { program, error }),
        }
    }

    /// The leader's process id, which is the group's id too.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What was started, as messages name it.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Takes the leader's standard input, if it was piped.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes the leader's standard output, if it was piped.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Takes the leader's standard error, if it was piped.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// The leader's status if it has ended.
    ///
    /// # Errors
    /// The system cannot say.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        if self.status.is_some() {
            return Ok(self.status);
        }
        let ended = match system::end_of(self.id(), Patience::Look) {
            Some(ended) => ended,
            None => self.child.try_wait().map_err(|error| self.lost(error))?.is_some(),
        };
        if ended { self.finish().map(Some) } else { Ok(None) }
    }

    /// Waits for the leader's end, for as long as `limit` says; `None` when it still runs.
    ///
    /// # Errors
    /// The system cannot say.
    pub fn wait_timeout(&mut self, limit: Duration) -> Result<Option<ExitStatus>, ProcessError> {
        self.wait_for(Instant::now().checked_add(limit))
    }

    /// Waits for the leader's end until `deadline`; `None` when it still runs.
    ///
    /// # Errors
    /// The system cannot say.
    pub fn wait_until(&mut self, deadline: Instant) -> Result<Option<ExitStatus>, ProcessError> {
        self.wait_for(Some(deadline))
    }

    fn wait_for(&mut self, deadline: Option<Instant>) -> Result<Option<ExitStatus>, ProcessError> {
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(Some(status));
            }
            let left = deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            // Nobody to hear from: not on unix, or no thread could be started.
            if self.end().recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
                thread::sleep(POLL.min(left));
            }
        }
    }

    /// Waits for the leader's end.
    ///
    /// # Errors
    /// The system cannot say.
    pub fn wait(&mut self) -> Result<ExitStatus, ProcessError> {
        loop {
            if let Some(status) = self.wait_timeout(Duration::from_hours(1))? {
                return Ok(status);
            }
        }
    }

    /// Asks the whole group to end and kills it after [`GRACE`].
    ///
    /// # Errors
    /// The system cannot say how the leader ended.
    pub fn kill_group(&mut self) -> Result<ExitStatus, ProcessError> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        system::signal(self.id(), Ask::End);
        if cfg!(unix)
            && let Some(status) = self.wait_timeout(GRACE)?
        {
            return Ok(status);
        }
        self.finish()
    }

    /// Calls `tell` from a thread of its own once the leader has ended.
    pub(super) fn on_end(&self, tell: impl FnOnce() + Send + 'static) {
        let id = self.id();
        let body = move || {
            if system::end_of(id, Patience::Wait).is_some() {
                tell();
            }
        };
        // Without the thread `tell` is dropped, which its receiver notices.
        let _ = thread::Builder::new().name("waiter".to_owned()).spawn(body);
    }

    fn end(&mut self) -> &Receiver<()> {
        if self.end.is_none() {
            let (tell, hear) = mpsc::channel();
            self.on_end(move || {
                let _ = tell.send(());
            });
            self.end = Some(hear);
        }
        self.end.get_or_insert_with(|| mpsc::channel().1)
    }

    /// Kills what is left of the group, then reaps the leader: until then its number cannot belong to anybody else.
    fn finish(&mut self) -> Result<ExitStatus, ProcessError> {
        let id = self.id();
        system::signal(id, Ask::Kill);
        if system::end_of(id, Patience::Wait).is_none() {
            let _ = self.child.kill();
        }
        let status = registry::remove(id, || self.child.wait()).map_err(|error| self.lost(error))?;
        self.status = Some(status);
        strays::ended();
        Ok(status)
    }

    fn lost(&self, error: io::Error) -> ProcessError {
        ProcessError::Wait { program: self.program.clone(), error }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = self.finish();
        }
    }
}
