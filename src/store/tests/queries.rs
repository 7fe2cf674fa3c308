//! What is asked of a store: baselines, neighbours, histories, the newest values.

use crate::domain::{BuildFingerprint, Digest, MachineKey, Measurement, MeasurementKey, Metric, Provenance};

use super::super::baseline::{BASELINE, neighbours};
use super::super::{SeriesFilter, Store};
use super::{add, begin, build, commit, facts, key, measurement};

fn dirty(commit_digit: char) -> MeasurementKey {
    let mut key = key(commit_digit);
    key.revision.dirty = true;
    key
}

fn on(machine: &str, key: MeasurementKey) -> MeasurementKey {
    MeasurementKey { machine: MachineKey::new(machine), ..key }
}

fn with_rustc(rustc: &str, key: MeasurementKey) -> MeasurementKey {
    MeasurementKey { build: BuildFingerprint { rustc: rustc.into(), ..build() }, ..key }
}

fn values(store: &Store, key: &MeasurementKey) -> Vec<f64> {
    let found = store.baseline_runs(&key.series(), &key.revision.commit).unwrap();
    found.iter().map(|found| found.value).collect()
}

#[test]
fn a_baseline_is_of_exactly_one_clean_commit_machine_and_build() {
    let mut store = Store::in_memory().unwrap();
    add(&mut store, 20, key('a'), 2.0);
    add(&mut store, 10, key('a'), 1.0);
    add(&mut store, 30, dirty('a'), 3.0);
    add(&mut store, 40, key('b'), 4.0);
    add(&mut store, 50, on("other", key('a')), 5.0);
    add(&mut store, 60, with_rustc("1.94.0", key('a')), 6.0);
    add(&mut store, 70, MeasurementKey { metric: Metric::PeakBytes, ..key('a') }, 7.0);
    let run = begin(&mut store, "m", 80);
    let mut emulated = measurement(key('a'), &[8.0]);
    emulated.provenance = Provenance::Emulated;
    store.record(run, &emulated).unwrap();

    assert_eq!(values(&store, &key('a')), [1.0, 2.0]);
    assert_eq!(values(&store, &key('b')), [4.0]);
    assert!(values(&store, &key('c')).is_empty());
    assert!(!store.has_measurement(&key('c').series(), &commit('c')).unwrap());
    assert!(store.has_measurement(&key('a').series(), &commit('a')).unwrap());

    let all = store.baseline_of_commit(&MachineKey::new("m"), &commit('a')).unwrap();
    assert_eq!(all.len(), 3);
    for (series, found) in &all {
        assert_eq!(*found, store.baseline_runs(series, &commit('a')).unwrap());
        assert!(!found.is_empty());
    }
    let measured = store.measured_series(&MachineKey::new("m"), &commit('a')).unwrap();
    assert!(measured.iter().eq(all.keys()));
}

#[test]
fn a_commit_of_which_only_a_dirty_tree_was_measured_has_no_baseline() {
    let mut store = Store::in_memory().unwrap();
    add(&mut store, 1, dirty('a'), 3.0);
    assert!(values(&store, &key('a')).is_empty());
    assert!(store.latest_by_architecture(SeriesFilter::default()).unwrap().is_empty());
    assert!(store.exportable().unwrap().is_empty());
    let shown = store.history(&key('a').benchmark, Metric::WallTime, SeriesFilter::default()).unwrap();
    assert!(shown[0].points[0].dirty);
}

#[test]
fn neighbours_are_the_newest_clean_ones_in_order_of_time() {
    let mut store = Store::in_memory().unwrap();
    for (time, digit, value) in [(3, 'c', 3.0), (1, 'a', 1.0), (2, 'b', 2.0), (5, 'c', 5.0)] {
        add(&mut store, time, key(digit), value);
    }
    add(&mut store, 4, dirty('c'), 4.0);
    let found = store.neighbour_values(&key('a').series(), 3).unwrap();
    let short: Vec<_> = found.iter().map(|point| (point.commit.clone(), point.found.value)).collect();
    assert_eq!(short, [(commit('b'), 2.0), (commit('c'), 3.0), (commit('c'), 5.0)]);
}

#[test]
fn histories_of_different_machines_and_builds_stay_apart() {
    let mut store = Store::in_memory().unwrap();
    add(&mut store, 1, key('a'), 1.0);
    add(&mut store, 2, dirty('b'), 2.0);
    add(&mut store, 3, on("other", key('a')), 3.0);
    add(&mut store, 4, with_rustc("1.94.0", key('a')), 4.0);
    let history = |filter| store.history(&key('a').benchmark, Metric::WallTime, filter).unwrap();
    let lengths = |filter| history(filter).iter().map(|one| one.points.len()).collect::<Vec<_>>();
    assert_eq!(lengths(SeriesFilter::default()), [2, 1, 1]);
    let other = MachineKey::new("other");
    assert_eq!(lengths(SeriesFilter { machine: Some(&other), ..SeriesFilter::default() }), [1]);
    assert!(lengths(SeriesFilter { arch: Some("aarch64"), ..SeriesFilter::default() }).is_empty());
    let target = Some("x86_64-unknown-linux-gnu");
    assert_eq!(lengths(SeriesFilter { target, ..SeriesFilter::default() }), [2, 1, 1]);
}

#[test]
fn the_newest_value_sums_up_all_runs_of_its_commit() {
    let mut store = Store::in_memory().unwrap();
    add(&mut store, 1, key('a'), 900.0);
    add(&mut store, 2, key('b'), 100.0);
    add(&mut store, 3, key('b'), 110.0);
    add(&mut store, 4, key('b'), 102.0);
    add(&mut store, 5, dirty('c'), 700.0);
    add(&mut store, 0, with_rustc("1.94.0", key('a')), 800.0);
    let latest = store.latest_by_architecture(SeriesFilter::default()).unwrap();
    let [one] = latest.as_slice() else { panic!("{latest:?}") };
    assert_eq!((&one.commit, one.value, one.started_ms), (&commit('b'), 102.0, 4));
    assert_eq!((one.runs, one.launches, one.arch.as_str()), (3, 3, "x86_64"));
    let expected = 1.4826 * 2.0 / 102.0;
    assert!((one.spread.unwrap() - expected).abs() < 1e-12);
    assert!((one.launch_spread.unwrap() - expected).abs() < 1e-12);
}

#[test]
fn other_builds_say_why_nothing_compares() {
    let mut store = Store::in_memory().unwrap();
    add(&mut store, 1, with_rustc("1.94.0", key('a')), 1.0);
    add(&mut store, 2, on("other", key('a')), 1.0);
    add(&mut store, 3, with_rustc("1.93.0", dirty('a')), 1.0);
    let found = store.other_builds_of(&commit('a'), &key('a').benchmark, Metric::WallTime).unwrap();
    let short: Vec<_> =
        found.iter().map(|(machine, build)| (machine.as_str(), build.rustc.as_str())).collect();
    assert_eq!(short, [("other", "1.95.0"), ("m", "1.94.0")]);
}

#[test]
fn machines_and_commits_are_listed() {
    let mut store = Store::in_memory().unwrap();
    add(&mut store, 1, on("b", key('a')), 1.0);
    add(&mut store, 2, on("a", key('a')), 1.0);
    add(&mut store, 3, on("a", key('a')), 1.0);
    assert_eq!(store.machines().unwrap(), [facts("a"), facts("b")]);
    let commits = store.commits().unwrap();
    let short: Vec<_> =
        commits.iter().map(|one| (one.machine.as_str(), one.runs, one.benchmarks, one.newest_ms)).collect();
    assert_eq!(short, [("a", 2, 1, 3), ("b", 1, 1, 1)]);
}

/// How `SQLite` goes about a query. It has no statistics of the data, so the plan is the same for every store.
fn plan(store: &Store, sql: &str) -> Vec<String> {
    let mut plan = store.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    plan.query_map((0, 0), |row| row.get(3)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_baseline_is_looked_up_by_commit_and_series_at_once() {
    let store = Store::in_memory().unwrap();
    let steps = plan(&store, BASELINE);
    let measurement = steps.iter().find(|step| step.contains("measurement")).unwrap();
    assert!(measurement.contains("revision=? AND series=?"), "{steps:?}");
    assert!(
        steps.iter().any(|step| step.contains("revision USING") && step.contains("commit_id=? AND dirty=?"))
    );
}

#[test]
fn neighbours_are_read_in_order_and_no_further_than_asked_for() {
    let store = Store::in_memory().unwrap();
    let steps = plan(&store, &neighbours());
    assert!(steps[0].contains("measurement_by_time (series=?)"), "{steps:?}");
    assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE") || step.starts_with("SCAN")), "{steps:?}");
}

#[test]
fn the_code_that_an_executable_executed_is_known_where_every_launch_told_the_same() {
    let mut store = Store::in_memory().unwrap();
    let counts = MeasurementKey { metric: Metric::Instructions, ..key('a') };
    let mut told = |started_ms, executable: &str, code: Option<&str>| {
        let run = begin(&mut store, "m", started_ms);
        let executable = Digest::new(executable);
        let code = code.map(Digest::new);
        let found =
            Measurement { executable: executable.clone(), code, ..measurement(counts.clone(), &[7.0]) };
        store.record(run, &found).unwrap();
        store.launches_of(&counts.series(), &executable).unwrap().code
    };
    assert_eq!(told(10, "same", Some("c")), Some(Digest::new("c")));
    assert_eq!(told(20, "same", Some("c")), Some(Digest::new("c")));
    assert_eq!(told(30, "other", Some("d")), Some(Digest::new("d")), "another executable is nothing to it");
    assert_eq!(told(40, "same", None), None, "nobody knows of this one");
    assert_eq!(told(50, "other", Some("e")), None, "it varies");
    assert_eq!(store.launches_of(&key('a').series(), &Digest::new("same")).unwrap().code, None);
}
