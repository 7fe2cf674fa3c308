//! The way to the processor's counter: `perf_event_open(2)`. Where there is no counter of instructions, as in most virtual
//! machines, an event of software goes the same way: the nanoseconds for which a task had a CPU.

use super::*;

/// `PERF_TYPE_SOFTWARE`, `PERF_COUNT_SW_TASK_CLOCK`.
const TASK_CLOCK: (u32, u64) = (1, 1);

/// `PERF_TYPE_HARDWARE` with a number that no kernel knows.
const UNKNOWN: (u32, u64) = (0, 0xfff);

const BY_HARDWARE: CountOptions = CountOptions { source: InstructionSource::Hardware, ..OPTIONS };

fn counted((kind, config): (u32, u64), id: &str) -> Result<InstructionCount, Uncounted> {
    let bench = bench(Variant::Timed, "work", &[]);
    ProcessCounter::new().with_event(kind, config).instructions(&bench, &benchmark(id), &BY_HARDWARE)
}

/// Whether the kernel hands out events at all: containers often forbid it. Says so when it does not.
fn allowed() -> bool {
    let Err(Uncounted::Unavailable { reason, .. }) = counted(TASK_CLOCK, "iter") else { return true };
    crate::skip::skip(crate::skip::Need::PerfEvents, &reason);
    false
}

#[test]
fn iterations_are_counted_without_their_set_up() {
    if allowed() {
        crate::clock::timed(without_set_up);
    }
}

/// The event of software is a clock.
fn without_set_up() {
    let each = |id: &str| {
        let found = counted(TASK_CLOCK, id).unwrap_or_else(|error| panic!("{id}: {error:?}"));
        assert_eq!(found.counter, "perf_event");
        assert!(found.profile.functions.is_empty() && found.code.is_none());
        found.sample.per_iteration()
    };
    let (plain, batched) = (each("iter"), each("batched/large"));
    assert!(plain > 0.0 && batched > 0.0, "{plain} {batched}");
    // The set-up takes a hundred times as long as the work.
    assert!(batched < 30.0 * plain, "{batched} with set-up, {plain} without");
    // Threads that an iteration starts are counted with it: all the work is theirs.
    let (here, elsewhere) = (each("long"), each("long-elsewhere"));
    assert!(elsewhere > here / 2.0, "{elsewhere} elsewhere, {here} here");
}

#[test]
fn what_it_cannot_see_is_told() {
    if !allowed() {
        return;
    }
    let reason = uncountable(counted(TASK_CLOCK, "server"));
    assert!(reason.contains("threads that were started before"), "{reason}");
    let reason = uncountable(counted(TASK_CLOCK, "custom"));
    assert!(
        reason.contains("threads that were started before") || reason.contains("iter_custom"),
        "{reason}"
    );
    match counted(UNKNOWN, "iter").unwrap_err() {
        Uncounted::Unavailable { reason, remedy: Some(remedy) } => {
            assert!(reason.contains("no counter") || reason.contains("does not let"), "{reason}");
            assert!(remedy.contains("--instructions-by callgrind"), "{remedy}");
        }
        other => panic!("{other:?}"),
    }
}
