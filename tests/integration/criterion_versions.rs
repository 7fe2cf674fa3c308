//! The edit of Criterion against every published release it is meant for.
//!
//! Downloads and compiles a lot, so it runs only with `PERFGUARD_ALL_CRITERION=1`, or for one release with its version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use perfguard::build::library_copy::LibraryCopy;
use perfguard::domain::artifact::{BuildFingerprint, BuiltBench, Variant};
use perfguard::domain::side::{Side, Sides};
use perfguard::measure::counter::{CountOptions, Counter, InstructionSource, Uncounted};
use perfguard::measure::counting::ProcessCounter;
use perfguard::measure::runner::LaunchOptions;

use crate::interleaved::{both, build, built, cargo, registry_source, runner};

/// Every release from 0.3 to 0.8.
const RELEASES: [&str; 15] = [
    "0.3.0", "0.3.1", "0.3.2", "0.3.3", "0.3.4", "0.3.5", "0.3.6", "0.4.0", "0.5.0", "0.5.1", "0.6.0",
    "0.7.0", "0.8.0", "0.8.1", "0.8.2",
];

const BENCH: &str = r#"
use std::hint::black_box;

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};

fn benches(c: &mut Criterion) {
    c.bench_function("other", |_| unreachable!("only the benchmark asked for is run"));
    let mut group = c.benchmark_group("group");
    group.bench_function("function", |b| b.iter(|| (0..black_box(1000_u64)).map(|n| n * n % 7).sum::<u64>()));
    group.bench_with_input(BenchmarkId::new("input", 10), &10_u64, |b, n| {
        b.iter_custom(|iterations| {
            let start = std::time::Instant::now();
            for _ in 0..iterations {
                black_box((0..black_box(*n * 100)).map(|n| n * n % 7).sum::<u64>());
            }
            start.elapsed()
        })
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
"#;

/// A package with one bench that uses one release, in a folder that outlives the test.
fn package(release: &str) -> PathBuf {
    crate::slots::take_one();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion-versions").join(release);
    for (file, text) in [
        (
            "Cargo.toml",
            format!(
                "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2018\"\n[workspace]\n\
                 [dev-dependencies]\ncriterion = \"={release}\"\n[profile.bench]\ndebug = false\nopt-level = 1\n\
                 [[bench]]\nname = \"work\"\nharness = false\n"
            ),
        ),
        ("src/lib.rs", String::new()),
        ("benches/work.rs", BENCH.to_owned()),
    ] {
        let path = place.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

fn plain_run_writes_samples(executable: &Path) {
    let home = tempfile::tempdir().unwrap();
    let arguments =
        ["--bench", "--noplot", "group/function", "--warm-up-time", "1", "--measurement-time", "1"];
    let status = Command::new(executable)
        .args(arguments)
        .current_dir(home.path())
        .env("CRITERION_HOME", home.path())
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .unwrap();
    assert!(status.success());
    let found = ["group", "target/criterion/group"]
        .into_iter()
        .any(|place| home.path().join(place).join("function/new/sample.json").is_file());
    assert!(found, "without the variable Criterion does what it always did");
}

/// Where the original of a release lies: the lock file of a built package no longer names it.
fn registry_source_of(folder: &Path, release: &str) -> PathBuf {
    assert!(cargo(folder).arg("generate-lockfile").status().unwrap().success());
    let source = registry_source(folder);
    assert!(source.ends_with(format!("criterion-{release}")), "{}", source.display());
    source
}

/// A bench that says it is linked to a copy.
fn as_copied(release: &str, bench: BuiltBench) -> BuiltBench {
    let instrument = format!("criterion {release} (interleaved)").parse().unwrap();
    BuiltBench { fingerprint: BuildFingerprint { instrument, ..bench.fingerprint.clone() }, ..bench }
}

/// Instructions of what Criterion times, the same twice; none of what times itself.
fn counts(release: &str, bench: &BuiltBench) {
    let bench = as_copied(release, bench.clone());
    let count = |id: &str| ProcessCounter::new().instructions(&bench, &both(id).baseline, &COUNTING);
    match (count("group/function"), count("group/function")) {
        (Ok(one), Ok(two)) => {
            assert_eq!(one.sample, two.sample, "{release}");
            // A thousand steps of a few instructions each.
            assert!((2000.0..30_000.0).contains(&one.sample.per_iteration()), "{release}: {:?}", one.sample);
            let custom = count("group/input/10");
            assert!(matches!(custom, Err(Uncounted::Uncountable(_))), "{release}: {custom:?}");
        }
        (Err(Uncounted::Unavailable { reason, .. }), _) => println!("{release}: not counted, {reason}"),
        other => panic!("{release}: {other:?}"),
    }
}

const COUNTING: CountOptions =
    CountOptions { time_limit: Duration::from_mins(1), source: InstructionSource::Callgrind, caches: false };

#[test]
fn every_release_takes_turns() {
    let Ok(asked) = std::env::var("PERFGUARD_ALL_CRITERION") else { return };
    let options = LaunchOptions {
        warm_up: Duration::from_millis(50),
        measurement: Duration::from_millis(50),
        samples: 10,
        close: 0.0,
        time_limit: Duration::from_mins(1),
    };
    for release in RELEASES.into_iter().filter(|release| asked == "1" || asked == *release) {
        let folder = package(release);
        assert!(cargo(&folder).arg("generate-lockfile").status().unwrap().success());
        assert!(cargo(&folder).arg("fetch").status().unwrap().success());
        let copy = LibraryCopy::prepare(
            "criterion",
            release,
            &registry_source(&folder),
            &folder.join("target/copies"),
            Variant::Timed,
        )
        .unwrap();
        let bench = built(&build(&folder, &copy), &[]);
        plain_run_writes_samples(&bench.executable);
        let benches = Sides { baseline: &bench, candidate: &bench };
        for id in ["group/function", "group/input/10"] {
            let done = runner().pair(benches, both(id).as_ref(), 0, Side::Baseline, &options).unwrap();
            let Sides { baseline, candidate } = &done.pair.launches;
            assert_eq!(baseline.samples.len(), candidate.samples.len());
            // Of the same order: the first release starts its clock with the set-up, and turns are short.
            let ratio = candidate.samples.median() / baseline.samples.median();
            assert!((0.01..100.0).contains(&ratio), "{release}: {ratio}");
        }
        counts(release, &bench);
        let copies = folder.join("target/copies");
        let original = registry_source_of(&folder, release);
        let copy =
            LibraryCopy::prepare("criterion", release, &original, &copies, Variant::Allocations).unwrap();
        let allocating = as_copied(release, built(&build(&folder, &copy), &[]));
        let counted = ProcessCounter::new()
            .allocations(&allocating, &both("group/function").baseline, &COUNTING)
            .unwrap();
        assert!(counted.allocations.total() < f64::EPSILON, "{release}: {counted:?}");
        eprintln!("criterion {release}: built, ran plainly, took turns, counted");
    }
}
