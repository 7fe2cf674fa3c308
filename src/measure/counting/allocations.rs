//! One launch of an executable whose allocations are counted, at full speed: by the library that is preloaded into it, or by an
//! allocator that it was built with.

use std::time::Instant;

use super::{launch, plan};
use crate::domain::{AllocationCount, BuiltBench};
use crate::measure::counter::{CountOptions, Uncounted};
use crate::measure::harnesses::harness_of;
use crate::measure::interleaved::bench_process::{self, BenchProcess};
use crate::measure::listing::ListedBenchmark;

/// A benchmark of which one iteration takes so many nanoseconds is counted by one iteration alone.
const LONG: f64 = 5e8;

/// Iterations beyond the first. Counts do not depend on how many there are, unless the benchmark's own state grows.
const FURTHER: u64 = plan::OF_BATCHES;

/// Why nothing is known of a benchmark with another allocator.
const UNHEARD: &str = "it has an allocator of its own, of which nobody hears outside of it";

/// Why nothing is known where nothing was preloaded, whatever the variable says.
const NOTHING_COUNTS: &str = "nothing counts allocations in its executable";

/// What was counted of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    spans: u64,
    allocations: u64,
    bytes: u64,
    peak: u64,
    other_threads: bool,
}

/// Counts the allocations of a benchmark.
pub(super) fn count(
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    options: &CountOptions,
) -> Result<AllocationCount, Uncounted> {
    let folder = bench_process::scratch().map_err(launch::unstartable)?;
    let invocation = harness_of(&bench.fingerprint.instrument)
        .invocation(bench, wanted, folder.path())
        .padded(std::env::vars_os());
    let started = Instant::now();
    let mut process =
        BenchProcess::launch(&invocation, folder.path(), options.time_limit).map_err(launch::explained)?;
    // The first iteration is never taken: it may fill what is filled once.
    let cold = process.sample(1).map_err(launch::explained)?;
    let long = cold.cost >= LONG;
    if !long {
        process.sample(1 + FURTHER).map_err(launch::explained)?;
    }
    let one = counted(&mut process, 1)?;
    if one.spans == 0 {
        return Err(launch::times_itself());
    }
    let (iterations, allocations, bytes, last) = if long {
        (1, one.allocations, one.bytes, one)
    } else {
        let many = counted(&mut process, 1 + FURTHER)?;
        difference(one, many)
    };
    let threads = launch::threads(&process).max(1 + u32::from(one.other_threads || last.other_threads));
    drop(process);
    Ok(AllocationCount {
        allocations: launch::sample(iterations, allocations)?,
        allocated_bytes: launch::sample(iterations, bytes)?,
        peak_bytes: launch::sample(1, one.peak)?,
        threads,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Iterations, allocations and bytes: what happens once per sample taken out, unless it varies so much that there is more
/// of it in fewer iterations.
fn difference(one: Counted, many: Counted) -> (u64, u64, u64, Counted) {
    match (many.allocations.checked_sub(one.allocations), many.bytes.checked_sub(one.bytes)) {
        (Some(allocations), Some(bytes)) => (FURTHER, allocations, bytes, many),
        _ => (1 + FURTHER, many.allocations, many.bytes, many),
    }
}

/// One counted sample.
fn counted(process: &mut BenchProcess, iterations: u64) -> Result<Counted, Uncounted> {
    let answer = process.count(iterations).map_err(launch::explained)?;
    read(&answer)
}

/// The numbers of an answer.
fn read(answer: &[u64]) -> Result<Counted, Uncounted> {
    match *answer {
        [spans, allocations, bytes, peak, other] => {
            Ok(Counted { spans, allocations, bytes, peak, other_threads: other != 0 })
        }
        [_, _] => Err(Uncounted::Uncountable(UNHEARD.to_owned())),
        _ => Err(Uncounted::Unavailable { reason: NOTHING_COUNTS.to_owned(), remedy: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(allocations: u64, bytes: u64) -> Counted {
        Counted { spans: 1, allocations, bytes, peak: 0, other_threads: false }
    }

    #[test]
    fn once_per_sample_cancels_and_what_varies_is_left_whole() {
        let (iterations, allocations, bytes, _) = difference(of(4, 70), of(31, 610));
        assert_eq!((iterations, allocations, bytes), (9, 27, 540));
        let (iterations, allocations, bytes, _) = difference(of(4, 700), of(31, 610));
        assert_eq!((iterations, allocations, bytes), (10, 31, 610));
    }

    #[test]
    fn an_executable_that_only_counts_instructions_is_not_understood() {
        assert_eq!(read(&[1, 3, 600, 500, 1]).unwrap().peak, 500);
        assert!(matches!(read(&[1]), Err(Uncounted::Unavailable { .. })));
    }

    #[test]
    fn an_allocator_that_the_library_does_not_hear_of_is_told() {
        assert!(
            matches!(read(&[1, 0]), Err(Uncounted::Uncountable(reason)) if reason.contains("of its own"))
        );
    }
}
