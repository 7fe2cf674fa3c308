//! Tests against real `SQLite` files.

use crate::domain::{
    BenchmarkName, BuildFingerprint, CacheLevel, CommitId, CpuIdentity, Digest, Launch, MachineFacts,
    MachineKey, Measurement, MeasurementKey, Metric, Provenance, Revision, RunId, SampleSet, TreeId,
};

use super::{NewRun, Store};

mod exchanged;
mod opening;
mod pairs;
mod queries;
mod sharing;
mod space;
mod summaries;

pub(super) fn facts(key: &str) -> MachineFacts {
    MachineFacts {
        key: MachineKey::new(key),
        arch: "x86_64".into(),
        os: "linux".into(),
        cpu: CpuIdentity {
            vendor: "AuthenticAMD".into(),
            model: "AMD EPYC 7763 (64-Core)".into(),
            family: "25".into(),
            number: "1".into(),
            stepping: "1".into(),
            features: ["avx2", "bmi2"].map(str::to_owned).into(),
        },
        caches: vec![CacheLevel { level: 1, kind: "data".into(), bytes: 32768 }],
        logical_cpus: 2,
        hypervisor: None,
    }
}

pub(super) fn build() -> BuildFingerprint {
    BuildFingerprint {
        rustc: "1.95.0".into(),
        host: "x86_64-unknown-linux-gnu".into(),
        target: "x86_64-unknown-linux-gnu".into(),
        profile: "bench".into(),
        settings: "opt-level=3".into(),
        features: String::new(),
        rustflags: String::new(),
        instrument: "criterion 0.8.2".parse().unwrap(),
    }
}

pub(super) fn commit(digit: char) -> CommitId {
    CommitId::from_hex(&digit.to_string().repeat(40)).unwrap()
}

pub(super) fn key(commit_digit: char) -> MeasurementKey {
    MeasurementKey {
        revision: Revision {
            label: "HEAD".into(),
            commit: commit(commit_digit),
            dirty: false,
            tree: TreeId::from_hex(&commit_digit.to_string().repeat(40)).unwrap(),
        },
        machine: MachineKey::new("m"),
        build: build(),
        benchmark: BenchmarkName::new("pkg", "bench", "group/function/🦀\"::x"),
        metric: Metric::WallTime,
    }
}

pub(super) fn set(nanoseconds: f64) -> SampleSet {
    SampleSet::timed(&[1.0, 2.0, 3.0], &[nanoseconds, nanoseconds * 2.0, nanoseconds * 3.0]).unwrap()
}

/// A measurement with one launch for each value.
pub(super) fn measurement(key: MeasurementKey, values: &[f64]) -> Measurement {
    let launches =
        values.iter().map(|value| Launch { samples: set(*value), cpu: Some(1), seconds: 0.25 }).collect();
    Measurement { key, executable: Digest::new("d"), provenance: Provenance::Native, launches, code: None }
}

pub(super) fn begin(store: &mut Store, machine: &str, started_ms: i64) -> RunId {
    store
        .begin_run(&NewRun {
            command: "run",
            started_ms,
            machine: &facts(machine),
            program_version: "0.1.0",
            seed: u64::MAX,
        })
        .unwrap()
}

/// Stores one value on a run of its own.
pub(super) fn add(store: &mut Store, started_ms: i64, key: MeasurementKey, value: f64) -> RunId {
    let run = begin(store, key.machine.as_str(), started_ms);
    store.record(run, &measurement(key, &[value])).unwrap();
    run
}
