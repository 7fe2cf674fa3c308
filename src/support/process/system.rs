//! The system calls on groups and children, for unix; elsewhere the nearest thing that std offers.

use std::time::Duration;

pub(super) use imp::{end_of, own_group, signal};

/// How long a group has between being asked to end and being killed.
pub const GRACE: Duration = Duration::from_secs(1);

/// What is sent to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// End, please.
    End,
    /// Be killed.
    Kill,
}

/// Whether a child has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Look and return.
    Look,
    /// Wait until it has.
    Wait,
}

#[cfg(unix)]
mod imp {
    use std::process::Command;

    use rustix::io::Errno;
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    use super::super::before_exec;
    use super::{Ask, Patience};

    /// Puts the child of `command` in a group of its own, away from our terminal.
    pub(crate) fn own_group(command: &mut Command) {
        before_exec::own_session(command);
    }

    /// Sends to all of group `id`; a group that is gone is no error.
    pub(crate) fn signal(id: u32, ask: Ask) {
        let Some(group) = pid(id) else { return };
        match ask {
            Ask::End => {
                let _ = kill_process_group(group, Signal::TERM);
                // A stopped process takes the request only once it runs again.
                let _ = kill_process_group(group, Signal::CONT);
            }
            Ask::Kill => {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
    }

    /// Whether child `id` has ended; it stays to be reaped, so its number cannot be taken by another process yet.
    pub(crate) fn end_of(id: u32, patience: Patience) -> Option<bool> {
        let mut options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        if patience == Patience::Look {
            options |= WaitIdOptions::NOHANG;
        }
        let child = pid(id)?;
        loop {
            match waitid(WaitId::Pid(child), options) {
                Ok(status) => return Some(status.is_some()),
                Err(Errno::INTR) => {}
                // Already reaped.
                Err(_) => return Some(true),
            }
        }
    }

    fn pid(id: u32) -> Option<Pid> {
        i32::try_from(id).ok().and_then(Pid::from_raw)
    }
}

#[cfg(not(unix))]
mod imp {
    use std::process::Command;

    use super::{Ask, Patience};

    /// There are no process groups to make.
    pub(crate) fn own_group(_: &mut Command) {}

    /// Ctrl-C reaches children of the same console by itself.
    pub(crate) fn signal(_: u32, _: Ask) {}

    /// Not known without the child's handle.
    pub(crate) fn end_of(_: u32, _: Patience) -> Option<bool> {
        None
    }
}
