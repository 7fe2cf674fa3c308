//! The edit of Criterion against every published release it is meant for.
//!
//! Downloads and compiles a lot, so it runs only with `PERFGUARD_ALL_CRITERION=1`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use perfguard::build::criterion_copy::CriterionCopy;
use perfguard::domain::artifact::Variant;
use perfguard::domain::side::{Side, Sides};
use perfguard::measure::runner::LaunchOptions;

use crate::turns::{both, build, built, cargo, registry_source, turns};

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

#[test]
fn every_release_takes_turns() {
    if std::env::var_os("PERFGUARD_ALL_CRITERION").is_none() {
        return;
    }
    let options = LaunchOptions {
        warm_up: Duration::from_millis(50),
        measurement: Duration::from_millis(50),
        samples: 10,
        time_limit: Duration::from_mins(1),
    };
    for release in RELEASES {
        let folder = package(release);
        assert!(cargo(&folder).arg("generate-lockfile").status().unwrap().success());
        let copy = CriterionCopy::prepare(
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
            let done = turns().pair(benches, both(id).as_ref(), 0, Side::Baseline, &options).unwrap();
            let Sides { baseline, candidate } = &done.pair.launches;
            assert_eq!(baseline.samples.len(), candidate.samples.len());
            // Of the same order: the first release starts its clock with the set-up, and turns are short.
            let ratio = candidate.samples.median() / baseline.samples.median();
            assert!((0.01..100.0).contains(&ratio), "{release}: {ratio}");
        }
        eprintln!("criterion {release}: built, ran plainly, took turns");
    }
}
