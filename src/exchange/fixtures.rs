//! Made-up runs for tests.

use crate::domain::fixtures;
use crate::domain::{
    BenchSummary, BenchmarkName, Digest, LayoutSeed, LinkSummary, MadeFile, MeasurementKey, Metric, Phase,
    Provenance, Revision, RunUid, SampleSet, Schedule, SharedComparison, SharedLaunch, SharedMeasurement,
    SharedPair, SharedRun, Side, Sides, SummaryFacts, Surroundings, UnitKind,
};

/// The id with this number.
pub(crate) fn uid(number: u8) -> RunUid {
    let mut bytes = [0; 16];
    bytes[15] = number;
    RunUid::new(bytes)
}

/// A run with times of two commits, counts of one, and two pairs.
pub(crate) fn run(number: u8) -> SharedRun {
    let time = |digit, factor: f64| measurement(digit, Metric::WallTime, factor);
    SharedRun {
        uid: uid(number),
        command: "check".into(),
        started_ms: 1_700_000_000_000 + i64::from(number),
        machine: fixtures::machine(),
        program_version: "0.1.0".into(),
        seed: u64::MAX,
        measurements: vec![time('a', 1.0), time('b', 1.1), measurement('b', Metric::Instructions, 900.0)],
        comparisons: vec![SharedComparison {
            phase: Phase::Measurement,
            measurements: Sides { baseline: 0, candidate: 1 },
            executables: Sides { baseline: Digest::new("e-a"), candidate: Digest::new("e-b") },
            pairs: vec![pair(0, 0.095), pair(1, 0.1)],
        }],
        benches: Vec::new(),
    }
}

/// The same, with two bench targets that it built.
pub(crate) fn run_with_benches(number: u8) -> SharedRun {
    let bench = |target: &str, link| {
        let made = vec![MadeFile { path: "release/tool".into(), digest: Digest::new("m") }];
        let surroundings = Surroundings { digest: Digest::new("s"), variables: Digest::new("v"), made };
        let ids = vec!["group/function/🦀\"::x".to_owned(), "b".to_owned()];
        BenchSummary {
            package: "pkg".into(),
            target: target.into(),
            fingerprint: fixtures::fingerprint(),
            executable: Digest::new("e-b"),
            facts: SummaryFacts {
                key: Digest::new("k"),
                unit: UnitKind::Bench,
                surroundings,
                variables: Digest::new("w"),
                ids,
            },
            link,
        }
    };
    let link = LinkSummary { besides: Digest::new("f"), nameless: Digest::new("n"), parts: vec![7, 1 << 40] };
    let revision = || Revision { label: String::new(), ..fixtures::revision('b') };
    let benches = vec![(revision(), bench("bench", Some(link))), (revision(), bench("other", None))];
    SharedRun { benches, ..run(number) }
}

fn pair(index: u32, log_ratio: f64) -> SharedPair {
    let layout = (index > 0).then_some(LayoutSeed(u64::MAX));
    SharedPair { index, first: Side::Baseline, schedule: Schedule::Interleaved, layout, log_ratio }
}

fn measurement(digit: char, metric: Metric, value: f64) -> SharedMeasurement {
    let samples = SampleSet::timed(&[1.0, 2.0, 3.0], &[value, 2.2 * value, 3.0 * value]).unwrap();
    let launch = SharedLaunch {
        executable: Digest::new(format!("e-{digit}")),
        cpu: Some(1),
        seconds: 0.25,
        median: samples.median(),
        samples: Some(samples),
        code: metric.is_count().then(|| Digest::new(format!("c-{digit}"))),
    };
    let key = MeasurementKey {
        // A revision is sent without what somebody called it.
        revision: Revision { label: String::new(), ..fixtures::revision(digit) },
        machine: fixtures::machine().key,
        build: fixtures::fingerprint(),
        benchmark: BenchmarkName::new("pkg", "bench", "group/function/🦀\"::x"),
        metric,
    };
    SharedMeasurement { key, provenance: Provenance::Native, launches: vec![launch.clone(), launch] }
}
