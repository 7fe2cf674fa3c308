//! One launch that the processor itself counts, through the kernel (`perf_event_open(2)`).
//!
//! The copied Criterion opens the event before the benchmark's first iteration, for its thread and all that are started
//! from then on, and enables it around iterations. Only instructions of the program itself are counted, not the kernel's. Unlike
//! Callgrind it runs at full speed, and knows every instruction the processor knows; but two launches differ by a few
//! instructions (interrupts are counted, too), so counts are compared as figures that vary.

use std::time::Instant;

use super::launch;
use super::plan::Counted;
use super::steady::{CounterSource, Steady, steady};
use crate::domain::{BuiltBench, InstructionCount, Profile};
use crate::measure::counter::{CountOptions, Uncounted};
use crate::measure::failure::FailureKind;
use crate::measure::harnesses::harness_of;
use crate::measure::interleaved::Batch;
use crate::measure::interleaved::bench_process::{self, BenchProcess};
use crate::measure::listing::ListedBenchmark;

/// What is counted, as the kernel numbers it: a type and one of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HardwareEvent {
    pub(super) kind: u32,
    pub(super) config: u64,
}

impl Default for HardwareEvent {
    /// `PERF_TYPE_HARDWARE`, `PERF_COUNT_HW_INSTRUCTIONS`.
    fn default() -> Self {
        Self { kind: 0, config: 1 }
    }
}

/// `EPERM` and `EACCES`: the same on every Linux.
const NOT_PERMITTED: i32 = 1;
const NO_ACCESS: i32 = 13;

/// What it is called where counts are stored.
pub(super) const COUNTER: &str = "perf_event";

/// Counts the instructions of a benchmark.
pub(super) fn count(
    event: HardwareEvent,
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    options: &CountOptions,
) -> Result<InstructionCount, Uncounted> {
    if !cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
        return Err(unavailable(
            "the processor's counter is read on Linux only, on x86-64 and aarch64",
            None,
        ));
    }
    let folder = bench_process::scratch().map_err(launch::unstartable)?;
    let invocation = harness_of(&bench.fingerprint.instrument)
        .invocation(bench, wanted, folder.path())
        .env("PERFGUARD_EVENT", format!("{}:{}", event.kind, event.config))
        .padded(std::env::vars_os());
    let started = Instant::now();
    let process =
        BenchProcess::launch(&invocation, folder.path(), options.time_limit).map_err(launch::explained)?;
    if launch::threads(&process) > 1 {
        return Err(Uncounted::Uncountable(
            "it has threads that were started before its first iteration: the processor's counter does not see them"
                .to_owned(),
        ));
    }
    let mut launch = Launch { process, threads: 1 };
    let Steady { iterations, total, set_up, .. } = steady(&mut launch)?;
    Ok(InstructionCount {
        sample: launch::sample(iterations, total)?,
        profile: Profile::default(),
        code: None,
        counter: COUNTER.to_owned(),
        set_up,
        threads: launch.threads,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// A process that is counted. It is gone when this is dropped.
struct Launch {
    process: BenchProcess,
    threads: u32,
}

impl CounterSource for Launch {
    type Detail = ();

    fn count(&mut self, iterations: u64) -> Result<(Counted, ()), Uncounted> {
        let answer = self.process.count(iterations).map_err(launch::explained)?;
        Ok((read(&answer)?, ()))
    }

    fn sample(&mut self, iterations: u64) -> Result<f64, Uncounted> {
        self.process.sample(iterations).map(Batch::per_iteration).map_err(launch::explained)
    }

    fn settled(&mut self, (): &()) {
        self.threads = launch::threads(&self.process);
    }

    fn difference((): &(), (): &()) {}
}

/// Reads how often counting began, what was counted, and for how many nanoseconds it should have been and was counted; or
/// the number of the error that kept the kernel from counting.
fn read(answer: &[u64]) -> Result<Counted, Uncounted> {
    match *answer {
        [spans, total, enabled, running] if running >= enabled => Ok(Counted { spans, total }),
        [_, _, _, _] => {
            let lent = FailureKind::Uncounted(
                "the processor's counter was lent to another program meanwhile, or it ran on a core of another kind".to_owned(),
            );
            Err(Uncounted::Failed(lent.into()))
        }
        [_, error] => Err(refused(error)),
        _ => Err(unavailable("the executable was not built to be counted by the processor", None)),
    }
}

/// Why the kernel does not count.
fn refused(error: u64) -> Uncounted {
    let error = i32::try_from(error).unwrap_or(0);
    let said = std::io::Error::from_raw_os_error(error);
    match error {
        NOT_PERMITTED | NO_ACCESS => unavailable(
            &format!("the kernel does not let a program count its own instructions ({said})"),
            Some(
                "set `kernel.perf_event_paranoid` to 2 or less, or count with `--instructions-by callgrind`",
            ),
        ),
        _ => unavailable(
            &format!("this machine has no counter of instructions that the kernel hands out ({said})"),
            Some("virtual machines often have none: count with `--instructions-by callgrind`"),
        ),
    }
}

fn unavailable(reason: &str, remedy: Option<&str>) -> Uncounted {
    Uncounted::Unavailable { reason: reason.to_owned(), remedy: remedy.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counts_or_reasons() {
        assert_eq!(read(&[1, 700, 50, 50]).unwrap(), Counted { spans: 1, total: 700 });
        match read(&[1, 700, 50, 49]).unwrap_err() {
            Uncounted::Failed(failure) => {
                assert!(failure.to_string().contains("another program"), "{failure}");
            }
            other => panic!("{other:?}"),
        }
        let remedy = |error| match read(&[1, error]).unwrap_err() {
            Uncounted::Unavailable { remedy: Some(remedy), .. } => remedy,
            other => panic!("{other:?}"),
        };
        assert!(remedy(2).contains("virtual machines"));
        assert!(remedy(13).contains("perf_event_paranoid"));
        assert!(matches!(read(&[1]).unwrap_err(), Uncounted::Unavailable { remedy: None, .. }));
    }
}
