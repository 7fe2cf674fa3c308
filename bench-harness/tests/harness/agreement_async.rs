//! The asynchronous patterns return the same result on every runtime, for any seed.

use perfguard_harness::async_runtime::io_bound::Echo;
use perfguard_harness::async_runtime::{cpu_bound, light, runtimes, spawn_blocking};

const SEEDS: [u64; 3] = [0, 7, u64::MAX];

#[test]
fn the_runtimes_differ_in_nothing_but_speed() {
    let current = runtimes::current_thread().expect("the runtime starts");
    let per_core = runtimes::worker_per_core().expect("the runtime starts");
    let default = runtimes::default_runtime().expect("the runtime starts");
    for seed in SEEDS {
        let expected = cpu_bound::run(&current, seed).expect("no task panics");
        assert_eq!(cpu_bound::run(&per_core, seed).expect("no task panics"), expected);
        assert_eq!(cpu_bound::run(&default, seed).expect("no task panics"), expected);

        let expected = light::run(&current, seed).expect("no task panics");
        assert_eq!(light::run(&per_core, seed).expect("no task panics"), expected);
    }
}

#[test]
fn the_echo_is_what_was_asked_on_either_runtime() {
    let mut current =
        Echo::start(runtimes::current_thread().expect("the runtime starts")).expect("connected");
    let mut default =
        Echo::start(runtimes::default_runtime().expect("the runtime starts")).expect("connected");
    for seed in SEEDS {
        let expected = current.round(seed).expect("echoed");
        assert_ne!(expected, 0);
        assert_eq!(default.round(seed).expect("echoed"), expected);
        assert_eq!(current.round(seed).expect("echoed again, on the same connections"), expected);
    }
}

#[test]
fn heavy_work_has_the_same_result_wherever_it_runs() {
    let runtime = runtimes::current_thread().expect("the runtime starts");
    for seed in SEEDS {
        let inside = spawn_blocking::naive(&runtime, seed).expect("no task panics");
        let beside = spawn_blocking::optimized(&runtime, seed).expect("no task panics");
        assert_eq!(inside.answer, beside.answer);
    }
}

#[test]
fn other_seeds_have_other_results() {
    let runtime = runtimes::current_thread().expect("the runtime starts");
    let compute = |seed| cpu_bound::run(&runtime, seed).expect("no task panics");
    assert_ne!(compute(1), compute(2));
    let answer = |seed| light::run(&runtime, seed).expect("no task panics");
    assert_ne!(answer(1), answer(2));
}
