//! What the pipeline counts through: instructions and allocations of one benchmark in one launch.

use std::time::Duration;

use super::failure::LaunchFailure;
use super::listing::ListedBenchmark;
use crate::domain::{AllocationCount, BuiltBench, InstructionCount};

/// What counts instructions. Counts of different sources are never compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InstructionSource {
    /// Valgrind's Callgrind: exact for deterministic programs, with the functions that account for it.
    #[default]
    Callgrind,
    /// The processor, through the kernel: at full speed and nearly exact, where the machine has such a counter.
    Hardware,
}

/// How a launch is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountOptions {
    /// When the launch is given up.
    pub time_limit: Duration,
    /// What counts instructions.
    pub source: InstructionSource,
    /// Whether branches and (simulated) cache misses are counted besides. Only Callgrind does.
    pub caches: bool,
}

/// Why there is no count.
#[derive(Debug)]
pub enum Uncounted {
    /// This machine or this build cannot be counted: no failure of the benchmark.
    Unavailable {
        /// Why, as a fragment: `valgrind is not installed`.
        reason: String,
        /// What to do about it.
        remedy: Option<String>,
    },
    /// The benchmark is of a kind that cannot be counted (`iter_custom`, a measurement of its own), and why.
    Uncountable(String),
    /// The launch failed.
    Failed(LaunchFailure),
}

/// Counts what one iteration does, exactly where the program is deterministic. Shared between threads: launches may run
/// side by side, since counts do not mind noise.
pub trait Counter: Sync {
    /// Whether each launch needs a tree in which nothing else is running, and that is as it was built. Pure.
    fn is_alone(&self, bench: &BuiltBench) -> bool;

    /// What would count the instructions of an executable, as counts are stored by it: `callgrind 3.19`. `None` where nothing
    /// can.
    fn instruction_counter(&self, bench: &BuiltBench, options: &CountOptions) -> Option<String>;

    /// Counts the instructions of one benchmark in one launch of an executable that is also timed.
    ///
    /// # Errors
    /// There is no count.
    fn instructions(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<InstructionCount, Uncounted>;

    /// Counts the heap of one benchmark in one launch of an executable that counts allocations.
    ///
    /// # Errors
    /// There is no count.
    fn allocations(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<AllocationCount, Uncounted>;

    /// One that keeps what it has started for the next benchmark of the same executable, until it is dropped; its counts are the
    /// same. `None` where there is nothing to keep.
    fn shared(&self) -> Option<Box<dyn Counter + '_>> {
        None
    }

    /// Runs one benchmark in one launch, a few iterations at most, and counts nothing.
    ///
    /// # Errors
    /// It did not run to its end.
    fn once(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> Result<(), Uncounted>;
}
