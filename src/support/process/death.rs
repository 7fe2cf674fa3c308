//! Linux only: a child that is killed by the kernel when the thread that forked it ends.
//!
//! The one place that needs `unsafe` here: asking for it takes a system call between `fork` and `exec`.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// Makes the child of `command` die with the thread that spawns it.
#[expect(unsafe_code, reason = "std marks pre_exec unsafe: what runs after fork must be async-signal-safe")]
pub(super) fn die_with_parent(command: &mut Command) {
    let parent = getpid();
    let ask = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the line above took effect.
        if getppid() == Some(parent) { Ok(()) } else { Err(io::Error::from(Errno::SRCH)) }
    };
    // SAFETY: the closure makes two plain system calls and compares numbers: it takes no lock, allocates nothing and
    // touches no memory but its own copy of `parent`, so it may run in the child of a program with threads.
    unsafe {
        command.pre_exec(ask);
    }
}
