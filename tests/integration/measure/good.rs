//! Real Criterion benches.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use perfguard::domain::{Schedule, Side, Sides, Throughput, WorkUnit};
use perfguard::measure::runner::Runner;
use perfguard::measure::sequential::Sequential;

use super::zoo;

#[test]
fn every_name_is_listed_exactly_and_each_can_be_measured_alone() {
    let (mut runner, bench) = (zoo::runner(), zoo::newest("names"));
    let names = zoo::names(&mut runner, &bench);
    assert_eq!(names, zoo::expected_names());
    for name in names {
        let samples =
            zoo::measure(&mut runner, &bench, &name).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert_eq!(samples.len(), 12, "{name}");
        assert!(samples.per_iteration().all(|time| time > 0.0), "{name}");
    }
}

#[test]
fn what_a_bench_declares_of_its_work_is_listed() {
    let listed = zoo::runner().list(&zoo::newest("names")).unwrap();
    let declaring: Vec<(&str, &[Throughput])> = listed
        .iter()
        .filter(|one| !one.throughput.is_empty())
        .map(|one| (one.id.as_str(), one.throughput.as_slice()))
        .collect();
    let (elements, bytes) = (
        Throughput { unit: WorkUnit::Elements, amount: 100 },
        Throughput { unit: WorkUnit::Bytes, amount: 800 },
    );
    let expected = [
        ("a group with spaces/-starts with a dash", &[elements][..]),
        ("a group with spaces/m.e*t+a(c)h[a]r{s}^and$|more\\", &[bytes]),
    ];
    assert_eq!(declaring, expected);
}

#[test]
fn listing_runs_no_routine() {
    // The routines of this bench panic, exit and hang.
    let names = zoo::names(&mut zoo::runner(), &zoo::newest("trouble"));
    assert_eq!(names[..3], ["fine", "panics", "takes no time"]);
}

#[test]
fn the_version_is_the_one_that_greets_whatever_the_fingerprint_says() {
    let mut bench = zoo::newest("names");
    bench.fingerprint.instrument = "criterion 0.8.2 (git)".parse().unwrap();
    assert_eq!(zoo::runner().version(&bench).unwrap().to_string(), zoo::NEWEST);
}

#[test]
fn a_pair_runs_in_the_order_asked_for_with_its_own_home_current() {
    let visited = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&visited);
    let mut runner = Sequential::new(Box::new(move |home: &Path| {
        log.borrow_mut().push(home.to_owned());
        Ok(())
    }))
    .unwrap();
    let mut benches = Sides::from_fn(|_| zoo::newest("names"));
    benches.candidate.home = "/home/of/another".into();
    for side in Side::BOTH {
        runner.list(benches.get(side)).unwrap();
    }
    for first in Side::BOTH {
        visited.borrow_mut().clear();
        let ids = Sides { baseline: "plain", candidate: "plain longer" };
        let pair = runner.pair(benches.as_ref(), ids, 7, first, &zoo::quick()).unwrap();
        assert_eq!((pair.index, pair.first, pair.schedule), (7, first, Schedule::Sequential));
        assert!(pair.seconds() > 0.0);
        let homes: Vec<PathBuf> = [first, first.other()].map(|side| benches.get(side).home.clone()).to_vec();
        assert_eq!(*visited.borrow(), homes);
    }
}

#[test]
fn a_pair_tells_which_side_failed() {
    let benches = Sides::from_fn(|_| zoo::newest("trouble"));
    let ids = Sides { baseline: "fine", candidate: "panics" };
    let (side, _) = zoo::runner().pair(benches.as_ref(), ids, 0, Side::Baseline, &zoo::quick()).unwrap_err();
    assert_eq!(side, Side::Candidate);
}
