//! Pairs against a runner of known ratios: real store, real judge, no process.

use std::collections::BTreeMap;

use super::*;
use crate::domain::fixtures::{bench, fingerprint, machine, revision};
use crate::domain::{
    Identical, Insistence, Launch, Metric, PairedLaunch, ReachUse, ReportKind, SampleSet, Schedule, Side,
    Silent,
};
use crate::judge::ErrorBudget;
use crate::judge::quick::Looks;
use crate::measure::counter::InstructionSource;
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::listing::ListedBenchmark;
use crate::measure::runner::{LaunchOptions, Runner};
use crate::pipeline::layouts::Layouts;
use crate::pipeline::request::Measuring;
use crate::pipeline::session::Beginning;
use crate::store::Store;

/// Gives pairs whose ratio is known, with a little noise that repeats.
pub(crate) struct Known {
    ratios: BTreeMap<String, f64>,
    taken: u32,
    firsts: Vec<Side>,
}

impl Known {
    pub(crate) fn new(ratios: &[(&str, f64)]) -> Self {
        let ratios = ratios.iter().map(|(id, ratio)| ((*id).to_owned(), *ratio)).collect();
        Self { ratios, taken: 0, firsts: Vec::new() }
    }
}

impl Runner for Known {
    fn schedule(&mut self, _: Sides<&BuiltBench>, _: Sides<&str>) -> Schedule {
        Schedule::Interleaved
    }

    fn list(&mut self, _: &BuiltBench) -> Result<Vec<ListedBenchmark>, LaunchFailure> {
        Ok(Vec::new())
    }

    fn launch(&mut self, _: &BuiltBench, _: &str, _: &LaunchOptions) -> Result<Launch, LaunchFailure> {
        Err(FailureKind::Silent.into())
    }

    fn pair(
        &mut self,
        _: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        _: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        self.taken += 1;
        self.firsts.push(first);
        let Some(&ratio) = self.ratios.get(ids.candidate) else {
            return Err((Side::Candidate, FailureKind::Exited(3).into()));
        };
        let wobble = 1.0 + 0.004 * f64::from(self.taken * 7 % 11) - 0.02;
        let launch = |level: f64| {
            let totals: Vec<f64> =
                (0..10).map(|turn| 1e6 * level * (1.0 + 0.001 * f64::from(turn % 3))).collect();
            PairedLaunch { samples: SampleSet::timed(&[1000.0; 10], &totals).unwrap(), seconds: 0.1 }
        };
        let launches = Sides { baseline: launch(1.0), candidate: launch(ratio * wobble) };
        Ok(Pair {
            index,
            first,
            schedule: Schedule::Interleaved,
            cpu: None,
            layout: None,
            slowdown: None,
            launches,
        })
    }

    fn counting(&mut self, _: &std::path::Path) -> std::io::Result<&dyn crate::measure::counter::Counter> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

pub(crate) fn comparison(id: &str) -> Comparison {
    let name = BenchmarkName::new("p", "t", id);
    let benches = Sides::from_fn(|side| bench(&side.to_string()));
    let keys = Sides::from_fn(|side| MeasurementKey {
        revision: revision(if side == Side::Baseline { 'a' } else { 'b' }),
        machine: machine().key,
        build: fingerprint(),
        benchmark: name.clone(),
        metric: Metric::WallTime,
    });
    let by = Limit::default_for(Metric::WallTime);
    Comparison { name, benches, ids: Sides::from_fn(|_| id.to_owned()), keys, by }
}

/// How the tests measure.
pub(crate) fn measuring(metrics: &[Metric], budget: Duration) -> Measuring {
    Measuring {
        metrics: metrics.to_vec(),
        insistence: Insistence::Asked,
        budget,
        identical: Identical::Settled,
        reach: ReachUse::Off,
        instructions_by: InstructionSource::Callgrind,
        launch_timeout: None,
        resume: false,
        explained: true,
    }
}

/// A session with a store of its own.
pub(crate) fn in_session<R>(
    store: &mut Store,
    runner: &mut dyn Runner,
    measuring: &Measuring,
    act: impl FnOnce(&mut Session<'_>) -> R,
) -> R {
    let machine = machine();
    let beginning = Beginning { kind: ReportKind::Check, measuring, machine: &machine, seed: 1 };
    act(&mut Session::begin(&beginning, store, runner, &Silent, &mut Layouts::none()).unwrap())
}

/// Measures comparisons of known ratios; gives what was found and the runner.
fn pairs(ratios: &[(&str, f64)], ids: &[&str], budget: Duration) -> (Vec<PairedEvidence>, Known) {
    let mut runner = Known::new(ratios);
    let error = ErrorBudget::new(0.01, ids.len()).unwrap();
    let comparisons = ids.iter().map(|id| comparison(id)).collect();
    let make = |comparison: &Comparison, baseline: f64| PairedTest::lenient(&comparison.by, baseline, error);
    let mut store = Store::in_memory().unwrap();
    let measuring = measuring(&[Metric::WallTime], budget);
    let found = in_session(&mut store, &mut runner, &measuring, |session| {
        session.pairs(Phase::Measurement, comparisons, &make).unwrap()
    });
    (found, runner)
}

pub(crate) const LONG: Duration = Duration::from_mins(1);

fn state(found: &PairedEvidence, tests: usize) -> PairedState {
    let limit = Limit::default_for(Metric::WallTime);
    let error = ErrorBudget::new(0.01, tests).unwrap();
    PairedTest::of_pairs(&limit, &found.pairs, error).unwrap().state()
}

#[test]
fn known_ratios_get_their_states() {
    let ratios = [("equal", 1.0), ("slower", 1.2), ("faster", 0.8)];
    let (found, _) = pairs(&ratios, &["equal", "slower", "faster"], LONG);
    assert!(found.iter().all(|found| found.ended == Ended::Decided));
    let states: Vec<_> = found.iter().map(|found| state(found, 3)).collect();
    assert_eq!(states, [PairedState::NotWorse, PairedState::Regressed, PairedState::Improved]);
}

#[test]
fn a_side_that_fails_is_named_and_the_others_go_on() {
    let (found, _) = pairs(&[("equal", 1.0)], &["broken", "equal"], LONG);
    assert!(
        matches!(&found[0].ended, Ended::Failed(Side::Candidate, failure) if failure.message.contains("code 3"))
    );
    assert!(found[0].pairs.is_empty());
    assert_eq!(state(&found[1], 2), PairedState::NotWorse);
}

#[test]
fn without_time_one_pair_is_measured_and_decides_nothing() {
    let (found, runner) = pairs(&[("equal", 1.0)], &["equal"], Duration::from_nanos(1));
    assert_eq!(runner.taken, 1);
    assert_eq!(found[0].ended, Ended::Exhausted);
    assert_eq!(state(&found[0], 1), PairedState::Undecided);
}

#[test]
fn both_sides_start_equally_often() {
    let (_, runner) = pairs(&[("equal", 1.0)], &["equal"], LONG);
    let baseline = runner.firsts.iter().filter(|side| **side == Side::Baseline).count();
    assert!(baseline.abs_diff(runner.firsts.len() - baseline) <= 1, "{:?}", runner.firsts);
}

#[test]
fn a_quick_check_ends_as_soon_as_it_has_looked() {
    let mut runner = Known::new(&[("equal", 1.001)]);
    let alone = ErrorBudget::new(0.01, 1).unwrap();
    let make =
        |comparison: &Comparison, baseline| QuickCheck::new(&comparison.by, baseline, alone, Looks::all(2));
    let mut store = Store::in_memory().unwrap();
    let measuring = measuring(&[Metric::WallTime], LONG);
    let found = in_session(&mut store, &mut runner, &measuring, |session| {
        session.pairs(Phase::QuickCheck, vec![comparison("equal")], &make).unwrap()
    });
    assert_eq!((found[0].pairs.len(), runner.taken), (2, 2));
}

#[test]
fn a_comparison_that_goes_on_measures_only_what_is_missing() {
    let mut store = Store::in_memory().unwrap();
    let error = ErrorBudget::new(0.01, 1).unwrap();
    let make = |comparison: &Comparison, baseline: f64| PairedTest::lenient(&comparison.by, baseline, error);
    let mut taken = |resume: bool, budget: Duration| {
        let mut runner = Known::new(&[("slower", 1.2)]);
        let measuring = Measuring { resume, ..measuring(&[Metric::WallTime], budget) };
        let found = in_session(&mut store, &mut runner, &measuring, |session| {
            session.pairs(Phase::Measurement, vec![comparison("slower")], &make).unwrap().remove(0)
        });
        (found, runner.taken as usize)
    };
    // As a kill leaves it: one pair.
    let (killed, one) = taken(false, Duration::from_nanos(1));
    assert_eq!((killed.pairs.len(), one), (1, 1));
    let (resumed, fresh) = taken(true, LONG);
    assert_eq!(resumed.pairs[..1], killed.pairs[..]);
    assert_eq!((resumed.ended.clone(), resumed.pairs.len()), (Ended::Decided, fresh + 1));
    let (again, none) = taken(true, LONG);
    assert_eq!((again.pairs, again.ended, none), (resumed.pairs.clone(), Ended::Decided, 0));
    let (anew, all) = taken(false, LONG);
    assert_eq!(anew.pairs.len(), all, "what does not ask for it takes up nothing");
    // What was taken up is no second result of either commit.
    let series = comparison("slower").keys.candidate.series();
    let runs = store.baseline_runs(&series, &comparison("slower").keys.candidate.revision.commit).unwrap();
    assert_eq!(runs.len(), 3, "{runs:?}");
    let commits = comparison("slower").keys.map(|key| key.revision.commit);
    let steps = store.step_ratios(&machine().key, &[(commits.baseline, commits.candidate)].into()).unwrap();
    assert_eq!(steps.iter().map(|step| step.log_ratios.len()).sum::<usize>(), one + fresh + all);
}
