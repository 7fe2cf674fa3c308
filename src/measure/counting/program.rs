//! A program under Callgrind whose benchmarks are counted in children that it forks, so that Valgrind and the program itself
//! start once for many of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::instructions::{arch, of_process};
use super::launch;
use super::valgrind::{self, Valgrind};
use crate::domain::{BuiltBench, InstructionCount};
use crate::measure::counter::{CountOptions, Uncounted};
use crate::measure::harnesses::harness_of;
use crate::measure::interleaved::bench_process::{self, BenchProcess};
use crate::measure::interleaved::forks::ForkingProgram;
use crate::measure::invocation::TMP;
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

    /// Counts a benchmark in a child. `None` where none can be forked, because the program has threads. The program comes back
    /// where its next child would find everything as this one did.
    pub(super) fn count(
        mut self,
        wanted: &ListedBenchmark,
    ) -> (Result<Option<InstructionCount>, Uncounted>, Option<Self>) {
        let (folder, begun) = (self.folder.path(), Instant::now());
        let before = written(folder);
        let whole = self.options.time_limit;
        let mut child = match self.forking.fork(wanted, whole, whole.min(CHILD_LIMIT)) {
            Ok(Some(child)) => child,
            Ok(None) => return (Ok(None), None),
            Err(failure) => return (Err(valgrind::explained(failure, folder)), None),
        };
        let found = of_process(child.process(), folder, &self.bench, self.counter.clone(), begun);
        let is_well = matches!(found, Ok(_) | Err(Uncounted::Uncountable(_)));
        let is_as_before = is_well && child.end() && written(folder) == before;
        (found.map(Some), is_as_before.then_some(self))
    }

    /// Counts a benchmark in the program itself, which is at its end then.
    pub(super) fn count_itself(self, wanted: &ListedBenchmark) -> Result<InstructionCount, Uncounted> {
        let Self { forking, folder, bench, counter, started, .. } = self;
        let folder = folder.path();
        let mut process = forking.stay(wanted).map_err(|failure| valgrind::explained(failure, folder))?;
        of_process(&mut process, folder, &bench, counter, started)
    }
}

/// Counts the instructions of a benchmark in a launch of its own.
pub(super) fn count(
    valgrind: &Valgrind,
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    options: &CountOptions,
) -> Result<InstructionCount, Uncounted> {
    if let Some(program) = Program::start(valgrind, bench, options)? {
        return program.count_itself(wanted);
    }
    let counter = valgrind.counter(arch(bench))?;
    let folder = bench_process::scratch().map_err(launch::unstartable)?;
    let invocation = harness_of(&bench.fingerprint.instrument).invocation(bench, wanted, folder.path());
    let invocation =
        valgrind.over(invocation, folder.path(), options, arch(bench)).padded(std::env::vars_os());
    let started = Instant::now();
    let mut process = BenchProcess::launch(&invocation, folder.path(), options.time_limit)
        .map_err(|failure| valgrind::explained(failure, folder.path()))?;
    of_process(&mut process, folder.path(), bench, counter, started)
}

/// What lies in a launch's folder for temporary files: names, sizes and times.
fn written(folder: &Path) -> BTreeSet<(OsString, u64, Option<SystemTime>)> {
    let entries = fs::read_dir(folder.join(TMP)).into_iter().flatten().flatten();
    let told = |entry: fs::DirEntry| {
        let facts = entry.metadata().ok();
        let (size, time) =
            (facts.as_ref().map_or(0, fs::Metadata::len), facts.and_then(|facts| facts.modified().ok()));
        (entry.file_name(), size, time)
    };
    entries.map(told).collect()
}
