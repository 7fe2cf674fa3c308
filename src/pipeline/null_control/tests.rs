//! The null control against a runner that errs by known ratios, whatever it is given.

use super::super::prove::tests::{Known, LONG, contest, in_arena};
use super::super::request::Confirm;
use super::*;
use crate::domain::{Limit, Method, Metric, MetricOutcome, Verdict};
use crate::judge::{GatePolicy, Policy};

fn judging(null_control: bool) -> Judging {
    Judging {
        policy: Policy::new(),
        gate: GatePolicy::default(),
        confirm: Confirm::Suspects,
        screen: false,
        null_control,
    }
}

fn control(ratios: &[(&str, f64)], asked: bool) -> NullControl {
    let contests: Vec<Contest> = ratios.iter().map(|(id, _)| contest(id)).collect();
    let mut runner = Known::new(ratios);
    in_arena(&mut runner, LONG, |arena| NullControl::measure(&judging(asked), arena, &contests).unwrap())
}

fn outcome(verdict: Verdict, method: Method) -> BenchmarkOutcome {
    let limit = Limit::default_for(Metric::WallTime);
    let found = MetricOutcome::without_figures(Metric::WallTime, limit, verdict, "");
    let metrics = vec![MetricOutcome { method: Some(method), reason: None, ..found }];
    BenchmarkOutcome { metrics, ..BenchmarkOutcome::new(BenchmarkName::new("p", "t", "judged"), "x86_64") }
}

#[test]
fn a_fit_machine_keeps_its_verdicts() {
    let control = control(&[("a", 1.0), ("b", 1.0)], true);
    assert!(control.note().unwrap().contains("2 measured against themselves, none seemed changed"));
    let mut benchmarks = [outcome(Verdict::Regressed, Method::Paired)];
    control.take_back(&mut benchmarks, &mut []);
    assert_eq!(benchmarks[0].verdict(), Verdict::Regressed);
}

#[test]
fn what_seems_changed_takes_back_all_that_was_timed_and_nothing_else() {
    for (ratio, word) in [(1.2, "regressed"), (0.8, "improved")] {
        let control = control(&[("a", 1.0), ("odd", ratio)], true);
        let mut benchmarks = [
            outcome(Verdict::Regressed, Method::Paired),
            outcome(Verdict::Unchanged, Method::Stored),
            outcome(Verdict::Unchanged, Method::Exact),
            outcome(Verdict::Failed, Method::Paired),
        ];
        let timed = |claimed| ClaimOutcome {
            verdict: ClaimVerdict::Refuted,
            ratio: Some(0.5),
            ..ClaimOutcome::undecided("g/p", claimed, "")
        };
        let mut claims = [timed(Claimed::AtLeast(1.1)), timed(Claimed::Layout(1))];
        control.take_back(&mut benchmarks, &mut claims);
        let verdicts: Vec<Verdict> = benchmarks.iter().map(BenchmarkOutcome::verdict).collect();
        let expected = [Verdict::Inconclusive, Verdict::Inconclusive, Verdict::Unchanged, Verdict::Failed];
        assert_eq!(verdicts, expected);
        let reason = benchmarks[0].metrics[0].reason.clone().unwrap();
        assert!(reason.contains(&format!("p::t::odd {word} against itself")), "{reason}");
        assert!(reason.contains("this machine was unfit"), "{reason}");
        assert!(control.note().unwrap().starts_with(&reason));
        assert_eq!(claims[0].verdict, ClaimVerdict::Undecided);
        assert!(!claims[0].fails() && claims[1].fails(), "a claim about layout needs no clock");
    }
}

#[test]
fn only_a_few_are_drawn_and_the_seed_decides_which() {
    let all: Vec<Contest> = ('a'..='z').map(|letter| contest(&letter.to_string())).collect();
    let drawn = |seed| -> Vec<String> {
        sample(&all, seed).into_iter().map(|contest| contest.ids.baseline).collect()
    };
    assert_eq!(drawn(1).len(), SAMPLE);
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    for contest in sample(&all, 3) {
        assert_eq!(contest.benches.baseline.digest, contest.benches.candidate.digest);
        assert_eq!(contest.keys.baseline, contest.keys.candidate);
    }
}

#[test]
fn unasked_it_measures_nothing_and_says_nothing() {
    let silent = control(&[("odd", 1.2)], false);
    assert_eq!((silent.found.len(), silent.note()), (0, None));
    let idle = control(&[], true);
    assert!(idle.note().unwrap().contains("nothing to measure"));
}

#[test]
fn a_launch_that_fails_is_no_evidence_of_an_unfit_machine() {
    let broken = {
        let contests = [contest("unknown")];
        let mut runner = Known::new(&[]);
        in_arena(&mut runner, LONG, |arena| NullControl::measure(&judging(true), arena, &contests).unwrap())
    };
    assert_eq!(broken.objection(), None);
    assert!(broken.note().unwrap().contains("could not be told"));
}
