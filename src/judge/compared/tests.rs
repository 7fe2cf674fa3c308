//! Every outcome from made-up evidence.

use super::super::fixtures::{ALL, both, build, counts, drawn, measured, rules, same_code};
use super::*;
use crate::domain::{
    AaControl, AaTest, BenchmarkName, CountKind, Failure, HistoryCheck, HistoryEvidence, Limit, Method,
    OutputDifference, ReachUse, Side, Simulated, TopFunction,
};
use crate::judge::aa;
use crate::judge::{Limits, Policy};

const TIME: [Metric; 1] = [Metric::WallTime];

fn judged(evidence: &BenchmarkEvidence) -> BenchmarkOutcome {
    compared(evidence, None, &rules(&Policy::new(), &TIME, Some(20)))
}

fn outcome_of(evidence: &BenchmarkEvidence) -> (Verdict, Option<&'static str>) {
    let found = judged(evidence);
    let code = found.metrics[0].reason.as_ref().map(|reason| &*reason.code().to_owned().leak());
    (found.verdict(), code)
}

fn timed(first: &[f64], again: Option<&[f64]>) -> BenchmarkEvidence {
    BenchmarkEvidence { pairs: Some(measured(first)), remeasured: again.map(measured), ..both() }
}

fn failure() -> Failure {
    Failure { message: "it exited with code 3".into(), ..Failure::default() }
}

#[test]
fn where_it_is_found_may_be_all_there_is_to_say() {
    let named = |presence| BenchmarkEvidence::new(BenchmarkName::new("p", "t", "b"), presence);
    let only = |side| named(Presence::Only(side, Box::new(build("1"))));
    assert_eq!(outcome_of(&only(Side::Candidate)), (Verdict::New, Some("only-on-candidate")));
    assert_eq!(outcome_of(&only(Side::Baseline)), (Verdict::Missing, Some("only-on-baseline")));
    let unlisted = named(Presence::Unlisted(Side::Baseline, Box::new(build("1")), failure()));
    assert_eq!(outcome_of(&unlisted), (Verdict::Failed, Some("cannot-list")));
    let same = Sides { baseline: build("1"), candidate: build("1") };
    let same = named(Presence::Both(Box::new(same)));
    assert_eq!(outcome_of(&same), (Verdict::Unchanged, Some("identical-executables")));
}

#[test]
fn what_no_comparison_can_bridge_is_not_compared() {
    let with = |change: &dyn Fn(&mut SideBuild)| {
        let mut builds = Sides { baseline: build("1"), candidate: build("2") };
        change(&mut builds.candidate);
        let presence = Presence::Both(Box::new(builds));
        BenchmarkEvidence { presence, ..timed(&[0.3; 20], Some(&[0.3; 8])) }
    };
    let target = with(&|build| build.fingerprint.target = "aarch64-unknown-linux-gnu".into());
    assert_eq!(outcome_of(&target), (Verdict::NotComparable, Some("builds-differ")));
    let library = with(&|build| build.fingerprint.instrument.library = "divan".into());
    let found = judged(&library);
    assert_eq!(found.verdict(), Verdict::NotComparable);
    assert!(
        matches!(&found.metrics[0].reason, Some(Reason::BuildsDiffer(differences))
            if differences[0].values.baseline.starts_with("criterion ") && differences[0].values.candidate.starts_with("divan ")),
        "{found:?}"
    );
    // What a commit may change is measured, and named first among the causes.
    let flags = with(&|build| build.fingerprint.rustflags = "-Ctarget-cpu=native".into());
    let found = judged(&flags);
    assert_eq!(found.verdict(), Verdict::Regressed);
    assert!(matches!(&found.causes[0], Cause::Build(difference) if difference.field == "rustflags"));
}

#[test]
fn under_an_emulator_counts_are_judged_and_time_is_not() {
    let mut evidence = BenchmarkEvidence {
        allocations: Some(Sides {
            baseline: counts(CountKind::Allocations, &[3.0, 3.0], "a"),
            candidate: counts(CountKind::Allocations, &[4.0, 4.0], "b"),
        }),
        ..timed(&[0.3; 20], Some(&[0.3; 8]))
    };
    let Presence::Both(builds) = &mut evidence.presence else { unreachable!() };
    builds.candidate.provenance = Provenance::Emulated;
    assert_eq!(outcome_of(&evidence), (Verdict::NotComparable, Some("emulated")));
    let policy = Policy::new();
    let found = compared(&evidence, None, &rules(&policy, &ALL, Some(1)));
    let of = |metric| found.metrics.iter().find(|found| found.metric == metric);
    assert_eq!(of(Metric::Allocations).unwrap().verdict, Verdict::Regressed);
    assert_eq!(of(Metric::WallTime).unwrap().reason, Some(Reason::Emulated));
}

#[test]
fn only_what_is_slower_twice_has_regressed() {
    assert_eq!(outcome_of(&timed(&[0.3; 20], Some(&[0.3; 8]))), (Verdict::Regressed, None));
    assert_eq!(outcome_of(&timed(&[0.3; 20], None)), (Verdict::Inconclusive, Some("repeat-outstanding")));
    assert_eq!(
        outcome_of(&timed(&[0.3; 20], Some(&[0.0; 8]))),
        (Verdict::Inconclusive, Some("not-repeated"))
    );
    assert_eq!(outcome_of(&timed(&[0.0; 8], None)), (Verdict::Unchanged, None));
    assert_eq!(outcome_of(&timed(&[0.3; 2], None)), (Verdict::Inconclusive, Some("budget-ended")));
    assert_eq!(outcome_of(&timed(&[], None)), (Verdict::Inconclusive, Some("no-pairs")));
    assert_eq!(outcome_of(&both()), (Verdict::Inconclusive, Some("interrupted")));
}

#[test]
fn a_suspect_and_its_fresh_pairs_are_judged_together() {
    let policy = Policy::new();
    let judged = |first: usize, again: usize, tests| {
        let evidence = timed(&vec![0.3; first], Some(&vec![0.3; again]));
        let found = compared(&evidence, None, &rules(&policy, &TIME, Some(tests)));
        (found.verdict(), found.metrics[0].pairs)
    };
    assert_eq!(judged(6, 7, 20), (Verdict::Regressed, 13));
    assert_eq!(judged(6, 6, 20), (Verdict::Inconclusive, 12), "the fresh pairs do not show it by themselves");
    assert_eq!(judged(5, 20, 20), (Verdict::Inconclusive, 25), "it was no suspect");
    // First pairs that went all the way, as those of stored runs did, leave nothing to be added to the level of one test.
    assert_eq!(judged(19, 7, 2000), (Verdict::Regressed, 26));
    assert_eq!(judged(10, 7, 2000), (Verdict::Inconclusive, 17));
    assert_eq!(judged(10, 9, 2000), (Verdict::Regressed, 19));
    let alone = |pairs: usize| {
        let never = Rules { confirm: Confirm::Never, ..rules(&policy, &TIME, Some(20)) };
        compared(&timed(&vec![0.3; pairs], None), None, &never).verdict()
    };
    assert_eq!((alone(11), alone(12)), (Verdict::Inconclusive, Verdict::Regressed));
}

#[test]
fn the_fresh_pairs_are_held_to_the_margin_of_the_first() {
    // 1000 ns make it 5 %, 100 ns would make it 50 %: a product of two wealths is about one question.
    let limit = Limit::parse("5% + 50ns", Metric::WallTime).unwrap();
    let policy = Policy::new().with_overrides(Limits::from([(Metric::WallTime, limit)]));
    let rules = rules(&policy, &TIME, Some(20));
    let mut evidence = timed(&[0.3; 8], Some(&[0.3; 8]));
    for pair in &mut evidence.remeasured.as_mut().unwrap().pairs {
        for launch in [&mut pair.launches.baseline, &mut pair.launches.candidate] {
            let times: Vec<f64> = launch.samples.per_iteration().map(|time| time / 10.0).collect();
            launch.samples = crate::domain::SampleSet::timed(&vec![1.0; times.len()], &times).unwrap();
        }
    }
    assert_eq!(compared(&evidence, None, &rules).verdict(), Verdict::Regressed);
}

#[test]
fn an_improvement_is_more_than_the_threshold_and_its_interval_is_fresh() {
    let better = judged(&timed(&[-0.3; 20], None));
    assert_eq!((better.verdict(), better.metrics[0].interval), (Verdict::Improved, None));
    assert!(better.metrics[0].change.unwrap() < -0.2);
    let again = judged(&timed(&[-0.3; 20], Some(&[-0.25; 8])));
    assert!(again.metrics[0].interval.is_some());
    let little = judged(&timed(&[-0.03; 20], None));
    assert_eq!(little.verdict(), Verdict::Unchanged);
    assert!(little.metrics[0].change.unwrap() < -0.02, "the figures are shown all the same");
}

#[test]
fn launches_that_fail_are_told_whatever_else_is_known() {
    let mut evidence = timed(&[0.0; 3], None);
    evidence.pairs.as_mut().unwrap().ended = Ended::Failed(Side::Candidate, failure());
    assert_eq!(outcome_of(&evidence), (Verdict::Failed, Some("failed")));
    let mut evidence = timed(&[0.3; 20], Some(&[0.3; 2]));
    evidence.remeasured.as_mut().unwrap().ended = Ended::Failed(Side::Baseline, failure());
    assert_eq!(outcome_of(&evidence), (Verdict::Failed, Some("failed")));
    let mut evidence = timed(&[0.3; 4], None);
    evidence.pairs.as_mut().unwrap().ended = Ended::Interrupted;
    assert_eq!(outcome_of(&evidence), (Verdict::Inconclusive, Some("interrupted")));
}

#[test]
fn the_same_code_is_unchanged_where_a_quick_check_agrees() {
    let mut evidence = same_code();
    evidence.quick = Some(measured(&[0.001, -0.001]));
    let found = judged(&evidence);
    assert_eq!(outcome_of(&evidence), (Verdict::Unchanged, Some("same-code")));
    assert_eq!((found.metrics[0].pairs, found.metrics[0].method), (2, Some(Method::Paired)));
    // By a smaller threshold the same pairs differ, and nobody measured more.
    let limits = Limits::from([(Metric::WallTime, Limit::parse("0.1%", Metric::WallTime).unwrap())]);
    let policy = Policy::new().with_overrides(limits);
    let strict = compared(&evidence, None, &rules(&policy, &TIME, Some(20)));
    assert_eq!(strict.verdict(), Verdict::Inconclusive);
    assert_eq!(strict.metrics[0].reason, Some(Reason::QuickCheckDiffers));
}

#[test]
fn what_the_change_does_not_reach_is_equal_without_being_counted_or_measured() {
    let evidence = BenchmarkEvidence {
        reach: Some(Reach::Unreached { changed: 3, unopened: 1 }),
        quick: Some(measured(&[0.001, -0.001])),
        ..both()
    };
    let policy = Policy::new();
    let found = compared(&evidence, None, &rules(&policy, &ALL, Some(20)));
    let seen: Vec<_> = found
        .metrics
        .iter()
        .map(|one| (one.metric, one.verdict, one.change, one.reason.as_ref().unwrap().code()))
        .collect();
    for metric in [Metric::Instructions, Metric::Allocations] {
        assert!(seen.contains(&(metric, Verdict::Unchanged, Some(0.0), "unreached")), "{seen:?}");
    }
    assert_eq!((seen[0].0, seen[0].3), (Metric::WallTime, "same-code"), "it may have asked after a file");
    assert_eq!(found.reach, evidence.reach);
    let settled = BenchmarkEvidence {
        reach: Some(Reach::Unreached { changed: 3, unopened: 0 }),
        quick: None,
        ..evidence.clone()
    };
    let trusting = Rules { reach: ReachUse::Trust, ..rules(&policy, &TIME, Some(20)) };
    let found = compared(&settled, None, &trusting);
    assert_eq!((found.verdict(), found.metrics[0].method), (Verdict::Unchanged, Some(Method::Exact)));
    assert_eq!((found.metrics[0].pairs, found.metrics[0].reason.clone()), (0, Some(Reason::Unreached(3))));
    // What was measured all the same is not passed over.
    let mut crashed = BenchmarkEvidence { quick: Some(measured(&[])), ..settled.clone() };
    crashed.quick.as_mut().unwrap().ended = Ended::Failed(Side::Candidate, failure());
    assert_eq!(compared(&crashed, None, &trusting).verdict(), Verdict::Failed);
    let slower = BenchmarkEvidence {
        pairs: Some(measured(&[0.3; 30])),
        remeasured: Some(measured(&[0.3; 30])),
        ..settled
    };
    assert_eq!(compared(&slower, None, &trusting).verdict(), Verdict::Regressed);
    // What was counted all the same says what it says.
    let told = |launches: usize| {
        let counted = |count, code| counts(CountKind::Instructions, &vec![count; launches], code);
        let counted = BenchmarkEvidence {
            instructions: Some(Sides { baseline: counted(100.0, "a"), candidate: counted(150.0, "b") }),
            ..evidence.clone()
        };
        let found = compared(&counted, None, &rules(&policy, &ALL, Some(20)));
        assert_eq!(found.verdict(), Verdict::Regressed);
        notes(&counted, &rules(&policy, &ALL, Some(20)))
    };
    assert!(matches!(&told(5)[..], [Note::ReachRefuted(_), ..]));
    assert!(!matches!(&told(2)[..], [Note::ReachRefuted(_), ..]), "they may vary");
}

#[test]
fn history_clears_only_with_a_pair_that_agrees() {
    let history = |pair: Option<&[f64]>| HistoryEvidence {
        runs: vec![6.9; 8],
        differences: vec![0.001; 20],
        fresh: (6.9, 0.001),
        seconds: 0.5,
        confirming: pair.map(measured),
    };
    let policy = Policy::new();
    let asking = Rules { history: HistoryCheck::Allowed, ..rules(&policy, &TIME, Some(1)) };
    let judge = |history| {
        let evidence = BenchmarkEvidence { history: Some(history), ..both() };
        compared(&evidence, None, &asking).metrics.remove(0)
    };
    let cleared = judge(history(Some(&[0.001])));
    assert_eq!(
        (cleared.verdict, cleared.method, cleared.pairs),
        (Verdict::Unchanged, Some(Method::Stored), 1)
    );
    assert_eq!(judge(history(Some(&[0.08]))).verdict, Verdict::Inconclusive);
    assert_eq!(judge(history(None)).verdict, Verdict::Inconclusive);
}

#[test]
fn counts_are_judged_to_the_last_one_and_a_change_within_the_threshold_is_not_named() {
    let judge = |baseline: f64, candidate: f64| {
        let instructions = Sides {
            baseline: counts(CountKind::Instructions, &[baseline; 2], "a"),
            candidate: counts(CountKind::Instructions, &[candidate; 2], "b"),
        };
        let mut evidence = BenchmarkEvidence { instructions: Some(instructions), ..both() };
        evidence.top_functions =
            vec![TopFunction { function: "f".into(), krate: None, place: None, difference: 5.0 }];
        compared(&evidence, None, &rules(&Policy::new(), &[Metric::Instructions], Some(1)))
    };
    let worse = judge(1000.0, 1020.0);
    assert_eq!(worse.verdict(), Verdict::Regressed);
    assert!(matches!(&worse.causes[..], [Cause::Function(_)]));
    assert_eq!(judge(1000.0, 1009.0).verdict(), Verdict::Unchanged);
    let little = judge(10_000.0, 9_996.0);
    assert_eq!((little.verdict(), little.causes.len()), (Verdict::Unchanged, 0));
    assert!(little.metrics[0].change.unwrap() < 0.0);
    assert_eq!(judge(1000.0, 980.0).verdict(), Verdict::Improved);
}

#[test]
fn what_was_not_counted_is_a_note_or_a_verdict_by_what_was_asked() {
    let why = NotCounted::Unavailable("valgrind is not installed".into(), None);
    let uncounted = |why: &NotCounted| {
        let instructions = Some(Sides::from_fn(|_| Err(why.clone())));
        BenchmarkEvidence { instructions, ..timed(&[0.0; 8], None) }
    };
    let policy = Policy::new();
    let metrics = [Metric::WallTime, Metric::Instructions];
    let default = rules(&policy, &metrics, Some(1));
    let left_out = compared(&uncounted(&why), None, &default);
    assert_eq!(left_out.metrics.len(), 1);
    assert!(matches!(&notes(&uncounted(&why), &default)[..], [Note::NotCounted { benchmark: None, .. }]));
    let asked = Rules { insistence: Insistence::Asked, ..default };
    let told = compared(&uncounted(&why), None, &asked);
    assert_eq!(told.metrics[1].verdict, Verdict::NotComparable);
    assert!(notes(&uncounted(&why), &asked).is_empty());
    // What the clock fails at, too, is told as that.
    let crashed = NotCounted::Failed(failure());
    assert_eq!(notes(&uncounted(&crashed), &default).len(), 1);
    let mut everywhere = uncounted(&crashed);
    everywhere.pairs.as_mut().unwrap().ended = Ended::Failed(Side::Baseline, failure());
    assert!(notes(&everywhere, &default).is_empty());
    let stopped = compared(&uncounted(&NotCounted::Interrupted), None, &default);
    assert_eq!(stopped.metrics[1].reason, Some(Reason::Interrupted));
}

#[test]
fn a_crash_is_a_failure_where_counts_were_asked_for() {
    let policy = Policy::new();
    let metrics = [Metric::Instructions];
    let asked = Rules { insistence: Insistence::Asked, ..rules(&policy, &metrics, Some(1)) };
    let judged = |failure: Failure| {
        let why = NotCounted::Failed(failure);
        let instructions = Some(Sides { baseline: Err(NotCounted::Interrupted), candidate: Err(why) });
        compared(&BenchmarkEvidence { instructions, ..both() }, None, &asked).metrics.remove(0)
    };
    let crashed = judged(failure());
    assert_eq!(crashed.verdict, Verdict::Failed);
    assert_eq!(crashed.reason, Some(Reason::Failed(Side::Candidate, failure())));
    let unsuitable = judged(Failure { unsuitable: true, ..failure() });
    assert_eq!(unsuitable.verdict, Verdict::NotComparable);
}

#[test]
fn what_prints_something_else_is_not_compared_by_any_metric() {
    let metrics = [Metric::WallTime, Metric::Instructions];
    let policy = Policy::new();
    let judged = |output| {
        let instructions = Sides {
            baseline: counts(CountKind::Instructions, &[1000.0; 2], "a"),
            candidate: counts(CountKind::Instructions, &[2000.0; 2], "b"),
        };
        let pairs = timed(&[0.3; 20], Some(&[0.3; 8]));
        let evidence = BenchmarkEvidence { output: Some(output), instructions: Some(instructions), ..pairs };
        let found = compared(&evidence, None, &rules(&policy, &metrics, Some(1)));
        let all = found
            .metrics
            .iter()
            .map(|one| (one.verdict, one.reason.as_ref().map(|one| one.code().to_owned())));
        let all: Vec<_> = all.collect();
        assert_eq!(all[0], all[1]);
        all[0].clone()
    };
    let difference = OutputDifference { line: 1, baseline: None, candidate: None };
    let none = |code: &str| (Verdict::NotComparable, Some(code.to_owned()));
    assert_eq!(judged(OutputComparison::Differs(difference)), none("output-differs"));
    assert_eq!(judged(OutputComparison::Varies(Side::Baseline)), none("output-varies"));
    assert_eq!(judged(OutputComparison::TooLong(Side::Candidate)), none("output-too-long"));
    let failed = judged(OutputComparison::Failed(Side::Candidate, failure()));
    assert_eq!(failed, (Verdict::Failed, Some("failed".to_owned())));
    for equal in [OutputComparison::Equal, OutputComparison::Unasked] {
        assert_eq!(judged(equal), (Verdict::Regressed, None));
    }
}

#[test]
fn an_unfit_machine_takes_no_verdict_but_those_of_the_clock() {
    let control = AaControl {
        name: BenchmarkName::new("p", "t", "x"),
        target: "x86_64-unknown-linux-gnu".into(),
        pairs: measured(&[0.2; 20]),
    };
    let unfit = AaTest { asked: true, controls: vec![control] };
    let evidence = BenchmarkEvidence {
        pairs: Some(measured(&[0.3; 20])),
        remeasured: Some(measured(&[0.3; 8])),
        ..same_code()
    };
    let policy = Policy::new();
    let all = rules(&policy, &ALL, Some(20));
    let found = compared(&evidence, aa::objection(&unfit, &all).as_ref(), &all);
    let verdicts: Vec<Verdict> = found.metrics.iter().map(|metric| metric.verdict).collect();
    assert_eq!(verdicts, [Verdict::Inconclusive, Verdict::Unchanged, Verdict::Unchanged]);
    assert!(found.metrics[0].change.is_some() && found.causes.is_empty());
    assert_eq!(found.metrics[0].reason.as_ref().map(Reason::code), Some("unfit-machine"));
    let fit = AaTest {
        controls: vec![AaControl { pairs: measured(&[0.0; 20]), ..unfit.controls[0].clone() }],
        ..unfit
    };
    let time = rules(&policy, &TIME, Some(20));
    let objection = aa::objection(&fit, &time);
    assert_eq!(compared(&evidence, objection.as_ref(), &time).verdict(), Verdict::Regressed);
}

#[test]
fn the_layout_of_code_excuses_only_what_the_simulation_does_not_show() {
    let simulated = |misses: f64| Simulated {
        code: Some(crate::domain::Digest::new("code")),
        sample: crate::domain::Sample::new(1, 1000.0).unwrap(),
        events: ["Bcm", "Bim", "D1mr", "D1mw", "DLmr", "DLmw", "sysCount"]
            .into_iter()
            .map(|name| (name.to_owned(), if name == "DLmr" { misses } else { 0.0 }))
            .collect(),
        set_up: false,
        threads: 1,
    };
    let slower = |misses: f64| BenchmarkEvidence {
        pairs: Some(measured(&[0.08; 30])),
        remeasured: Some(measured(&[0.08; 12])),
        simulated: Some(Sides { baseline: simulated(0.0), candidate: simulated(misses) }),
        ..same_code()
    };
    assert_eq!(outcome_of(&slower(0.0)), (Verdict::Inconclusive, Some("code-layout")));
    assert_eq!(outcome_of(&slower(10.0)), (Verdict::Regressed, None));
    assert_eq!(outcome_of(&drawn(slower(0.0))), (Verdict::Regressed, None), "slower wherever it lies");
}
