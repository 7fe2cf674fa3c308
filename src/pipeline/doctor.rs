//! `doctor`: is this machine, profile and toolchain fit to measure, and how small a change can it see.
//!
//! The machine is watched before anything is built. Then a few benchmarks are built once and measured against themselves
//! for the whole budget, by the schedule of a comparison: what the interval does not rule out there, no comparison of the
//! same budget can enforce here.

use std::time::Instant;

use super::catalogue::ListedBench;
use super::compare::in_scope;
use super::error::{Fault, PipelineError};
use super::layouts::Layouts;
use super::null_control::Found;
use super::prove::{Arena, Contest, Ended, Proof, Test};
use super::request::{Harness, Measuring, Project, Scope};
use super::session;
use super::workshop::{Prepared, Workshop};
use crate::domain::{
    BenchmarkName, BuildFacts, BuiltBench, Condition, DoctorReport, Event, Execution, Fitness, MachineFacts,
    Metric, Pair, Phase, Progress, Provenance, ReportedError, Revision, SelfComparison, Side, Sides,
};
use crate::judge::{ErrorBudget, Exit, PairedTest, Policy, Promise, TargetInfo, fitness};
use crate::measure::machine;
use crate::measure::runner::Runner;
use crate::source::Repository;
use crate::store::Store;

/// What `doctor` asks for.
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    /// Where.
    pub project: Project,
    /// What takes part.
    pub scope: Scope,
    /// How it is measured; the budget is for each benchmark.
    pub measuring: Measuring,
    /// Thresholds and the error that is accepted.
    pub policy: Policy,
    /// How many benchmarks are measured against themselves; none for a quick look.
    pub benchmarks: usize,
    /// On which machine.
    pub machine: MachineFacts,
    /// What the machine is like right now.
    pub condition: Condition,
    /// What orders are drawn from.
    pub seed: u64,
}

/// Judges the machine and the build, and measures a few benchmarks against themselves.
///
/// What keeps the benches from being built is part of the report: the machine is judged all the same.
///
/// # Errors
/// What was asked for cannot be: no repository, a filter that matches nothing.
pub fn doctor(
    request: &DoctorRequest,
    store: &mut Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<DoctorReport, PipelineError> {
    let start = Instant::now();
    let mut report = DoctorReport {
        exit_code: Exit::Passed.code(),
        candidate: None,
        machine: request.machine.clone(),
        key_fields: machine::fields(&request.machine),
        toolchain: None,
        findings: fitness::machine(&request.condition, &request.machine),
        budget: request.measuring.budget.as_secs_f64(),
        controls: Vec::new(),
        errors: Vec::new(),
        notes: Vec::new(),
        seconds: 0.0,
    };
    match examine(request, store, runner, progress, &mut report) {
        Err(error) if error.fault() == Fault::Usage => return Err(error),
        Err(error) => report.errors.push(ReportedError {
            subject: String::new(),
            message: format!("failed to {error}"),
            hint: error.hint(),
        }),
        Ok(()) => {}
    }
    report.errors.extend(session::interruption("before every benchmark was measured"));
    if !report.errors.is_empty() {
        report.exit_code = Exit::Incomplete.code();
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

/// Everything that needs a build.
fn examine(
    request: &DoctorRequest,
    store: &mut Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
    report: &mut DoctorReport,
) -> Result<(), PipelineError> {
    let repository = Repository::discover(&request.project.root)?;
    let revision = repository.work_tree()?;
    let _lock = session::lock(&request.project, progress)?;
    let (prepared, chosen) = benches(request, &repository, &revision, runner, progress)?;
    report.toolchain = session::toolchain(&prepared);
    report.candidate = Some(prepared.revision.clone());
    report.notes.extend(session::notes(&prepared));
    if let Some(facts) = facts(&prepared) {
        report.findings.extend(fitness::build(&facts));
    }
    if chosen.is_empty() {
        return Ok(());
    }
    let occasion = session::begin(store, "doctor", &request.machine, request.seed)?;
    progress.event(Event::Measuring { benchmarks: chosen.len() });
    let contests = chosen.iter().map(|(name, bench)| contest(request, &prepared.revision, name, bench));
    let contests: Vec<Contest> = contests.collect();
    let budget = request.policy.error_budget(2 * contests.len());
    let measuring = &request.measuring;
    // One executable on both sides: nothing of it could lie elsewhere.
    let layouts = &mut Layouts::none();
    let mut arena = Arena { store, occasion, runner, progress, measuring, seed: request.seed, layouts };
    let proofs = arena
        .prove(Phase::NullControl, contests, &|contest, baseline| Patient::new(contest, baseline, budget))?;
    progress.event(Event::Measured);
    report.controls = proofs.iter().map(control).collect();
    report.errors.extend(proofs.iter().filter_map(failure));
    Ok(())
}

/// The build to judge and the benchmarks to measure: the workspace's own, or the harness's where it has none.
fn benches(
    request: &DoctorRequest,
    repository: &Repository,
    revision: &Revision,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<(Prepared, Vec<(BenchmarkName, BuiltBench)>), PipelineError> {
    let own = Scope { harness: Harness::Off, ..request.scope.clone() };
    let scopes = match request.scope.harness {
        Harness::Off => vec![&own],
        Harness::On { .. } => vec![&own, &request.scope],
    };
    let mut nothing = None;
    for scope in scopes {
        let workshop = Workshop::new(&request.project, repository, scope, progress);
        let prepared = workshop.prepare(Side::Candidate, revision, None)?;
        workshop.tidy(std::slice::from_ref(&revision.tree));
        if request.benchmarks == 0 {
            return Ok((prepared, Vec::new()));
        }
        progress.event(Event::Stage("Listing benchmarks"));
        let listed = session::list(&prepared, runner)?;
        let all = named(&listed);
        let wanted: Vec<_> = all.iter().filter(|(name, _)| in_scope(scope, name)).cloned().collect();
        if !wanted.is_empty() {
            return Ok((prepared, spread(wanted, request.benchmarks)));
        }
        let names: Vec<BenchmarkName> = all.into_iter().map(|(name, _)| name).collect();
        nothing = Some(session::nothing(&prepared, &request.scope, &names));
    }
    Err(nothing.unwrap_or_else(|| PipelineError::NoBenches(Vec::new())))
}

/// Every benchmark that can be timed here, by name. An executable that cannot list its own is left to `check`.
fn named(listed: &[ListedBench]) -> Vec<(BenchmarkName, BuiltBench)> {
    let timed = listed.iter().filter(|listed| session::provenance(&listed.bench) == Provenance::Native);
    let mut all: Vec<(BenchmarkName, BuiltBench)> = timed
        .flat_map(|listed| {
            let bench = &listed.bench;
            let name = |id: &String| BenchmarkName::new(&bench.package, &bench.target, id);
            listed.ids.iter().flatten().map(move |id| (name(id), bench.clone()))
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// At most `most` of a list, evenly spread over it.
fn spread<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let (count, most) = (all.len(), most.min(all.len()));
    // The middle of each of `most` stretches of equal length.
    let taken: Vec<usize> = (0..most).map(|place| (2 * place + 1) * count / (2 * most)).collect();
    all.into_iter().enumerate().filter(|(index, _)| taken.contains(index)).map(|(_, item)| item).collect()
}

/// What is known about how the benches are built.
fn facts(prepared: &Prepared) -> Option<BuildFacts> {
    let first = &prepared.benches.first()?.fingerprint;
    let mut instruments: Vec<(String, bool)> = prepared
        .benches
        .iter()
        .map(|bench| &bench.fingerprint)
        .map(|build| (build.by_whole_processes().instrument, build.takes_turns()))
        .collect();
    instruments.sort();
    instruments.dedup();
    Some(BuildFacts {
        rustc: first.rustc.clone(),
        profile: first.profile.clone(),
        settings: first.settings.clone(),
        rustflags: first.rustflags.clone(),
        why_not: prepared.notes.iter().filter(|note| note.contains("whole processes")).cloned().collect(),
        emulated: prepared.benches.iter().any(|bench| matches!(bench.execution, Execution::Emulated(_))),
        instruments,
    })
}

/// A benchmark against itself.
fn contest(
    request: &DoctorRequest,
    revision: &Revision,
    name: &BenchmarkName,
    bench: &BuiltBench,
) -> Contest {
    let target = TargetInfo::from_triple(&bench.fingerprint.target);
    let key = session::key(revision, &request.machine, bench, name.id(), Metric::WallTime);
    Contest {
        name: name.clone(),
        benches: Sides::from_fn(|_| bench.clone()),
        ids: Sides::from_fn(|_| name.id().to_owned()),
        keys: Sides::from_fn(|_| key.clone()),
        by: request.policy.limit(name, Metric::WallTime, &target),
    }
}

/// A test that takes every pair there is time for, decided or not: how narrow the interval gets is what is asked.
struct Patient(PairedTest);

impl Patient {
    fn new(contest: &Contest, baseline: f64, budget: ErrorBudget) -> Self {
        Self(super::null_control::test(contest, baseline, budget))
    }
}

impl Test for Patient {
    fn take(&mut self, pair: &Pair) {
        self.0.take(pair);
    }

    fn is_decided(&self) -> bool {
        false
    }

    fn promise(&self, pairs_left: u32) -> Promise {
        if pairs_left == 0 { Promise::Hopeless } else { Promise::Pairs(f64::from(pairs_left)) }
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

/// What a benchmark that was measured against itself shows.
fn control<J>(proof: &Proof<J, Patient>) -> SelfComparison {
    let test = proof.test.as_ref().map(|patient| &patient.0);
    let (fitness, reason) = match Found::of(&proof.ended, test.map(PairedTest::state)) {
        Found::Same => (Fitness::Fit, None),
        Found::Changed(word) => {
            (Fitness::Unfit, Some(format!("the null control {word}: a build differs from itself here")))
        }
        Found::Undecided => {
            let reason = "the budget is too small to show it unchanged: raise --budget or the threshold";
            (Fitness::Caution, Some(reason.to_owned()))
        }
        Found::Nothing => (Fitness::Unknown, Some("it could not be measured".to_owned())),
    };
    let interval = test.and_then(PairedTest::interval);
    SelfComparison {
        name: proof.contest.name.clone(),
        interval,
        confidence: interval.and(test.map(PairedTest::confidence)),
        pairs: test.map_or(0, PairedTest::pairs),
        seconds: test.map_or(0.0, PairedTest::seconds),
        fitness,
        reason,
    }
}

/// A benchmark that failed, as an error.
fn failure<J, T>(proof: &Proof<J, T>) -> Option<ReportedError> {
    let Ended::Failed(_, reason) = &proof.ended else { return None };
    Some(ReportedError { subject: proof.contest.name.to_string(), message: reason.clone(), hint: None })
}

#[cfg(test)]
mod tests {
    use super::super::prove::tests::{Known, contest};
    use super::*;
    use crate::measure::plan::launch_options;

    fn measured(ratio: f64) -> SelfComparison {
        let contest = contest("a");
        let mut runner = Known::new(&[("a", ratio)]);
        let mut test = Patient::new(&contest, 1000.0, Policy::new().error_budget(2));
        let options = launch_options(std::time::Duration::from_secs(10), None);
        for index in 0..40 {
            let ids = contest.ids.as_ref().map(String::as_str);
            let pair = runner.pair(contest.benches.as_ref(), ids, index, Side::Baseline, &options).unwrap();
            assert!(!test.is_decided(), "every pair there is time for is taken");
            test.take(&pair);
        }
        assert_eq!(test.promise(0), Promise::Hopeless);
        control(&Proof { contest, ended: Ended::Undecided, test: Some(test) })
    }

    #[test]
    fn all_pairs_are_taken_and_the_interval_gets_narrow() {
        let found = measured(1.0);
        assert_eq!(found.fitness, Fitness::Fit, "{found:?}");
        assert_eq!(found.pairs, 40);
        let smallest = found.smallest_threshold().unwrap();
        assert!((0.001..0.03).contains(&smallest), "{found:?}");
    }

    #[test]
    fn a_build_that_differs_from_itself_makes_a_machine_unfit() {
        let found = measured(1.3);
        assert_eq!(found.fitness, Fitness::Unfit);
        assert!(found.reason.unwrap().contains("regressed"));
        assert!(measured(0.7).reason.unwrap().contains("improved"));
    }

    #[test]
    fn a_few_are_spread_over_all() {
        let all: Vec<usize> = (0..10).collect();
        assert_eq!(spread(all.clone(), 3), [1, 5, 8]);
        assert_eq!(spread(all.clone(), 1), [5]);
        assert_eq!(spread(all.clone(), 20), all);
        assert_eq!(spread(all.clone(), 10), all);
        assert!(spread(all, 0).is_empty());
        assert!(spread(Vec::<u8>::new(), 3).is_empty());
    }
}
