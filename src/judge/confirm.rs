//! What fails must fail twice.
//!
//! A benchmark is a suspect as soon as the wealth of its first test is the square root of what fails a build. It is then
//! measured again with fresh pairs of fresh launches, whose wealth begins anew, and fails when the *product* of both is what
//! fails a build: the last wealth of the first test is worth 1 on average at the most, whenever it stopped, and what the
//! fresh pairs multiply it by is a fair game again. So both together keep the error of the whole run. The fresh pairs must
//! also show it by themselves, at the level of a single test: the luck that made a suspect does not fail a build.
//! The figures of the re-measurement are the ones to report, because they were not selected for being large.

use super::paired::{PairedState, PairedTest};
use super::rules::Rules;
use crate::domain::{Confirm, Doubt, Limit, Reason, Verdict};

/// The first test of a limit, for a baseline of about `baseline`. It looks for suspects where they are measured again, and
/// decides alone where nothing is.
pub fn first_test(limit: &Limit, baseline: f64, rules: &Rules<'_>) -> PairedTest {
    let test = PairedTest::lenient(limit, baseline, rules.error_budget());
    match rules.confirm {
        Confirm::Never => test,
        Confirm::Suspects | Confirm::Always => test.to_find_suspects(),
    }
}

/// What became of the re-measurement of a suspect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Remeasurement<'a> {
    /// None is asked for: the first test decides alone.
    Waived,
    /// There was no time for it.
    Outstanding,
    /// Fresh pairs were measured.
    Measured(&'a PairedTest),
}

/// The verdict of a test and its re-measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Combined<'a> {
    /// What was found.
    pub verdict: Verdict,
    /// The test whose figures belong to the verdict.
    pub figures: &'a PairedTest,
    /// Whether its interval holds what it promises: not where the figures were selected for being large.
    pub unselected: bool,
    /// Why, where that needs to be said.
    pub reason: Option<Reason>,
}

/// Joins a test and the re-measurement of what it suspected, which is a test [to confirm](PairedTest::to_confirm) the first:
/// only what fails twice has regressed, and the interval of an improvement is one of fresh pairs.
///
/// A suspect that fresh pairs clear stays open: the first pairs spoke against it, and to clear it the first pairs would have to be
/// outweighed, too.
pub fn combine<'a>(first: &'a PairedTest, again: Remeasurement<'a>) -> Combined<'a> {
    let open = |figures, doubt| Combined {
        verdict: Verdict::Inconclusive,
        figures,
        unselected: true,
        reason: Some(Reason::Undecided { doubt, short_of: None }),
    };
    let shown = |verdict, figures| Combined { verdict, figures, unselected: true, reason: None };
    match (first.state(), again) {
        (PairedState::NotWorse, _) => shown(Verdict::Unchanged, first),
        (PairedState::Undecided, _) if first.pairs() == 0 => open(first, Doubt::NoPairs),
        (PairedState::Undecided, _) => open(first, Doubt::Budget),
        (PairedState::Regressed, Remeasurement::Waived) => shown(Verdict::Regressed, first),
        (PairedState::Regressed, Remeasurement::Outstanding) => open(first, Doubt::RepeatOutstanding),
        (PairedState::Regressed, Remeasurement::Measured(second)) => match second.state() {
            PairedState::Regressed => shown(Verdict::Regressed, second),
            PairedState::Undecided => open(second, Doubt::RepeatUndecided),
            PairedState::NotWorse | PairedState::Improved => open(second, Doubt::NotRepeated),
        },
        (PairedState::Improved, Remeasurement::Waived | Remeasurement::Outstanding) => {
            Combined { unselected: false, ..shown(Verdict::Improved, first) }
        }
        (PairedState::Improved, Remeasurement::Measured(second)) => match second.state() {
            PairedState::Improved => shown(Verdict::Improved, second),
            // The first pairs have shown that it is not worse. How much better it is, the fresh ones do not tell.
            _ => Combined {
                unselected: false,
                reason: Some(Reason::ImprovementNotRepeated),
                ..shown(Verdict::Unchanged, second)
            },
        },
    }
}

#[cfg(test)]
mod tests;
