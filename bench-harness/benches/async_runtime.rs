//! Benchmarks of the group `async_runtime`. Each runtime is built when its benchmark is run, and only then: threads of
//! another one's runtime would otherwise lie about during all measurements.

mod support;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use perfguard_harness::async_runtime::io_bound::Echo;
use perfguard_harness::async_runtime::spawn_blocking::{self, Delay};
use perfguard_harness::async_runtime::{cpu_bound, light, runtimes};
use support::Suite;
use tokio::runtime::Runtime;
use tokio::task::JoinError;

type RuntimeResult = std::io::Result<Runtime>;

fn run(b: &mut Bencher<'_>, runtime: RuntimeResult, work: fn(&Runtime, u64) -> Result<u64, JoinError>) {
    let runtime = runtime.expect("the runtime starts");
    b.iter(|| work(&runtime, black_box(7)).expect("no task panics"));
}

fn echo(b: &mut Bencher<'_>, runtime: RuntimeResult) {
    let mut echo = runtime.and_then(Echo::start).expect("the loopback interface works");
    b.iter(|| echo.round(black_box(7)).expect("the connections hold"));
}

/// Measures how long the light tasks waited, not how long everything took.
fn waited(b: &mut Bencher<'_>, work: fn(&Runtime, u64) -> Result<Delay, JoinError>) {
    let runtime = runtimes::current_thread().expect("the runtime starts");
    b.iter_custom(|iterations| {
        (0..iterations)
            .map(|_| black_box(work(&runtime, black_box(7)).expect("no task panics")).waited)
            .sum::<Duration>()
    });
}

fn async_runtime(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "async_runtime");
    let mut pattern = suite.pattern("cpu_bound");
    pattern.variant("naive", |b| run(b, runtimes::current_thread(), cpu_bound::run));
    pattern.variant("optimized", |b| run(b, runtimes::worker_per_core(), cpu_bound::run));
    drop(pattern);

    let mut pattern = suite.pattern("light");
    pattern.variant("naive", |b| run(b, runtimes::worker_per_core(), light::run));
    pattern.variant("optimized", |b| run(b, runtimes::current_thread(), light::run));
    drop(pattern);

    let mut pattern = suite.pattern("io_bound");
    pattern.variant("naive", |b| echo(b, runtimes::current_thread()));
    pattern.variant("optimized", |b| echo(b, runtimes::default_runtime()));
    drop(pattern);

    let mut pattern = suite.pattern("spawn_blocking");
    pattern.variant("naive", |b| waited(b, spawn_blocking::naive));
    pattern.variant("optimized", |b| waited(b, spawn_blocking::optimized));
    drop(pattern);
    suite.finish();
}

criterion_group!(benches, async_runtime);
criterion_main!(benches);
