//! The thread that forks. On Linux a child's death signal is bound to the *thread* that forked it, so all children are
//! forked by one thread that lives as long as the program.

use std::io;
use std::process::{Child, Command};

/// Starts `command`; the child inherits the CPUs that the calling thread may run on.
#[cfg(not(target_os = "linux"))]
pub(super) fn spawn(mut command: Command) -> io::Result<Child> {
    command.spawn()
}

/// Starts `command`; the child inherits the CPUs that the calling thread may run on.
#[cfg(target_os = "linux")]
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    linux::spawn(command)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::OnceLock;
    use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
    use std::thread;

    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use super::super::death;
    use super::{Child, Command, io};

    struct Job {
        command: Command,
        cpus: Option<CpuSet>,
        answer: SyncSender<io::Result<Child>>,
    }

    static JOBS: OnceLock<Sender<Job>> = OnceLock::new();

    pub(super) fn spawn(mut command: Command) -> io::Result<Child> {
        death::die_with_parent(&mut command);
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
        for mut job in todo {
            if let Some(cpus) = &job.cpus {
                // Best effort: without it the child merely runs on more CPUs.
                let _ = sched_setaffinity(None, cpus);
            }
            let child = job.command.spawn();
            // Close our copies of what the child inherited before its owner waits for an end of file.
            drop(job.command);
            let _ = job.answer.send(child);
        }
    }
}
