//! The A/A test: executables of the baseline measured against themselves, by the schedule of the comparison.
//!
//! Whatever it finds changed did not change, so what the same machine says about two builds in the same minutes is worth
//! no more. It can only take verdicts away: a regression becomes inconclusive, and nothing ever becomes a regression. So
//! it adds nothing to the probability with which a run in which nothing got slower fails, and takes no share of that
//! error; what it costs is power, where it takes away a verdict that was right. With *k* benchmarks it asks 2*k*
//! questions (slower? faster?) at α/2*k* each: a machine whose pairs err as often up as down is called unfit with a
//! probability of at most α.

use crate::domain::{AaControl, AaTest, Ended, Limit, Metric, Note, Objection, Pair, PairedEvidence, Seemed};
use crate::stats::ErrorBudget;

use super::paired::{PairedState, PairedTest};
use super::rules::Rules;

/// What measuring a benchmark against itself showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfFinding {
    /// Not worse, and not better: as it is.
    Same,
    /// It seemed worse than its limit allows, or better.
    Changed(Seemed),
    /// The budget was too small to tell.
    Undecided,
    /// A launch gave nothing, or the user wants to stop.
    Nothing,
}

/// How the error of an A/A test of so many benchmarks is divided.
pub fn aa_budget(rules: &Rules<'_>, controls: usize) -> ErrorBudget {
    rules.policy.error_budget(2 * controls)
}

/// The test of a benchmark against itself: its own threshold. A cap is about the code, not about the machine.
pub fn self_test(limit: &Limit, baseline: f64, budget: ErrorBudget) -> PairedTest {
    PairedTest::lenient(limit, baseline, budget).with_cap(None)
}

/// The test that stored pairs of a benchmark against itself make; `None` without any.
pub fn self_test_of(limit: &Limit, pairs: &[Pair], budget: ErrorBudget) -> Option<PairedTest> {
    let mut test = self_test(limit, pairs.first()?.launches.baseline.samples.median(), budget);
    for pair in pairs {
        // One without a ratio says nothing.
        let _ = test.push(pair);
    }
    Some(test)
}

/// What pairs of a benchmark against itself show.
pub fn self_finding(evidence: &PairedEvidence, test: Option<&PairedTest>) -> SelfFinding {
    match (&evidence.ended, test.map(PairedTest::state)) {
        (Ended::Failed(..) | Ended::Interrupted, _) | (_, None) => SelfFinding::Nothing,
        (_, Some(PairedState::Regressed)) => SelfFinding::Changed(Seemed::Worse),
        // Better by any amount is a change.
        _ if test.is_some_and(PairedTest::seems_better) => SelfFinding::Changed(Seemed::Better),
        (_, Some(PairedState::NotWorse | PairedState::Improved)) => SelfFinding::Same,
        (_, Some(PairedState::Undecided)) => SelfFinding::Undecided,
    }
}

/// Why nothing that was timed counts; `None` when the machine was fit, as far as this tells.
pub fn objection(aa: &AaTest, rules: &Rules<'_>) -> Option<Objection> {
    let mut changed = findings(aa, rules).filter_map(|(control, finding)| match finding {
        SelfFinding::Changed(seemed) => Some((control.name.clone(), seemed)),
        _ => None,
    });
    let (benchmark, seemed) = changed.next()?;
    Some(Objection { benchmark, seemed, others: changed.count() })
}

/// What a reader should know of the A/A test and of the objection it made; nothing where it was not asked for.
pub fn note(aa: &AaTest, objection: Option<Objection>, rules: &Rules<'_>) -> Option<Note> {
    let same = findings(aa, rules).filter(|(_, finding)| *finding == SelfFinding::Same);
    aa.asked.then(|| Note::AaTest { measured: aa.controls.len(), unchanged: same.count(), objection })
}

/// What each benchmark's pairs against itself show.
fn findings<'a>(aa: &'a AaTest, rules: &'a Rules<'_>) -> impl Iterator<Item = (&'a AaControl, SelfFinding)> {
    let budget = aa_budget(rules, aa.controls.len());
    aa.controls.iter().map(move |control| {
        let limit = rules.limit_of(&control.name, &control.target, Metric::WallTime);
        let test = self_test_of(&limit, &control.pairs.pairs, budget);
        (control, self_finding(&control.pairs, test.as_ref()))
    })
}
