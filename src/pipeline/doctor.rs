//! `doctor`: is this machine, profile and toolchain fit to measure, and how small a change can it see.
//!
//! The machine is watched before anything is built. Then a few benchmarks are built once and measured against themselves
//! for the whole budget, by the schedule of a comparison: what the interval does not rule out there, no comparison of the
//! same budget can enforce here.

use std::time::Instant;

use super::collect::paired::{Comparison, Test};
use super::error::{Fault, PipelineError};
use super::layouts::Layouts;
use super::prepared::Prepared;
use super::request::{Measuring, Project, Scope, Suite};
use super::session::{Beginning, Session, key, provenance};
use super::workspace::{Listing, Workspace, nothing};
use crate::domain::{
    BenchmarkName, BuildFacts, BuiltBench, Condition, DoctorReport, Ended, Event, Execution, Fitness,
    MachineFacts, Metric, Note, Pair, PairedEvidence, Phase, Progress, Provenance, ReportKind, Revision,
    SelfComparison, SelfDoubt, Side, Sides, Trouble,
};
use crate::judge::aa::{SelfFinding, self_finding, self_test, self_test_of};
use crate::judge::{ErrorBudget, Exit, ExpectedPairs, PairedTest, Policy, TargetInfo, fitness};
use crate::measure::machine;
use crate::measure::runner::Runner;
use crate::store::Store;
use crate::support::process::interrupted;

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
        troubles: Vec::new(),
        notes: Vec::new(),
        seconds: 0.0,
    };
    match examine(request, store, runner, progress, &mut report) {
        Err(error) if error.fault() == Fault::Usage => return Err(error),
        Err(error) => report.troubles.push(Trouble::Ended(error.to_string(), error.hint())),
        Ok(()) => {}
    }
    if interrupted() {
        report.troubles.push(Trouble::Interrupted);
    }
    if !report.troubles.is_empty() {
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
    let mut workspace = Workspace::find(&request.project, progress)?;
    let revision = workspace.repository.work_tree()?;
    workspace.lock()?;
    let (prepared, chosen) = benches(request, &workspace, &revision, runner)?;
    report.toolchain = prepared.toolchain();
    report.candidate = Some(prepared.revision.clone());
    report.notes.extend(prepared.all_notes());
    if let Some(facts) = facts(&prepared) {
        report.findings.extend(fitness::build(&facts));
    }
    if chosen.is_empty() {
        return Ok(());
    }
    let beginning = Beginning {
        kind: ReportKind::Doctor,
        measuring: &request.measuring,
        machine: &request.machine,
        seed: request.seed,
    };
    // One executable on both sides: nothing of it could lie elsewhere.
    let mut layouts = Layouts::none();
    let mut session = Session::begin(&beginning, store, runner, progress, &mut layouts)?;
    progress.event(Event::Measuring { benchmarks: chosen.len() });
    let comparisons: Vec<Comparison> =
        chosen.iter().map(|(name, bench)| comparison(request, &prepared.revision, name, bench)).collect();
    let budget = request.policy.error_budget(2 * comparisons.len());
    let make = |comparison: &Comparison, baseline| SelfTest::new(comparison, baseline, budget);
    let found = session.pairs(Phase::AaTest, comparisons.clone(), &make)?;
    progress.event(Event::Measured);
    let found = || comparisons.iter().zip(&found);
    report.controls = found().map(|(comparison, pairs)| control(comparison, pairs, budget)).collect();
    report.troubles.extend(found().filter_map(|(comparison, pairs)| failure(comparison, pairs)));
    Ok(())
}

/// The build to judge and the benchmarks to measure: the workspace's own, or the harness's where it has none.
fn benches(
    request: &DoctorRequest,
    workspace: &Workspace<'_>,
    revision: &Revision,
    runner: &mut dyn Runner,
) -> Result<(Prepared, Vec<(BenchmarkName, BuiltBench)>), PipelineError> {
    let own = Scope { suite: Suite::Off, ..request.scope.clone() };
    let scopes = match request.scope.suite {
        Suite::Off => vec![&own],
        Suite::On { .. } => vec![&own, &request.scope],
    };
    let mut empty = None;
    for scope in scopes {
        let builder = workspace.builder(scope);
        let prepared = builder.prepare(Side::Candidate, revision, None)?;
        builder.tidy(std::slice::from_ref(&revision.tree));
        if request.benchmarks == 0 {
            return Ok((prepared, Vec::new()));
        }
        workspace.progress.event(Event::Task("Listing benchmarks"));
        let listing = Listing::ask(&prepared, runner, workspace.progress)?;
        let all = named(&listing);
        let wanted: Vec<_> = all.iter().filter(|(name, _)| scope.includes(name)).cloned().collect();
        if !wanted.is_empty() {
            return Ok((prepared, spread(wanted, request.benchmarks)));
        }
        let names: Vec<BenchmarkName> = all.into_iter().map(|(name, _)| name).collect();
        empty = Some(nothing(&prepared, &request.scope, &names));
    }
    Err(empty.unwrap_or_else(|| PipelineError::NoBenches(Vec::new())))
}

/// Every benchmark that can be timed here, by name. An executable that cannot list its own is left to `check`.
fn named(listing: &Listing) -> Vec<(BenchmarkName, BuiltBench)> {
    let timed = listing.all().filter(|(_, bench)| provenance(bench) == Provenance::Native);
    let mut all: Vec<(BenchmarkName, BuiltBench)> =
        timed.map(|(name, bench)| (name, bench.clone())).collect();
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
    let mut instruments: Vec<_> =
        prepared.benches.iter().map(|bench| bench.fingerprint.instrument.clone()).collect();
    instruments.sort();
    instruments.dedup();
    let sequential = |note: &Note| match note {
        Note::Sequential(library, why) => Some((library.clone(), why.clone())),
        _ => None,
    };
    Some(BuildFacts {
        rustc: first.rustc.clone(),
        profile: first.profile.clone(),
        settings: first.settings.clone(),
        rustflags: first.rustflags.clone(),
        sequential: prepared.notes.iter().filter_map(sequential).collect(),
        emulated: prepared.benches.iter().any(|bench| matches!(bench.execution, Execution::Emulated(_))),
        instruments,
    })
}

/// A benchmark against itself.
fn comparison(
    request: &DoctorRequest,
    revision: &Revision,
    name: &BenchmarkName,
    bench: &BuiltBench,
) -> Comparison {
    let target = TargetInfo::from_triple(&bench.fingerprint.target);
    let key = key(revision, &request.machine, bench, name.id(), Metric::WallTime);
    Comparison {
        name: name.clone(),
        benches: Sides::from_fn(|_| bench.clone()),
        ids: Sides::from_fn(|_| name.id().to_owned()),
        keys: Sides::from_fn(|_| key.clone()),
        by: request.policy.limit(name, Metric::WallTime, &target),
    }
}

/// A test that takes every pair there is time for, decided or not: how narrow the interval gets is what is asked.
struct SelfTest(PairedTest);

impl SelfTest {
    fn new(comparison: &Comparison, baseline: f64, budget: ErrorBudget) -> Self {
        Self(self_test(&comparison.by, baseline, budget))
    }
}

impl Test for SelfTest {
    fn take(&mut self, pair: &Pair) {
        self.0.take(pair);
    }

    fn is_decided(&self) -> bool {
        false
    }

    fn expected_pairs(&self, pairs_left: u32) -> ExpectedPairs {
        if pairs_left == 0 { ExpectedPairs::Hopeless } else { ExpectedPairs::More(f64::from(pairs_left)) }
    }

    /// How small a change can be told is what is asked.
    fn smallest_change(&self) -> f64 {
        0.0
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

/// What a benchmark that was measured against itself shows.
fn control(comparison: &Comparison, pairs: &PairedEvidence, budget: ErrorBudget) -> SelfComparison {
    let test = self_test_of(&comparison.by, &pairs.pairs, budget);
    let test = test.as_ref();
    let (fitness, doubt) = match self_finding(pairs, test) {
        SelfFinding::Same => (Fitness::Fit, None),
        SelfFinding::Changed(seemed) => (Fitness::Unfit, Some(SelfDoubt::Seemed(seemed))),
        SelfFinding::Undecided => (Fitness::Caution, Some(SelfDoubt::Budget)),
        SelfFinding::Nothing => (Fitness::Unknown, Some(SelfDoubt::NotMeasured)),
    };
    let interval = test.and_then(PairedTest::interval);
    SelfComparison {
        name: comparison.name.clone(),
        interval,
        confidence: interval.and(test.map(PairedTest::confidence)),
        pairs: test.map_or(0, PairedTest::pairs),
        seconds: test.map_or(0.0, PairedTest::seconds),
        fitness,
        doubt,
    }
}

/// A benchmark that failed, as trouble.
fn failure(comparison: &Comparison, pairs: &PairedEvidence) -> Option<Trouble> {
    let Ended::Failed(side, failure) = &pairs.ended else { return None };
    let unit = comparison.benches.get(*side).unit.kind();
    Some(Trouble::Failed { benchmark: comparison.name.clone(), unit, side: None, failure: failure.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::collect::paired::tests::{Known, comparison};
    use super::*;
    use crate::domain::{ComparisonId, Seemed};
    use crate::measure::plan::launch_options;

    fn measured(ratio: f64) -> SelfComparison {
        let comparison = comparison("a");
        let mut runner = Known::new(&[("a", ratio)]);
        let budget = Policy::new().error_budget(2);
        let mut test = SelfTest::new(&comparison, 1000.0, budget);
        let options = launch_options(std::time::Duration::from_secs(10), None);
        let mut pairs = Vec::new();
        for index in 0..40 {
            let ids = comparison.ids.as_ref().map(String::as_str);
            let pair =
                runner.pair(comparison.benches.as_ref(), ids, index, Side::Baseline, &options).unwrap();
            assert!(!test.is_decided(), "every pair there is time for is taken");
            test.take(&pair);
            pairs.push(pair);
        }
        assert_eq!(test.expected_pairs(0), ExpectedPairs::Hopeless);
        let evidence = PairedEvidence { comparison: ComparisonId(1), ended: Ended::Exhausted, pairs };
        control(&comparison, &evidence, budget)
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
        assert_eq!(found.doubt, Some(SelfDoubt::Seemed(Seemed::Worse)));
        assert_eq!(measured(0.7).doubt, Some(SelfDoubt::Seemed(Seemed::Better)));
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
