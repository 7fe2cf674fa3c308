//! Full disks, and giving space back.

use std::fs;

use crate::domain::{Phase, Sides};

use super::super::{Problem, PruneRule, Pruned, Store};
use super::pairs::{begin_comparison, pair};
use super::{add, begin, commit, key, measurement};

#[test]
fn a_full_disk_keeps_what_was_stored_before() {
    let mut store = Store::in_memory().unwrap();
    let pages: i64 = store.connection().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection().pragma_update(None, "max_page_count", pages + 4).unwrap();
    let values = [100.0; 50];
    let mut stored = 0;
    let error = loop {
        let run = begin(&mut store, "m", stored);
        match store.record(run, &measurement(key('a'), &values)) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1000, "the limit was never reached");
    };
    assert!(matches!(error.problem(), Problem::Full), "{error}");
    assert!(error.hint().unwrap().contains("free some space"));
    let found = store.baseline_runs(&key('a').series(), &commit('a')).unwrap();
    assert_eq!(found.len(), usize::try_from(stored).unwrap());
    assert!(stored > 0 && found.iter().all(|found| found.launches == 50));
    store.connection().pragma_update(None, "max_page_count", pages + 400).unwrap();
    add(&mut store, stored, key('a'), 100.0);
}

#[test]
fn pruning_keeps_the_newest_of_every_series() {
    let mut store = Store::in_memory().unwrap();
    for time in 1..=5 {
        add(&mut store, time, key('a'), 1.0);
    }
    let rare = crate::domain::MeasurementKey { metric: crate::domain::Metric::Allocations, ..key('a') };
    add(&mut store, 1, rare.clone(), 1.0);
    let pruned = store.prune(PruneRule { before_ms: 5, keep_newest: 2 }).unwrap();
    assert_eq!(pruned, Pruned { measurements: 3, launches: 3, runs: 3 });
    let times = |key: &crate::domain::MeasurementKey| -> Vec<i64> {
        let found = store.baseline_runs(&key.series(), &commit('a')).unwrap();
        found.iter().map(|found| found.started_ms).collect()
    };
    assert_eq!(times(&key('a')), [4, 5]);
    assert_eq!(times(&rare), [1]);
    store.check().unwrap();
}

#[test]
fn pruning_leaves_a_run_that_just_began_alone() {
    let mut store = Store::in_memory().unwrap();
    let (base, cand) = (key('a'), key('b'));
    let keys = Sides { baseline: &base, candidate: &cand };
    let old = begin_comparison(&mut store, 1, keys, Phase::Measurement);
    store.append_pair(old, &pair(0, 1.0, 2.0)).unwrap();
    let begun = begin_comparison(&mut store, 9, keys, Phase::Measurement);
    let pruned = store.prune(PruneRule { before_ms: 9, keep_newest: 0 }).unwrap();
    assert_eq!(pruned, Pruned { measurements: 2, launches: 2, runs: 1 });
    assert!(store.pairs(old).unwrap().is_empty());
    store.append_pair(begun, &pair(0, 1.0, 2.0)).unwrap();
    assert_eq!(store.pairs(begun).unwrap(), [pair(0, 1.0, 2.0)]);
}

#[test]
fn pruning_gives_the_space_back() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("store.db");
    let mut store = Store::open(&path).unwrap();
    for time in 0..40 {
        let run = begin(&mut store, "m", time);
        store.record(run, &measurement(key('a'), &[100.0; 100])).unwrap();
    }
    let size = |store: &Store| {
        store.connection().pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
        fs::metadata(store.path()).unwrap().len()
    };
    let before = size(&store);
    store.prune(PruneRule { before_ms: 100, keep_newest: 1 }).unwrap();
    let after = size(&store);
    assert!(after < before / 2, "{before} bytes became {after}");
}
