//! `check` and `compare`: two revisions, every stage.

use std::time::Instant;

use super::catalogue::{Catalogue, Presence};
use super::claims::{Resolved, gate};
use super::error::PipelineError;
use super::null_control::NullControl;
use super::prove::{Arena, Contest, Ended, Proof, test_of};
use super::request::{CompareRequest, Confirm, Harness, HarnessClaims, Subject};
use super::screen;
use super::session;
use super::workshop::{Layout, Prepared, Workshop};
use crate::domain::{
    BenchmarkName, BenchmarkOutcome, BuiltBench, ClaimOutcome, Event, Limit, Measurement, Method, Metric,
    MetricOutcome, OccasionId, Phase, Progress, Provenance, Report, ReportedError, Revision, Side, Sides,
    Verdict,
};
use crate::judge::policy::tests_of;
use crate::judge::{Confirmation, ErrorBudget, Gate, PairedState, PairedTest, TargetInfo, outcome};
use crate::measure::runner::Runner;
use crate::source::Repository;
use crate::store::Store;
use crate::support::process::interrupted;

/// How many launches of an emulated benchmark are stored. They are shown, never judged.
const EMULATED_LAUNCHES: u32 = 2;

/// Measures and judges a candidate against a baseline.
///
/// # Errors
/// What keeps a comparison from being made at all. What befalls single benchmarks is part of the report.
pub fn compare(
    request: &CompareRequest,
    store: &mut Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<Report, PipelineError> {
    let start = Instant::now();
    let repository = Repository::discover(&request.project.root)?;
    // Asked now so that a revision that does not exist is told without waiting for the lock.
    named_revisions(request, &repository)?;
    let lock = session::lock(&request.project, progress)?;
    let revisions = revisions(request, &repository)?;
    let mut workshop = Workshop::new(&request.project, &repository, &request.scope, progress);
    if request.claims.harness == HarnessClaims::Always {
        workshop.layout = Layout::Asked;
    }
    let prepared = prepare(&workshop, revisions)?;
    let revisions = prepared.as_ref().map(|prepared| prepared.revision.clone());
    workshop.tidy(&[revisions.baseline.tree.clone(), revisions.candidate.tree.clone()]);
    progress.event(Event::Stage("Listing benchmarks"));
    let mut list = |side: Side| session::list(prepared.get(side), runner);
    let lists = Sides { baseline: list(Side::Baseline)?, candidate: list(Side::Candidate)? };
    let everything = Catalogue::new(&lists, |_| true);
    let catalogue = Catalogue::new(&lists, |name| in_scope(&request.scope, name));
    let claims =
        gate::selected(request, &revisions.candidate, &prepared.candidate, &lists.candidate, &everything)?;
    if catalogue.entries.is_empty() && catalogue.broken.is_empty() {
        let names: Vec<BenchmarkName> = everything.entries.into_keys().collect();
        return Err(session::nothing(&prepared.candidate, &request.scope, &names));
    }
    let occasion = session::begin(store, request.command, &request.machine, request.seed)?;
    let timed = claims.iter().filter(|claim| claim.is_timed()).count();
    let mut referee = Referee {
        request,
        revisions: &revisions,
        store,
        runner,
        progress,
        occasion,
        settled: Vec::new(),
        claims: timed,
        control: NullControl::default(),
    };
    let mut found = (Vec::new(), Vec::new());
    let judged = referee.judge(&catalogue).and_then(|budget| {
        found = referee.claims(&claims, prepared.candidate.layout.as_ref(), budget)?;
        Ok(())
    });
    let (mut claims, broken) = found;
    let (mut benchmarks, control) = (referee.settled, referee.control);
    control.take_back(&mut benchmarks, &mut claims);
    benchmarks.sort_by(|a, b| a.name.cmp(&b.name));
    progress.event(Event::Measured);
    drop(lock);
    let mut errors = errors(&catalogue, &benchmarks);
    errors.extend(broken);
    if let Err(error) = judged {
        if benchmarks.is_empty() {
            return Err(error);
        }
        errors.push(session::broken_off(&error));
    }
    errors.extend(session::interruption("before every benchmark was decided; what was measured is stored"));
    let gate = Gate::decide(&benchmarks, &claims, &errors, request.judging.gate);
    Ok(Report {
        command: request.command,
        exit_code: gate.exit.code(),
        baseline: Some(revisions.baseline.clone()),
        candidate: Some(revisions.candidate.clone()),
        machine: Some(request.machine.clone()),
        toolchain: session::toolchain(&prepared.candidate),
        benchmarks,
        claims,
        errors,
        notes: notes(&prepared).into_iter().chain(control.note()).collect(),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// What a reader should know of the candidate, and what was special about the baseline.
fn notes(prepared: &Sides<Prepared>) -> Vec<String> {
    let mut notes = session::notes(&prepared.candidate);
    for note in &prepared.baseline.notes {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

/// What is compared: the baseline, and the candidate where it is a commit.
fn named_revisions(
    request: &CompareRequest,
    repository: &Repository,
) -> Result<(Revision, Option<Revision>), PipelineError> {
    let candidate = match &request.candidate {
        Subject::WorkTree => None,
        Subject::Revision(spec) => Some(repository.resolve(spec)?),
    };
    let baseline = match &request.baseline {
        Some(spec) => repository.resolve(spec)?,
        None => repository.default_baseline()?,
    };
    Ok((baseline, candidate))
}

fn revisions(request: &CompareRequest, repository: &Repository) -> Result<Sides<Revision>, PipelineError> {
    let (baseline, candidate) = named_revisions(request, repository)?;
    let candidate = match candidate {
        Some(commit) => commit,
        None => repository.work_tree()?,
    };
    Ok(Sides { baseline, candidate })
}

/// Builds both sides, the candidate first: its errors are the user's news.
fn prepare(workshop: &Workshop<'_>, revisions: Sides<Revision>) -> Result<Sides<Prepared>, PipelineError> {
    let candidate = workshop.prepare(Side::Candidate, &revisions.candidate, None)?;
    let baseline = if revisions.baseline.tree == candidate.revision.tree {
        candidate.clone().standing_for(revisions.baseline)
    } else {
        workshop.prepare(Side::Baseline, &revisions.baseline, Some(&candidate))?
    };
    Ok(Sides { baseline, candidate })
}

/// Whether a benchmark takes part: the user's filter, and what is selected of the harness.
pub(super) fn in_scope(scope: &super::request::Scope, name: &BenchmarkName) -> bool {
    let selected = name.package() != crate::source::HARNESS_PACKAGE
        || match &scope.harness {
            Harness::Off => false,
            Harness::On { select } => select.matches(name),
        };
    selected && scope.filter.matches(name)
}

/// Every benchmark that failed, and every executable that could not list its own, as errors: the exit code is 101.
fn errors(catalogue: &Catalogue, benchmarks: &[BenchmarkOutcome]) -> Vec<ReportedError> {
    let broken = catalogue.broken.iter().map(|(side, label, reason)| ReportedError {
        subject: format!("{label} ({side})"),
        message: format!("cannot list its benchmarks: {reason}"),
        hint: Some(format!(
            "run it by itself: cargo bench --bench {}",
            label.rsplit("::").next().unwrap_or(label)
        )),
    });
    let failed = benchmarks.iter().filter_map(|benchmark| {
        let metric = benchmark.metrics.iter().find(|metric| metric.verdict == Verdict::Failed)?;
        Some(ReportedError {
            subject: benchmark.name.to_string(),
            message: metric.reason.clone().unwrap_or_default(),
            hint: None,
        })
    });
    broken.chain(failed).collect()
}

/// Who judges the benchmarks of a catalogue.
struct Referee<'a> {
    request: &'a CompareRequest,
    revisions: &'a Sides<Revision>,
    store: &'a mut Store,
    runner: &'a mut dyn Runner,
    progress: &'a dyn Progress,
    occasion: OccasionId,
    /// What is decided, also when the rest breaks off.
    settled: Vec<BenchmarkOutcome>,
    /// How many claims are tested besides.
    claims: usize,
    control: NullControl,
}

/// One benchmark on the way to its outcome.
enum Case {
    Settled(BenchmarkOutcome),
    Open(Box<Contest>),
}

impl Referee<'_> {
    /// Judges every benchmark, and says how the run's error was divided.
    fn judge(&mut self, catalogue: &Catalogue) -> Result<ErrorBudget, PipelineError> {
        let mut cases = Vec::new();
        for (name, presence) in &catalogue.entries {
            cases.push(self.triage(name, presence)?);
        }
        let budget = self.budget(&cases);
        self.progress.event(Event::Measuring { benchmarks: cases.len() });
        let mut open = Vec::new();
        for case in cases {
            match case {
                Case::Settled(outcome) => self.settled.push(outcome),
                Case::Open(contest) => open.push(*contest),
            }
        }
        let mut contests = Vec::new();
        for contest in open {
            match self.screened(&contest, budget)? {
                Some(outcome) => self.settled.push(outcome),
                None => contests.push(contest),
            }
        }
        self.control = NullControl::measure(&self.request.judging, &mut self.arena(), &contests)?;
        let proven = self.prove(contests, budget)?;
        self.settled.extend(proven);
        Ok(budget)
    }

    /// Puts claims to the test, all within the candidate.
    fn claims(
        &mut self,
        claims: &[Resolved],
        layout: Option<&Result<String, String>>,
        budget: ErrorBudget,
    ) -> Result<(Vec<ClaimOutcome>, Vec<ReportedError>), PipelineError> {
        let (request, revision) = (self.request, &self.revisions.candidate);
        gate::judge(request, &mut self.arena(), revision, claims, layout, budget)
    }

    /// What needs no clock is settled at once.
    fn triage(&mut self, name: &BenchmarkName, presence: &Presence) -> Result<Case, PipelineError> {
        let metric = Metric::WallTime;
        Ok(match presence {
            Presence::Only(side, bench) => {
                let limit = self.limit(name, bench);
                Case::Settled(outcome_of(name, bench, outcome::one_sided(metric, limit, *side, None)))
            }
            Presence::Unlisted(side, bench, reason) => {
                let reason = format!("the {side}'s executable cannot list its benchmarks: {reason}");
                let limit = self.limit(name, bench);
                let failed = MetricOutcome::without_figures(metric, limit, Verdict::Failed, reason);
                Case::Settled(outcome_of(name, bench, failed))
            }
            Presence::Identical(benches) if !self.request.measuring.identical => {
                let limit = self.limit(name, &benches.candidate);
                Case::Settled(outcome_of(name, &benches.candidate, outcome::identical(metric, limit, None)))
            }
            Presence::Identical(benches) | Presence::Both(benches) => self.contest(name, benches)?,
        })
    }

    /// A contest, unless the two sides cannot be compared.
    fn contest(&mut self, name: &BenchmarkName, benches: &Sides<BuiltBench>) -> Result<Case, PipelineError> {
        let metric = Metric::WallTime;
        let limit = self.limit(name, &benches.candidate);
        let fingerprints = benches.as_ref().map(|bench| &bench.fingerprint);
        let provenances = benches.as_ref().map(session::provenance);
        if let Some(refused) = outcome::not_comparable(metric, limit, fingerprints, provenances) {
            if provenances.candidate == Provenance::Emulated {
                self.store_emulated(name, &benches.candidate)?;
            }
            return Ok(Case::Settled(outcome_of(name, &benches.candidate, refused)));
        }
        let keys = Sides::from_fn(|side| {
            let revision = self.revisions.get(side);
            session::key(revision, &self.request.machine, benches.get(side), name.id(), metric)
        });
        Ok(Case::Open(Box::new(Contest {
            name: name.clone(),
            benches: benches.clone(),
            ids: Sides::from_fn(|_| name.id().to_owned()),
            keys,
            by: limit,
        })))
    }

    /// Times taken under an emulator are stored as such, so that a report can show them.
    fn store_emulated(&mut self, name: &BenchmarkName, bench: &BuiltBench) -> Result<(), PipelineError> {
        let options = self.request.measuring.launch_options(None);
        let launches: Result<Vec<_>, _> =
            (0..EMULATED_LAUNCHES).map(|_| self.runner.launch(bench, name.id(), &options)).collect();
        // Nothing is judged by it, so nothing is lost when it fails.
        let Ok(launches) = launches else { return Ok(()) };
        let key = session::key(
            &self.revisions.candidate,
            &self.request.machine,
            bench,
            name.id(),
            Metric::WallTime,
        );
        let measurement = Measurement {
            key: screen::by_whole_processes(&key),
            executable: bench.digest.clone(),
            provenance: Provenance::Emulated,
            launches,
        };
        self.store.record(self.occasion, &measurement)?;
        Ok(())
    }

    fn limit(&self, name: &BenchmarkName, bench: &BuiltBench) -> Limit {
        let target = TargetInfo::from_triple(&bench.fingerprint.target);
        self.request.judging.policy.limit(name, Metric::WallTime, &target)
    }

    /// The run's error, divided among everything that will be tested.
    fn budget(&self, cases: &[Case]) -> ErrorBudget {
        let tests = cases.iter().map(|case| match case {
            Case::Open(contest) => tests_of(&contest.by),
            Case::Settled(_) => 0,
        });
        self.request.judging.policy.error_budget(tests.sum::<usize>() + self.claims)
    }

    fn screened(
        &mut self,
        contest: &Contest,
        budget: ErrorBudget,
    ) -> Result<Option<BenchmarkOutcome>, PipelineError> {
        if !self.request.judging.screen || interrupted() {
            return Ok(None);
        }
        let (measuring, judging) = (&self.request.measuring, &self.request.judging);
        let cleared =
            screen::clear(contest, self.store, self.occasion, self.runner, judging, budget, measuring)?;
        Ok(cleared.map(|metric| outcome_of(&contest.name, &contest.benches.candidate, metric)))
    }

    /// Pairs for what is open, and fresh pairs for what they suspect.
    fn prove(
        &mut self,
        contests: Vec<Contest>,
        budget: ErrorBudget,
    ) -> Result<Vec<BenchmarkOutcome>, PipelineError> {
        let first = self
            .arena()
            .prove(Phase::Proof, contests, &|contest, baseline| test_of(&contest.by, baseline, budget))?;
        let (suspects, decided): (Vec<Proof>, Vec<Proof>) =
            first.into_iter().partition(|proof| self.is_suspect(proof));
        let mut outcomes: Vec<BenchmarkOutcome> =
            decided.iter().map(|proof| self.outcome(proof, Confirmation::Waived)).collect();
        if suspects.is_empty() {
            return Ok(outcomes);
        }
        self.progress.event(Event::Stage(&format!("Confirming {} with fresh launches", suspects.len())));
        let alone = budget.alone();
        let again = suspects.iter().map(|proof| proof.contest.clone()).collect();
        let second = self
            .arena()
            .prove(Phase::Confirm, again, &|contest, baseline| test_of(&contest.by, baseline, alone))?;
        for (proof, again) in suspects.iter().zip(&second) {
            let confirmation = match &again.test {
                Some(test) => Confirmation::Measured(test),
                None => Confirmation::Outstanding,
            };
            outcomes.push(match &again.ended {
                Ended::Failed(..) => self.outcome(again, Confirmation::Waived),
                _ => self.outcome(proof, confirmation),
            });
        }
        Ok(outcomes)
    }

    fn arena(&mut self) -> Arena<'_> {
        Arena {
            store: self.store,
            occasion: self.occasion,
            runner: self.runner,
            progress: self.progress,
            measuring: &self.request.measuring,
            seed: self.request.seed,
        }
    }

    fn is_suspect(&self, proof: &Proof) -> bool {
        let state = proof.test.as_ref().map(PairedTest::state);
        proof.ended == Ended::Decided
            && match self.request.judging.confirm {
                Confirm::Never => false,
                Confirm::Suspects => state == Some(PairedState::Regressed),
                Confirm::Always => matches!(state, Some(PairedState::Regressed | PairedState::Improved)),
            }
    }

    fn outcome(&self, proof: &Proof, confirmation: Confirmation<'_>) -> BenchmarkOutcome {
        let Contest { name, benches, by: limit, .. } = &proof.contest;
        let bench = &benches.candidate;
        let metric = Metric::WallTime;
        let found = match (&proof.ended, &proof.test) {
            (Ended::Failed(side, reason), _) => {
                let reason = format!("the {side} {reason}");
                MetricOutcome::without_figures(metric, *limit, Verdict::Failed, reason)
            }
            (Ended::Interrupted, test) => {
                let reason = "interrupted before the pairs could decide";
                let outcome = MetricOutcome::without_figures(metric, *limit, Verdict::Inconclusive, reason);
                let pairs = test.as_ref().map_or(0, PairedTest::pairs);
                MetricOutcome { pairs, method: (pairs > 0).then_some(Method::Paired), ..outcome }
            }
            (_, Some(test)) => self.explained(outcome::paired(metric, *limit, test, confirmation)),
            (_, None) => MetricOutcome::without_figures(
                metric,
                *limit,
                Verdict::Inconclusive,
                "no pair could be measured",
            ),
        };
        outcome_of(name, bench, found)
    }

    /// Says what would have helped where the budget was too small for even a few pairs.
    fn explained(&self, outcome: MetricOutcome) -> MetricOutcome {
        let budget = self.request.measuring.budget.as_secs_f64();
        if outcome.verdict != Verdict::Inconclusive || outcome.pairs == 0 {
            return outcome;
        }
        let each = outcome.seconds / f64::from(outcome.pairs);
        let reason = outcome.reason.clone().unwrap_or_default();
        let reason = if each * 12.0 > budget {
            format!(
                "{reason}: one pair takes {each:.1} s, so {budget:.1} s have room for too few; raise --budget"
            )
        } else {
            reason
        };
        MetricOutcome { reason: Some(reason), ..outcome }
    }
}

fn outcome_of(name: &BenchmarkName, bench: &BuiltBench, metric: MetricOutcome) -> BenchmarkOutcome {
    BenchmarkOutcome { name: name.clone(), arch: bench.fingerprint.arch().to_owned(), metrics: vec![metric] }
}
