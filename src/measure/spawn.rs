//! A process and everything it starts, as one thing that can be ended.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long a process may take to end once it was asked politely.
const GRACE: Duration = Duration::from_millis(500);

/// The longest pause between two looks at a process that is expected to end.
const LONGEST_PAUSE: Duration = Duration::from_millis(4);

/// A started process that leads a process group of its own. Dropping it ends the group.
#[derive(Debug)]
pub struct Group {
    child: Child,
    ended: Option<ExitStatus>,
}

impl Group {
    /// Starts a command as the leader of a new process group.
    ///
    /// # Errors
    /// What the system says when it cannot start it.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(Self { child: command.spawn()?, ended: None })
    }

    /// The leader's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the leader ended, if it has. What it left behind in its group is killed then.
    ///
    /// # Errors
    /// What the system says when it cannot tell.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.ended.is_none() && self.has_ended()? {
            // The leader is not reaped yet, so its group's id cannot belong to anybody else.
            self.signal(Urgency::Kill);
            self.ended = Some(self.child.wait()?);
        }
        Ok(self.ended)
    }

    /// Waits until the leader has ended or the deadline has passed.
    ///
    /// # Errors
    /// What the system says when it cannot tell.
    pub fn wait_until(&mut self, deadline: Instant) -> io::Result<Option<ExitStatus>> {
        let mut pause = Duration::from_micros(100);
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(Some(status));
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            std::thread::sleep(pause.min(deadline - now));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Ends the group: politely, then after a grace period for good.
    ///
    /// # Errors
    /// What the system says when it cannot tell how the leader ended.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        self.signal(Urgency::Terminate);
        if let Some(status) = self.wait_until(Instant::now() + GRACE)? {
            return Ok(status);
        }
        self.signal(Urgency::Kill);
        let status = self.child.wait()?;
        self.ended = Some(status);
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Nobody is left to tell when even this fails.
        let _ = self.end();
    }
}

/// How a group is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Urgency {
    Terminate,
    Kill,
}

#[cfg(unix)]
impl Group {
    /// Whether the leader has ended; leaves it to be reaped.
    fn has_ended(&self) -> io::Result<bool> {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(rustix::process::Pid::from_child(&self.child)), options) {
            Ok(status) => Ok(status.is_some()),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Signals the group. That it is gone already is no error.
    fn signal(&self, urgency: Urgency) {
        let signal = match urgency {
            Urgency::Terminate => rustix::process::Signal::TERM,
            Urgency::Kill => rustix::process::Signal::KILL,
        };
        let _ = rustix::process::kill_process_group(rustix::process::Pid::from_child(&self.child), signal);
    }
}

#[cfg(not(unix))]
impl Group {
    /// Whether the leader has ended.
    fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Kills the leader: there are no groups to signal here.
    fn signal(&mut self, _urgency: Urgency) {
        let _ = self.child.kill();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Group {
        Group::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn a_deaf_process_is_ended_all_the_same() {
        use std::os::unix::process::ExitStatusExt;
        let mut group = shell("trap '' TERM; while :; do sleep 0.05; done");
        assert!(group.wait_until(Instant::now() + Duration::from_millis(100)).unwrap().is_none());
        assert_eq!(group.end().unwrap().signal(), Some(9));
        assert_eq!(group.end().unwrap().signal(), Some(9), "ending twice is fine");
    }

    #[test]
    fn an_unknown_program_is_an_error() {
        assert!(Group::start(&mut Command::new("/nowhere/at/all")).is_err());
    }
}
