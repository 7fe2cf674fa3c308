//! A benchmark that only runs, with nothing measured or counted: whoever looks on has preloaded a library.

use std::time::Duration;

use super::{launch, plan};
use crate::domain::{BuiltBench, CommandSpec};
use crate::measure::counter::{CountOptions, Uncounted};
use crate::measure::harness::Counting;
use crate::measure::harnesses::harness_of;
use crate::measure::interleaved::bench_process::{self, BenchProcess};
use crate::measure::listing::ListedBenchmark;
use crate::measure::whole;

/// A benchmark of which one iteration takes so many nanoseconds runs once.
const LONG: f64 = 1e8;

/// A short one runs about as long as a side of a short pair does, so that what only later iterations do is done here, too: growing
/// a table, rotating a log.
const AS_LONG: Duration = Duration::from_millis(20);

/// Runs a benchmark from the start of its process to its last iteration: one, and more where it is short. A command or a
/// `#[bench]` function runs to its end.
pub(super) fn run(
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    options: &CountOptions,
) -> Result<(), Uncounted> {
    let folder = bench_process::scratch().map_err(launch::unstartable)?;
    let harness = harness_of(&bench.fingerprint.instrument);
    let invocation = harness.invocation(bench, wanted, folder.path()).padded(std::env::vars_os());
    let ended = |spec: &CommandSpec| {
        whole::prepare(spec, &invocation, options.time_limit)?;
        whole::once(spec, &invocation, options.time_limit).map(drop)
    };
    match harness.counting() {
        Counting::Process => whole::command(bench).and_then(ended),
        Counting::BenchFunction => ended(&CommandSpec::default()),
        Counting::OnRequest => {
            BenchProcess::launch(&invocation, folder.path(), options.time_limit).and_then(|mut process| {
                let cold = process.sample(1)?;
                if cold.cost < LONG {
                    let some = process.sample(1 + plan::OF_BATCHES)?;
                    if some.cost < AS_LONG.as_nanos() as f64 {
                        process.warm_up(AS_LONG)?;
                    }
                }
                Ok(())
            })
        }
    }
    .map_err(launch::explained)
}
