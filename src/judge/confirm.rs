//! What fails must fail twice.
//!
//! The first test keeps the error of the whole run. A suspect is measured again with fresh pairs of fresh launches, and
//! judged by these alone at the level of a single test: the luck that made it a suspect does not count a second time.
//! The figures of the re-measurement are the ones to report, because they were not selected for being large.

use super::paired::{PairedState, PairedTest};
use crate::domain::{Doubt, Reason, Verdict};

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

/// Joins a test and the re-measurement of what it suspected: only what fails twice has regressed, and the interval of an
/// improvement is one of fresh pairs.
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
mod tests {
    use super::super::paired::tests::pairs_of;
    use super::*;
    use crate::stats::ErrorBudget;

    fn test_of(ratios: &[f64]) -> PairedTest {
        let mut test = PairedTest::new(0.05, ErrorBudget::new(0.01, 1).unwrap()).unwrap();
        for pair in pairs_of(ratios) {
            test.push(&pair).unwrap();
        }
        test
    }

    fn verdict(first: &[f64], again: Option<&[f64]>) -> (Verdict, Option<&'static str>, bool) {
        let (first, again) = (test_of(first), again.map(test_of));
        let again = again.as_ref().map_or(Remeasurement::Outstanding, Remeasurement::Measured);
        let found = combine(&first, again);
        (
            found.verdict,
            found.reason.as_ref().map(|reason| &*reason.code().to_owned().leak()),
            found.unselected,
        )
    }

    const WORSE: [f64; 8] = [0.3; 8];
    const SAME: [f64; 8] = [0.0; 8];
    const BETTER: [f64; 8] = [-0.3; 8];
    const FEW: [f64; 2] = [0.3; 2];

    #[test]
    fn only_what_fails_twice_has_regressed() {
        assert_eq!(verdict(&WORSE, Some(&WORSE)), (Verdict::Regressed, None, true));
        assert_eq!(verdict(&WORSE, Some(&SAME)), (Verdict::Inconclusive, Some("not-repeated"), true));
        assert_eq!(verdict(&WORSE, Some(&BETTER)), (Verdict::Inconclusive, Some("not-repeated"), true));
        assert_eq!(verdict(&WORSE, Some(&FEW)), (Verdict::Inconclusive, Some("repeat-undecided"), true));
        assert_eq!(verdict(&WORSE, None), (Verdict::Inconclusive, Some("repeat-outstanding"), true));
        let alone = test_of(&WORSE);
        assert_eq!(combine(&alone, Remeasurement::Waived).verdict, Verdict::Regressed);
    }

    #[test]
    fn an_improvement_has_an_interval_only_from_fresh_pairs() {
        assert_eq!(verdict(&BETTER, Some(&BETTER)), (Verdict::Improved, None, true));
        assert_eq!(verdict(&BETTER, None), (Verdict::Improved, None, false));
        assert_eq!(
            verdict(&BETTER, Some(&SAME)),
            (Verdict::Unchanged, Some("improvement-not-repeated"), false)
        );
    }

    #[test]
    fn what_is_not_worse_needs_no_second_look() {
        assert_eq!(verdict(&SAME, None), (Verdict::Unchanged, None, true));
        assert_eq!(verdict(&FEW, None), (Verdict::Inconclusive, Some("budget-ended"), true));
        assert_eq!(verdict(&[], None), (Verdict::Inconclusive, Some("no-pairs"), true));
        // Better, but by less than the threshold: not named.
        assert_eq!(verdict(&[-0.03; 12], None), (Verdict::Unchanged, None, true));
    }
}
