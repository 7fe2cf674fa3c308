//! Measurements and pairs come back as they were.

use proptest::prelude::*;

use crate::domain::{
    ComparisonId, Digest, Launch, LayoutSeed, MeasurementKey, Pair, PairedLaunch, Phase, Provenance, Sample,
    SampleSet, Schedule, Side, Sides,
};

use super::super::{NewComparison, Problem, Refusal, Store};
use super::{begin, commit, key, measurement, set};

pub(super) fn begin_comparison(
    store: &mut Store,
    started_ms: i64,
    keys: Sides<&MeasurementKey>,
    phase: Phase,
) -> ComparisonId {
    let run = begin(store, "m", started_ms);
    let (base, cand) = (Digest::new("base"), Digest::new("cand"));
    let executables = Sides { baseline: &base, candidate: &cand };
    let new = NewComparison { phase, keys, executables, provenance: Provenance::Native };
    store.begin_comparison(run, &new).unwrap()
}

pub(super) fn pair(index: u32, baseline: f64, candidate: f64) -> Pair {
    Pair {
        index,
        first: if index.is_multiple_of(2) { Side::Baseline } else { Side::Candidate },
        schedule: Schedule::Interleaved,
        cpu: Some(0),
        layout: None,
        slowdown: (index % 2 == 1).then_some(Sides { baseline: 1.25, candidate: 1.5 }),
        launches: Sides { baseline, candidate }
            .map(|value| PairedLaunch { samples: set(value), seconds: 0.25 }),
    }
}

fn any_set() -> impl Strategy<Value = SampleSet> {
    let total = prop_oneof![(0..1_u64 << 60).prop_map(|whole| whole as f64), prop::num::f64::POSITIVE];
    let sample = (1..u64::MAX, total).prop_filter_map("total", |(count, total)| Sample::new(count, total));
    prop::collection::vec(sample, 1..30).prop_map(|samples| SampleSet::new(samples).unwrap())
}

fn any_seconds() -> impl Strategy<Value = f64> {
    (0..u64::MAX).prop_map(|bits| bits as f64 / 1e9)
}

fn any_pair() -> impl Strategy<Value = Pair> {
    let launch =
        || (any_set(), any_seconds()).prop_map(|(samples, seconds)| PairedLaunch { samples, seconds });
    let first = prop_oneof![Just(Side::Baseline), Just(Side::Candidate)];
    let schedule = prop_oneof![Just(Schedule::Interleaved), Just(Schedule::Sequential)];
    let cpu = prop::option::of(any::<u32>());
    let layout = prop::option::of(any::<u64>().prop_map(LayoutSeed));
    let times = (prop::num::f64::POSITIVE, prop::num::f64::POSITIVE);
    let slowdown = prop::option::of(times.prop_map(|(baseline, candidate)| Sides { baseline, candidate }));
    let parts = (first, schedule, cpu, layout, slowdown, launch(), launch());
    parts.prop_map(|(first, schedule, cpu, layout, slowdown, baseline, candidate)| Pair {
        index: 0,
        first,
        schedule,
        cpu,
        layout,
        slowdown,
        launches: Sides { baseline, candidate },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn pairs_come_back_to_the_last_bit(pairs in prop::collection::vec(any_pair(), 1..6)) {
        let mut store = Store::in_memory().unwrap();
        let (base, cand) = (key('a'), key('b'));
        let keys = Sides { baseline: &base, candidate: &cand };
        let comparison = begin_comparison(&mut store, 1, keys, Phase::Measurement);
        let pairs: Vec<Pair> = pairs.into_iter().zip(0..).map(|(pair, index)| Pair { index, ..pair }).collect();
        for pair in &pairs {
            store.append_pair(comparison, pair).unwrap();
        }
        prop_assert_eq!(store.pairs(comparison).unwrap(), pairs);
    }

    #[test]
    fn a_measurement_comes_back_to_the_last_bit(
        launches in prop::collection::vec((any_set(), prop::option::of(any::<u32>()), any_seconds()), 1..6)
    ) {
        let mut store = Store::in_memory().unwrap();
        let run = begin(&mut store, "m", 1);
        let mut new = measurement(key('a'), &[]);
        new.launches =
            launches.into_iter().map(|(samples, cpu, seconds)| Launch { samples, cpu, seconds }).collect();
        let id = store.record(run, &new).unwrap();
        prop_assert_eq!(&store.launches(id).unwrap(), &new.launches);
        let found = store.baseline_runs(&key('a').series(), &commit('a')).unwrap();
        prop_assert_eq!(Some(found[0].value), new.summary());
        prop_assert_eq!(found[0].launches as usize, new.launches.len());
    }
}

#[test]
fn both_sides_of_every_pair_are_seen_by_history() {
    let mut store = Store::in_memory().unwrap();
    let (base, cand) = (key('a'), key('b'));
    let keys = Sides { baseline: &base, candidate: &cand };
    let comparison = begin_comparison(&mut store, 1, keys, Phase::Remeasurement);
    for (index, (b, c)) in (0..).zip([(100.0, 200.0), (110.0, 210.0), (150.0, 250.0)]) {
        store.append_pair(comparison, &pair(index, b, c)).unwrap();
    }
    for (commit_digit, value) in [('a', 110.0), ('b', 210.0)] {
        let found = store.baseline_runs(&base.series(), &commit(commit_digit)).unwrap();
        assert_eq!((found.len(), found[0].value, found[0].launches), (1, value, 3));
    }
}

#[test]
fn plain_and_paired_launches_of_an_run_are_one_measurement() {
    let mut store = Store::in_memory().unwrap();
    let (base, cand) = (key('a'), key('b'));
    let run = begin(&mut store, "m", 1);
    let first = store.record(run, &measurement(cand.clone(), &[300.0])).unwrap();
    let digest = Digest::new("d");
    let new = NewComparison {
        phase: Phase::Measurement,
        keys: Sides { baseline: &base, candidate: &cand },
        executables: Sides { baseline: &digest, candidate: &digest },
        provenance: Provenance::Native,
    };
    let comparison = store.begin_comparison(run, &new).unwrap();
    store.append_pair(comparison, &pair(0, 100.0, 200.0)).unwrap();
    assert_eq!(store.record(run, &measurement(cand.clone(), &[700.0])).unwrap(), first);
    let found = store.baseline_runs(&cand.series(), &commit('b')).unwrap();
    assert_eq!((found.len(), found[0].value, found[0].launches), (1, 300.0, 3));
}

#[test]
fn an_aa_test_adds_both_launches_to_one_measurement() {
    let mut store = Store::in_memory().unwrap();
    let same = key('a');
    let keys = Sides { baseline: &same, candidate: &same };
    let comparison = begin_comparison(&mut store, 1, keys, Phase::AaTest);
    store.append_pair(comparison, &pair(0, 100.0, 102.0)).unwrap();
    assert_eq!(store.pairs(comparison).unwrap(), [pair(0, 100.0, 102.0)]);
    let found = store.baseline_runs(&same.series(), &commit('a')).unwrap();
    assert_eq!((found.len(), found[0].value, found[0].launches), (1, 101.0, 2));
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    let mut store = Store::in_memory().unwrap();
    let run = begin(&mut store, "m", 1);
    let refusal = |error: super::super::StoreError| match error.problem {
        Problem::Refused(refusal) => refusal,
        other => panic!("{other}"),
    };
    let nothing = measurement(key('a'), &[]);
    assert_eq!(refusal(store.record(run, &nothing).unwrap_err()), Refusal::NoLaunches);
    let mut elsewhere = measurement(key('a'), &[1.0]);
    elsewhere.key.machine = crate::domain::MachineKey::new("other");
    assert!(matches!(refusal(store.record(run, &elsewhere).unwrap_err()), Refusal::WrongMachine { .. }));
    let mut endless = measurement(key('a'), &[1.0, 2.0]);
    endless.launches[1].seconds = f64::NAN;
    assert!(matches!(refusal(store.record(run, &endless).unwrap_err()), Refusal::NotANumber(_)));
    let unknown = crate::domain::RunId(99);
    let error = store.record(unknown, &measurement(key('a'), &[1.0])).unwrap_err();
    assert_eq!(refusal(error), Refusal::UnknownRun(unknown));
    assert!(store.commits().unwrap().is_empty());

    let same = key('a');
    let keys = Sides { baseline: &same, candidate: &same };
    let comparison = begin_comparison(&mut store, 1, keys, Phase::Claim);
    store.append_pair(comparison, &pair(0, 1.0, 2.0)).unwrap();
    let twice = store.append_pair(comparison, &pair(0, 3.0, 4.0)).unwrap_err();
    assert_eq!(refusal(twice), Refusal::PairTwice(0));
    assert_eq!(store.pairs(comparison).unwrap(), [pair(0, 1.0, 2.0)]);
}
