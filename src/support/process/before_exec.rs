//! What a child does between `fork` and `exec`: it begins a session and a group, tells the watchdog of that, so that there is
//! no moment in which nobody knows it, and on Linux asks the kernel to be killed when the thread that forked it ends.
//!
//! The one place that needs `unsafe` here: none of it can be done from outside the child.

#[cfg(target_os = "linux")]
use std::io;
use std::io::PipeWriter;
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

/// Lets the child of `command` lead a session of its own, and with it a group. In a group alone it would still have our terminal:
/// to read it from behind would stop it for good.
#[expect(unsafe_code, reason = "std marks pre_exec unsafe: what runs after fork must be async-signal-safe")]
pub(super) fn own_session(command: &mut Command) {
    let body = || Ok(rustix::process::setsid().map(|_| ())?);
    // SAFETY: the closure makes one plain system call: it takes no lock, allocates nothing and touches no memory, so it may
    // run in the child of a program with threads.
    unsafe {
        command.pre_exec(body);
    }
}

/// Lets the child of `command` write down when it is about to become the program, as nanoseconds of the monotonic clock.
#[expect(unsafe_code, reason = "std marks pre_exec unsafe: what runs after fork must be async-signal-safe")]
pub(super) fn stamp(command: &mut Command, writer: PipeWriter) {
    let body = move || {
        // Best effort: without it the parent's own clock has to do.
        let _ = rustix::io::write(&writer, &monotonic().to_ne_bytes());
        Ok(())
    };
    // SAFETY: the closure reads a clock and writes eight bytes from its own stack to a pipe: it takes no lock, allocates
    // nothing and touches no memory but its own, so it may run in the child of a program with threads.
    unsafe {
        command.pre_exec(body);
    }
}

/// Nanoseconds of the monotonic clock.
pub(super) fn monotonic() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(now.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(now.tv_nsec))
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
