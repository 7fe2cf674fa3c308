//! Builds the fixture `criterion-zoo`, and starts what comes of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use perfguard::domain::{BuildFingerprint, BuiltBench, Digest, Execution, SampleSet, Surroundings, Unit};
use perfguard::measure::runner::{LaunchFailure, LaunchOptions, Runner};
use perfguard::measure::sequential::Sequential;

use crate::fixture as built;

/// The version in the fixture's own manifest.
pub(super) const NEWEST: &str = "0.8.2";

/// The bench targets' executables, by name.
pub(super) type Executables = BTreeMap<String, PathBuf>;

/// The executables of the fixture as it is, built once.
pub(super) fn executables() -> &'static Executables {
    static BUILT: OnceLock<Executables> = OnceLock::new();
    crate::slots::take_one();
    BUILT.get_or_init(|| build(&fixture()))
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/criterion-zoo")
}

/// Builds the benches of a copy of the fixture. Dependencies are kept between runs.
fn build(folder: &Path) -> Executables {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["bench", "--no-run", "--message-format=json-render-diagnostics"]).current_dir(folder);
    cargo.env("CARGO_TARGET_DIR", built::target()).env("RUSTFLAGS", built::RUSTFLAGS);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).unwrap();
    let messages = messages.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let built = messages.filter(|message| message["target"]["kind"][0] == "bench").filter_map(|message| {
        let name = message["target"]["name"].as_str()?.to_owned();
        Some((name, message["executable"].as_str()?.into()))
    });
    built.collect()
}

/// Builds the fixture with another version of Criterion.
pub(super) fn build_with(version: &str) -> Executables {
    let folder = tempfile::tempdir().unwrap();
    for part in ["src", "benches"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        for entry in std::fs::read_dir(fixture().join(part)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(part).join(entry.file_name())).unwrap();
        }
    }
    let manifest = std::fs::read_to_string(fixture().join("Cargo.toml")).unwrap();
    let mut manifest = manifest.replace(&format!("={NEWEST}"), &format!("={version}"));
    // The feature is younger than these.
    if ["0.3.0", "0.3.1", "0.3.2", "0.3.3"].contains(&version) {
        manifest = manifest.replace("\"cargo_bench_support\"", "");
    }
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    build(folder.path())
}

/// A built bench of the fixture.
pub(super) fn bench(executables: &Executables, target: &str, criterion: &str) -> BuiltBench {
    let executable = executables[target].clone();
    BuiltBench {
        package: "criterion-zoo".into(),
        target: target.into(),
        digest: Digest::new(executable.to_str().unwrap()),
        surroundings: Surroundings::default(),
        executable,
        home: "/home/of/the/zoo".into(),
        working_dir: std::env::temp_dir(),
        environment: BTreeMap::new(),
        fingerprint: BuildFingerprint {
            rustc: String::new(),
            host: String::new(),
            target: String::new(),
            profile: String::new(),
            settings: String::new(),
            features: String::new(),
            rustflags: String::new(),
            instrument: format!("criterion {criterion}").parse().unwrap(),
        },
        execution: Execution::Native,
        unit: Unit::Bench,
    }
}

/// A bench of the fixture as it is.
pub(super) fn newest(target: &str) -> BuiltBench {
    bench(executables(), target, NEWEST)
}

/// A bench that is no Criterion bench.
pub(super) fn bad(kind: &str) -> BuiltBench {
    let mut bench = newest("bad");
    bench.environment.insert("ZOO".into(), kind.into());
    bench.fingerprint.instrument = "unknown".parse().unwrap();
    bench
}

/// A runner that has no source trees to switch.
pub(super) fn runner() -> Sequential {
    Sequential::new(Box::new(|_: &Path| Ok(()))).unwrap()
}

/// Short launches.
pub(super) fn quick() -> LaunchOptions {
    LaunchOptions {
        warm_up: Duration::from_millis(10),
        measurement: Duration::from_millis(30),
        samples: 12,
        close: 0.0,
        time_limit: Duration::from_mins(2),
    }
}

/// The names that a runner lists.
pub(super) fn names(runner: &mut impl Runner, bench: &BuiltBench) -> Vec<String> {
    runner.list(bench).unwrap().into_iter().map(|listed| listed.id).collect()
}

/// The samples of one launch.
pub(super) fn measure(
    runner: &mut impl Runner,
    bench: &BuiltBench,
    id: &str,
) -> Result<SampleSet, LaunchFailure> {
    runner.launch(bench, id, &quick()).map(|launch| launch.samples)
}

/// The names of `benches/names.rs`, as we give them.
pub(super) fn expected_names() -> Vec<String> {
    let long = "0123456789".repeat(20);
    [
        "plain",
        "plain longer",
        "a group with spaces/a/slash",
        "a group with spaces/a \"quoted\" name/it's",
        "a group with spaces/🦀 crab",
        "a group with spaces/-starts with a dash",
        "a group with spaces/m.e*t+a(c)h[a]r{s}^and$|more\\",
        &format!("{long}a"),
        &format!("{long}b"),
        "twins/same",
        "twins/same #2",
        "twins/same #3",
    ]
    .map(ToOwned::to_owned)
    .to_vec()
}
