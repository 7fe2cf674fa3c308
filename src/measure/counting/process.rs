//! A whole process that is counted from its start to its end: its instructions under Callgrind, what it asks of the heap under
//! DHAT. Both see everything that the process itself does, the loader's work and the C library's included. Processes that it
//! starts are not followed.

use std::time::Instant;

use super::valgrind::{self, Valgrind};
use super::{code, instructions, launch};
use crate::domain::{AllocationCount, BuiltBench, InstructionCount};
use crate::measure::counter::{CountOptions, Uncounted};
use crate::measure::excess::LARGEST_DUMP;
use crate::measure::harnesses::harness_of;
use crate::measure::interleaved::bench_process;
use crate::measure::invocation::Invocation;
use crate::measure::listing::ListedBenchmark;
use crate::measure::whole as command;
use crate::support::bounded::{self, Links};

/// Allocators that a program brings along, by the beginning of a symbol: DHAT sees nothing of them.
const OWN_ALLOCATORS: [(&str, &str); 4] =
    [("_rjem_", "jemalloc"), ("je_malloc", "jemalloc"), ("mi_malloc", "mimalloc"), ("sn_malloc", "snmalloc")];

/// Counts the instructions of a process.
pub(super) fn instructions(
    valgrind: &Valgrind,
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    options: &CountOptions,
) -> Result<InstructionCount, Uncounted> {
    instructions::require_callgrind(options, "a whole process")?;
    let counter = valgrind.counter(instructions::arch(bench))?;
    let folder = bench_process::scratch().map_err(launch::unstartable)?;
    let under = |invocation: Invocation| {
        valgrind.over_all(invocation, folder.path(), options, instructions::arch(bench))
    };
    let started = Instant::now();
    let id = run(bench, wanted, options, folder.path(), &under)?;
    let unread = |error: &dyn std::fmt::Display| instructions::unread(error);
    let path = valgrind::file_at_end(folder.path(), id);
    let text = bounded::read_text(&path, LARGEST_DUMP, Links::Refuse).map_err(|error| unread(&error))?;
    instructions::of_dump(&text, bench, counter, started)
}

/// Counts what a process asks of the heap.
pub(super) fn allocations(
    valgrind: &Valgrind,
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    options: &CountOptions,
) -> Result<AllocationCount, Uncounted> {
    valgrind.counter(instructions::arch(bench))?;
    if let Some(name) = own_allocator(bench) {
        return Err(Uncounted::Uncountable(format!(
            "it has an allocator of its own ({name}), of which nobody hears outside of it"
        )));
    }
    let folder = bench_process::scratch().map_err(launch::unstartable)?;
    let under = |invocation: Invocation| valgrind.over_heap(invocation, folder.path());
    let started = Instant::now();
    let id = run(bench, wanted, options, folder.path(), &under)?;
    let log = valgrind::log(folder.path()).map_err(|error| instructions::unread(&error))?;
    let heap = heap(&log, id).ok_or_else(|| instructions::unread(&"its log names no totals"))?;
    Ok(AllocationCount {
        allocations: launch::sample(1, heap.blocks)?,
        allocated_bytes: launch::sample(1, heap.bytes)?,
        peak_bytes: launch::sample(1, heap.peak)?,
        threads: 1,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// One launch under a tool of Valgrind's: the number of its process.
fn run(
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    options: &CountOptions,
    folder: &std::path::Path,
    under: &dyn Fn(Invocation) -> Invocation,
) -> Result<u32, Uncounted> {
    let harness = harness_of(&bench.fingerprint.instrument);
    let invocation = harness.invocation(bench, wanted, folder);
    let spec = command::command(bench).map_err(Uncounted::Failed)?;
    command::prepare(spec, &invocation, options.time_limit).map_err(Uncounted::Failed)?;
    let invocation = under(invocation).padded(std::env::vars_os());
    let ended = command::once(spec, &invocation, options.time_limit);
    ended.map(|ended| ended.id).map_err(|failure| valgrind::explained(failure, folder))
}

/// What DHAT says of the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heap {
    blocks: u64,
    bytes: u64,
    peak: u64,
}

/// Reads the totals of a process: `==7== Total:     1,234 bytes in 5 blocks`, `==7== At t-gmax: 600 bytes in 2 blocks`.
fn heap(log: &str, id: u32) -> Option<Heap> {
    // What it forked writes to the same log.
    let own = format!("=={id}==");
    let line = |name: &str| {
        let mut lines = log.lines().filter_map(|line| line.strip_prefix(&own));
        let line = lines.find_map(|line| line.strip_prefix(name))?;
        let mut words = line.split_whitespace();
        let bytes = number(words.next()?)?;
        let blocks = number(words.nth(2)?)?;
        Some((bytes, blocks))
    };
    let (bytes, blocks) = line(" Total:")?;
    let (peak, _) = line(" At t-gmax:")?;
    Some(Heap { blocks, bytes, peak })
}

/// A whole number with commas.
fn number(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}

/// The allocator that an executable brings along, as far as its symbols tell.
fn own_allocator(bench: &BuiltBench) -> Option<&'static str> {
    let names = code::symbols(&bench.executable)?;
    OWN_ALLOCATORS
        .into_iter()
        .find(|(start, _)| names.iter().any(|name| name.starts_with(start)))
        .map(|(_, allocator)| allocator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_of_the_heap_are_read() {
        let log = "==7== \n==7== Total:     1,234,567 bytes in 5 blocks\n==7== At t-gmax: 600 bytes in 2 blocks\n\
                   ==7== At t-end:  0 bytes in 0 blocks\n";
        assert_eq!(heap(log, 7), Some(Heap { blocks: 5, bytes: 1_234_567, peak: 600 }));
        assert_eq!(heap(log, 8), None, "of another process");
        assert_eq!(heap("==7== Total:     many bytes", 7), None);
    }
}
