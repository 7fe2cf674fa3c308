//! Two real bench processes that take turns, through a real copy of Criterion.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

use perfguard::build::library_copy::LibraryCopy;
use perfguard::domain::Unit;
use perfguard::domain::artifact::{BuildFingerprint, BuiltBench, Digest, Execution, Surroundings, Variant};
use perfguard::domain::comparison::Schedule;
use perfguard::domain::side::{Side, Sides};
use perfguard::measure::failure::FailureKind;
use perfguard::measure::interleaved::{Interleaved, Pinning, PinningPolicy, Reason};
use perfguard::measure::listing::ListedBenchmark;
use perfguard::measure::listing::name_all;
use perfguard::measure::runner::LaunchOptions;

use crate::{clock, fixture, slots};

const OPTIONS: LaunchOptions = LaunchOptions {
    warm_up: Duration::from_millis(60),
    measurement: Duration::from_millis(60),
    samples: 12,
    close: 0.0,
    time_limit: Duration::from_mins(1),
};

/// Ends with the first turns, whatever they say.
const SHORT: LaunchOptions = LaunchOptions { samples: 24, close: f64::MAX, ..OPTIONS };

/// The fixture's executable, linked to the copied Criterion. Built once, in a folder that outlives the test.
fn executable() -> &'static Path {
    static EXECUTABLE: OnceLock<PathBuf> = OnceLock::new();
    slots::take_one();
    EXECUTABLE.get_or_init(|| {
        let fixture = checkout();
        let lock = fixture.join("Cargo.lock");
        let before = fs::read_to_string(&lock).unwrap();
        let copy = LibraryCopy::prepare(
            "criterion",
            "0.8.2",
            &registry_source(&fixture),
            &fixture.join("target/copies"),
            Variant::Timed,
        )
        .unwrap();
        let executable = build(&fixture, &copy);
        let removed = removed_lines(&before, &fs::read_to_string(&lock).unwrap());
        assert!(
            removed.iter().all(|line| line.starts_with("source = ") || line.starts_with("checksum = ")),
            "{removed:?}"
        );
        assert_eq!(removed.len(), 2, "only Criterion's own entry loses its origin");
        executable
    })
}

/// A fresh copy of the fixture around a target folder that is kept.
fn checkout() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("turns-fixture");
    fixture::copy("turns", &place);
    place
}

/// Where Cargo keeps the sources of the Criterion that the fixture's lock file names.
pub(crate) fn registry_source(fixture: &Path) -> PathBuf {
    registry_source_of("criterion", fixture)
}

/// Where Cargo keeps the sources of a package that the fixture's lock file names.
pub(crate) fn registry_source_of(name: &str, fixture: &Path) -> PathBuf {
    let output = cargo(fixture).args(["metadata", "--format-version=1", "--offline"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == name).unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

pub(crate) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    // What the outer Cargo says about this package is not for the inner one.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_TARGET_DIR");
    command
}

pub(crate) fn build(fixture: &Path, copy: &LibraryCopy) -> PathBuf {
    let output = cargo(fixture)
        .args(["bench", "--no-run", "--offline", "--message-format=json"])
        .args(copy.cargo_arguments())
        .env("CARGO_TARGET_DIR", fixture::target())
        .env("RUSTFLAGS", fixture::RUSTFLAGS)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).unwrap();
    let found = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == "work").then(|| PathBuf::from(message["executable"].as_str().unwrap()))
    });
    found.unwrap()
}

/// Lines of one text that another lacks. No line may be new, either.
fn removed_lines(before: &str, after: &str) -> Vec<String> {
    let mut lost: Vec<&str> = before.lines().collect();
    for line in after.lines() {
        let place = lost.iter().position(|other| *other == line);
        lost.remove(place.unwrap_or_else(|| panic!("new in the lock file: {line}")));
    }
    lost.into_iter().map(ToOwned::to_owned).collect()
}

fn bench(variables: &[(&str, &str)]) -> BuiltBench {
    built(executable(), variables)
}

/// An executable as the build stage would hand it over.
pub(crate) fn built(executable: &Path, variables: &[(&str, &str)]) -> BuiltBench {
    BuiltBench {
        package: "turns-fixture".into(),
        target: "work".into(),
        executable: executable.into(),
        digest: Digest::new("00"),
        surroundings: Surroundings::default(),
        home: executable.parent().unwrap().into(),
        working_dir: executable.parent().unwrap().into(),
        environment: variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        fingerprint: BuildFingerprint {
            rustc: String::new(),
            host: String::new(),
            target: String::new(),
            profile: String::new(),
            settings: String::new(),
            features: String::new(),
            rustflags: String::new(),
            instrument: "criterion 0.8.2".parse().unwrap(),
        },
        execution: Execution::Native,
        unit: Unit::Bench,
    }
}

/// A runner with nothing to put in place.
pub(crate) fn runner() -> Interleaved {
    Interleaved::new(PinningPolicy::WhenPossible, Box::new(|_: &Path| Ok(())))
}

/// A runner that puts nothing in place, and whose home was to be put there, each time that the turn went to a side.
fn observed(policy: PinningPolicy) -> (Interleaved, Rc<RefCell<Vec<PathBuf>>>) {
    let entered = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&entered);
    let point_at = move |home: &Path| {
        seen.borrow_mut().push(home.to_owned());
        Ok(())
    };
    (Interleaved::new(policy, Box::new(point_at)), entered)
}

pub(crate) fn both(id: &str) -> Sides<ListedBenchmark> {
    Sides::from_fn(|_| name_all([id.to_owned()]).remove(0))
}

#[test]
fn two_processes_take_turns_with_equal_samples() {
    clock::timed(|| {
        let bench = bench(&[]);
        let benches = Sides { baseline: &bench, candidate: &bench };
        let (mut runner, current) = observed(PinningPolicy::WhenPossible);
        for (index, id) in ["hashing", "a group (with $igns)/batched", "iterator"].into_iter().enumerate() {
            let first = Side::BOTH[index % 2];
            let done = runner
                .pair(benches, both(id).as_ref(), u32::try_from(index).unwrap(), first, &OPTIONS)
                .unwrap();
            let pair = done.pair;
            assert_eq!((pair.schedule, pair.first), (Schedule::Interleaved, first));
            let Sides { baseline, candidate } = &pair.launches;
            assert_eq!(baseline.samples.len(), candidate.samples.len(), "{id}");
            assert!((2..=48).contains(&baseline.samples.len()), "{id}: {}", baseline.samples.len());
            let iterations: Vec<u64> = baseline
                .samples
                .samples()
                .iter()
                .chain(candidate.samples.samples())
                .map(|sample| sample.iterations())
                .collect();
            assert!(iterations.iter().all(|&count| count == iterations[0]), "{id}: {iterations:?}");
            assert!(iterations[0] > 1, "a turn is longer than one iteration of {id}");
            assert_eq!(pair.cpu.map(Pinning::Cpu).is_some(), matches!(done.pinning, Pinning::Cpu(_)));
        }
        assert!(current.borrow().iter().filter(|home| **home == bench.home).count() > 6);
    });
}

#[test]
fn no_side_has_two_turns_in_a_row_and_the_first_turns_do_not_count() {
    clock::timed(|| {
        let homes = Sides { baseline: "home of the baseline", candidate: "home of the candidate" };
        let benches = homes.map(|home| BuiltBench { home: home.into(), ..bench(&[]) });
        for first in Side::BOTH {
            let (mut runner, entered) = observed(PinningPolicy::Never);
            let pair =
                runner.pair(benches.as_ref(), both("iterator").as_ref(), 0, first, &OPTIONS).unwrap().pair;
            let order = [first, first.other()].map(|side| Path::new(*homes.get(side)));
            let entered = entered.borrow();
            for (place, home) in entered.iter().enumerate() {
                assert_eq!(home, order[place % 2], "turn {place}");
            }
            // Besides its samples each side starts, warms up by itself and ends; what is left is warm-up in turns.
            let interleaved = entered.len() / 2 - 3;
            assert!(interleaved > pair.launches.baseline.samples.len(), "{interleaved}");
        }
    });
}

#[test]
fn what_the_first_iteration_makes_is_not_taken_for_the_benchmark() {
    clock::timed(|| {
        let bench = bench(&[]);
        let benches = Sides { baseline: &bench, candidate: &bench };
        let done = runner().pair(benches, both("lazy").as_ref(), 0, Side::Baseline, &OPTIONS).unwrap();
        for side in Side::BOTH {
            for sample in done.pair.launches.get(side).samples.samples() {
                // Iterations of less than a microsecond, in turns of milliseconds; taken for 200 ms each they would be single.
                assert!(sample.iterations() > 50, "{} iterations", sample.iterations());
            }
        }
    });
}

#[test]
fn several_threads_and_waiting_are_seen_and_left_unpinned() {
    clock::timed(|| {
        let bench = bench(&[]);
        let benches = Sides { baseline: &bench, candidate: &bench };
        let found = [("threads", Reason::SeveralThreads), ("sleep", Reason::Idle)];
        // In a short pair, too, in which a clock tick is no measure.
        for ((id, reason), options) in found.into_iter().flat_map(|one| [(one, OPTIONS), (one, SHORT)]) {
            let done = runner().pair(benches, both(id).as_ref(), 0, Side::Baseline, &options).unwrap();
            assert_eq!(done.pair.cpu, None);
            let Pinning::Unpinned(found) = done.pinning else { panic!("{id} was pinned") };
            if found == Reason::SeveralThreads {
                let taken = done.pair.launches.candidate.samples.len();
                assert!(taken <= options.samples as usize, "{taken} turns: each wakes the threads");
            }
            // Short-lived threads that hardly get a CPU on a crowded machine leave a main thread that waits.
            assert!(
                [reason, Reason::Idle, Reason::OneCpu, Reason::System].contains(&found),
                "{id}: {found:?}"
            );
        }
        let mut never = Interleaved::new(PinningPolicy::Never, Box::new(|_: &Path| Ok(())));
        let done = never.pair(benches, both("iterator").as_ref(), 0, Side::Baseline, &OPTIONS).unwrap();
        assert_eq!(done.pinning, Pinning::Unpinned(Reason::NotAsked));
    });
}

#[test]
fn a_pair_ends_with_its_first_turns_where_they_are_close_enough() {
    clock::timed(|| {
        let bench = bench(&[]);
        let benches = Sides { baseline: &bench, candidate: &bench };
        // Who sleeps for most of a turn takes no longer for it where others want the CPU, so no pair ends for want of time.
        let sleeping = LaunchOptions { measurement: Duration::from_millis(320), samples: 32, ..SHORT };
        let samples = |id: &str, options: LaunchOptions| {
            let done = runner().pair(benches, both(id).as_ref(), 0, Side::Baseline, &options).unwrap();
            done.pair.launches.map(|launch| launch.samples.len())
        };
        let both_have = |count| Sides { baseline: count, candidate: count };
        assert_eq!(samples("sleep", sleeping), both_have(8));
        assert_eq!(samples("sleep", LaunchOptions { close: 1e-12, ..sleeping }), both_have(32));
        assert_eq!(samples("sleep", LaunchOptions { close: 0.0, ..sleeping }), both_have(32));
        // A quarter of so few turns would not show how they spread.
        assert_eq!(samples("sleep", LaunchOptions { samples: 20, ..sleeping }), both_have(20));
        // Who is never idle has short turns, as many of them as there is time for, up to four for each long one.
        let busy = samples("hashing", LaunchOptions { close: 0.0, ..SHORT });
        assert_eq!(busy.baseline, busy.candidate);
        assert!((25..=96).contains(&busy.candidate), "{busy:?}");
    });
}

#[test]
fn the_side_that_fails_is_named() {
    let sound = bench(&[]);
    let hasty = LaunchOptions { time_limit: Duration::from_secs(4), ..OPTIONS };
    let run = |side: Side, fault: &str, options: &LaunchOptions| {
        let faulty = bench(&[("FIXTURE_FAULT", fault)]);
        let mut benches = Sides { baseline: &sound, candidate: &sound };
        *benches.get_mut(side) = &faulty;
        runner().pair(benches, both("fault").as_ref(), 0, Side::Baseline, options).unwrap_err()
    };
    for side in Side::BOTH {
        let (failed, failure) = run(side, "panic", &OPTIONS);
        assert_eq!(failed, side);
        assert!(
            matches!(&failure.kind, FailureKind::Panicked(message) if message.contains("panics as it was told")),
            "{failure}"
        );
    }
    let (failed, failure) = run(Side::Candidate, "hang", &hasty);
    assert_eq!(failed, Side::Candidate);
    assert!(matches!(failure.kind, FailureKind::Hung { limit } if limit == hasty.time_limit), "{failure}");
    let (failed, failure) = run(Side::Baseline, "leave", &OPTIONS);
    assert_eq!(failed, Side::Baseline);
    assert!(matches!(failure.kind, FailureKind::Silent), "{failure}");
}

#[test]
fn what_is_not_there_or_no_time_is_refused() {
    let bench = bench(&[]);
    let benches = Sides { baseline: &bench, candidate: &bench };
    let wanted = Sides { baseline: both("hashing").baseline, candidate: both("hash").candidate };
    let (side, failure) = runner().pair(benches, wanted.as_ref(), 0, Side::Baseline, &OPTIONS).unwrap_err();
    assert_eq!(side, Side::Candidate);
    assert!(matches!(failure.kind, FailureKind::Absent), "{failure}");
    let (_, failure) =
        runner().pair(benches, both("sheep").as_ref(), 0, Side::Baseline, &OPTIONS).unwrap_err();
    assert!(matches!(&failure.kind, FailureKind::ForeignUnit(unit) if unit == "sheep"), "{failure}");
}

#[test]
fn without_the_variable_the_copy_is_plain_criterion() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--bench", "--noplot", "iterator", "--warm-up-time", "0.1", "--measurement-time", "0.2"];
    let output = Command::new(executable())
        .args(arguments)
        .current_dir(home.path())
        .env("CRITERION_HOME", home.path())
        .env_remove("PERFGUARD_TURNS")
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = fs::read_to_string(home.path().join("iterator/new/sample.json")).unwrap();
    let sample: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(sample["iters"].as_array().unwrap().len(), 100);
    assert!(!home.path().join("hashing").exists(), "the filter works");
}
