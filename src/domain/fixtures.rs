//! Made-up machines, builds and benches, for tests of every layer.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    BuildFingerprint, BuiltBench, CommitId, CpuIdentity, Digest, Execution, MachineFacts, MachineKey,
    Revision, Surroundings, TreeId, Unit,
};

/// A build whose samples take turns.
pub(crate) fn fingerprint() -> BuildFingerprint {
    BuildFingerprint {
        rustc: "1".into(),
        host: "h".into(),
        target: "x86_64-unknown-linux-gnu".into(),
        profile: "bench".into(),
        settings: String::new(),
        features: String::new(),
        rustflags: String::new(),
        instrument: "criterion 0.8.2 (interleaved)".parse().unwrap(),
    }
}

/// A machine with the key `m`.
pub(crate) fn machine() -> MachineFacts {
    MachineFacts {
        key: MachineKey::new("m"),
        arch: "x86_64".into(),
        os: "linux".into(),
        cpu: CpuIdentity {
            vendor: "v".into(),
            model: "m".into(),
            family: "1".into(),
            number: "1".into(),
            stepping: "1".into(),
            features: BTreeSet::new(),
        },
        caches: Vec::new(),
        logical_cpus: 2,
        hypervisor: None,
    }
}

/// A clean revision whose commit and tree are one hexadecimal digit over and over.
pub(crate) fn revision(digit: char) -> Revision {
    let hex = digit.to_string().repeat(40);
    Revision {
        label: digit.into(),
        commit: CommitId::from_hex(&hex).unwrap(),
        dirty: false,
        tree: TreeId::from_hex(&hex).unwrap(),
    }
}

/// The bench `p::t` with these bytes.
pub(crate) fn bench(digest: &str) -> BuiltBench {
    BuiltBench {
        package: "p".into(),
        target: "t".into(),
        executable: "x".into(),
        digest: Digest::new(digest),
        surroundings: Surroundings::default(),
        home: "h".into(),
        working_dir: "w".into(),
        environment: BTreeMap::new(),
        fingerprint: fingerprint(),
        execution: Execution::Native,
        unit: Unit::Bench,
    }
}
