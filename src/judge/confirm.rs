//! What fails must fail twice.
//!
//! The first test keeps the error of the whole run. A suspect is measured again with fresh pairs of fresh launches, and
//! judged by these alone at the level of a single test: the luck that made it a suspect does not count a second time.
//! The confirmation's figures are the ones to report, because they were not selected for being large.

use thiserror::Error;

use super::paired::{PairedState, PairedTest};
use crate::domain::Verdict;

/// What became of the confirmation of a suspect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Confirmation<'a> {
    /// None is asked for: the first test decides alone.
    Waived,
    /// There was no time for it.
    Outstanding,
    /// Fresh pairs were measured.
    Measured(&'a PairedTest),
}

/// Why a test ended without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Doubt {
    /// No pair said anything.
    #[error("no pair could be measured")]
    NoPairs,
    /// The budget ended first.
    #[error("the budget ended before the pairs could decide")]
    Budget,
    /// Worse at first, not worse when measured again.
    #[error("worse when first measured, but not when measured again")]
    NotRepeated,
    /// Worse at first; measured again, neither could be shown.
    #[error("worse when first measured; measured again, the budget ended before the pairs could decide")]
    RepeatUndecided,
    /// Worse at first; there was no time to measure again.
    #[error("worse when first measured; there was no time left to measure again")]
    RepeatOutstanding,
}

/// The verdict of a test and its confirmation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confirmed<'a> {
    /// What was found.
    pub verdict: Verdict,
    /// The test whose figures belong to the verdict.
    pub figures: &'a PairedTest,
    /// Why, when inconclusive.
    pub doubt: Option<Doubt>,
}

/// Joins a test and the confirmation of what it suspected: only what fails twice has regressed.
pub fn combine<'a>(first: &'a PairedTest, confirmation: Confirmation<'a>) -> Confirmed<'a> {
    let (verdict, figures, doubt) = match (first.state(), confirmation) {
        (PairedState::NotWorse, _) => (Verdict::Unchanged, first, None),
        (PairedState::Improved, _) => (Verdict::Improved, first, None),
        (PairedState::Undecided, _) if first.pairs() == 0 => {
            (Verdict::Inconclusive, first, Some(Doubt::NoPairs))
        }
        (PairedState::Undecided, _) => (Verdict::Inconclusive, first, Some(Doubt::Budget)),
        (PairedState::Regressed, Confirmation::Waived) => (Verdict::Regressed, first, None),
        (PairedState::Regressed, Confirmation::Outstanding) => {
            (Verdict::Inconclusive, first, Some(Doubt::RepeatOutstanding))
        }
        (PairedState::Regressed, Confirmation::Measured(second)) => match second.state() {
            PairedState::Regressed => (Verdict::Regressed, second, None),
            PairedState::Undecided => (Verdict::Inconclusive, second, Some(Doubt::RepeatUndecided)),
            PairedState::NotWorse | PairedState::Improved => {
                (Verdict::Inconclusive, second, Some(Doubt::NotRepeated))
            }
        },
    };
    Confirmed { verdict, figures, doubt }
}

#[cfg(test)]
mod tests {
    use super::super::paired::tests::pairs_of;
    use super::*;
    use crate::stats::ErrorBudget;

    fn with(mut test: PairedTest, ratios: &[f64]) -> PairedTest {
        for pair in pairs_of(ratios) {
            test.push(&pair).unwrap();
        }
        test
    }

    #[test]
    fn only_what_fails_twice_has_regressed() {
        let empty = PairedTest::new(0.05, ErrorBudget::new(0.01, 20).unwrap()).unwrap();
        let suspect = with(empty.clone(), &[0.2; 12]);
        let again = |ratios: &[f64]| with(suspect.to_confirm(), ratios);
        let verdict = |second: &PairedTest| {
            let confirmed = combine(&suspect, Confirmation::Measured(second));
            (confirmed.verdict, confirmed.doubt)
        };
        assert_eq!(verdict(&again(&[0.2; 7])), (Verdict::Regressed, None));
        assert_eq!(verdict(&again(&[0.2; 6])), (Verdict::Inconclusive, Some(Doubt::RepeatUndecided)));
        assert_eq!(verdict(&again(&[0.0; 7])), (Verdict::Inconclusive, Some(Doubt::NotRepeated)));
        assert_eq!(verdict(&again(&[-0.2; 7])), (Verdict::Inconclusive, Some(Doubt::NotRepeated)));
        assert_eq!(combine(&suspect, Confirmation::Waived).verdict, Verdict::Regressed);
        assert_eq!(combine(&suspect, Confirmation::Outstanding).doubt, Some(Doubt::RepeatOutstanding));
        assert_eq!(combine(&empty, Confirmation::Outstanding).doubt, Some(Doubt::NoPairs));
        // A second test never turns a benchmark that was no suspect into a regression.
        let clear = with(empty, &[0.0; 7]);
        assert_eq!(combine(&clear, Confirmation::Measured(&again(&[0.2; 7]))).verdict, Verdict::Unchanged);
    }
}
