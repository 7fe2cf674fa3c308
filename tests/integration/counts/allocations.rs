//! Allocations, through the counting allocator.

use perfguard::domain::{AllocationCount, BuiltBench, Execution, Sample, Variant};
use perfguard::measure::counter::{Counter, Uncounted};
use perfguard::measure::counting::ProcessCounter;
use perfguard::measure::failure::FailureKind;

use super::{OPTIONS, bench, benchmark, uncountable};

fn count(id: &str) -> AllocationCount {
    let bench = bench(Variant::Allocations, "work", &[]);
    let counted = ProcessCounter::new().allocations(&bench, &benchmark(id), &OPTIONS);
    counted.unwrap_or_else(|error| panic!("{id}: {error:?}"))
}

/// Allocations, bytes and the peak of one iteration.
fn figures(id: &str) -> [f64; 3] {
    let count = count(id);
    [count.allocations, count.allocated_bytes, count.peak_bytes].map(Sample::per_iteration)
}

#[test]
#[expect(clippy::float_cmp, reason = "these counts are exact")]
fn allocations_are_counted_to_the_last_one() {
    assert_eq!(figures("alloc/none"), [0.0, 0.0, 0.0]);
    assert_eq!(figures("alloc/three"), [3.0, 600.0, 500.0]);
    assert_eq!(figures("alloc/grown"), [2.0, 192.0, 192.0], "growing counts, and by what it adds");
    assert_eq!(figures("alloc/zeroed"), [1.0, 1000.0, 1000.0]);
    assert_eq!(
        figures("alloc/exchanged"),
        [1.0, 500.0, 0.0],
        "what was there before and is freed makes room"
    );
}

#[test]
#[expect(clippy::float_cmp, reason = "these counts are exact")]
fn neither_set_up_nor_criterion_itself_is_counted() {
    for id in [
        "iter",
        "lazy",
        "batched/small",
        "batched/large",
        "batched/single",
        "batched/five",
        "batched_ref",
        "async",
    ] {
        assert_eq!(figures(id), [0.0, 0.0, 0.0], "{id}");
    }
    assert_eq!(figures("large_drop"), [11.0, 1240.0, 1240.0], "ten vectors in a vector");
}

#[test]
#[expect(clippy::float_cmp, reason = "these counts are exact")]
fn what_an_emulator_runs_counts_its_own_allocations() {
    // `env` hands the arguments and the environment on, as an emulator of a foreign processor does.
    let emulated = BuiltBench {
        execution: Execution::Emulated(vec!["env".to_owned()]),
        ..bench(Variant::Allocations, "work", &[])
    };
    let counted = ProcessCounter::new().allocations(&emulated, &benchmark("alloc/three"), &OPTIONS).unwrap();
    assert_eq!(counted.allocations.per_iteration(), 3.0);
    let refused = ProcessCounter::new().instructions(&emulated, &benchmark("alloc/three"), &OPTIONS);
    let Err(Uncounted::Unavailable { remedy: Some(remedy), .. }) = refused else { panic!("{refused:?}") };
    assert!(remedy.contains("machine of the target's kind"), "{remedy}");
}

#[test]
fn other_threads_are_counted_and_told() {
    assert_eq!(count("iter").threads, 1);
    let threads = count("threads");
    assert!(threads.allocations.per_iteration() >= 2.0);
    assert!(threads.threads >= 2);
}

#[test]
fn what_cannot_be_counted_is_told() {
    let work = bench(Variant::Allocations, "work", &[]);
    let reason = uncountable(ProcessCounter::new().allocations(&work, &benchmark("custom"), &OPTIONS));
    assert!(reason.contains("iter_custom"), "{reason}");
    let timed = bench(Variant::Timed, "work", &[]);
    let refused = ProcessCounter::new().allocations(&timed, &benchmark("iter"), &OPTIONS);
    assert!(matches!(refused, Err(Uncounted::Unavailable { .. })), "{refused:?}");
    let faulty = bench(Variant::Allocations, "faults", &[("FIXTURE_FAULT", "panic")]);
    match ProcessCounter::new().allocations(&faulty, &benchmark("fault"), &OPTIONS) {
        Err(Uncounted::Failed(failure)) => {
            assert!(matches!(failure.kind, FailureKind::Panicked(_)), "{failure}");
        }
        other => panic!("{other:?}"),
    }
}
