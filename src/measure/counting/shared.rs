//! Counting many benchmarks of one executable in children of one program. Each count is what a launch of its own gives: a program
//! does the same until it comes to a benchmark, whichever others are counted.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::countable::ensure_countable;
use super::program::Program;
use super::valgrind::Valgrind;
use crate::domain::{AllocationCount, BuiltBench, CountKind, InstructionCount};
use crate::measure::counter::{CountOptions, Counter, InstructionSource, Uncounted};
use crate::measure::harness::Counting;
use crate::measure::harnesses::harness_of;
use crate::measure::listing::ListedBenchmark;

/// A counter with programs that wait for the next benchmark. They are gone when this is dropped.
pub(super) struct SharedCounter<'a> {
    /// What counts in launches of their own.
    counter: &'a dyn Counter,
    valgrind: &'a Valgrind,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Program>,
    /// Executables that cannot be forked.
    unforkable: HashSet<PathBuf>,
    /// Benchmarks that failed in a child, by their executable.
    failed: HashSet<(PathBuf, String)>,
}

impl<'a> SharedCounter<'a> {
    /// Nothing was started yet.
    pub(super) fn new(counter: &'a dyn Counter, valgrind: &'a Valgrind) -> Self {
        Self { counter, valgrind, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A program that comes to a benchmark: one that waits, or a new one. `None` where it cannot be forked.
    fn program(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<Option<Program>, Uncounted> {
        let mut state = self.state();
        let alone = (bench.executable.clone(), wanted.id.clone());
        if state.unforkable.contains(&bench.executable) || state.failed.contains(&alone) {
            return Ok(None);
        }
        let waiting = state.waiting.iter().position(|program| program.comes_to(bench, wanted, options));
        let found = waiting.map(|at| state.waiting.swap_remove(at));
        // One that has gone past what is wanted now is of no use any more, nor is one of another executable.
        let gone = if found.is_none() { std::mem::take(&mut state.waiting) } else { Vec::new() };
        drop(state);
        drop(gone);
        match found {
            Some(program) => Ok(Some(program)),
            None => Program::start(self.valgrind, bench, options),
        }
    }

    /// Counts a benchmark in a child. `None` where that cannot be done.
    fn forked(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<Option<InstructionCount>, Uncounted> {
        let started = self.program(bench, wanted, options);
        if matches!(started, Err(_) | Ok(None)) {
            // It is no better the next time.
            self.state().unforkable.insert(bench.executable.clone());
        }
        let Some(program) = started? else { return Ok(None) };
        let (found, program) = program.count(wanted);
        let mut state = self.state();
        state.waiting.extend(program);
        if matches!(found, Ok(None)) {
            state.unforkable.insert(bench.executable.clone());
        }
        found
    }
}

impl Counter for SharedCounter<'_> {
    fn is_alone(&self, bench: &BuiltBench) -> bool {
        self.counter.is_alone(bench)
    }

    fn instruction_counter(&self, bench: &BuiltBench, options: &CountOptions) -> Option<String> {
        self.counter.instruction_counter(bench, options)
    }

    fn instructions(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<InstructionCount, Uncounted> {
        ensure_countable(bench, wanted, CountKind::Instructions)?;
        let on_request = harness_of(&bench.fingerprint.instrument).counting() == Counting::OnRequest;
        if on_request && options.source == InstructionSource::Callgrind {
            match self.forked(bench, wanted, options) {
                Ok(Some(count)) => return Ok(count),
                Ok(None) => {}
                Err(Uncounted::Uncountable(reason)) => return Err(Uncounted::Uncountable(reason)),
                // What fails in a child may not fail in a program of its own; else that tells best why.
                Err(Uncounted::Failed(_) | Uncounted::Unavailable { .. }) => {
                    self.state().failed.insert((bench.executable.clone(), wanted.id.clone()));
                }
            }
        }
        self.counter.instructions(bench, wanted, options)
    }

    fn allocations(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<AllocationCount, Uncounted> {
        self.counter.allocations(bench, wanted, options)
    }

    fn once(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<(), Uncounted> {
        self.counter.once(bench, wanted, options)
    }
}
