//! A benchmark that only runs, with nothing measured or counted: whoever looks on has preloaded a library.

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

/// Runs a benchmark from the start of its process to its last iteration: one, and some more where it is short. A command or a
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
                    process.sample(1 + plan::OF_BATCHES)?;
                }
                Ok(())
            })
        }
    }
    .map_err(launch::explained)
}
