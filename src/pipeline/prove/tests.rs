//! The proof against a runner of known ratios: real store, real judge, no process.

use std::collections::BTreeMap;

use super::*;
use crate::domain::fixtures::{bench, fingerprint, machine, revision};
use crate::domain::{Launch, Metric, PairedLaunch, SampleSet, Schedule, Silent};
use crate::judge::ErrorBudget;
use crate::measure::counter::InstructionSource;
use crate::measure::criterion::ListedBenchmark;
use crate::measure::failure::FailureKind;
use crate::measure::runner::LaunchOptions;
use crate::store::NewOccasion;

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
        Schedule::Turns
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
        Ok(Pair { index, first, schedule: Schedule::Turns, cpu: None, layout: None, launches })
    }

    fn counting(&mut self, _: &std::path::Path) -> std::io::Result<&dyn crate::measure::counter::Counter> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

pub(crate) fn contest(id: &str) -> Contest {
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
    Contest { name, benches, ids: Sides::from_fn(|_| id.to_owned()), keys, by }
}

/// An arena with a store in memory.
pub(crate) fn in_arena<R>(
    runner: &mut dyn Runner,
    budget: Duration,
    act: impl FnOnce(&mut Arena<'_>) -> R,
) -> R {
    let mut store = Store::in_memory().unwrap();
    let machine = machine();
    let occasion = store
        .begin_occasion(&NewOccasion {
            command: "check",
            started_ms: 0,
            machine: &machine,
            program_version: "0",
            seed: 1,
        })
        .unwrap();
    let measuring = Measuring {
        metrics: vec![Metric::WallTime],
        insistence: crate::pipeline::request::Insistence::Asked,
        budget,
        identical: false,
        instructions_by: InstructionSource::Callgrind,
        launch_timeout: None,
    };
    let layouts = &mut Layouts::none();
    act(&mut Arena {
        store: &mut store,
        occasion,
        runner,
        progress: &Silent,
        measuring: &measuring,
        seed: 1,
        layouts,
    })
}

/// Proves contests of known ratios; gives the proofs and the runner.
fn prove(ratios: &[(&str, f64)], ids: &[&str], budget: Duration) -> (Vec<Proof>, Known) {
    let mut runner = Known::new(ratios);
    let error = ErrorBudget::new(0.01, ids.len()).unwrap();
    let contests = ids.iter().map(|id| contest(id)).collect();
    let make = |contest: &Contest, baseline: f64| test_of(&contest.by, baseline, error);
    let proofs = in_arena(&mut runner, budget, |arena| arena.prove(Phase::Proof, contests, &make).unwrap());
    (proofs, runner)
}

pub(crate) const LONG: Duration = Duration::from_mins(1);

fn state(proof: &Proof) -> PairedState {
    proof.test.as_ref().unwrap().state()
}

#[test]
fn known_ratios_get_their_states() {
    let ratios = [("equal", 1.0), ("slower", 1.2), ("faster", 0.8)];
    let (proofs, _) = prove(&ratios, &["equal", "slower", "faster"], LONG);
    assert!(proofs.iter().all(|proof| proof.ended == Ended::Decided));
    let states: Vec<_> = proofs.iter().map(state).collect();
    assert_eq!(states, [PairedState::NotWorse, PairedState::Regressed, PairedState::Improved]);
}

#[test]
fn a_side_that_fails_is_named_and_the_others_go_on() {
    let (proofs, _) = prove(&[("equal", 1.0)], &["broken", "equal"], LONG);
    assert!(matches!(&proofs[0].ended, Ended::Failed(Side::Candidate, words) if words.contains("code 3")));
    assert!(proofs[0].test.is_none());
    assert_eq!(state(&proofs[1]), PairedState::NotWorse);
}

#[test]
fn without_time_one_pair_is_measured_and_decides_nothing() {
    let (proofs, runner) = prove(&[("equal", 1.0)], &["equal"], Duration::from_nanos(1));
    assert_eq!(runner.taken, 1);
    assert_eq!(proofs[0].ended, Ended::Undecided);
    assert_eq!(state(&proofs[0]), PairedState::Undecided);
}

#[test]
fn both_sides_start_equally_often() {
    let (_, runner) = prove(&[("equal", 1.0)], &["equal"], LONG);
    let baseline = runner.firsts.iter().filter(|side| **side == Side::Baseline).count();
    assert!(baseline.abs_diff(runner.firsts.len() - baseline) <= 1, "{:?}", runner.firsts);
}
