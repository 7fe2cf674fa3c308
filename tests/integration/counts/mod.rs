//! Exact counts of real benches: instructions under the real Valgrind, allocations through the real allocator.

mod allocations;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod hardware;
mod instructions;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use perfguard::build::library_copy::LibraryCopy;
use perfguard::domain::{BuildFingerprint, BuiltBench, InstructionCount, Variant};
use perfguard::measure::counter::{CountOptions, Counter, InstructionSource, Uncounted};
use perfguard::measure::counting::ProcessCounter;
use perfguard::measure::listing::ListedBenchmark;
use perfguard::measure::listing::name_all;

use crate::interleaved::{built, cargo, registry_source};
use crate::skip::valgrind;
use crate::{fixture, slots};

const OPTIONS: CountOptions =
    CountOptions { time_limit: Duration::from_mins(2), source: InstructionSource::Callgrind, caches: false };

/// An executable of the fixture, built for a variant. Built once, in a folder that outlives the test.
fn executable(variant: Variant, target: &str) -> PathBuf {
    static BUILT: OnceLock<Vec<(Variant, String, PathBuf)>> = OnceLock::new();
    slots::take_one();
    let built = BUILT.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("counts-fixture");
        fixture::copy("counts", &place);
        let source = registry_source(&place);
        let variants = [Variant::Timed, Variant::Allocations, Variant::Lines];
        let of_variant = |variant| {
            let copies = place.join("target/copies");
            let copy = LibraryCopy::prepare("criterion", "0.8.2", &source, &copies, variant).unwrap();
            executables(&place, &copy, variant).into_iter().map(move |(name, path)| (variant, name, path))
        };
        variants.into_iter().flat_map(of_variant).collect()
    });
    built.iter().find(|(of, name, _)| *of == variant && name == target).unwrap().2.clone()
}

/// Builds the benches and gives their executables by name.
fn executables(place: &Path, copy: &LibraryCopy, variant: Variant) -> Vec<(String, PathBuf)> {
    let mut command = cargo(place);
    command.args(["bench", "--no-run", "--offline", "--message-format=json"]).args(copy.cargo_arguments());
    if variant == Variant::Lines {
        for setting in ["debug=\"line-tables-only\"", "strip=\"none\""] {
            command.args(["--config", &format!("profile.bench.{setting}")]);
        }
    }
    let output = command
        .env("CARGO_TARGET_DIR", fixture::target())
        .env("RUSTFLAGS", fixture::RUSTFLAGS)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).unwrap();
    let found = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let target = &message["target"];
        let path = message["executable"].as_str().filter(|_| target["kind"][0] == "bench")?;
        Some((target["name"].as_str()?.to_owned(), PathBuf::from(path)))
    });
    found.collect()
}

/// A bench as the build stage would hand it over.
fn bench(variant: Variant, target: &str, variables: &[(&str, &str)]) -> BuiltBench {
    let bench = built(&executable(variant, target), variables);
    let instrument = "criterion 0.8.2 (interleaved)".parse().unwrap();
    BuiltBench { fingerprint: BuildFingerprint { instrument, ..bench.fingerprint.clone() }, ..bench }
}

fn benchmark(id: &str) -> ListedBenchmark {
    name_all([id.to_owned()]).remove(0)
}

/// Counts instructions of a benchmark of the target `work`.
fn instructions(variant: Variant, id: &str, variables: &[(&str, &str)]) -> InstructionCount {
    let bench = bench(variant, "work", variables);
    ProcessCounter::new()
        .instructions(&bench, &benchmark(id), &OPTIONS)
        .unwrap_or_else(|error| panic!("{id}: {error:?}"))
}

/// What makes a benchmark uncountable.
fn uncountable<T: std::fmt::Debug>(result: Result<T, Uncounted>) -> String {
    match result {
        Err(Uncounted::Uncountable(reason)) => reason,
        other => panic!("{other:?}"),
    }
}
