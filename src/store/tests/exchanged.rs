//! Runs that are sent and received.

use crate::domain::{ComparisonId, Launch, Metric, Pair, Phase, RunUid, Sample, SampleSet, Sides};

use super::super::{PruneRule, RawSamples, Received, Store};
use super::pairs::{begin_comparison, pair};
use super::{add, begin, commit, key, measurement};

const PLACE: &str = "git-0";

fn ratio(pair: &Pair) -> Option<f64> {
    let sides = pair.launches.as_ref().map(|launch| launch.samples.median());
    (sides.baseline > 0.0).then(|| (sides.candidate / sides.baseline).ln())
}

/// A store with times, counts and pairs, each in a run of its own.
fn measured() -> Store {
    let mut store = Store::in_memory().unwrap();
    add(&mut store, 1, key('a'), 100.0);
    let counts = crate::domain::MeasurementKey { metric: Metric::Instructions, ..key('a') };
    let run = begin(&mut store, "m", 2);
    let exact = SampleSet::new(vec![Sample::new(7, 700.0).unwrap()]).unwrap();
    let mut counted = measurement(counts, &[]);
    counted.launches = vec![Launch { samples: exact, cpu: None, seconds: 1.0 }];
    store.record(run, &counted).unwrap();
    let keys = Sides { baseline: key('a'), candidate: key('b') };
    let comparison = begin_comparison(&mut store, 3, keys.as_ref(), Phase::Measurement);
    for index in 0..3 {
        store.append_pair(comparison, &pair(index, 100.0, 110.0)).unwrap();
    }
    store
}

fn uids(store: &Store) -> Vec<RunUid> {
    store.runs_to_send(PLACE).unwrap()
}

#[test]
fn what_one_store_sends_another_receives_to_the_last_bit() {
    let from = measured();
    for samples in [RawSamples::Left, RawSamples::Sent] {
        let mut to = Store::in_memory().unwrap();
        for uid in uids(&from) {
            let run = from.shared_run(uid, samples, ratio).unwrap();
            assert_eq!(to.receive(&run, PLACE, "c").unwrap(), Received::New);
            assert_eq!(to.receive(&run, PLACE, "c").unwrap(), Received::Known);
            assert_eq!(to.shared_run(uid, samples, ratio).unwrap(), run);
        }
        let values = |store: &Store| {
            let found = store.baseline_runs(&key('a').series(), &commit('a')).unwrap();
            found
                .iter()
                .map(|found| (found.started_ms, found.value.to_bits(), found.launches))
                .collect::<Vec<_>>()
        };
        assert_eq!(values(&to), values(&from));
        assert_eq!(values(&to).len(), 2);
        assert_eq!(uids(&to), [], "what was received is not sent on");
        assert_eq!(to.comparisons().unwrap().len(), 1);
    }
}

#[test]
fn pairs_keep_what_they_came_to() {
    let from = measured();
    let uid = uids(&from)[2];
    let run = from.shared_run(uid, RawSamples::Left, ratio).unwrap();
    let ratios: Vec<f64> = run.comparisons[0].pairs.iter().map(|pair| pair.log_ratio).collect();
    assert!(
        ratios.len() == 3 && ratios.iter().all(|ratio| (ratio - 1.1_f64.ln()).abs() < 1e-12),
        "{ratios:?}"
    );
    assert_eq!(run.comparisons[0].measurements, Sides { baseline: 0, candidate: 1 });
    assert!(run.measurements.iter().flat_map(|found| &found.launches).all(|launch| launch.samples.is_none()));
}

#[test]
fn counts_of_others_serve_and_medians_are_no_samples() {
    let from = measured();
    let mut to = Store::in_memory().unwrap();
    for uid in uids(&from) {
        to.receive(&from.shared_run(uid, RawSamples::Left, ratio).unwrap(), PLACE, "c").unwrap();
    }
    let executable = crate::domain::Digest::new("d");
    let counts = crate::domain::MeasurementKey { metric: Metric::Instructions, ..key('a') };
    let found = to.launches_of(&counts.series(), &executable).unwrap().launches;
    assert_eq!(
        found.iter().map(|launch| launch.samples.samples().to_vec()).collect::<Vec<_>>(),
        [[Sample::new(7, 700.0).unwrap()]]
    );
    assert_eq!(to.launches_of(&key('a').series(), &executable).unwrap().launches.len(), 0);
    assert_eq!(from.launches_of(&key('a').series(), &executable).unwrap().launches.len(), 1);
}

#[test]
fn another_content_of_a_known_run_changes_nothing() {
    let mut store = measured();
    let uid = uids(&store)[0];
    let mut other = store.shared_run(uid, RawSamples::Left, ratio).unwrap();
    other.measurements[0].launches[0].median = 1.0;
    assert_eq!(store.receive(&other, PLACE, "c").unwrap(), Received::Known);
    let kept = store.shared_run(uid, RawSamples::Left, ratio).unwrap();
    assert!((kept.measurements[0].launches[0].median - 100.0).abs() < 1e-9);
    assert_eq!(uids(&store).len(), 2, "it is there, so it is not sent again");
}

#[test]
fn what_was_pruned_does_not_come_back() {
    let from = measured();
    let runs: Vec<_> =
        uids(&from).into_iter().map(|uid| from.shared_run(uid, RawSamples::Left, ratio).unwrap()).collect();
    let mut to = Store::in_memory().unwrap();
    for run in &runs {
        to.receive(run, PLACE, "c").unwrap();
    }
    let kept = to.prune(PruneRule { before_ms: 0, keep_newest: 0 }).unwrap();
    assert_eq!((kept.runs, to.comparisons().unwrap().len()), (0, 1), "nothing is old");
    let kept = to.prune(PruneRule { before_ms: 100, keep_newest: 9 }).unwrap();
    assert_eq!((kept.runs, to.comparisons().unwrap().len()), (0, 1), "pairs of what is kept are kept");
    let pruned = to.prune(PruneRule { before_ms: 100, keep_newest: 0 }).unwrap();
    assert_eq!((pruned.runs, to.comparisons().unwrap().len()), (3, 0));
    for run in &runs {
        assert_eq!(to.receive(run, "dir:/elsewhere", "c").unwrap(), Received::Pruned);
    }
    assert_eq!(to.benchmarks().unwrap().len(), 0);
}

#[test]
fn each_place_is_sent_what_it_does_not_have() {
    let mut store = measured();
    let all = uids(&store);
    store.note_sent(PLACE, &[(all[0], "c".into())]).unwrap();
    assert_eq!(uids(&store), all[1..]);
    assert_eq!(store.runs_to_send("dir:/x").unwrap(), all);
    assert_eq!(store.exchanged(PLACE).unwrap()[&all[0]], "c");
}

#[test]
fn steps_between_commits_are_known_here_and_where_they_were_sent() {
    let from = measured();
    let mut to = Store::in_memory().unwrap();
    for uid in uids(&from) {
        to.receive(&from.shared_run(uid, RawSamples::Left, ratio).unwrap(), PLACE, "c").unwrap();
    }
    let machine = crate::domain::MachineKey::new("m");
    let step = (commit('a'), commit('b'));
    for store in [&from, &to] {
        let found = store.step_ratios(&machine, &[step.clone()].into()).unwrap();
        assert_eq!((found.len(), found[0].log_ratios.len()), (1, 3));
        assert!(found[0].log_ratios.iter().all(|ratio| (ratio - 1.1_f64.ln()).abs() < 1e-12), "{found:?}");
        let backwards = (step.1.clone(), step.0.clone());
        assert_eq!(store.step_ratios(&machine, &[backwards].into()).unwrap(), []);
        let other = crate::domain::MachineKey::new("other");
        assert_eq!(store.step_ratios(&other, &[step.clone()].into()).unwrap(), []);
    }
}

#[test]
fn pairs_that_were_taken_up_count_once_here_and_where_they_were_sent() {
    let mut from = measured();
    let keys = Sides { baseline: key('a'), candidate: key('b') };
    let later = begin_comparison(&mut from, 4, keys.as_ref(), Phase::Measurement);
    assert_eq!(from.take_up_pairs(later, true).unwrap(), 0, "in the layout of the build");
    assert_eq!(from.take_up_pairs(later, false).unwrap(), 3);
    let earlier = from.pairs(ComparisonId(later.0 - 1)).unwrap();
    assert_eq!(from.pairs(later).unwrap(), earlier, "with all that is known of them");
    for index in 3..5 {
        from.append_pair(later, &pair(index, 100.0, 110.0)).unwrap();
    }
    assert_eq!(from.pairs(later).unwrap().len(), 5);
    let again = begin_comparison(&mut from, 5, keys.as_ref(), Phase::Measurement);
    assert_eq!(from.take_up_pairs(again, false).unwrap(), 5, "the newest has them all");
    let other = begin_comparison(&mut from, 6, keys.as_ref(), Phase::Remeasurement);
    assert_eq!(from.take_up_pairs(other, false).unwrap(), 0, "measured for something else");
    let turned = Sides { baseline: key('b'), candidate: key('a') };
    let turned = begin_comparison(&mut from, 7, turned.as_ref(), Phase::Measurement);
    assert_eq!(from.take_up_pairs(turned, false).unwrap(), 0);
    let mut to = Store::in_memory().unwrap();
    for uid in uids(&from) {
        to.receive(&from.shared_run(uid, RawSamples::Left, ratio).unwrap(), PLACE, "c").unwrap();
    }
    for store in [&from, &to] {
        let machine = crate::domain::MachineKey::new("m");
        let found = store.step_ratios(&machine, &[(commit('a'), commit('b'))].into()).unwrap();
        assert_eq!(found.iter().map(|step| step.log_ratios.len()).sum::<usize>(), 5, "{found:?}");
    }
}
