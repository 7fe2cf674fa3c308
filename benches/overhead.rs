//! What the program adds to building and measuring, for 50 benchmarks: storing pairs, judging what the store gives back,
//! rendering the report.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use perfguard::domain::{
    BenchmarkName, BenchmarkOutcome, BuildFingerprint, CommitId, CpuIdentity, Digest, Limit, MachineFacts,
    MachineKey, MeasurementKey, Metric, MetricOutcome, Pair, PairedLaunch, Phase, Provenance, Report,
    Revision, SampleSet, Schedule, Side, Sides, TreeId,
};
use perfguard::judge::{Confirmation, ErrorBudget, PairedTest, outcome};
use perfguard::report::{Format, Style, render};
use perfguard::store::{ComparisonId, NewComparison, NewOccasion, Store};

const BENCHMARKS: u32 = 50;
const PAIRS: u32 = 10;
const SAMPLES: usize = 25;

fn main_benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("overhead");
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("store.db")).unwrap();
    let comparisons = fill(&mut store);
    let outcomes: Vec<BenchmarkOutcome> =
        comparisons.iter().map(|&(index, id)| judge(&store, index, id)).collect();
    let report = report(outcomes);
    group.bench_function("judge 50 benchmarks from the store", |bencher| {
        bencher.iter(|| {
            comparisons.iter().map(|&(index, id)| judge(&store, index, black_box(id))).collect::<Vec<_>>()
        });
    });
    for format in [Format::Table, Format::Json] {
        let style = Style { color: false, width: Some(120), verbose: true };
        group.bench_function(format!("render 50 benchmarks/{format}"), |bencher| {
            bencher.iter(|| render(black_box(&report), format, &style));
        });
    }
    let mut index = PAIRS;
    group.bench_function("store one pair", |bencher| {
        let id = comparisons[0].1;
        let next = || {
            index += 1;
            pair(index)
        };
        bencher.iter_batched(next, |pair| store.append_pair(id, &pair).unwrap(), BatchSize::SmallInput);
    });
    group.finish();
}

fn judge(store: &Store, index: u32, comparison: ComparisonId) -> BenchmarkOutcome {
    let budget = ErrorBudget::new(0.01, BENCHMARKS as usize).unwrap();
    let limit = Limit::default_for(Metric::WallTime);
    let mut test = PairedTest::of_limit(&limit, 1000.0, budget).unwrap();
    for pair in store.pairs(comparison).unwrap() {
        test.push(&pair).unwrap();
    }
    let metric: MetricOutcome = outcome::paired(Metric::WallTime, limit, &test, Confirmation::Waived);
    BenchmarkOutcome { metrics: vec![metric], ..BenchmarkOutcome::new(name(index), "x86_64") }
}

fn fill(store: &mut Store) -> Vec<(u32, ComparisonId)> {
    let machine = machine();
    let occasion = store
        .begin_occasion(&NewOccasion {
            command: "check",
            started_ms: 0,
            machine: &machine,
            program_version: "0",
            seed: 0,
        })
        .unwrap();
    let digest = Digest::new("0".repeat(64));
    (0..BENCHMARKS)
        .map(|index| {
            let keys = Sides { baseline: key(index, 'a'), candidate: key(index, 'b') };
            let id = store
                .begin_comparison(
                    occasion,
                    &NewComparison {
                        phase: Phase::Proof,
                        keys: keys.as_ref(),
                        executables: Sides { baseline: &digest, candidate: &digest },
                        provenance: Provenance::Native,
                    },
                )
                .unwrap();
            for pair_index in 0..PAIRS {
                store.append_pair(id, &pair(pair_index)).unwrap();
            }
            (index, id)
        })
        .collect()
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
        schedule: Schedule::Turns,
        cpu: Some(0),
        layout: None,
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
            instrument: "criterion 0.8.2 + turns".into(),
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

fn report(benchmarks: Vec<BenchmarkOutcome>) -> Report {
    Report {
        command: "check",
        exit_code: 0,
        baseline: Some(revision('a')),
        candidate: Some(revision('b')),
        machine: Some(machine()),
        toolchain: None,
        benchmarks,
        claims: Vec::new(),
        errors: Vec::new(),
        notes: Vec::new(),
        seconds: 1.0,
    }
}

criterion_group!(benches, main_benches);
criterion_main!(benches);
