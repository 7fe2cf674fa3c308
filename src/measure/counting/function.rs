//! One iteration of a `#[bench]` function, under Callgrind.
//!
//! As a test, libtest calls the function once, and `Bencher::iter` runs its closure once between two readings of the clock.
//! Costs are collected in the bench function alone (libtest's main thread does something meanwhile), and written down
//! whenever the clock is read: what lies between the readings is the iteration, with one reading of the clock.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::valgrind::{self, Valgrind};
use super::{instructions, launch};
use crate::domain::{BuiltBench, CommandSpec, InstructionCount};
use crate::measure::counter::{CountOptions, Uncounted};
use crate::measure::excess::LARGEST_DUMP;
use crate::measure::harnesses::harness_of;
use crate::measure::interleaved::bench_process;
use crate::measure::listing::ListedBenchmark;
use crate::measure::whole;
use crate::support::bounded::{self, Links};

/// Why there is no count of allocations.
const NO_ALLOCATIONS: &str = "it is run by the compiler's own library, in which allocations of an iteration cannot be told \
                              from others; write it with Criterion";

/// Refuses to count the heap.
pub(super) fn no_allocations() -> Uncounted {
    Uncounted::Uncountable(NO_ALLOCATIONS.to_owned())
}

/// Counts the instructions of one iteration.
pub(super) fn instructions(
    valgrind: &Valgrind,
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    options: &CountOptions,
) -> Result<InstructionCount, Uncounted> {
    instructions::require_callgrind(options, "a #[bench] function")?;
    let counter = valgrind.counter(instructions::arch(bench))?;
    let folder = bench_process::scratch().map_err(launch::unstartable)?;
    let harness = harness_of(&bench.fingerprint.instrument);
    let invocation = harness.invocation(bench, wanted, folder.path());
    let invocation = valgrind
        .over_function(invocation, folder.path(), options, instructions::arch(bench))
        .padded(std::env::vars_os());
    let started = Instant::now();
    let ended = whole::once(&CommandSpec::default(), &invocation, options.time_limit);
    let mut ended = ended.map_err(|failure| valgrind::explained(failure, folder.path()))?;
    if ended.stdout.text().contains("... ignored") {
        return Err(Uncounted::Uncountable("it is marked #[ignore]".to_owned()));
    }
    let text = iteration(folder.path(), ended.id)?;
    instructions::of_dump(&text, bench, counter, started)
}

/// The one dump of those that a process wrote which holds an iteration.
fn iteration(folder: &Path, id: u32) -> Result<String, Uncounted> {
    let unread = |error: std::io::Error| instructions::unread(&error);
    let mut paths: Vec<(u32, PathBuf)> = Vec::new();
    let start = format!("callgrind.{id}.");
    for entry in fs::read_dir(folder).map_err(unread)?.flatten() {
        let name = entry.file_name();
        if let Some(number) = name.to_str().and_then(|name| name.strip_prefix(&start)?.parse().ok()) {
            paths.push((number, entry.path()));
        }
    }
    paths.sort();
    let mut texts = Vec::new();
    for (_, path) in paths {
        texts.push(bounded::read_text(&path, LARGEST_DUMP, Links::Refuse).map_err(unread)?);
    }
    let spans: Vec<Span> = texts.iter().filter_map(|text| Span::read(text)).collect();
    match chosen(&spans) {
        Ok(place) => Ok(texts.swap_remove(place)),
        Err(reason) => Err(Uncounted::Uncountable(reason.to_owned())),
    }
}

/// What a dump says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    /// Whether it was written because the clock was about to be read for the second time.
    ends_iteration: bool,
    /// How many instructions it holds.
    total: u64,
}

impl Span {
    fn read(text: &str) -> Option<Self> {
        let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
        let total = line("summary: ").or_else(|| line("totals: "))?;
        let total = total.split_whitespace().next()?.parse().ok()?;
        let ends_iteration = line("desc: Trigger: ")?.contains("7elapsed");
        Some(Self { ends_iteration, total })
    }
}

/// Which dump holds the iteration: what the bench function did before it lies in the one before.
fn chosen(spans: &[Span]) -> Result<usize, &'static str> {
    // What nothing was collected in is of other threads.
    let own: Vec<usize> = (0..spans.len()).filter(|&place| spans[place].total > 0).collect();
    match own[..] {
        [before, place] | [before, place, _]
            if !spans[before].ends_iteration && spans[place].ends_iteration =>
        {
            Ok(place)
        }
        [] | [_] => Err(
            "nothing marks where its iteration begins: it never calls `Bencher::iter`, or was linked with \
                         `lto`",
        ),
        _ => Err("it reads the clock itself, and nobody knows which part of it is an iteration"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(ends_iteration: bool, total: u64) -> Span {
        Span { ends_iteration, total }
    }

    #[test]
    fn the_iteration_lies_between_two_readings_of_the_clock() {
        // The main thread's reading, the set-up, the iteration, and what is left until the main thread reads it again.
        assert_eq!(chosen(&[span(false, 0), span(false, 11), span(true, 38), span(true, 101)]), Ok(2));
        assert_eq!(chosen(&[span(false, 0), span(false, 16_492), span(true, 2_967)]), Ok(2));
        assert_eq!(chosen(&[span(false, 11), span(false, 0), span(true, 139)]), Ok(2));
        assert!(chosen(&[]).unwrap_err().contains("lto"));
        assert!(chosen(&[span(false, 7), span(false, 8), span(true, 9)]).unwrap_err().contains("clock"));
    }

    #[test]
    fn a_dump_says_why_it_was_written() {
        let text = "desc: Trigger: --dump-before=_RNvMNtCs_3std4timeNtB2_7Instant7elapsed\nevents: Ir\nsummary: 42 7\n";
        assert_eq!(Span::read(text), Some(span(true, 42)));
        let text = "desc: Trigger: --dump-before=_RNvMNtCs_3std4timeNtB2_7Instant3now\ntotals: 0\n";
        assert_eq!(Span::read(text), Some(span(false, 0)));
        assert_eq!(Span::read("events: Ir"), None);
    }
}
