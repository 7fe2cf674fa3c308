//! Acceptances over hand-made outcomes.

use std::collections::BTreeMap;

use super::*;

fn acceptance(file: &str, pattern: &str, metric: Metric, up_to: &str) -> Acceptance {
    Acceptance {
        source: AcceptanceSource::of_name(file),
        benchmarks: vec![pattern.to_owned()],
        up_to: BTreeMap::from([(metric, Limit::parse(up_to, metric).unwrap())]),
        arch: Vec::new(),
        reason: format!("because of {file}"),
    }
}

fn slower(id: &str, baseline: f64, candidate: f64) -> BenchmarkOutcome {
    let metric = Metric::WallTime;
    let mut found = BenchmarkOutcome::new(BenchmarkName::new("p", "t", id), "x86_64");
    let bare = MetricOutcome::without_figures(
        metric,
        Limit::default_for(metric),
        Verdict::Regressed,
        Reason::Stored,
    );
    let change = Some(candidate / baseline - 1.0);
    found.add(MetricOutcome {
        baseline: Some(baseline),
        candidate: Some(candidate),
        change,
        reason: None,
        ..bare
    });
    found
}

/// Whether a wall time of 100 ns that became `candidate` is accepted, by what, and what became of each acceptance.
fn accepted(all: &[Acceptance], candidate: f64) -> (Option<Accepted>, Vec<AcceptanceUse>) {
    let mut found = [slower("a[1]", 100.0, candidate)];
    let uses = accept(all, &mut found).into_iter().map(|outcome| outcome.came_to).collect();
    assert_eq!(found[0].verdict(), Verdict::Regressed, "the verdict stays");
    assert_eq!(found[0].is_accepted(), found[0].metrics[0].accepted.is_some());
    (found[0].metrics[0].accepted.clone(), uses)
}

const TIME: Metric = Metric::WallTime;

#[test]
fn a_regression_is_accepted_up_to_its_bound_and_not_beyond() {
    let all = [acceptance("a.toml", "p::t::*", TIME, "25%")];
    let (by, uses) = accepted(&all, 125.0);
    let by = by.unwrap();
    assert_eq!((by.file.as_str(), by.reason.as_str()), ("a.toml", "because of a.toml"));
    assert_eq!((by.up_to.display(TIME), uses), ("25%".to_owned(), vec![AcceptanceUse::Used]));

    let mut found = [slower("a", 100.0, 125.1)];
    assert_eq!(accept(&all, &mut found)[0].came_to, AcceptanceUse::Exceeded);
    assert!(found[0].fails());
    let reason = Reason::AboveAccepted { file: "a.toml".into(), up_to: "25%".into() };
    assert_eq!(found[0].metrics[0].reason, Some(reason));
}

#[test]
fn acceptances_multiply() {
    let all = [acceptance("a.toml", "p::*", TIME, "25%"), acceptance("b.toml", "p::t::a[1]", TIME, "20%")];
    let (by, uses) = accepted(&all, 150.0);
    let by = by.unwrap();
    assert_eq!((by.file.as_str(), by.up_to.display(TIME)), ("a.toml, b.toml", "50%".to_owned()));
    assert_eq!(uses, [AcceptanceUse::Used; 2]);
    assert_eq!(accepted(&all, 150.1).0, None);
    // Counts from nothing have no fraction: they add.
    let allocations = Metric::Allocations;
    let all = [acceptance("a.toml", "*", allocations, "1"), acceptance("b.toml", "*", allocations, "2")];
    let name = BenchmarkName::new("p", "t", "x");
    let (by, ceiling) = Acceptances::new(&all).ceiling(&name, "x86_64", allocations, 0.0).unwrap();
    assert_eq!((by.up_to.display(allocations), ceiling.to_bits()), ("3".to_owned(), 3.0_f64.to_bits()));
}

#[test]
fn flags_beat_files_and_the_last_flag_beats_the_others() {
    let flag = |up_to: &str| acceptance("--accept", "p::*", TIME, up_to);
    let all = [acceptance("a.toml", "p::*", TIME, "50%"), flag("40%"), flag("10%")];
    let (by, uses) = accepted(&all, 130.0);
    assert_eq!((by, uses[2]), (None, AcceptanceUse::Exceeded));
    assert_eq!(accepted(&all[..2], 130.0).0.unwrap().file, "--accept");
}

#[test]
fn only_what_is_named_is_accepted() {
    for other in [
        acceptance("a.toml", "p::t::b*", TIME, "90%"),
        acceptance("a.toml", "p::t::*", Metric::Instructions, "90%"),
        Acceptance { arch: vec!["aarch64".into()], ..acceptance("a.toml", "*", TIME, "90%") },
    ] {
        assert_eq!(accepted(&[other], 110.0).0, None);
    }
    let here = Acceptance { arch: vec!["x86_64".into()], ..acceptance("a.toml", "*", TIME, "90%") };
    assert!(accepted(&[here], 110.0).0.is_some());
    // Brackets in a name are no wildcard.
    assert!(accepted(&[acceptance("a.toml", "p::t::a[1]", TIME, "90%")], 110.0).0.is_some());
}

#[test]
fn an_acceptance_lifts_no_cap() {
    let all = [acceptance("a.toml", "*", TIME, "90%")];
    let mut found = [slower("a", 100.0, 110.0)];
    found[0].metrics[0].reason = Some(Reason::AboveCap(105.0));
    assert_eq!(accept(&all, &mut found)[0].came_to, AcceptanceUse::Exceeded);
    assert!(found[0].fails());
}

#[test]
fn what_accepts_nothing_is_a_note() {
    let all = [acceptance("a.toml", "q::*", TIME, "9%"), acceptance("b.toml", "p::*", TIME, "9%")];
    let mut found = [slower("a", 100.0, 110.0)];
    found[0].metrics[0].verdict = Verdict::Unchanged;
    let outcomes = accept(&all, &mut found);
    let told: Vec<Note> = notes(&outcomes).collect();
    let note = |file: &str, matched| Note::UnusedAcceptance { file: file.to_owned(), matched };
    assert_eq!(told, [note("a.toml", false), note("b.toml", true)]);
}

#[test]
fn a_pattern_that_is_neither_a_glob_nor_a_name_is_refused() {
    assert!(check_patterns(&["p::*".into(), "p::t::a[".into()]).is_ok());
    let error = check_patterns(&["p::[".into()]).unwrap_err().to_string();
    assert!(error.contains("p::["), "{error}");
}

#[test]
fn what_raises_a_limit_of_creep_that_is_needed_is_used() {
    let all = [
        acceptance("a.toml", "p::t::*", TIME, "5%"),
        acceptance("b.toml", "p::t::*", Metric::Instructions, "5%"),
        acceptance("c.toml", "p::other::*", TIME, "5%"),
    ];
    let mut found = [BenchmarkOutcome::new(BenchmarkName::new("p", "t", "a"), "x86_64")];
    let mut outcomes = accept(&all, &mut found);
    let uses = |outcomes: &[AcceptanceOutcome]| outcomes.iter().map(|one| one.came_to).collect::<Vec<_>>();
    raise(&mut outcomes, &[]);
    let unneeded = [AcceptanceUse::Unneeded, AcceptanceUse::Unneeded, AcceptanceUse::Unmatched];
    assert_eq!(uses(&outcomes), unneeded);
    raise(&mut outcomes, &[(found[0].name.clone(), "x86_64".to_owned(), TIME)]);
    assert_eq!(uses(&outcomes), [AcceptanceUse::Used, unneeded[1], unneeded[2]]);
    assert_eq!(notes(&outcomes).count(), 2);
}
