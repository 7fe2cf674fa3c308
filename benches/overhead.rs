//! What the program adds to building and measuring, for 50 benchmarks: storing pairs, judging what the store gives back,
//! rendering the report.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use perfguard::domain::{
    AaTest, Asked, BenchmarkEvidence, BenchmarkName, BuildFingerprint, CommitId, ComparisonId, Confirm,
    CpuIdentity, Digest, Ended, HistoryCheck, Identical, Insistence, MachineFacts, MachineKey,
    MeasurementKey, Metric, Pair, PairedEvidence, PairedLaunch, Phase, Presence, Provenance, Report,
    ReportKind, Revision, RunEvidence, RunId, SampleSet, Schedule, Side, SideBuild, Sides, TreeId, UnitKind,
};
use perfguard::judge::{GatePolicy, Policy, judge_run};
use perfguard::report::{Format, Style, render};
use perfguard::store::{NewComparison, NewRun, Store};

const BENCHMARKS: u32 = 50;
const PAIRS: u32 = 10;
const SAMPLES: usize = 25;

fn main_benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("overhead");
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("store.db")).unwrap();
    let (run, comparison) = fill(&mut store);
    let report = judge(&store, run);
    group.bench_function("judge 50 benchmarks from the store", |bencher| {
        bencher.iter(|| judge(&store, black_box(run)));
    });
    for format in [Format::Table, Format::Json] {
        let style = Style { color: false, width: Some(120), verbose: true };
        group.bench_function(format!("render 50 benchmarks/{format}"), |bencher| {
            bencher.iter(|| render(black_box(&report), format, &style));
        });
    }
    let mut index = PAIRS;
    group.bench_function("store one pair", |bencher| {
        let next = || {
            index += 1;
            pair(index)
        };
        bencher.iter_batched(
            next,
            |pair| store.append_pair(comparison, &pair).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn judge(store: &Store, run: RunId) -> Report {
    let stored = store.run_evidence(run).unwrap();
    judge_run(&stored.run, &stored.benchmarks, &Policy::new(), GatePolicy::default())
}

/// A run with all its evidence, and one of its comparisons.
fn fill(store: &mut Store) -> (RunId, ComparisonId) {
    let machine = machine();
    let new = NewRun { command: "check", started_ms: 0, machine: &machine, program_version: "0", seed: 0 };
    let run = store.begin_run(&new).unwrap();
    let comparisons: Vec<ComparisonId> = (0..BENCHMARKS).map(|index| measured(store, run, index)).collect();
    store.finish_run(run, &evidence()).unwrap();
    (run, comparisons[0])
}

/// A benchmark that was measured in pairs.
fn measured(store: &mut Store, run: RunId, index: u32) -> ComparisonId {
    let digests = Sides { baseline: "0", candidate: "1" }.map(|digit| Digest::new(digit.repeat(64)));
    let keys = Sides { baseline: key(index, 'a'), candidate: key(index, 'b') };
    let comparison = store
        .begin_comparison(
            run,
            &NewComparison {
                phase: Phase::Measurement,
                keys: keys.as_ref(),
                executables: digests.as_ref(),
                provenance: Provenance::Native,
            },
        )
        .unwrap();
    for pair_index in 0..PAIRS {
        store.append_pair(comparison, &pair(pair_index)).unwrap();
    }
    let builds = Sides::from_fn(|side| SideBuild {
        fingerprint: keys.get(side).build.clone(),
        executable: digests.get(side).clone(),
        surroundings: Digest::new("0".repeat(64)),
        provenance: Provenance::Native,
        unit: UnitKind::Bench,
    });
    let mut evidence = BenchmarkEvidence::new(name(index), Presence::Both(Box::new(builds)));
    evidence.pairs = Some(PairedEvidence { comparison, ended: Ended::Decided, pairs: Vec::new() });
    store.keep_evidence(run, &evidence).unwrap();
    comparison
}

fn evidence() -> RunEvidence {
    RunEvidence {
        kind: ReportKind::Check,
        revisions: Sides { baseline: revision('a'), candidate: revision('b') },
        machine: machine(),
        toolchain: None,
        tests: Some(BENCHMARKS as usize),
        asked: Asked {
            metrics: vec![Metric::WallTime],
            insistence: Insistence::Default,
            confirm: Confirm::Suspects,
            identical: Identical::Settled,
            reach: perfguard::domain::ReachUse::Off,
            history: HistoryCheck::Off,
            partition: None,
            axes: Vec::new(),
            selection: String::new(),
        },
        budget: 10.0,
        aa: AaTest::default(),
        claims: Vec::new(),
        acceptances: Vec::new(),
        layouts: None,
        notes: Vec::new(),
        troubles: Vec::new(),
        seconds: 1.0,
        stages: Vec::new(),
    }
}

/// A pair whose ratio wanders a little around 1.
fn pair(index: u32) -> Pair {
    let launch = |shift: u32| {
        let totals: Vec<f64> = (0..SAMPLES)
            .map(|sample| {
                1e6 + f64::from((index * 7 + shift + u32::try_from(sample).unwrap() * 13) % 17) * 1e3
            })
            .collect();
        PairedLaunch { samples: SampleSet::timed(&[1000.0; SAMPLES], &totals).unwrap(), seconds: 0.2 }
    };
    Pair {
        index,
        first: if index.is_multiple_of(2) { Side::Baseline } else { Side::Candidate },
        schedule: Schedule::Interleaved,
        cpu: Some(0),
        layout: None,
        slowdown: None,
        launches: Sides { baseline: launch(0), candidate: launch(5) },
    }
}

fn name(index: u32) -> BenchmarkName {
    BenchmarkName::new("package", "target", format!("group/function/{index}"))
}

fn revision(digit: char) -> Revision {
    let hex = digit.to_string().repeat(40);
    Revision {
        label: "HEAD".into(),
        commit: CommitId::from_hex(&hex).unwrap(),
        dirty: false,
        tree: TreeId::from_hex(&hex).unwrap(),
    }
}

fn key(index: u32, digit: char) -> MeasurementKey {
    MeasurementKey {
        revision: revision(digit),
        machine: machine().key,
        build: BuildFingerprint {
            rustc: "1.95.0".into(),
            host: "x86_64-unknown-linux-gnu".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "bench".into(),
            settings: "opt-level=3".into(),
            features: String::new(),
            rustflags: String::new(),
            instrument: "criterion 0.8.2 + turns".parse().unwrap(),
        },
        benchmark: name(index),
        metric: Metric::WallTime,
    }
}

fn machine() -> MachineFacts {
    MachineFacts {
        key: MachineKey::new("x86_64-cpu-2c-00000000"),
        arch: "x86_64".into(),
        os: "linux".into(),
        cpu: CpuIdentity {
            vendor: "V".into(),
            model: "CPU".into(),
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

criterion_group!(benches, main_benches);
criterion_main!(benches);
