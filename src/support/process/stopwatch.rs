//! How long a process lives, as exactly as can be told from outside: from the moment before it becomes the program until its
//! end is seen. What it takes us to fork it, and to find a thread that notices, is no part of it.

use std::process::Command;
use std::time::{Duration, Instant};

use super::{Group, ProcessError};

/// A process that is timed.
#[derive(Debug)]
pub struct Timed {
    /// The process and all that it starts.
    pub group: Group,
    start: Start,
}

/// When it began.
#[derive(Debug)]
enum Start {
    /// By its own word, in nanoseconds of the monotonic clock.
    #[cfg(unix)]
    Told(u64),
    /// Before we asked for it.
    Asked(Instant),
}

impl Timed {
    /// Starts `command` in a process group of its own.
    ///
    /// # Errors
    /// As [`Group::spawn`].
    pub fn spawn(mut command: Command) -> Result<Self, ProcessError> {
        let told = imp::ask(&mut command);
        let asked = Instant::now();
        let group = Group::spawn(command)?;
        let start = told.ok().and_then(imp::hear).unwrap_or(Start::Asked(asked));
        Ok(Self { group, start })
    }

    /// Waits for the end until `deadline`: how long it lived, or `None` when it still does.
    ///
    /// # Errors
    /// The system cannot say.
    pub fn lived(&mut self, deadline: Instant) -> Result<Option<Duration>, ProcessError> {
        match imp::ended(self.group.id(), deadline) {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(self.start.until_now())),
            // No such calls here.
            Err(_) => Ok(self.group.wait_until(deadline)?.map(|_| self.start.until_now())),
        }
    }
}

impl Start {
    fn until_now(&self) -> Duration {
        match self {
            #[cfg(unix)]
            Self::Told(nanoseconds) => Duration::from_nanos(imp::now().saturating_sub(*nanoseconds)),
            Self::Asked(instant) => instant.elapsed(),
        }
    }
}

#[cfg(unix)]
mod imp {
    use std::io::{self, PipeReader, Read as _};
    use std::process::Command;
    use std::time::Instant;

    use super::super::before_exec;
    use super::Start;

    /// Nanoseconds of the monotonic clock.
    pub(super) fn now() -> u64 {
        before_exec::monotonic()
    }

    /// Lets the child tell when it becomes the program.
    pub(super) fn ask(command: &mut Command) -> io::Result<PipeReader> {
        let (reader, writer) = io::pipe()?;
        before_exec::stamp(command, writer);
        Ok(reader)
    }

    /// What the child told: it has become the program by now, and every copy of the other end is closed.
    pub(super) fn hear(mut reader: PipeReader) -> Option<Start> {
        let mut bytes = [0; size_of::<u64>()];
        reader.read_exact(&mut bytes).ok()?;
        Some(Start::Told(u64::from_ne_bytes(bytes)))
    }

    /// Whether a child has ended before `deadline`, without reaping it.
    #[cfg(target_os = "linux")]
    pub(super) fn ended(id: u32, deadline: Instant) -> io::Result<bool> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        use rustix::process::{Pid, PidfdFlags, pidfd_open};

        let pid = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        let descriptor = pidfd_open(pid, PidfdFlags::empty())?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
            let mut watched = [PollFd::new(&descriptor, PollFlags::IN)];
            match poll(&mut watched, Some(&limit)) {
                Ok(0) if left.is_zero() => return Ok(false),
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn ended(_: u32, _: Instant) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(not(unix))]
mod imp {
    use std::io;
    use std::process::Command;
    use std::time::Instant;

    use super::Start;

    pub(super) fn ask(_: &mut Command) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn hear((): ()) -> Option<Start> {
        None
    }

    pub(super) fn ended(_: u32, _: Instant) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn sleeping(seconds: &str) -> Timed {
        let mut command = Command::new("sleep");
        command.arg(seconds);
        Timed::spawn(command).unwrap()
    }

    #[test]
    fn a_process_lives_as_long_as_it_sleeps_and_no_longer_than_we_waited() {
        let before = Instant::now();
        let mut timed = sleeping("0.05");
        assert!(matches!(timed.start, Start::Told(_)));
        let lived = timed.lived(before + Duration::from_mins(1)).unwrap().unwrap();
        assert!(lived >= Duration::from_millis(50) && lived <= before.elapsed(), "{lived:?}");
        assert!(timed.group.wait().unwrap().success());
    }

    #[test]
    fn one_that_does_not_end_is_still_there_at_the_deadline() {
        let mut timed = sleeping("600");
        assert_eq!(timed.lived(Instant::now() + Duration::from_millis(20)).unwrap(), None);
        timed.group.kill_group().unwrap();
        assert!(Timed::spawn(Command::new("/nowhere/at/all")).is_err());
    }
}
