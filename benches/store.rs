//! How long look-ups take in a store of 1 000 000 measurements.
//!
//! The store is filled once, by SQL in bulk, and kept in the target folder: listing benches or filtering others out costs
//! nothing. Without `--bench` (that is, under `cargo test`) it is a small one, in a temporary folder.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::cell::OnceCell;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{BatchSize, Criterion};
use perfguard::domain::{
    BenchmarkName, BuildFingerprint, CommitId, Digest, Launch, MachineFacts, MachineKey, Measurement,
    MeasurementKey, Metric, Provenance, Revision, RunId, SampleSet, TreeId,
};
use perfguard::store::{NewRun, SeriesFilter, Store};

const BENCHMARKS: u32 = 100;
const COMMIT_DIGITS: usize = 40;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let filled = Filled::default();
    let mut group = criterion.benchmark_group("store");
    group.sample_size(50);
    group.bench_function("baseline of one benchmark", |bencher| {
        let store = filled.store();
        let (series, commit) = (key(7, 3).series(), commit(3));
        assert_eq!(store.baseline_runs(&series, &commit).unwrap().len(), 10);
        bencher.iter(|| store.baseline_runs(black_box(&series), &commit).unwrap());
    });
    group.bench_function("baseline of one commit", |bencher| {
        let store = filled.store();
        let commit = commit(3);
        let found = store.baseline_of_commit(&machine().key, &commit).unwrap();
        assert_eq!(found.len(), BENCHMARKS as usize);
        bencher.iter(|| store.baseline_of_commit(black_box(&machine().key), &commit).unwrap());
    });
    group.bench_function("neighbours of one benchmark", |bencher| {
        let store = filled.store();
        let series = key(7, 3).series();
        assert_eq!(store.neighbour_values(&series, 40).unwrap().len(), 40);
        bencher.iter(|| store.neighbour_values(black_box(&series), 40).unwrap());
    });
    group.bench_function("newest values", |bencher| {
        let store = filled.store();
        let filter = SeriesFilter::default();
        assert_eq!(store.latest_by_architecture(filter).unwrap().len(), BENCHMARKS as usize);
        bencher.iter(|| store.latest_by_architecture(black_box(filter)).unwrap());
    });
    group.bench_function("one measurement stored", |bencher| {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("store.db")).unwrap();
        let run = begin(&mut store, 0);
        // A commit of its own for each: launches of one key would pile up in one measurement.
        let mut commits = 0..;
        let next = || measurement(0, commits.next().unwrap());
        bencher.iter_batched(next, |new| store.record(run, &new).unwrap(), BatchSize::SmallInput);
    });
    group.finish();
    criterion.final_summary();
}

/// The store, filled when the first bench that needs it runs.
#[derive(Default)]
struct Filled {
    store: OnceCell<Store>,
    temporary: OnceCell<tempfile::TempDir>,
}

impl Filled {
    fn store(&self) -> &Store {
        self.store.get_or_init(|| {
            let measured = std::env::args().any(|argument| argument == "--bench");
            let (folder, commits): (PathBuf, u32) = if measured {
                (PathBuf::from(env!("CARGO_TARGET_TMPDIR")), 1000)
            } else {
                let temporary = self.temporary.get_or_init(|| tempfile::tempdir().unwrap());
                (temporary.path().to_owned(), 5)
            };
            let measurements = commits * 10 * BENCHMARKS;
            let path = folder.join(format!("store-of-{measurements}-v1.db"));
            if !path.exists() {
                let half_done = folder.join(format!("store-being-filled-{}.db", std::process::id()));
                fill(&half_done, commits);
                fs::rename(&half_done, &path).unwrap();
            }
            Store::open(&path).unwrap()
        })
    }
}

/// 100 benchmarks of each commit on ten runs, one launch of ten samples each.
fn fill(path: &Path, commits: u32) {
    let mut store = Store::open(path).unwrap();
    let run = begin(&mut store, 0);
    for benchmark in 0..BENCHMARKS {
        store.record(run, &measurement(benchmark, 0)).unwrap();
    }
    drop(store);
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE blob AS SELECT samples FROM launch LIMIT 1;
             DELETE FROM measurement; DELETE FROM run; DELETE FROM revision;
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {commits})
             INSERT INTO revision (id, commit_id, dirty, tree_id)
                 SELECT i + 1, printf('%0{COMMIT_DIGITS}x', i), 0, printf('%0{COMMIT_DIGITS}x', i) FROM n;
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {commits} * 10)
             INSERT INTO run (id, command, started_ms, machine, program_version, seed)
                 SELECT i + 1, 'run', i * 1000, 1, '0.1.0', 1 FROM n;
             INSERT INTO measurement (id, revision, series, run, started_ms, value, launches)
                 SELECT (run.id - 1) * {BENCHMARKS} + series.id, (run.id - 1) % {commits} + 1, series.id,
                     run.id, run.started_ms, 100.0 + run.id % 7, 1
                 FROM run CROSS JOIN series ORDER BY 1;
             DELETE FROM launch;
             INSERT INTO launch (measurement, executable, cpu, seconds, median, samples)
                 SELECT measurement.id, 1, 0, 0.25, measurement.value, blob.samples FROM measurement, blob;
             COMMIT;
             PRAGMA wal_checkpoint(TRUNCATE);"
        ))
        .unwrap();
}

fn machine() -> MachineFacts {
    MachineFacts {
        key: MachineKey::new("a machine"),
        arch: "x86_64".into(),
        os: "linux".into(),
        cpu: perfguard::domain::CpuIdentity {
            vendor: "vendor".into(),
            model: "model".into(),
            family: "1".into(),
            number: "1".into(),
            stepping: "1".into(),
            features: std::collections::BTreeSet::new(),
        },
        caches: Vec::new(),
        logical_cpus: 2,
        hypervisor: None,
    }
}

fn begin(store: &mut Store, started_ms: i64) -> RunId {
    store
        .begin_run(&NewRun {
            command: "run",
            started_ms,
            machine: &machine(),
            program_version: "0.1.0",
            seed: 1,
        })
        .unwrap()
}

fn commit(number: u32) -> CommitId {
    CommitId::from_hex(&format!("{number:0COMMIT_DIGITS$x}")).unwrap()
}

fn key(benchmark: u32, commit_number: u32) -> MeasurementKey {
    let commit = commit(commit_number);
    let tree = TreeId::from_hex(commit.as_str()).unwrap();
    MeasurementKey {
        revision: Revision { label: "HEAD".into(), commit, dirty: false, tree },
        machine: machine().key,
        build: BuildFingerprint {
            rustc: "1.95.0".into(),
            host: "x86_64-unknown-linux-gnu".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "bench".into(),
            settings: "opt-level=3 lto=false codegen-units=16".into(),
            features: String::new(),
            rustflags: String::new(),
            instrument: "criterion 0.8.2".parse().unwrap(),
        },
        benchmark: BenchmarkName::new("package", "target", format!("group/function/{benchmark}")),
        metric: Metric::WallTime,
    }
}

fn measurement(benchmark: u32, commit_number: u32) -> Measurement {
    let iterations: Vec<f64> = (1..=10).map(|step| f64::from(step) * 1000.0).collect();
    let totals: Vec<f64> = iterations.iter().map(|count| count * 137.0 + 11.0).collect();
    let samples = SampleSet::timed(&iterations, &totals).unwrap();
    Measurement {
        key: key(benchmark, commit_number),
        executable: Digest::new("d"),
        provenance: Provenance::Native,
        launches: vec![Launch { samples, cpu: Some(0), seconds: 0.25 }],
        code: None,
    }
}
