//! Wall time: a stored baseline is asked first, pairs are the proof.

use super::counting::{Count, same_code};
use super::glance::{self, Glance};
use super::{Open, Referee};
use crate::domain::{
    BenchmarkName, BuiltBench, Event, Measurement, Method, Metric, MetricOutcome, Phase, Provenance, Side,
    Sides, Verdict,
};
use crate::judge::policy::tests_of;
use crate::judge::{Confirmation, ErrorBudget, PairedState, PairedTest, outcome};
use crate::pipeline::error::PipelineError;
use crate::pipeline::null_control::NullControl;
use crate::pipeline::prove::{Contest, Ended, Proof, test_of};
use crate::pipeline::request::Confirm;
use crate::pipeline::{screen, session};
use crate::support::process::interrupted;

/// How many launches of an emulated benchmark are stored. They are shown, never judged.
const EMULATED_LAUNCHES: u32 = 2;

impl Referee<'_> {
    /// What still needs a proof. What executes the same code on both sides is only looked at, and its wall time settled
    /// unless it looks different.
    pub(super) fn unclear(&mut self, open: Vec<Open>, counted: &[Count]) -> Result<Vec<Open>, PipelineError> {
        if self.request.measuring.identical {
            return Ok(open);
        }
        let same = same_code(counted);
        let (spared, mut unclear): (Vec<Open>, Vec<Open>) =
            open.into_iter().partition(|Open { name, benches }| {
                same.contains(name)
                    && glance::suffices(&self.limit(name, &benches.candidate, Metric::WallTime))
            });
        let alone = self.request.judging.policy.error_budget(1);
        let contests = self.contests(spared);
        let glances = self
            .arena()
            .prove(Phase::Proof, contests, &|contest, baseline| Glance::new(contest, baseline, alone))?;
        for Proof { contest: Contest { name, benches, by, .. }, test, .. } in glances {
            match test.filter(Glance::agrees) {
                Some(glance) => {
                    let found = outcome::same_code(Metric::WallTime, by, &glance.test);
                    self.settle(&name, &benches.candidate, found);
                }
                None => unclear.push(Open { name, benches }),
            }
        }
        Ok(unclear)
    }

    /// What pairs may have to decide.
    pub(super) fn contests(&self, open: Vec<Open>) -> Vec<Contest> {
        let contest = |Open { name, benches }: Open| {
            let keys = Sides::from_fn(|side: Side| {
                let revision = self.revisions.get(side);
                let (machine, bench) = (&self.request.machine, benches.get(side));
                session::key(revision, machine, bench, name.id(), Metric::WallTime)
            });
            Contest {
                ids: Sides::from_fn(|_| name.id().to_owned()),
                keys,
                by: self.limit(&name, &benches.candidate, Metric::WallTime),
                name,
                benches,
            }
        };
        open.into_iter().map(contest).collect()
    }

    /// How many tests wall time takes.
    pub(super) fn timed_tests(contests: &[Contest]) -> usize {
        contests.iter().map(|contest| tests_of(&contest.by)).sum()
    }

    /// Settles the wall time of every contest.
    pub(super) fn time(&mut self, contests: Vec<Contest>, budget: ErrorBudget) -> Result<(), PipelineError> {
        self.progress.event(Event::Measuring { benchmarks: contests.len() });
        let mut unclear = Vec::new();
        for contest in contests {
            match self.screened(&contest, budget)? {
                Some(found) => self.settle(&contest.name, &contest.benches.candidate, found),
                None => unclear.push(contest),
            }
        }
        self.control = NullControl::measure(&self.request.judging, &mut self.arena(), &unclear)?;
        self.prove(unclear, budget)
    }

    /// Times taken under an emulator are stored as such, so that a report can show them.
    pub(super) fn store_emulated(
        &mut self,
        name: &BenchmarkName,
        bench: &BuiltBench,
    ) -> Result<(), PipelineError> {
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

    fn screened(
        &mut self,
        contest: &Contest,
        budget: ErrorBudget,
    ) -> Result<Option<MetricOutcome>, PipelineError> {
        if !self.request.judging.screen || interrupted() {
            return Ok(None);
        }
        let (measuring, judging) = (&self.request.measuring, &self.request.judging);
        screen::clear(contest, self.store, self.occasion, self.runner, judging, budget, measuring)
    }

    /// Pairs for what is open, and fresh pairs for what they suspect.
    fn prove(&mut self, contests: Vec<Contest>, budget: ErrorBudget) -> Result<(), PipelineError> {
        let first = self
            .arena()
            .prove(Phase::Proof, contests, &|contest, baseline| test_of(&contest.by, baseline, budget))?;
        let (suspects, decided): (Vec<Proof>, Vec<Proof>) =
            first.into_iter().partition(|proof| self.is_suspect(proof));
        for proof in &decided {
            self.settle_proof(proof, Confirmation::Waived);
        }
        if suspects.is_empty() {
            return Ok(());
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
            match &again.ended {
                Ended::Failed(..) => self.settle_proof(again, Confirmation::Waived),
                _ => self.settle_proof(proof, confirmation),
            }
        }
        Ok(())
    }

    fn settle_proof(&mut self, proof: &Proof, confirmation: Confirmation<'_>) {
        let found = self.outcome(proof, confirmation);
        self.settle(&proof.contest.name, &proof.contest.benches.candidate, found);
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

    fn outcome(&self, proof: &Proof, confirmation: Confirmation<'_>) -> MetricOutcome {
        let limit = &proof.contest.by;
        let metric = Metric::WallTime;
        match (&proof.ended, &proof.test) {
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
        }
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
