//! A program that forks a child process for each benchmark that is asked for, so that what it does before its benchmarks is done
//! once: under Valgrind that takes as long as to count a small benchmark.
//!
//! The other end of the conversation is `forks` in the module that the copied Criterion has got. Every child finds the program as
//! it would have been, whichever other benchmarks were asked for.

use std::collections::HashMap;
use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::answers::Answers;
use super::bench_process::{BenchProcess, misunderstood};
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::invocation::Invocation;
use crate::measure::listing::ListedBenchmark;

/// A program that stands at a benchmark and waits. It and its child are gone when this is dropped.
#[derive(Debug)]
pub(in crate::measure) struct ForkingProgram {
    process: BenchProcess,
    listener: UnixListener,
    /// The benchmark it stands at, once it has said so.
    at: Option<u64>,
    /// How many benchmarks of each id it has gone past.
    passed: HashMap<u64, usize>,
}

impl ForkingProgram {
    /// Starts what `invocation` describes and waits until it has connected. `folder` is the one that the invocation was made
    /// for.
    pub(in crate::measure) fn start(
        invocation: &Invocation,
        folder: &Path,
        limit: Duration,
    ) -> Result<Self, LaunchFailure> {
        let (process, listener) = BenchProcess::connected(invocation, folder, limit)?;
        Ok(Self { process, listener, at: None, passed: HashMap::new() })
    }

    /// Whether it has gone past a benchmark, to which it never comes again.
    pub(in crate::measure) fn has_passed(&self, wanted: &ListedBenchmark) -> bool {
        self.passed.get(&hash(wanted.raw())).is_some_and(|passed| *passed > wanted.occurrence())
    }

    /// Forks a child for a benchmark; the program may take so long to come to it, and the child in all. `None` where the program
    /// has threads, which a child would not have.
    pub(in crate::measure) fn fork(
        &mut self,
        wanted: &ListedBenchmark,
        way: Duration,
        limit: Duration,
    ) -> Result<Option<Child<'_>>, LaunchFailure> {
        self.process.restart_clock(way);
        self.seek(wanted)?;
        let answer = self.process.answer("fork\n")?;
        if answer == "threads" {
            return Ok(None);
        }
        let pid = answer.strip_prefix("forked ").and_then(pid);
        // It will be killed: what is no process of the program's is not its child.
        let pid = pid.filter(|pid| group_of(*pid) == self.process.pid());
        let pid = pid.ok_or_else(|| misunderstood(&answer))?;
        self.pass();
        self.process.restart_clock(limit);
        let control = self.process.hand_on(&self.listener, Some(pid))?;
        Ok(Some(Child { program: self, control, pid }))
    }

    /// Lets the program itself do as it is told at a benchmark, in what is left of its time.
    pub(in crate::measure) fn stay(
        mut self,
        wanted: &ListedBenchmark,
    ) -> Result<BenchProcess, LaunchFailure> {
        self.seek(wanted)?;
        self.process.tell("stay\n")?;
        self.process.hand_on(&self.listener, None)?;
        Ok(self.process)
    }

    /// Goes on to a benchmark.
    fn seek(&mut self, wanted: &ListedBenchmark) -> Result<(), LaunchFailure> {
        let sought = hash(wanted.raw());
        loop {
            let at = match self.at {
                Some(at) => at,
                None => self.stand()?,
            };
            if at == sought && self.passed.get(&at).copied().unwrap_or(0) == wanted.occurrence() {
                return Ok(());
            }
            self.process.tell("skip\n")?;
            self.pass();
        }
    }

    /// Hears at which benchmark it stands.
    fn stand(&mut self) -> Result<u64, LaunchFailure> {
        let line = self.process.next_line().map_err(|mut failure| {
            // It has ended well, and has not come to the benchmark.
            if matches!(failure.kind, FailureKind::Silent) {
                failure.kind = FailureKind::Absent;
            }
            failure
        })?;
        let at = line.strip_prefix("at ").and_then(|hash| u64::from_str_radix(hash, 16).ok());
        let at = at.ok_or_else(|| misunderstood(&line))?;
        self.at = Some(at);
        Ok(at)
    }

    /// It goes on from where it stands.
    fn pass(&mut self) {
        if let Some(at) = self.at.take() {
            *self.passed.entry(at).or_default() += 1;
        }
    }
}

/// A child that stands at its benchmark.
#[derive(Debug)]
pub(in crate::measure) struct Child<'a> {
    program: &'a mut ForkingProgram,
    /// The conversation with the program.
    control: Answers,
    pid: Pid,
}

impl Child<'_> {
    /// The conversation with the child.
    pub(in crate::measure) fn process(&mut self) -> &mut BenchProcess {
        &mut self.program.process
    }

    /// Ends the child; the program goes on to its next benchmark. False where processes are left that the child has started: the
    /// next one might meet them.
    pub(in crate::measure) fn end(self) -> bool {
        // Whether it is there still makes no difference.
        let _ = kill_process(self.pid, Signal::KILL);
        self.program.process.take_back(self.control);
        let leader = self.program.process.pid();
        leader.is_some_and(|leader| !has_others(leader, self.pid))
    }
}

/// Whether a group of processes has any but its leader and another, of which it is not known whether it is there still.
fn has_others(leader: Pid, other: Pid) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return true };
    let pids = processes.flatten().filter_map(|entry| pid(entry.file_name().to_str()?));
    pids.filter(|pid| *pid != leader && *pid != other).any(|pid| group_of(pid) == Some(leader))
}

/// The group of a process; `None` for one of the kernel's, which has none, and for one that is gone.
fn group_of(pid: Pid) -> Option<Pid> {
    group_in(&fs::read_to_string(format!("/proc/{}/stat", Pid::as_raw_pid(pid))).ok()?)
}

/// The group that a process's state names. Of one that is just ending the kernel says -1.
fn group_in(stat: &str) -> Option<Pid> {
    // Behind the name, which may hold anything: its state, its parent, its group (proc_pid_stat(5)).
    let (_, behind) = stat.rsplit_once(')')?;
    pid(behind.split_ascii_whitespace().nth(2)?)
}

/// The number of a process as text.
fn pid(text: &str) -> Option<Pid> {
    text.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw)
}

/// FNV-1a, of 64 bits: an id may be longer than a line.
fn hash(id: &str) -> u64 {
    id.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_known_by_the_hash_that_is_published() {
        // Fowler, Noll and Vo's own test vectors.
        assert_eq!(
            (hash(""), hash("a"), hash("foobar")),
            (0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8)
        );
    }

    #[test]
    fn what_is_no_number_of_a_process_is_none() {
        assert_eq!(group_in("12 (a) 3 (b)) S 1 7 9 0"), Pid::from_raw(7));
        for stat in ["12 (a) X 0 -1 -1 0", "12 (a) S 2 0 0 0", "12 (a) S 1 99999999999 0", "12 (a) S", "12"] {
            assert_eq!(group_in(stat), None, "{stat}");
        }
        assert_eq!((pid("7"), pid("-7"), pid("0"), pid("seven")), (Pid::from_raw(7), None, None, None));
    }

    #[test]
    fn the_group_of_a_process_is_known_whatever_it_is_called() {
        let own = rustix::process::getpid();
        assert_eq!(group_of(own), Some(rustix::process::getpgrp()));
        // The kernel's own processes have none; where they are not seen there is nothing to ask.
        assert_eq!(
            Pid::from_raw(2)
                .filter(|_| fs::read_to_string("/proc/2/comm").is_ok_and(|name| name == "kthreadd\n"))
                .and_then(group_of),
            None
        );
    }
}
