//! Instructions, under the real Valgrind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perfguard::build::lines::written_at;
use perfguard::domain::{Profile, Variant};
use perfguard::measure::counter::{CountOptions, Counter, Uncounted};
use perfguard::measure::counting::ProcessCounter;
use perfguard::measure::failure::FailureKind;

use crate::sandbox::program;

use super::{OPTIONS, bench, benchmark, executable, instructions, uncountable, valgrind};

fn per_iteration(id: &str) -> f64 {
    instructions(Variant::Timed, id, &[]).sample.per_iteration()
}

/// The instructions in functions whose name holds a text.
fn own(profile: &Profile, name: &str) -> u64 {
    profile
        .functions
        .iter()
        .filter(|function| function.name.contains(name))
        .map(|function| function.own)
        .sum()
}

fn add_up(profile: &Profile) {
    let sum: u64 = profile.functions.iter().map(|function| function.own).sum();
    // A function that did more in one iteration than in one and more is left with nothing rather than less.
    assert!(sum.abs_diff(profile.total) <= profile.total / 10_000, "{sum} of {}", profile.total);
    for function in &profile.functions {
        assert!(function.inclusive >= function.own && function.inclusive <= profile.total, "{function:?}");
    }
}

#[test]
fn what_is_deterministic_counts_the_same_in_every_launch() {
    if !valgrind() {
        return;
    }
    let ids = [
        "iter",
        "tiny",
        "lazy",
        "long",
        "batched/small",
        "batched/large",
        "batched/single",
        "batched/five",
        "batched_ref",
        "large_drop",
        "async",
        "addresses",
        "alloc/three",
    ];
    let counter = ProcessCounter::new();
    let shared = counter.shared().unwrap();
    for id in ids {
        // A launch of its own, and a child of a program that others are counted in, too.
        let one = instructions(Variant::Timed, id, &[]);
        let two = shared.instructions(&bench(Variant::Timed, "work", &[]), &benchmark(id), &OPTIONS).unwrap();
        assert_eq!(one.sample, two.sample, "{id}");
        assert_eq!(one.profile, two.profile, "{id}");
        assert_eq!(one.threads, 1, "{id}");
        assert!(one.counter.starts_with("callgrind "), "{}", one.counter);
        add_up(&one.profile);
    }
}

/// A Valgrind that notes each launch, and its notes.
fn noting(folder: &Path) -> (String, PathBuf) {
    let (script, notes) = (folder.join("valgrind"), folder.join("notes"));
    program(
        &script,
        &format!(
            "#!/bin/sh\ncase \"$*\" in *--tool*) echo >>'{}' ;; esac\nexec valgrind \"$@\"\n",
            notes.display()
        ),
    );
    (script.display().to_string(), notes)
}

#[test]
fn benchmarks_of_one_executable_share_a_launch_and_it_makes_no_difference_which() {
    if !valgrind() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (valgrind, notes) = noting(folder.path());
    let counter = ProcessCounter::with_valgrind(valgrind);
    let bench = bench(Variant::Timed, "work", &[]);
    let take = |ids: &[&str]| {
        let shared = counter.shared().unwrap();
        let _ = std::fs::remove_file(&notes);
        let counts: Vec<_> =
            ids.iter().map(|id| shared.instructions(&bench, &benchmark(id), &OPTIONS)).collect();
        (counts, std::fs::read_to_string(&notes).unwrap().lines().count())
    };
    // In the order in which the bench has them.
    let (all, launches) = take(&["iter", "lazy", "alloc/three"]);
    assert_eq!(launches, 1);
    let (last, launches) = take(&["alloc/three"]);
    assert_eq!(launches, 1);
    let (last, found) = (last[0].as_ref().unwrap(), all[2].as_ref().unwrap());
    assert_eq!((last.sample, &last.profile, &last.code), (found.sample, &found.profile, &found.code));
    let (backwards, launches) = take(&["alloc/three", "iter"]);
    assert_eq!(launches, 2, "a program never goes back");
    assert_eq!(backwards[1].as_ref().unwrap().sample, all[0].as_ref().unwrap().sample);
}

/// What a `realloc` costs depends on what the allocator did before: see the limits in `docs/counts.md`.
#[test]
fn what_grows_counts_nearly_the_same() {
    if !valgrind() {
        return;
    }
    let count = || instructions(Variant::Timed, "alloc/grown", &[]).sample.per_iteration();
    let (one, two) = (count(), count());
    assert!((one / two - 1.0).abs() < 0.2, "{one} {two}");
}

#[test]
fn the_environment_of_the_caller_does_not_matter() {
    if !valgrind() {
        return;
    }
    let plain = instructions(Variant::Timed, "addresses", &[]);
    let long = "x".repeat(3001);
    let larger = instructions(Variant::Timed, "addresses", &[("FIXTURE_LONG", &long)]);
    // Whole pages lie between the two stacks, so the benchmark sees another address, of the same alignment.
    let pages = |count: f64| (count - plain.sample.per_iteration()).abs();
    assert!(pages(larger.sample.per_iteration()) < 3.0 * 7.0 * 1000.0);
    assert_eq!(
        instructions(Variant::Timed, "batched/small", &[]).sample,
        instructions(Variant::Timed, "batched/small", &[("FIXTURE_LONG", &long)]).sample
    );
}

#[test]
fn only_the_iterations_are_counted() {
    if !valgrind() {
        return;
    }
    let plain = per_iteration("iter");
    // The first use costs a hundred thousand times as much, and a set-up a hundred times as much, as what is counted.
    assert!(per_iteration("lazy") < plain, "what is made once is not counted");
    for id in ["batched/small", "batched/large", "batched/single", "batched/five", "batched_ref"] {
        let batched = per_iteration(id);
        assert!(batched >= plain * 0.99 && batched < plain * 1.1, "{id}: {batched} against {plain}");
    }
    // A future is made and polled, at hardly any cost.
    let polled = per_iteration("async");
    assert!((plain * 0.99..plain * 1.01).contains(&polled), "{polled} against {plain}");
    // Ten vectors in a vector are made, and not dropped.
    assert!(per_iteration("large_drop") < 3000.0);
    let tiny = per_iteration("tiny");
    assert!((1.0..20.0).contains(&tiny), "{tiny}: what happens once per sample is not counted");
}

#[test]
fn half_a_percent_more_is_seen_and_is_where_it_was_put() {
    if !valgrind() {
        return;
    }
    let base = instructions(Variant::Timed, "injected", &[]);
    let more = instructions(Variant::Timed, "injected", &[("FIXTURE_INJECTED", "5")]);
    let change = more.sample.per_iteration() / base.sample.per_iteration() - 1.0;
    assert!((0.0045..0.0055).contains(&change), "{change}");
    assert_eq!(base.sample.iterations(), more.sample.iterations());
    let sum = "counts_fixture::sum";
    assert_eq!(more.profile.total - base.profile.total, own(&more.profile, sum) - own(&base.profile, sum));
    let called = base.profile.functions.iter().find(|function| function.name == sum).unwrap();
    assert_eq!(called.called, base.sample.iterations());
    assert!(called.object.as_ref().unwrap().starts_with("work-"), "{:?}", called.object);
}

#[test]
fn line_tables_do_not_change_what_is_counted() {
    if !valgrind() {
        return;
    }
    for id in ["iter", "batched/small", "large_drop", "recursion"] {
        let (timed, lines) = (instructions(Variant::Timed, id, &[]), instructions(Variant::Lines, id, &[]));
        assert_eq!(timed.sample, lines.sample, "{id}");
        add_up(&lines.profile);
    }
    let profile = instructions(Variant::Lines, "iter", &[]).profile;
    let sum = profile.functions.iter().find(|function| function.name == "counts_fixture::sum").unwrap();
    assert!(sum.file.as_ref().unwrap().ends_with("src/lib.rs"), "{:?}", sum.file);
    assert!((6..=8).contains(&sum.line.unwrap()), "{:?}", sum.line);
    let of_lines: u64 = sum.lines.iter().map(|line| line.own).sum();
    // Instructions that belong to no line are hardly any.
    assert!(of_lines <= sum.own && of_lines > sum.own / 100 * 99, "{of_lines} of {}", sum.own);
    assert!(
        sum.lines.iter().any(|line| line.file.contains("library/core")),
        "what was inlined is told apart"
    );
}

#[test]
fn line_tables_tell_where_functions_are_written_without_a_run() {
    let names = ["counts_fixture::sum", "counts_fixture::nowhere"].map(str::to_owned).into();
    let found = written_at(&executable(Variant::Lines, "work"), &names).unwrap();
    let (file, line) = &found["counts_fixture::sum"];
    assert!(file.ends_with("/src/lib.rs") && (5..=8).contains(&line.unwrap()), "{found:?}");
    assert_eq!(found.len(), 1, "{found:?}");
    // What is timed has none.
    assert_eq!(written_at(&executable(Variant::Timed, "work"), &names), Ok(BTreeMap::new()));
    assert!(written_at(Path::new("Cargo.toml"), &names).is_err());
}

#[test]
fn recursion_is_counted_once() {
    if !valgrind() {
        return;
    }
    let profile = instructions(Variant::Timed, "recursion", &[]).profile;
    add_up(&profile);
    let of = |name: &str| profile.functions.iter().find(|function| function.name.ends_with(name)).unwrap();
    let both = own(&profile, "::even") + own(&profile, "::odd");
    assert_eq!(of("::even").inclusive, both, "{:?}", of("::even"));
    assert!(of("::odd").inclusive <= both);
}

#[test]
fn what_other_threads_do_is_counted() {
    if !valgrind() {
        return;
    }
    let served = instructions(Variant::Timed, "server", &[]);
    assert!(served.sample.per_iteration() > 100.0 * per_iteration("iter") * 0.99);
    assert_eq!(served.threads, 2);
    let threads = instructions(Variant::Timed, "threads", &[]);
    assert!(own(&threads.profile, "counts_fixture::sum") > 0);
    assert!(threads.sample.per_iteration() > 2.0 * per_iteration("iter"));
    assert_eq!(threads.threads, 3, "two that end with each iteration");
}

#[test]
fn what_varies_is_counted_and_near() {
    if !valgrind() {
        return;
    }
    let (one, two) = (per_iteration("seeds"), per_iteration("seeds"));
    assert!((one / two - 1.0).abs() < 0.05, "{one} and {two}");
}

#[test]
fn caches_and_branches_are_counted_on_demand() {
    if !valgrind() {
        return;
    }
    let bench = bench(Variant::Timed, "work", &[]);
    let options = CountOptions { caches: true, ..OPTIONS };
    let counted = ProcessCounter::new().instructions(&bench, &benchmark("iter"), &options).unwrap();
    assert_eq!(counted.sample, instructions(Variant::Timed, "iter", &[]).sample);
    let iterations = counted.sample.iterations();
    assert!(counted.profile.events["Bc"] >= 1000 * iterations, "{:?}", counted.profile.events);
    assert!(counted.profile.events.contains_key("D1mr"));
}

#[test]
fn what_times_itself_or_measures_something_else_is_told() {
    if !valgrind() {
        return;
    }
    let work = bench(Variant::Timed, "work", &[]);
    let reason = uncountable(ProcessCounter::new().instructions(&work, &benchmark("custom"), &OPTIONS));
    assert!(reason.contains("iter_custom"), "{reason}");
    let sheep = bench(Variant::Timed, "faults", &[]);
    let reason = uncountable(ProcessCounter::new().instructions(&sheep, &benchmark("sheep"), &OPTIONS));
    assert!(reason.contains("`sheep`"), "{reason}");
}

#[test]
fn what_goes_wrong_is_told_and_leaves_nothing() {
    if !valgrind() {
        return;
    }
    // In a child first, and then in a program of its own.
    let counter = ProcessCounter::new();
    let fault = |fault: &str, id: &str| {
        // What hangs is waited for in vain, however long.
        let time_limit = if fault == "hang" { Duration::from_secs(3) } else { OPTIONS.time_limit };
        let hasty = CountOptions { time_limit, ..OPTIONS };
        let bench = bench(Variant::Timed, "faults", &[("FIXTURE_FAULT", fault)]);
        counter.shared().unwrap().instructions(&bench, &benchmark(id), &hasty)
    };
    let failed = |name: &str, id: &str| match fault(name, id) {
        Err(Uncounted::Failed(failure)) => failure.kind,
        other => panic!("{name}: {other:?}"),
    };
    let panicked = failed("panic", "fault");
    assert!(
        matches!(&panicked, FailureKind::Panicked(message) if message.contains("panics as it was told")),
        "{panicked}"
    );
    assert!(matches!(failed("leave", "fault"), FailureKind::Silent));
    assert!(matches!(failed("hang", "fault"), FailureKind::Hung { .. }));
    assert!(matches!(failed("abort", "fault"), FailureKind::Signalled(6)));
    assert!(matches!(failed("", "no such benchmark"), FailureKind::Absent));
    // Processes that are started run as they are; a benchmark may do so.
    let started = fault("start", "fault").unwrap();
    assert!(started.sample.per_iteration() > 1000.0);
    let forked = fault("fork", "fault").unwrap();
    assert!(forked.sample.per_iteration() > 50.0);
}

#[test]
fn an_instruction_that_valgrind_does_not_know_is_named() {
    if !valgrind() {
        return;
    }
    let bench = bench(Variant::Timed, "faults", &[("FIXTURE_FAULT", "unknown")]);
    match ProcessCounter::new().instructions(&bench, &benchmark("fault"), &OPTIONS) {
        Err(Uncounted::Unavailable { reason, remedy }) => {
            assert!(reason.contains("does not know an instruction"), "{reason}");
            assert!(remedy.unwrap().contains("target-cpu"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_valgrind_there_is_a_remedy() {
    let work = bench(Variant::Timed, "work", &[]);
    let counter = ProcessCounter::with_valgrind("no-such-valgrind");
    match counter.instructions(&work, &benchmark("iter"), &OPTIONS) {
        Err(Uncounted::Unavailable { remedy: Some(_), .. }) => {}
        Err(Uncounted::Unavailable { reason, .. }) if !cfg!(target_os = "linux") => {
            assert!(!reason.is_empty());
        }
        other => panic!("{other:?}"),
    }
}
