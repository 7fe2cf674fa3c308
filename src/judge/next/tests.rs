//! The way of a benchmark, step by step.

use super::super::fixtures::{ALL, both, build, counts, drawn, measured, rules, same_code};
use super::*;
use crate::domain::{
    BenchmarkName, Failure, HistoryEvidence, NotCounted, OutputComparison, Reach, Side, Simulated,
};
use crate::judge::Policy;
use crate::judge::launches_needed;

const TIME: [Metric; 1] = [Metric::WallTime];

fn step(evidence: &BenchmarkEvidence) -> Step {
    next(evidence, &rules(&Policy::new(), &ALL, Some(20)), 100)
}

fn timed(evidence: &BenchmarkEvidence) -> Step {
    next(evidence, &rules(&Policy::new(), &TIME, Some(20)), 100)
}

#[test]
fn what_cannot_be_compared_needs_nothing() {
    let named = |presence| BenchmarkEvidence::new(BenchmarkName::new("p", "t", "b"), presence);
    let failure = Failure { message: "it broke".into(), ..Failure::default() };
    assert_eq!(step(&named(Presence::Only(Side::Candidate, Box::new(build("1"))))), Step::Done);
    assert_eq!(step(&named(Presence::Unlisted(Side::Baseline, Box::new(build("1")), failure))), Step::Done);
    let identical = Sides { baseline: build("1"), candidate: build("1") };
    let identical = named(Presence::Both(Box::new(identical)));
    assert_eq!(step(&identical), Step::Done);
    let policy = Policy::new();
    let all = Rules { identical: Identical::Measured, ..rules(&policy, &TIME, Some(1)) };
    assert_eq!(next(&identical, &all, 1), Step::Pairs);
    let mut emulated = Sides { baseline: build("1"), candidate: build("2") };
    emulated.candidate.provenance = crate::domain::Provenance::Emulated;
    let emulated = named(Presence::Both(Box::new(emulated)));
    assert_eq!((timed(&emulated), step(&emulated)), (Step::Done, Step::CountInstructions(1)), "counts alone");
    let counted = BenchmarkEvidence {
        instructions: Some(Sides::from_fn(|_| Err(NotCounted::Unavailable("qemu".to_owned(), None)))),
        allocations: Some(Sides::from_fn(|_| counts(CountKind::Allocations, &[3.0, 3.0], "a"))),
        ..emulated
    };
    assert_eq!(step(&counted), Step::Done);
}

#[test]
fn what_the_change_does_not_reach_is_neither_counted_nor_measured() {
    let policy = Policy::new();
    let by = |reach| Rules { reach, ..rules(&policy, &ALL, Some(20)) };
    let found = |reach| BenchmarkEvidence { reach: Some(reach), ..both() };
    let unreached = |unopened| found(Reach::Unreached { changed: 3, unopened });
    let reached =
        found(Reach::Reached { functions: vec!["f".into()], run: 1, files: Vec::new(), changed: 3 });
    let unknown = found(Reach::Unknown("stripped".into()));
    let first = |evidence: &BenchmarkEvidence, reach| next(evidence, &by(reach), 100);
    assert_eq!(first(&both(), ReachUse::Trust), Step::FindReach);
    assert_eq!(first(&both(), ReachUse::Off), Step::CountInstructions(1));
    assert_eq!(first(&unreached(0), ReachUse::Trust), Step::Done);
    assert_eq!(first(&unreached(0), ReachUse::Check), Step::CountInstructions(1), "counted all the same");
    for evidence in [&reached, &unknown] {
        assert_eq!(first(evidence, ReachUse::Trust), Step::CountInstructions(1));
    }
    let anyway = Rules { identical: Identical::Measured, ..by(ReachUse::Trust) };
    assert_eq!(
        next(&both(), &anyway, 100),
        Step::CountInstructions(1),
        "whoever measures all wants to see all"
    );
    // Where it may have asked after files without opening them, the clock has the last word.
    assert_eq!(first(&unreached(2), ReachUse::Trust), Step::QuickCheck);
    let doubted = BenchmarkEvidence { quick: Some(measured(&[0.2, 0.001])), ..unreached(2) };
    assert_eq!(first(&doubted, ReachUse::Trust), Step::Pairs);
    let agreed = BenchmarkEvidence { quick: Some(measured(&[0.001])), ..unreached(2) };
    assert_eq!(first(&agreed, ReachUse::Trust), Step::Done);
    for settled in [&agreed, &unreached(0)] {
        assert_eq!(tests_of(settled, &by(ReachUse::Trust)), 0, "it takes no share of the error");
    }
    let limits =
        crate::judge::Limits::from([(Metric::WallTime, Limit::parse("5% | 1us", Metric::WallTime).unwrap())]);
    let capped = policy.clone().with_limits(limits);
    let capped = Rules { reach: ReachUse::Trust, ..rules(&capped, &ALL, Some(1)) };
    assert_eq!(next(&unreached(0), &capped, 1), Step::Pairs, "a cap is about the value");
}

#[test]
fn what_a_command_prints_comes_before_all_else() {
    let mut builds = Sides { baseline: build("1"), candidate: build("2") };
    builds.baseline.unit = UnitKind::Program;
    builds.candidate.unit = UnitKind::Program;
    let presence = Presence::Both(Box::new(builds));
    let mut command = BenchmarkEvidence { presence, ..both() };
    assert_eq!((step(&command), timed(&command)), (Step::CompareOutput, Step::CompareOutput));
    command.output = Some(OutputComparison::Equal);
    assert_eq!((step(&command), timed(&command)), (Step::CountInstructions(1), Step::Pairs));
    let mut emulated = command.clone();
    let Presence::Both(builds) = &mut emulated.presence else { unreachable!() };
    builds.candidate.provenance = crate::domain::Provenance::Emulated;
    emulated.output = None;
    assert_eq!(step(&emulated), Step::Done, "an emulated command has nothing but its time");
    command.output = Some(OutputComparison::Varies(Side::Candidate));
    assert_eq!(step(&command), Step::Done);
    let policy = Policy::new();
    assert_eq!(tests_of(&command, &rules(&policy, &TIME, None)), 0, "it takes no share of the error");
}

#[test]
fn counts_come_first_and_are_taken_until_they_can_decide() {
    let mut evidence = both();
    assert_eq!(step(&evidence), Step::CountInstructions(1));
    let instructions = |baseline: &[f64], candidate: &[f64]| {
        Some(Sides {
            baseline: counts(CountKind::Instructions, baseline, "a"),
            candidate: counts(CountKind::Instructions, candidate, "b"),
        })
    };
    evidence.instructions = instructions(&[100.0], &[101.0]);
    assert_eq!(step(&evidence), Step::CountInstructions(2), "one launch of each shows no repetition");
    evidence.instructions = instructions(&[100.0, 100.0], &[101.0, 101.0]);
    assert_eq!(step(&evidence), Step::CountAllocations(2));
    // Of a hundred tests at most, eight launches of each side can show a regression.
    evidence.instructions = instructions(&[100.0, 100.0], &[102.0, 103.0]);
    assert_eq!(step(&evidence), Step::CountInstructions(8));
    let large = next(&evidence, &rules(&Policy::new(), &ALL, Some(20)), 500);
    assert_eq!(large, Step::CountInstructions(10));
    evidence.instructions =
        Some(Sides::from_fn(|_| Err(NotCounted::Uncountable("it times itself".to_owned()))));
    assert_eq!(step(&evidence), Step::CountAllocations(2), "what cannot be counted is not tried again");
}

#[test]
fn the_same_code_is_only_looked_at() {
    let mut evidence = same_code();
    assert_eq!(step(&evidence), Step::QuickCheck);
    evidence.quick = Some(measured(&[0.001, -0.001]));
    assert_eq!(step(&evidence), Step::Done);
    evidence.quick = Some(measured(&[0.04, 0.001]));
    assert_eq!(step(&evidence), Step::Pairs, "whatever differs is measured in full");
    let mut capped = same_code();
    capped.quick = None;
    let limits =
        crate::judge::Limits::from([(Metric::WallTime, Limit::parse("5% | 1us", Metric::WallTime).unwrap())]);
    let policy = Policy::new().with_limits(limits);
    assert_eq!(next(&capped, &rules(&policy, &ALL, Some(1)), 1), Step::Pairs, "a cap is about the value");
    // Allocations that were to be counted and were not are no agreement.
    let mut uncounted = same_code();
    uncounted.allocations = Some(Sides::from_fn(|_| Err(NotCounted::Interrupted)));
    assert_eq!(step(&uncounted), Step::Pairs);
}

#[test]
fn counts_that_got_worse_have_to_repeat_unless_the_clock_says_so_too() {
    let of = |launches: usize, candidate: f64, pairs: &[f64]| {
        let counted = |count| counts(CountKind::Instructions, &vec![count; launches], "a");
        BenchmarkEvidence {
            instructions: Some(Sides { baseline: counted(1000.0), candidate: counted(candidate) }),
            allocations: Some(Sides::from_fn(|_| counts(CountKind::Allocations, &[1.0, 1.0], "a"))),
            pairs: Some(measured(pairs)),
            remeasured: Some(measured(pairs)),
            ..both()
        }
    };
    let (unchanged, slower) = ([0.0; 20], [0.3; 20]);
    assert_eq!(step(&of(1, 1100.0, &unchanged)), Step::CountInstructions(2));
    assert_eq!(step(&of(2, 1100.0, &unchanged)), Step::CountInstructions(5));
    assert_eq!(step(&of(2, 1100.0, &slower)), Step::Done, "the clock confirms it");
    assert_eq!(step(&of(5, 1100.0, &unchanged)), Step::Done);
    assert_eq!(step(&of(2, 1001.0, &unchanged)), Step::Done, "less than the threshold");
    let accused = BenchmarkEvidence {
        reach: Some(Reach::Unreached { changed: 3, unopened: 0 }),
        ..of(2, 1001.0, &unchanged)
    };
    let policy = Policy::new();
    let checked = Rules { reach: ReachUse::Check, ..rules(&policy, &ALL, Some(20)) };
    assert_eq!(
        next(&accused, &checked, 100),
        Step::CountInstructions(launches_needed(policy.error_budget(100)))
    );
    let mut untimed = of(2, 1100.0, &unchanged);
    (untimed.pairs, untimed.remeasured) = (None, None);
    let counted = [Metric::Instructions];
    assert_eq!(next(&untimed, &rules(&Policy::new(), &counted, Some(1)), 1), Step::CountInstructions(5));
}

#[test]
fn nothing_is_timed_before_the_error_is_divided() {
    let policy = Policy::new();
    assert_eq!(next(&both(), &rules(&policy, &TIME, None), 1), Step::AwaitTests);
    assert_eq!(tests_of(&both(), &rules(&policy, &TIME, None)), 1);
    let mut checked = same_code();
    checked.quick = Some(measured(&[0.0, 0.0]));
    assert_eq!(tests_of(&checked, &rules(&policy, &ALL, None)), 0, "what is settled takes no share");
    let mut varies = checked;
    varies.allocations = Some(Sides::from_fn(|_| counts(CountKind::Allocations, &[1.0, 2.0], "")));
    // The counts that vary are a test, and what is not known to be the same code is timed.
    varies.instructions = Some(Sides {
        baseline: counts(CountKind::Instructions, &[1.0, 1.0], "a"),
        candidate: counts(CountKind::Instructions, &[1.0, 1.0], "b"),
    });
    varies.quick = None;
    let launches = launches_needed(policy.error_budget(1));
    let many: Vec<f64> = (0..launches).map(|run| run as f64).collect();
    varies.allocations = Some(Sides::from_fn(|_| counts(CountKind::Allocations, &many, "")));
    assert_eq!(tests_of(&varies, &rules(&policy, &ALL, None)), 2);
}

#[test]
fn suspects_are_measured_again_and_others_are_not() {
    let with = |ratios: &[f64]| BenchmarkEvidence { pairs: Some(measured(ratios)), ..both() };
    assert_eq!(timed(&both()), Step::Pairs);
    assert_eq!(timed(&with(&[0.0; 8])), Step::Done);
    assert_eq!(timed(&with(&[0.3; 20])), Step::Remeasure);
    // Of twenty tests: wealth of √2000 is enough to look again.
    let twenty = |ratios: &[f64], confirm| {
        let policy = Policy::new();
        next(&with(ratios), &Rules { confirm, ..rules(&policy, &TIME, Some(20)) }, 1)
    };
    assert_eq!(twenty(&[0.3; 6], Confirm::Suspects), Step::Remeasure);
    assert_eq!(twenty(&[0.3; 5], Confirm::Suspects), Step::Done);
    assert_eq!(twenty(&[0.3; 12], Confirm::Never), Step::Done);
    assert_eq!(
        twenty(&[-0.3; 11], Confirm::Always),
        Step::Done,
        "an improvement is shown at the level of the run"
    );
    assert_eq!(timed(&with(&[-0.3; 20])), Step::Done, "an improvement is shown without an interval");
    let policy = Policy::new();
    let always = Rules { confirm: Confirm::Always, ..rules(&policy, &TIME, Some(20)) };
    assert_eq!(next(&with(&[-0.3; 20]), &always, 1), Step::Remeasure);
    let never = Rules { confirm: Confirm::Never, ..rules(&policy, &TIME, Some(20)) };
    assert_eq!(next(&with(&[0.3; 20]), &never, 1), Step::Done);
    let again = BenchmarkEvidence { remeasured: Some(measured(&[0.3; 8])), ..with(&[0.3; 20]) };
    assert_eq!(timed(&again), Step::Done);
}

#[test]
fn history_is_asked_once_and_pairs_follow_where_it_does_not_clear() {
    let policy = Policy::new();
    let asking = Rules { history: HistoryCheck::Allowed, ..rules(&policy, &TIME, Some(1)) };
    assert_eq!(next(&both(), &asking, 1), Step::HistoryCheck);
    let history = |pair: &[f64]| HistoryEvidence {
        runs: vec![6.9; 8],
        differences: vec![0.001; 20],
        fresh: (6.9, 0.001),
        seconds: 0.5,
        confirming: Some(measured(pair)),
    };
    let with = |history| BenchmarkEvidence { history: Some(history), ..both() };
    assert_eq!(next(&with(history(&[0.001])), &asking, 1), Step::Done);
    assert_eq!(next(&with(history(&[0.08])), &asking, 1), Step::Pairs, "the pair has to agree");
    let nothing = HistoryEvidence { runs: Vec::new(), confirming: None, ..history(&[]) };
    assert_eq!(next(&with(nothing), &asking, 1), Step::Pairs);
}

#[test]
fn a_small_slowdown_of_the_same_code_is_simulated_once() {
    let slower = BenchmarkEvidence {
        quick: Some(measured(&[0.08, 0.08])),
        pairs: Some(measured(&[0.08; 30])),
        remeasured: Some(measured(&[0.08; 12])),
        ..same_code()
    };
    assert_eq!(step(&slower), Step::Simulate);
    assert_eq!(step(&drawn(slower.clone())), Step::Done, "slower wherever it lies");
    let nothing = Simulated {
        code: None,
        sample: crate::domain::Sample::new(1, 0.0).unwrap(),
        events: std::collections::BTreeMap::new(),
        set_up: false,
        threads: 1,
    };
    let simulated = Sides::from_fn(|_| nothing.clone());
    assert_eq!(step(&BenchmarkEvidence { simulated: Some(simulated), ..slower }), Step::Done);
}
