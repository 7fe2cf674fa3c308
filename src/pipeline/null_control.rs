//! The null control: executables of the baseline measured against themselves, by the schedule of the proof.
//!
//! Whatever it finds changed did not change, so what the same machine says about two builds in the same minutes is worth
//! no more. It can only take verdicts back: a regression becomes inconclusive, and nothing ever becomes a regression. So
//! it adds nothing to the probability with which a run in which nothing got slower fails, and takes no share of that
//! error; what it costs is power, where it takes back a verdict that was right. With *k* benchmarks it asks 2*k*
//! questions (slower? faster?) at α/2*k* each: a machine whose pairs err as often up as down is called unfit with a
//! probability of at most α.

use super::error::PipelineError;
use super::prove::{Arena, Contest, Ended, Proof};
use super::request::Judging;
use crate::domain::{
    BenchmarkName, BenchmarkOutcome, ClaimOutcome, ClaimVerdict, Claimed, Event, Phase, Sides, Verdict,
};
use crate::judge::{ErrorBudget, PairedState, PairedTest, outcome};
use crate::stats::random::Generator;

/// How many benchmarks are measured against themselves: enough to meet a machine that is unfit for most of them, at the
/// cost of a few seconds.
const SAMPLE: usize = 3;

/// What the null control of a run found.
#[derive(Debug, Clone, Default)]
pub(crate) struct NullControl {
    asked: bool,
    found: Vec<(BenchmarkName, Found)>,
}

/// What measuring a benchmark against itself showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Not worse, and not better: as it is.
    Same,
    /// It seemed worse than its limit allows, or better.
    Changed(&'static str),
    /// The budget was too small to tell.
    Undecided,
    /// A launch gave nothing, or the user wants to stop.
    Nothing,
}

impl Found {
    /// What a proof of a contest between equals shows.
    pub(crate) fn of(ended: &Ended, state: Option<PairedState>) -> Self {
        match (ended, state) {
            (Ended::Failed(..) | Ended::Interrupted, _) | (_, None) => Self::Nothing,
            (_, Some(PairedState::Regressed)) => Self::Changed("regressed"),
            (_, Some(PairedState::Improved)) => Self::Changed("improved"),
            (_, Some(PairedState::NotWorse)) => Self::Same,
            (_, Some(PairedState::Undecided)) => Self::Undecided,
        }
    }
}

impl NullControl {
    /// Measures a few of the benchmarks that wait for their proof against themselves; none where it was not asked for.
    pub(crate) fn measure(
        judging: &Judging,
        arena: &mut Arena<'_>,
        contests: &[Contest],
    ) -> Result<Self, PipelineError> {
        if !judging.null_control {
            return Ok(Self::default());
        }
        let chosen = sample(contests, arena.seed);
        let budget = judging.policy.error_budget(2 * chosen.len());
        if !chosen.is_empty() {
            let stage = format!("Measuring {} against themselves: the null control", chosen.len());
            arena.progress.event(Event::Stage(&stage));
        }
        let proofs =
            arena.prove(Phase::NullControl, chosen, &|contest, baseline| test(contest, baseline, budget))?;
        let found = |proof: Proof| {
            let state = proof.test.as_ref().map(PairedTest::state);
            (proof.contest.name, Found::of(&proof.ended, state))
        };
        Ok(Self { asked: true, found: proofs.into_iter().map(found).collect() })
    }

    /// Why nothing that was timed counts; `None` when the machine was fit, as far as this tells.
    fn objection(&self) -> Option<String> {
        let mut changed = self.found.iter().filter_map(|(name, found)| match found {
            Found::Changed(word) => Some((name, word)),
            _ => None,
        });
        let (name, word) = changed.next()?;
        let others = match changed.count() {
            0 => String::new(),
            count => format!(" (and {count} more)"),
        };
        Some(format!(
            "the null control found {name} {word} against itself{others}: this machine was unfit to measure"
        ))
    }

    /// Takes back what was timed on an unfit machine.
    pub(crate) fn take_back(&self, benchmarks: &mut [BenchmarkOutcome], claims: &mut [ClaimOutcome]) {
        let Some(objection) = self.objection() else { return };
        for metric in benchmarks.iter_mut().flat_map(|benchmark| &mut benchmark.metrics) {
            *metric = outcome::on_unfit_machine(metric.clone(), &objection);
        }
        for benchmark in benchmarks.iter_mut().filter(|benchmark| benchmark.verdict() != Verdict::Regressed) {
            benchmark.causes.clear();
        }
        let timed = |claim: &&mut ClaimOutcome| {
            matches!(claim.claimed, Claimed::AtLeast(_) | Claimed::EqualWithin(_)) && claim.ratio.is_some()
        };
        for claim in claims.iter_mut().filter(timed) {
            claim.verdict = ClaimVerdict::Undecided;
            claim.reason = Some(objection.clone());
        }
    }

    /// What a reader should know of it.
    pub(crate) fn note(&self) -> Option<String> {
        if !self.asked {
            return None;
        }
        if let Some(objection) = self.objection() {
            return Some(format!("{objection}; what was timed is inconclusive, its figures are shown"));
        }
        let same = self.found.iter().filter(|(_, found)| *found == Found::Same).count();
        Some(match (self.found.len(), same) {
            (0, _) => "the null control had nothing to measure: no benchmark needed pairs".to_owned(),
            (all, same) if all == same => {
                format!("null control: {all} measured against themselves, none seemed changed")
            }
            (all, same) => format!(
                "null control: {all} measured against themselves, {same} shown unchanged, none seemed changed; \
                 the others could not be told"
            ),
        })
    }
}

/// The test of a null control: the contest's own threshold. A cap is about the code, not about the machine.
pub(crate) fn test(contest: &Contest, baseline: f64, budget: ErrorBudget) -> PairedTest {
    PairedTest::new(contest.by.fraction(baseline), budget)
        .or_else(|_| PairedTest::new(0.0, budget))
        .unwrap_or_else(|_| unreachable!("a margin of zero is not negative"))
}

/// The baselines of a few contests, drawn by a seed, each against itself.
fn sample(contests: &[Contest], seed: u64) -> Vec<Contest> {
    let mut drawn: Vec<&Contest> = contests.iter().collect();
    Generator::new(seed).shuffle(&mut drawn);
    drawn.into_iter().take(SAMPLE).map(against_itself).collect()
}

/// The baseline of a contest on both sides.
fn against_itself<J: Clone>(contest: &Contest<J>) -> Contest<J> {
    let Contest { name, benches, ids, keys, by } = contest;
    Contest {
        name: name.clone(),
        benches: Sides::from_fn(|_| benches.baseline.clone()),
        ids: Sides::from_fn(|_| ids.baseline.clone()),
        keys: Sides::from_fn(|_| keys.baseline.clone()),
        by: by.clone(),
    }
}

#[cfg(test)]
mod tests;
