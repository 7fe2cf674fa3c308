use std::collections::BTreeMap;

use super::*;
use crate::domain::{
    AtLeast, CommitId, CpuIdentity, Digest, Execution, Instructions, MachineKey, Revision, Surroundings,
    TreeId, Unit,
};

fn listed(package: &str, target: &str, ids: &[&str]) -> ListedBench {
    let bench = BuiltBench {
        package: package.into(),
        target: target.into(),
        executable: "x".into(),
        digest: Digest::new("1"),
        surroundings: Surroundings::default(),
        home: "h".into(),
        working_dir: "w".into(),
        environment: BTreeMap::new(),
        fingerprint: BuildFingerprint {
            rustc: "1".into(),
            host: "h".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "bench".into(),
            settings: String::new(),
            features: String::new(),
            rustflags: String::new(),
            instrument: "criterion 0.8.2".parse().unwrap(),
        },
        execution: Execution::Native,
        unit: Unit::Bench,
    };
    let ids = ids.iter().map(|&id| id.to_owned()).collect();
    ListedBench { bench, ids: Ok(ids), work: BTreeMap::new() }
}

pub(crate) fn machine() -> MachineFacts {
    MachineFacts {
        key: MachineKey::new("m"),
        arch: "x86_64".into(),
        os: "linux".into(),
        cpu: CpuIdentity {
            vendor: String::new(),
            model: String::new(),
            family: String::new(),
            number: String::new(),
            stepping: String::new(),
            features: std::collections::BTreeSet::new(),
        },
        caches: Vec::new(),
        logical_cpus: 2,
        hypervisor: None,
    }
}

fn faster(origin: ClaimOrigin, faster: &str, slower: &str, at_least: AtLeast) -> Claim<String> {
    Claim {
        name: "n".into(),
        origin,
        section: None,
        statement: None,
        expectation: Expectation::Faster { faster: faster.into(), slower: slower.into(), at_least },
    }
}

fn resolve(claim: &Claim<String>, listed: &[ListedBench]) -> Result<Option<Resolved>, ClaimError> {
    let revision = Revision {
        label: "HEAD".into(),
        commit: CommitId::from_hex(&"a".repeat(40)).unwrap(),
        dirty: false,
        tree: TreeId::from_hex(&"b".repeat(40)).unwrap(),
    };
    Bench { listed, revision: &revision, machine: &machine(), arch: "x86_64", reach: Reach::Whole }
        .resolve(claim)
}

pub(crate) fn benches() -> Vec<ListedBench> {
    vec![
        listed("p", "kernels", &["sum/simd", "sum/simd_wide", "sum/scalar"]),
        listed("q", "others", &["sum/scalar2"]),
    ]
}

fn problem(one: &str, other: &str) -> ClaimProblem {
    let claim = faster(ClaimOrigin::User, one, other, AtLeast::Everywhere(1.5));
    resolve(&claim, &benches()).unwrap_err().problem
}

#[test]
fn the_faster_one_is_the_baseline() {
    let claim =
        faster(ClaimOrigin::User, "kernels::sum/simd", "p::kernels::sum/scalar", AtLeast::Everywhere(1.5));
    let found = resolve(&claim, &benches()).unwrap().unwrap();
    let compared = found.comparison.unwrap();
    assert_eq!(compared.ids, Sides { baseline: "sum/simd".to_owned(), candidate: "sum/scalar".to_owned() });
    assert_eq!(found.evidence.case, ClaimCase::AtLeast(1.5));
    assert_eq!(compared.keys.candidate.benchmark.id(), "sum/scalar");
}

#[test]
fn each_side_must_mean_one_benchmark_of_one_package() {
    assert!(
        matches!(problem("nothing", "p::kernels::sum/scalar"), ClaimProblem::Unknown { text, .. } if text == "nothing")
    );
    assert!(matches!(problem("simd", "sum/scalar"), ClaimProblem::Several { names, .. } if names.len() == 2));
    assert!(matches!(problem("*scalar", "kernels::sum/scalar"), ClaimProblem::SameSide(_)));
    assert!(matches!(problem("kernels::sum/simd", "sum/scalar2"), ClaimProblem::Packages { .. }));
}

#[test]
fn what_the_suite_lacks_on_a_target_is_told_and_no_error() {
    let claim = faster(ClaimOrigin::BuiltIn, "gone", "sum/scalar", AtLeast::Everywhere(1.1));
    let found = resolve(&claim, &benches()).unwrap().unwrap();
    assert_eq!(found.evidence.case, ClaimCase::Impossible(ClaimSetback::Unknown("gone".to_owned())));
    assert!(found.comparison.is_none());
}

#[test]
fn nothing_is_claimed_of_other_architectures() {
    let elsewhere = AtLeast::PerArchitecture(BTreeMap::from([("aarch64".to_owned(), 1.2)]));
    let claim = faster(ClaimOrigin::User, "kernels::sum/simd", "kernels::sum/scalar", elsewhere);
    assert!(resolve(&claim, &benches()).unwrap().is_none());
}

#[test]
fn times_under_an_emulator_decide_nothing() {
    let mut benches = benches();
    benches[0].bench.execution = Execution::Emulated(vec!["qemu".into()]);
    let expectation = Expectation::Equal {
        one: "kernels::sum/simd".to_owned(),
        other: "kernels::sum/scalar".to_owned(),
        within: 0.02,
        instructions: Instructions::Open,
    };
    let claim = Claim { expectation, ..faster(ClaimOrigin::User, "", "", AtLeast::Everywhere(1.0)) };
    let found = resolve(&claim, &benches).unwrap().unwrap();
    assert_eq!(found.evidence.case, ClaimCase::Impossible(ClaimSetback::Emulated));
}
