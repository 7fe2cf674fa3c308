//! Allocations, by the library that is preloaded and by the allocator of a build of its own.

use std::path::Path;
use std::process::Command;

use perfguard::build::preload::{Library, Preload, heeds};
use perfguard::domain::{AllocationCount, BuiltBench, CargoFlags, Execution, Sample, Variant};
use perfguard::measure::counter::{Counter, Uncounted};
use perfguard::measure::counting::ProcessCounter;
use perfguard::measure::failure::FailureKind;

use super::{OPTIONS, bench, benchmark, uncountable};

/// The library, compiled by the compiler that is there, as a user has it preloaded who preloads something.
fn preload() -> Preload {
    let variables = std::env::vars_os().chain([("LD_PRELOAD".into(), "/no/such/library.so".into())]);
    let flags = CargoFlags::default();
    Preload::compile(
        Library::Allocations,
        Path::new(env!("CARGO_TARGET_TMPDIR")),
        &variables.collect(),
        &flags,
    )
    .unwrap()
}

fn counted(bench: &BuiltBench, id: &str) -> AllocationCount {
    let counted = ProcessCounter::new().allocations(bench, &benchmark(id), &OPTIONS);
    counted.unwrap_or_else(|error| panic!("{id}: {error:?}"))
}

/// By an allocator of its own.
fn count(id: &str) -> AllocationCount {
    counted(&bench(Variant::Allocations, "work", &[]), id)
}

/// Allocations, bytes and the peak of one iteration: the same in the executable that is timed.
fn figures(id: &str) -> [f64; 3] {
    let timed = preload();
    let timed = counted(&timed.loaded_into(&bench(Variant::Timed, "work", &[])), id);
    let count = count(id);
    let [counts, of_timed] = [&count, &timed]
        .map(|count| [count.allocations, count.allocated_bytes, count.peak_bytes].map(Sample::per_iteration));
    assert_eq!((counts, count.threads), (of_timed, timed.threads), "{id}");
    counts
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
    let preload = preload();
    let timed = counted(&preload.loaded_into(&bench(Variant::Timed, "work", &[])), "threads");
    assert!(timed.allocations.per_iteration() >= 2.0 && timed.threads >= 2, "{timed:?}");
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

#[test]
fn what_no_loader_starts_heeds_nothing_that_is_preloaded() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("nothing.rs");
    std::fs::write(&source, "fn main() {}").unwrap();
    for (flag, expected) in [("-crt-static", true), ("+crt-static", false)] {
        let executable = folder.path().join(flag);
        let mut rustc = Command::new("rustc");
        rustc.arg(format!("-Ctarget-feature={flag}")).arg("-o").args([&executable, &source]);
        assert!(rustc.status().unwrap().success(), "{flag}");
        let mut bench = crate::interleaved::built(&executable, &[]);
        bench.fingerprint.target = "x86_64-unknown-linux-gnu".to_owned();
        bench.fingerprint.host = bench.fingerprint.target.clone();
        assert_eq!(heeds(&bench), expected, "{flag}");
        bench.fingerprint.target = "x86_64-unknown-linux-musl".to_owned();
        assert!(!heeds(&bench));
    }
}
