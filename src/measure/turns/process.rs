//! A process with everything it starts: its own process group, ended as a whole.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::failure::TurnFailure;

/// How much of standard error a message shows.
const TAIL: u64 = 2000;

/// A running process. Dropping it kills its whole group.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pid: Pid,
    stderr: File,
    started: Instant,
}

impl Process {
    /// Starts it in a process group of its own, with its standard error kept for messages.
    pub(super) fn start(mut command: Command) -> Result<Self, TurnFailure> {
        let stderr = tempfile::tempfile().map_err(TurnFailure::system("make a temporary file"))?;
        let for_child = stderr.try_clone().map_err(TurnFailure::system("share a temporary file"))?;
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(for_child);
        let started = Instant::now();
        let child = command
            .spawn()
            .map_err(|source| TurnFailure::Start { program: PathBuf::from(command.get_program()), source })?;
        let pid = Pid::from_child(&child);
        Ok(Self { child, pid, stderr, started })
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// How long ago it was started.
    pub(super) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether it has ended. Leaves it unreaped, so that its process group keeps its number.
    pub(super) fn has_ended(&self) -> Result<bool, TurnFailure> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.pid), options);
        Ok(status.map_err(TurnFailure::system("ask whether a process has ended"))?.is_some())
    }

    /// Waits until it has ended, then ends whatever is left of its group. `None` when it did not end in time.
    pub(super) fn wait(&mut self, at_most: Duration) -> Result<Option<ExitStatus>, TurnFailure> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(100);
        while !self.has_ended()? {
            if start.elapsed() >= at_most {
                return Ok(None);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
        self.kill_group();
        self.child.wait().map(Some).map_err(TurnFailure::system("wait for a process"))
    }

    /// The end of what it wrote to standard error.
    pub(super) fn stderr_tail(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = (|| -> io::Result<()> {
            let length = self.stderr.seek(SeekFrom::End(0))?;
            self.stderr.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
            self.stderr.by_ref().take(TAIL).read_to_end(&mut bytes).map(drop)
        })();
        // A message without its tail is better than another failure on top.
        read.map_or_else(|_| String::new(), |()| String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    fn kill_group(&self) {
        // It may be empty already, which is what is wanted.
        let _ = kill_process_group(self.pid, Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Reaped already: the number may belong to somebody else by now.
        if let Ok(None) = self.child.try_wait() {
            self.kill_group();
            let _ = self.child.wait();
        }
    }
}
