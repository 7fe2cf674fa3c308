//! Both sides on one and the same CPU, when the benchmark uses one thread.
//!
//! Virtual CPUs differ from each other and from moment to moment; on one CPU both sides meet the same one. A benchmark
//! that uses several threads would be crippled by it, so its threads are watched while it warms up, unpinned: pools size
//! themselves by the CPUs they may use.

use std::fmt;
use std::time::Duration;

#[cfg(not(target_os = "linux"))]
use rustix::process::Pid;

/// Whether both sides ran on one CPU, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinning {
    /// Both ran on this CPU.
    Cpu(u32),
    /// They ran wherever the system put them.
    Unpinned(Reason),
}

/// Why two sides are not pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It was not asked for.
    NotAsked,
    /// There is only one CPU to run on.
    OneCpu,
    /// Other threads than the main one, or processes it started, do part of the work.
    SeveralThreads,
    /// The main thread mostly waits: for a device, a timer, or a program in between.
    Idle,
    /// The system does not show what threads do, or does not let them be pinned.
    System,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAsked => "not asked for",
            Self::OneCpu => "there is only one CPU",
            Self::SeveralThreads => "it uses several threads",
            Self::Idle => "it mostly waits",
            Self::System => "the system does not allow it",
        })
    }
}

/// Processor time a process has used, in nanoseconds but for that of its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// Of its main thread.
    main: u64,
    /// How long the main thread could have run, but another had the CPU.
    queued: u64,
    /// Of all its threads, ended ones included.
    threads: u64,
    /// Of processes that it started and that have ended, in clock ticks.
    children: u64,
}

/// So many nanoseconds of other threads are no evidence: the main one is looked at before and after all of them together.
const GRAIN: u64 = 50_000;

/// What a stretch of work tells about a benchmark: `None` when it may be pinned.
///
/// `busy` is how long it was certainly at work, or waiting for something, during the stretch.
pub(super) fn obstacle(before: Usage, after: Usage, busy: Duration) -> Option<Reason> {
    let busy = u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX);
    let main = after.main.saturating_sub(before.main);
    let others = after.threads.saturating_sub(before.threads).saturating_sub(main);
    // Cut to whole ticks; a benchmark of one thread has none.
    let has_children = after.children > before.children;
    if others > main / 50 + GRAIN || has_children {
        Some(Reason::SeveralThreads)
    } else if main + after.queued.saturating_sub(before.queued) < busy / 2 {
        Some(Reason::Idle)
    } else {
        None
    }
}

/// A CPU for a pair: another one for every two pairs, so that both orders meet every CPU.
pub(super) fn choose(allowed: &[u32], index: u32) -> Result<u32, Reason> {
    match allowed.len() {
        0 => Err(Reason::System),
        1 => Err(Reason::OneCpu),
        count => Ok(allowed[index as usize / 2 % count]),
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::{allowed, pin, usage};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io;
    use std::time::Duration;

    use nix::time::{clock_getcpuclockid, clock_gettime};
    use rustix::process::Pid;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use super::Usage;

    /// How often a process is looked at until its main thread rests: it waits for its next request.
    const MOST_LOOKS: usize = 10;

    /// The CPUs this process may use, in order.
    pub(in super::super) fn allowed() -> Vec<u32> {
        let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
        let numbers = (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu));
        numbers.filter_map(|cpu| u32::try_from(cpu).ok()).collect()
    }

    /// Binds every thread of a process to one CPU.
    pub(in super::super) fn pin(pid: Pid, cpu: u32) -> io::Result<()> {
        let mut set = CpuSet::new();
        set.set(usize::try_from(cpu).map_err(io::Error::other)?);
        for thread in threads(pid)? {
            sched_setaffinity(Some(thread), &set)?;
        }
        Ok(())
    }

    /// What a process has used so far. `None` when the system does not tell.
    pub(in super::super) fn usage(pid: Pid) -> Option<Usage> {
        let process = pid.as_raw_pid();
        let children = of_children(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)?;
        let mut looks = 0;
        loop {
            let ((main, queued), threads) = (of_main(process)?, of_threads(process)?);
            looks += 1;
            // Else it came to rest meanwhile, and what it had run until then would be that of others.
            if of_main(process)?.0 == main || looks == MOST_LOOKS {
                return Some(Usage { main, queued, threads, children });
            }
        }
    }

    /// What the main thread of a process ran, and how long it waited for a CPU.
    fn of_main(process: i32) -> Option<(u64, u64)> {
        let text = fs::read_to_string(format!("/proc/{process}/task/{process}/schedstat")).ok()?;
        let mut numbers = text.split_whitespace().map_while(|number| number.parse().ok());
        Some((numbers.next()?, numbers.next()?))
    }

    /// What all threads of a process ever used: the clock of its own that POSIX gives every process.
    fn of_threads(process: i32) -> Option<u64> {
        let clock = clock_getcpuclockid(nix::unistd::Pid::from_raw(process)).ok()?;
        u64::try_from(Duration::from(clock_gettime(clock).ok()?).as_nanos()).ok()
    }

    /// The sum of cutime and cstime in `/proc/PID/stat`.
    fn of_children(stat: &str) -> Option<u64> {
        // The second field is the program's name in brackets, and may contain anything.
        let (_, rest) = stat.rsplit_once(')')?;
        let numbers: Option<Vec<u64>> =
            rest.split_whitespace().skip(13).take(2).map(|number| number.parse().ok()).collect();
        numbers.filter(|numbers| numbers.len() == 2).map(|numbers| numbers.iter().sum())
    }

    fn threads(pid: Pid) -> io::Result<Vec<Pid>> {
        let folder = fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid()))?;
        let names = folder.map(|entry| entry.map(|entry| entry.file_name()));
        let pid = |name: &std::ffi::OsStr| Pid::from_raw(name.to_str()?.parse().ok()?);
        names.filter_map(|name| name.map(|name| pid(&name)).transpose()).collect()
    }

    #[cfg(test)]
    mod tests {
        use nix::time::ClockId;

        use super::*;

        #[test]
        fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
            let stat = "7 (a) b (c)) S 1 7 7 0 -1 4 1 2 3 4 10 20 30 40 20 0 1 0";
            assert_eq!(of_children(stat), Some(70));
            assert_eq!(of_children("7 (a) S 1 2"), None);
        }

        #[test]
        fn this_very_process_can_be_watched() {
            assert!(usage(rustix::process::getpid()).unwrap().threads > 0);
            assert!(!allowed().is_empty());
        }

        #[test]
        fn what_a_thread_used_stays_when_it_has_ended() {
            let used = || usage(rustix::process::getpid()).unwrap().threads;
            let before = used();
            let own = std::thread::spawn(|| {
                let start = clock();
                let used = || clock().saturating_sub(start);
                while used() < Duration::from_millis(3) {}
                used()
            });
            let own = own.join().unwrap();
            assert!(Duration::from_nanos(used() - before) >= own, "{own:?}");
        }

        /// What this thread has used.
        fn clock() -> Duration {
            clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
        }
    }
}

/// Where CPUs cannot be chosen there are none to choose from.
#[cfg(not(target_os = "linux"))]
pub(super) fn allowed() -> Vec<u32> {
    Vec::new()
}

/// Never called: there is no CPU to pin to.
#[cfg(not(target_os = "linux"))]
pub(super) fn pin(_pid: Pid, _cpu: u32) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Unknown.
#[cfg(not(target_os = "linux"))]
pub(super) fn usage(_pid: Pid) -> Option<Usage> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: u64 = 10_000_000;

    const START: Usage = Usage { main: 5, queued: 9, threads: 12, children: 3 };

    fn after(main: u64, others: u64, children: u64) -> Option<Reason> {
        let (threads, children) = (START.threads + main + others, START.children + children);
        let end = Usage { main: START.main + main, threads, children, ..START };
        obstacle(START, end, Duration::from_nanos(10 * TICK))
    }

    #[test]
    fn a_crowded_machine_is_not_a_waiting_benchmark() {
        let (main, threads) = (START.main + 3 * TICK, START.threads + 3 * TICK);
        let end = Usage { main, queued: 9 + 7 * TICK, threads, ..START };
        let busy = Duration::from_nanos(10 * TICK);
        assert_eq!(obstacle(START, end, busy), None);
        assert_eq!(obstacle(START, Usage { queued: 9, ..end }, busy), Some(Reason::Idle));
    }

    #[test]
    fn only_a_busy_main_thread_may_be_pinned() {
        assert_eq!(after(10 * TICK, 0, 0), None);
        assert_eq!(after(10 * TICK, TICK / 10, 0), None, "a hundredth is no thread");
        assert_eq!(after(10 * TICK, 0, 1), Some(Reason::SeveralThreads), "a process beside it");
        assert_eq!(after(10 * TICK, 3 * TICK, 0), Some(Reason::SeveralThreads));
        assert_eq!(after(TICK / 4, TICK / 50, 0), Some(Reason::SeveralThreads), "in a quarter of a tick");
        assert_eq!(after(0, 0, 10), Some(Reason::SeveralThreads), "a process in between");
        assert_eq!(after(TICK, 0, 0), Some(Reason::Idle));
    }

    #[test]
    fn both_orders_meet_every_cpu() {
        let chosen: Vec<_> = (0..8).map(|index| choose(&[0, 3], index).unwrap()).collect();
        assert_eq!(chosen, [0, 0, 3, 3, 0, 0, 3, 3]);
        assert_eq!(choose(&[4], 0), Err(Reason::OneCpu));
        assert_eq!(choose(&[], 0), Err(Reason::System));
    }
}
