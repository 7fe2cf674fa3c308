//! What a child does between `fork` and `exec`: it tells the watchdog of its group, so that there is no moment in which
//! nobody knows it, and on Linux asks the kernel to be killed when the thread that forked it ends.
//!
//! The one place that needs `unsafe` here: neither can be done from outside the child.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::getpid;

/// Lets the child of `command` announce itself to `watchdog` and, on Linux, die with the thread that spawns it.
#[expect(unsafe_code, reason = "std marks pre_exec unsafe: what runs after fork must be async-signal-safe")]
pub(super) fn arrange(command: &mut Command, watchdog: Option<UnixStream>) {
    #[cfg(target_os = "linux")]
    let parent = getpid();
    let body = move || {
        if let Some(watchdog) = &watchdog {
            let mut line = [0; LINE];
            // Best effort: a watchdog that is gone must not keep the child from starting.
            let _ = rustix::net::send(watchdog, announcement(&mut line), NO_SIGNAL);
        }
        #[cfg(target_os = "linux")]
        die_with(parent)?;
        Ok(())
    };
    // SAFETY: the closure makes plain system calls and fills an array on its own stack: it takes no lock, allocates
    // nothing and touches no memory but its own, so it may run in the child of a program with threads.
    unsafe {
        command.pre_exec(body);
    }
}

/// `? ` with the digits of any process id and the end of the line.
const LINE: usize = 16;

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const NO_SIGNAL: rustix::net::SendFlags = rustix::net::SendFlags::NOSIGNAL;
/// Here std turns the signal off for each socket.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const NO_SIGNAL: rustix::net::SendFlags = rustix::net::SendFlags::empty();

/// `? <process id>` and a newline, without allocating.
fn announcement(line: &mut [u8; LINE]) -> &[u8] {
    let mut number = getpid().as_raw_nonzero().get().unsigned_abs();
    let mut start = LINE - 1;
    line[start] = b'\n';
    while number > 0 {
        start -= 1;
        line[start] = b"0123456789"[number as usize % 10];
        number /= 10;
    }
    start -= 2;
    line[start..start + 2].copy_from_slice(b"? ");
    &line[start..]
}

#[cfg(target_os = "linux")]
fn die_with(parent: rustix::process::Pid) -> io::Result<()> {
    use rustix::io::Errno;
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above took effect.
    if getppid() == Some(parent) { Ok(()) } else { Err(io::Error::from(Errno::SRCH)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announcement_is_a_line_with_our_number() {
        let mut line = [0; LINE];
        let expected = format!("? {}\n", std::process::id());
        assert_eq!(announcement(&mut line), expected.as_bytes());
    }
}
