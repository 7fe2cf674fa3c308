//! Counting one benchmark in one launch: a process that does as it is told, with counting switched on around its
//! iterations and nowhere else.
//!
//! | module | knows |
//! |---|---|
//! | `plan`, `steady` | pure: how many iterations are counted, in which order, and what one costs |
//! | `instructions` | a launch under Callgrind |
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
                instructions::count(valgrind, bench, wanted, options)
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
        Some(Box::new(SharedCounter::new(self)))
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

/// Refuses an executable that cannot be told to count, and a benchmark whose threads would be counted as one.
fn ensure_countable(bench: &BuiltBench, wanted: &ListedBenchmark, kind: CountKind) -> Result<(), Uncounted> {
    if wanted.threads > 1 {
        let threads = wanted.threads;
        return Err(Uncounted::Uncountable(format!("it runs on {threads} threads at once")));
    }
    let countable = harness_of(&bench.fingerprint.instrument).capabilities(bench).counted(kind);
    countable.map_err(|(reason, remedy)| Uncounted::Unavailable { reason, remedy: Some(remedy) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Execution;
    use crate::measure::invocation::tests::bench;

    fn refused(execution: Execution, instrument: &str, kind: CountKind) -> Option<(String, Option<String>)> {
        let mut bench = bench("/x", execution);
        bench.fingerprint.instrument = instrument.parse().unwrap();
        match ensure_countable(&bench, &ListedBenchmark::new("x", "x", 0), kind) {
            Err(Uncounted::Unavailable { reason, remedy }) => Some((reason, remedy)),
            _ => None,
        }
    }

    #[test]
    fn what_runs_on_several_threads_is_not_counted() {
        let mut bench = bench("/x", Execution::Native);
        bench.fingerprint.instrument = "divan 0.1.21 (interleaved)".parse().unwrap();
        let wanted = |threads| ListedBenchmark::new("x", "x", 0).on_threads(threads);
        for kind in CountKind::ALL {
            assert!(ensure_countable(&bench, &wanted(1), kind).is_ok());
            assert!(matches!(ensure_countable(&bench, &wanted(2), kind), Err(Uncounted::Uncountable(_))));
        }
    }

    #[test]
    fn only_copied_criterions_that_run_natively_are_counted() {
        for kind in CountKind::ALL {
            assert_eq!(refused(Execution::Native, "criterion 0.8.2 (interleaved)", kind), None);
            let (reason, remedy) = refused(Execution::Native, "criterion 0.8.2 (git)", kind).unwrap();
            assert!(reason.contains("criterion 0.8.2 (git)"), "{reason}");
            assert!(remedy.unwrap().contains("crates.io"));
            let runner = Execution::Runner(vec!["nice".into()]);
            let (_, remedy) = refused(runner, "criterion 0.8.2 + turns", kind).unwrap();
            assert!(remedy.unwrap().contains("`runner`"));
        }
    }

    #[test]
    fn under_an_emulator_an_executable_counts_its_own_allocations() {
        let refused = |instrument, kind| {
            refused(Execution::Emulated(vec!["qemu-aarch64".into()]), instrument, kind)
                .map(|(reason, _)| reason)
        };
        let copied = "criterion 0.8.2 + turns";
        assert_eq!(refused(copied, CountKind::Allocations), None);
        assert!(refused(copied, CountKind::Instructions).unwrap().contains("qemu-aarch64"));
        // Nothing inside of these counts.
        for instrument in ["criterion 0.8.2 (git)", "command", "libtest"] {
            assert!(refused(instrument, CountKind::Allocations).is_some(), "{instrument}");
        }
    }
}
