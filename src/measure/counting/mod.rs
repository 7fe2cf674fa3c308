//! Counting one benchmark in one launch: a process that does as it is told, with counting switched on around its
//! iterations and nowhere else.
//!
//! | module | knows |
//! |---|---|
//! | `plan`, `steady` | pure: how many iterations are counted, in which order, and what one costs |
//! | `instructions` | a launch under Callgrind |
//! | `countable` | pure: what can be counted at all |
//! | `program`, `shared` | a program under Callgrind that forks for its benchmarks; those that wait for the next one |
//! | `hardware` | a launch that the processor counts |
//! | `launch` | what every launch that counts gives, or why it gives none |
//! | `code` | what machine code was executed, wherever it lies |
//! | `allocations` | a launch of an executable with a counting allocator |
//! | `function` | one iteration of a `#[bench]` function |
//! | `once` | a launch that only runs |
//! | `process` | a whole process that is counted from start to end |
//! | `valgrind` | which Valgrind there is, how it is started, and what its complaints mean |
//!
//! What is counted, how exact it is and what it costs is told in `docs/counts.md`.

mod allocations;
mod code;
mod countable;
mod function;
mod hardware;
mod instructions;
mod launch;
mod once;
mod plan;
mod process;
mod program;
mod shared;
mod steady;
mod valgrind;

use self::countable::ensure_countable;
use self::hardware::HardwareEvent;
use self::shared::SharedCounter;
use self::valgrind::Valgrind;
use super::counter::{CountOptions, Counter, InstructionSource, Uncounted};
use super::harness::Counting;
use super::harnesses::harness_of;
use super::listing::ListedBenchmark;
use crate::domain::{AllocationCount, BuiltBench, CountKind, InstructionCount};

/// Counts by starting executables that are linked to a copied library.
#[derive(Debug, Default)]
pub struct ProcessCounter {
    valgrind: Valgrind,
    event: HardwareEvent,
}

impl ProcessCounter {
    /// A counter that has not started anything yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A counter that uses another Valgrind than the one that is found by its name.
    #[must_use]
    pub fn with_valgrind(program: impl Into<String>) -> Self {
        Self { valgrind: Valgrind::named(program), event: HardwareEvent::default() }
    }

    /// A counter that asks the kernel for another event than instructions, by the numbers of `perf_event_open(2)`: where
    /// there is no counter of instructions, one of software shows that the way there works.
    #[must_use]
    pub fn with_event(self, kind: u32, config: u64) -> Self {
        Self { event: HardwareEvent { kind, config }, ..self }
    }
}

impl Counter for ProcessCounter {
    fn is_alone(&self, bench: &BuiltBench) -> bool {
        harness_of(&bench.fingerprint.instrument).counting() == Counting::Process
    }

    fn instruction_counter(&self, bench: &BuiltBench, options: &CountOptions) -> Option<String> {
        match (harness_of(&bench.fingerprint.instrument).counting(), options.source) {
            (Counting::OnRequest, InstructionSource::Hardware) => Some(hardware::COUNTER.to_owned()),
            _ => self.valgrind.counter(instructions::arch(bench)).ok(),
        }
    }

    fn instructions(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<InstructionCount, Uncounted> {
        tracing::debug!(bench = %bench.label(), benchmark = wanted.id, ?options, "counts instructions");
        ensure_countable(bench, wanted, CountKind::Instructions)?;
        let valgrind = &self.valgrind;
        match (harness_of(&bench.fingerprint.instrument).counting(), options.source) {
            (Counting::Process, _) => process::instructions(valgrind, bench, wanted, options),
            (Counting::BenchFunction, _) => function::instructions(valgrind, bench, wanted, options),
            (Counting::OnRequest, InstructionSource::Callgrind) => {
                program::count(valgrind, bench, wanted, options)
            }
            (Counting::OnRequest, InstructionSource::Hardware) => {
                hardware::count(self.event, bench, wanted, options)
            }
        }
    }

    fn allocations(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<AllocationCount, Uncounted> {
        tracing::debug!(bench = %bench.label(), benchmark = wanted.id, "counts allocations");
        ensure_countable(bench, wanted, CountKind::Allocations)?;
        match harness_of(&bench.fingerprint.instrument).counting() {
            Counting::Process => process::allocations(&self.valgrind, bench, wanted, options),
            Counting::BenchFunction => Err(function::no_allocations()),
            Counting::OnRequest => allocations::count(bench, wanted, options),
        }
    }

    fn shared(&self) -> Option<Box<dyn Counter + '_>> {
        Some(Box::new(SharedCounter::new(self, &self.valgrind)))
    }

    fn once(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<(), Uncounted> {
        tracing::debug!(bench = %bench.label(), benchmark = wanted.id, "runs once");
        once::run(bench, wanted, options)
    }
}
