//! What is known of executables once they are gone.

use crate::domain::fixtures::{fingerprint, revision};
use crate::domain::{BenchSummary, Digest, LinkSummary, Revision, SummaryFacts, Surroundings, UnitKind};

use super::super::{PruneRule, RawSamples, Received, Store};
use super::{add, begin, key};

fn bench(target: &str, executable: &str, parts: &[u64]) -> BenchSummary {
    let link = LinkSummary { besides: Digest::new("f"), nameless: Digest::new("n"), parts: parts.to_vec() };
    BenchSummary {
        package: "pkg".into(),
        target: target.into(),
        fingerprint: fingerprint(),
        executable: Digest::new(executable),
        facts: SummaryFacts {
            key: Digest::new("k"),
            unit: UnitKind::Bench,
            surroundings: Surroundings::default(),
            variables: Digest::new("v"),
            ids: vec!["a".into(), "🦀".into()],
        },
        link: (!parts.is_empty()).then_some(link),
    }
}

fn named(digit: char) -> Revision {
    Revision { label: String::new(), ..revision(digit) }
}

#[test]
fn what_is_kept_comes_back_the_newest_first() {
    let mut store = Store::in_memory().unwrap();
    let tree = revision('a').tree;
    let (first, second) = (begin(&mut store, "m", 1), begin(&mut store, "m", 2));
    store.keep_summaries(first, &named('a'), &[bench("one", "1", &[7, 9]), bench("two", "2", &[])]).unwrap();
    store.keep_summaries(second, &named('a'), &[bench("one", "3", &[8])]).unwrap();
    store.keep_summaries(second, &named('b'), &[bench("one", "1", &[])]).unwrap();
    let found = store.summaries(&tree).unwrap();
    assert_eq!(found, [bench("one", "3", &[8]), bench("one", "1", &[7, 9]), bench("two", "2", &[])]);
    // Two commits, one executable: what it was linked from is kept once, and known of both.
    assert_eq!(store.summaries(&revision('b').tree).unwrap(), [bench("one", "1", &[7, 9])]);
    assert_eq!(store.link_summary(&Digest::new("3")).unwrap(), bench("", "", &[8]).link);
    assert_eq!(store.link_summary(&Digest::new("2")).unwrap(), None);
    assert!(store.summaries(&revision('c').tree).unwrap().is_empty());
    store.check().unwrap();
}

#[test]
fn links_go_along_with_the_first_run_that_has_the_executable() {
    let mut from = Store::in_memory().unwrap();
    add(&mut from, 1, key('a'), 100.0);
    for (time, digit) in [(2, 'a'), (3, 'b')] {
        let run = begin(&mut from, "m", time);
        from.keep_summaries(run, &named(digit), &[bench("one", "1", &[7, 9])]).unwrap();
    }
    let mut to = Store::in_memory().unwrap();
    let sent = from.runs_to_send("place").unwrap();
    assert_eq!(sent.len(), 3, "runs that measured nothing are sent for what they built");
    let runs: Vec<_> =
        sent.iter().map(|uid| from.shared_run(*uid, RawSamples::Left, |_| None).unwrap()).collect();
    let links: Vec<bool> =
        runs.iter().flat_map(|run| &run.benches).map(|(_, one)| one.link.is_some()).collect();
    assert_eq!(links, [true, false]);
    for run in runs.iter().rev() {
        assert_eq!(to.receive(run, "place", "c").unwrap(), Received::New);
    }
    for digit in ['a', 'b'] {
        assert_eq!(to.summaries(&revision(digit).tree).unwrap(), [bench("one", "1", &[7, 9])]);
    }
}

#[test]
fn pruning_takes_them_along() {
    let mut store = Store::in_memory().unwrap();
    for (time, executable) in [(1, "1"), (9, "9")] {
        let run = begin(&mut store, "m", time);
        store.keep_summaries(run, &named('a'), &[bench("one", executable, &[7])]).unwrap();
    }
    store.prune(PruneRule { before_ms: 5, keep_newest: 1 }).unwrap();
    assert_eq!(store.summaries(&revision('a').tree).unwrap(), [bench("one", "9", &[7])]);
    assert_eq!(store.link_summary(&Digest::new("1")).unwrap(), None);
    store.check().unwrap();
}

#[test]
fn numbers_that_were_cut_off_are_damage() {
    let mut store = Store::in_memory().unwrap();
    let run = begin(&mut store, "m", 1);
    store.keep_summaries(run, &named('a'), &[bench("one", "1", &[7, 9])]).unwrap();
    store.connection().execute("UPDATE link_summary SET parts = substr(parts, 1, 8)", []).unwrap();
    let error = store.summaries(&revision('a').tree).unwrap_err();
    assert!(error.to_string().contains("cut off"), "{error}");
}
