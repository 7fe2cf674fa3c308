//! The edits of Criterion's forks and of divan, against releases of them.
//!
//! All releases are downloaded, compiled and measured with `PERFGUARD_ALL_LIBRARIES=1`, those of one library with its name,
//! one with `NAME@VERSION`. Criterion's own are in `criterion_versions.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perfguard::build::library_copy::LibraryCopy;
use perfguard::domain::artifact::{BuildFingerprint, BuiltBench, Variant};
use perfguard::domain::library::{self, Family};
use perfguard::domain::side::{Side, Sides};
use perfguard::measure::counter::{CountOptions, Counter, InstructionSource, Uncounted};
use perfguard::measure::counting::ProcessCounter;
use perfguard::measure::runner::{LaunchOptions, Runner};
use perfguard::measure::sequential::Sequential;

use crate::fixture;
use crate::interleaved::{build, built, cargo, registry_source_of, runner};

/// What stands in a manifest for what measures, and the releases that were tried.
const RELEASES: [(&str, &str, &[&str]); 4] = [
    (
        "criterion2",
        "criterion2",
        &[
            "0.5.1", "0.6.0", "0.7.0", "0.7.1", "0.7.2", "0.8.0", "0.9.0", "0.10.0", "0.11.0", "1.0.0",
            "1.1.0", "1.1.1", "2.0.0", "3.0.0", "3.0.1", "3.0.2", "3.0.3", "3.0.4", "3.0.5",
        ],
    ),
    (
        "codspeed-criterion-compat-walltime",
        "codspeed-criterion-compat",
        &["2.9.1", "2.10.1", "3.0.0", "3.0.5", "4.0.0", "4.1.0", "4.2.1", "4.5.0", "4.7.0", "5.0.3", "6.0.0"],
    ),
    (
        "divan",
        "divan",
        &[
            "0.1.0", "0.1.1", "0.1.2", "0.1.3", "0.1.4", "0.1.5", "0.1.6", "0.1.7", "0.1.8", "0.1.9",
            "0.1.10", "0.1.11", "0.1.12", "0.1.13", "0.1.14", "0.1.15", "0.1.16", "0.1.17", "0.1.18",
            "0.1.19", "0.1.20", "0.1.21",
        ],
    ),
    (
        "codspeed-divan-compat-walltime",
        "codspeed-divan-compat",
        &["2.8.1", "2.10.1", "3.0.5", "4.0.0", "4.5.0", "5.0.3", "6.0.0"],
    ),
];

const CRITERION: &str = "
use criterion::{criterion_group, criterion_main, Criterion};

fn benches(c: &mut Criterion) {
    c.bench_function(\"other\", |_| unreachable!(\"only the benchmark asked for is run\"));
    c.bench_function(\"a (.*)\", |b| b.iter(|| user::work()));
}

criterion_group!(all, benches);
criterion_main!(all);
";

const DIVAN: &str = "
fn main() {
    divan::main();
}

#[divan::bench]
fn other(_: divan::Bencher) {
    unreachable!(\"only the benchmark asked for is run\");
}

mod inner {
    #[divan::bench(types = [u8, u64])]
    fn typed<T>() -> u64 {
        user::work()
    }

    #[divan::bench]
    fn dropped(bencher: divan::Bencher) {
        bencher.with_inputs(|| vec![1_u64; 4]).bench_values(|mut text| {
            text.push(user::work());
            text
        });
    }
}
";

const WORK: &str = "
use std::hint::black_box;

pub fn work() -> u64 {
    (0..black_box(1000_u64)).map(|n| black_box(n) * 7).sum::<u64>()
}
";

const LAUNCH: LaunchOptions = LaunchOptions {
    warm_up: Duration::from_millis(50),
    measurement: Duration::from_millis(50),
    samples: 10,
    close: 0.0,
    time_limit: Duration::from_mins(1),
};

const COUNTING: CountOptions =
    CountOptions { time_limit: Duration::from_mins(1), source: InstructionSource::Callgrind, caches: false };

/// A package with one bench that uses one release, in a folder that outlives the test.
fn package(name: &str, dependency: &str, release: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("library-versions").join(name).join(release);
    let (import, bench) = match library::family(name) {
        Family::Criterion => ("criterion", CRITERION),
        Family::Divan => ("divan", DIVAN),
        Family::Command | Family::Libtest => panic!("{name} has no releases"),
    };
    for (file, text) in [
        (
            "Cargo.toml",
            format!(
                "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n\
                 [dev-dependencies]\n{import} = {{ package = \"{dependency}\", version = \"={release}\" }}\n\
                 [profile.bench]\ndebug = false\nopt-level = 1\n[[bench]]\nname = \"work\"\nharness = false\n"
            ),
        ),
        ("src/lib.rs", WORK.to_owned()),
        ("benches/work.rs", bench.to_owned()),
    ] {
        let path = place.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    assert!(cargo(&place).arg("generate-lockfile").status().unwrap().success());
    if name == "divan" {
        // Its first releases take any later release of its macros, with which they do not compile.
        let pin = cargo(&place).args(["update", "--package", "divan-macros", "--precise", release]).status();
        assert!(pin.unwrap().success());
    }
    assert!(cargo(&place).arg("fetch").status().unwrap().success());
    place
}

/// The executable that is linked to a copy of a release.
fn executable(name: &str, release: &str, place: &Path, original: &Path, variant: Variant) -> BuiltBench {
    let copy = LibraryCopy::prepare(name, release, original, &place.join("target/copies"), variant).unwrap();
    let bench = built(&build(place, &copy), &[]);
    let instrument = format!("{name} {release} (interleaved)").parse().unwrap();
    BuiltBench { fingerprint: BuildFingerprint { instrument, ..bench.fingerprint.clone() }, ..bench }
}

fn tried(name: &str, dependency: &str, release: &str) {
    let place = package(name, dependency, release);
    let original = registry_source_of(name, &place);
    let bench = executable(name, release, &place, &original, Variant::Timed);
    let mut sequential = Sequential::new(Box::new(|_: &Path| Ok(()))).unwrap();
    let listed = sequential.list(&bench).unwrap();
    let mut ids: Vec<&str> = listed.iter().map(|listed| listed.id.as_str()).collect();
    ids.sort_unstable();
    let (expected, wanted): (&[&str], &str) = match library::family(name) {
        Family::Criterion => (&["a (.*)", "other"], "a (.*)"),
        Family::Divan => {
            (&["inner::dropped", "inner::typed::u64", "inner::typed::u8", "other"], "inner::typed::u64")
        }
        Family::Command | Family::Libtest => panic!("{name} has no releases"),
    };
    assert_eq!(ids, expected, "{name} {release}");
    let alone = sequential.launch(&bench, wanted, &LAUNCH).unwrap();
    assert!((2..=20).contains(&alone.samples.len()), "{name} {release}: {:?}", alone.samples.len());
    for id in ids.iter().filter(|id| !id.contains("other")) {
        let found = listed.iter().find(|listed| listed.id == *id).unwrap();
        let benches = Sides { baseline: &bench, candidate: &bench };
        let both = Sides { baseline: found, candidate: found };
        let done = runner().pair(benches, both, 0, Side::Baseline, &LAUNCH).unwrap();
        let Sides { baseline, candidate } = &done.pair.launches;
        assert_eq!(baseline.samples.len(), candidate.samples.len(), "{name} {release}");
    }
    let found = listed.iter().find(|listed| listed.id == wanted).unwrap();
    let count = || ProcessCounter::new().instructions(&bench, found, &COUNTING);
    match (count(), count()) {
        (Ok(one), Ok(two)) => {
            assert_eq!(one.sample, two.sample, "{name} {release}");
            // A thousand steps of a few instructions each.
            let each = one.sample.per_iteration();
            assert!((2000.0..40_000.0).contains(&each), "{name} {release}: {each}");
        }
        (Err(Uncounted::Unavailable { reason, .. }), _) => {
            println!("{name} {release}: not counted, {reason}");
        }
        other => panic!("{name} {release}: {other:?}"),
    }
    let allocating = executable(name, release, &place, &original, Variant::Allocations);
    let counted = ProcessCounter::new().allocations(&allocating, found, &COUNTING).unwrap();
    assert!(counted.allocations.total() < f64::EPSILON, "{name} {release}: {counted:?}");
    println!("{name} {release}: built, listed, launched, took turns, counted");
}

#[test]
fn every_release_is_listed_interleaved_and_counted() {
    let Ok(asked) = std::env::var("PERFGUARD_ALL_LIBRARIES") else { return };
    crate::slots::take_one();
    for (name, dependency, releases) in RELEASES {
        for release in releases {
            if asked == "1" || asked == name || asked == format!("{name}@{release}") {
                tried(name, dependency, release);
            }
        }
    }
}

#[test]
fn the_edits_fit_the_releases_that_the_fixture_names() {
    let fixture = tempfile::tempdir().unwrap();
    fixture::copy("libraries", fixture.path());
    assert!(cargo(fixture.path()).args(["fetch", "--locked"]).status().unwrap().success());
    for name in ["codspeed-criterion-compat-walltime", "criterion2", "divan"] {
        let original = registry_source_of(name, fixture.path());
        let release =
            original.file_name().unwrap().to_str().unwrap().strip_prefix(&format!("{name}-")).unwrap();
        for variant in [Variant::Timed, Variant::Allocations] {
            let copies = fixture.path().join("copies");
            let copy = LibraryCopy::prepare(name, release, &original, &copies, variant).unwrap();
            assert_eq!((copy.name(), copy.version()), (name, release));
            assert!(copy.folder().join("src/perfguard_turns.rs").is_file());
            let is_divan = library::family(name) == Family::Divan;
            assert_eq!(copy.folder().join("src/perfguard_divan.rs").is_file(), is_divan, "{name}");
        }
    }
}
