//! A program under Callgrind whose benchmarks are counted in children that it forks, so that Valgrind and the program itself
//! start once for many of them.

use std::time::{Duration, Instant};

use super::instructions::{arch, of_process};
use super::launch;
use super::valgrind::{self, Valgrind};
use crate::domain::{BuiltBench, InstructionCount};
use crate::measure::counter::{CountOptions, Uncounted};
use crate::measure::failure::LaunchFailure;
use crate::measure::harnesses::harness_of;
use crate::measure::interleaved::bench_process;
use crate::measure::interleaved::forks::ForkingProgram;
use crate::measure::listing::ListedBenchmark;
use crate::support::scratch::Scratch;

/// A child that takes longer is given up, and the benchmark counted in a launch of its own, which may take its time.
const CHILD_LIMIT: Duration = Duration::from_secs(30);

/// A program under Callgrind that stands at one of its benchmarks and waits.
#[derive(Debug)]
pub(super) struct Program {
    forking: ForkingProgram,
    folder: Scratch,
    bench: BuiltBench,
    options: CountOptions,
    counter: String,
    started: Instant,
}

impl Program {
    /// Starts an executable. `None` where its library cannot be told to fork.
    pub(super) fn start(
        valgrind: &Valgrind,
        bench: &BuiltBench,
        options: &CountOptions,
    ) -> Result<Option<Self>, Uncounted> {
        let counter = valgrind.counter(arch(bench))?;
        let folder = bench_process::scratch().map_err(launch::unstartable)?;
        let harness = harness_of(&bench.fingerprint.instrument);
        let Some(invocation) = harness.forking(bench, folder.path()) else { return Ok(None) };
        let invocation =
            valgrind.over(invocation, folder.path(), options, arch(bench)).padded(std::env::vars_os());
        let started = Instant::now();
        let forking = ForkingProgram::start(&invocation, folder.path(), options.time_limit)
            .map_err(|failure| valgrind::explained(failure, folder.path()))?;
        Ok(Some(Self { forking, folder, bench: bench.clone(), options: *options, counter, started }))
    }

    /// Whether it can still come to a benchmark of an executable, which is counted like that.
    pub(super) fn comes_to(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        options: &CountOptions,
    ) -> bool {
        self.bench == *bench && self.options == *options && !self.forking.has_passed(wanted)
    }

    /// Counts a benchmark in a child. `None` where none can be forked, because the program has threads.
    pub(super) fn count(&mut self, wanted: &ListedBenchmark) -> Result<Option<InstructionCount>, Uncounted> {
        let (folder, begun) = (self.folder.path(), Instant::now());
        let explained = |failure: LaunchFailure| valgrind::explained(failure, folder);
        let limit = self.options.time_limit.min(CHILD_LIMIT);
        let Some(mut child) = self.forking.fork(wanted, limit).map_err(explained)? else { return Ok(None) };
        let found = of_process(child.process(), folder, &self.bench, self.counter.clone(), begun)?;
        child.end();
        Ok(Some(found))
    }

    /// Counts a benchmark in the program itself, which is at its end then.
    pub(super) fn count_itself(self, wanted: &ListedBenchmark) -> Result<InstructionCount, Uncounted> {
        let Self { forking, folder, bench, options, counter, started } = self;
        let folder = folder.path();
        let process = forking.stay(wanted, options.time_limit);
        let mut process = process.map_err(|failure| valgrind::explained(failure, folder))?;
        of_process(&mut process, folder, &bench, counter, started)
    }
}
