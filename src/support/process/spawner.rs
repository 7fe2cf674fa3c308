//! The thread that forks. On Linux a child's death signal is bound to the *thread* that forked it, so all children are
//! forked by one thread that lives as long as the program.

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use super::{registry, watchdog};

/// Held while a child is started, until it is known: one at a time announces itself to the watchdog, and who looks for
/// strangers among our children must not find it.
static TURN: Mutex<()> = Mutex::new(());

/// Does something while no child is being started.
#[cfg(target_os = "linux")]
pub(super) fn while_nothing_starts<T>(work: impl FnOnce() -> T) -> T {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// Starts `command`; the child inherits the CPUs that the calling thread may run on.
#[cfg(not(target_os = "linux"))]
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    start_one(command)
}

/// Starts `command`; the child inherits the CPUs that the calling thread may run on.
#[cfg(target_os = "linux")]
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    linux::spawn(command)
}

/// Starts a child that the watchdog knows from before its first instruction.
fn start_one(mut command: Command) -> io::Result<Child> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    watchdog::folder(&command);
    #[cfg(unix)]
    super::before_exec::arrange(&mut command, watchdog::line());
    let child = command.spawn();
    // Close our copies of what the child inherited before its owner waits for an end of file.
    drop(command);
    match &child {
        Ok(child) => {
            watchdog::add(child.id());
            registry::add(child.id());
        }
        Err(_) => watchdog::forget_announced(),
    }
    child
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::OnceLock;
    use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
    use std::thread;

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use super::{Child, Command, io, start_one};

    struct Job {
        command: Command,
        cpus: Option<CpuSet>,
        answer: SyncSender<io::Result<Child>>,
    }

    static JOBS: OnceLock<Sender<Job>> = OnceLock::new();

    pub(super) fn spawn(command: Command) -> io::Result<Child> {
        let (answer, reply) = mpsc::sync_channel(1);
        let jobs = JOBS.get_or_init(start);
        let gone = || io::Error::other("the thread that starts processes has ended");
        jobs.send(Job { command, cpus: sched_getaffinity(None).ok(), answer }).map_err(|_| gone())?;
        reply.recv().map_err(|_| gone())?
    }

    fn start() -> Sender<Job> {
        let (jobs, todo) = mpsc::channel();
        // Without this thread `todo` is dropped, and every send reports it.
        let _ = thread::Builder::new().name("spawner".to_owned()).spawn(move || work(&todo));
        jobs
    }

    fn work(todo: &Receiver<Job>) {
        for Job { command, cpus, answer } in todo {
            if let Some(cpus) = &cpus {
                // Best effort: without it the child merely runs on other CPUs.
                let _ = sched_setaffinity(None, cpus);
            }
            let _ = answer.send(start_one(command));
        }
    }
}
