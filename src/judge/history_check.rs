//! One measurement against stored runs: a check that can only clear.
//!
//! It asks whether the candidate is surely below the threshold, the benchmark's own spread between runs included.
//! Everything else needs pairs. It never says regressed or improved.

use thiserror::Error;

use crate::domain::Limit;
use crate::stats::{ErrorBudget, RunSpread, SpreadError};

/// The candidate's one fresh measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fresh {
    /// ln of its median over launches.
    pub value: f64,
    /// The standard error of that within the run.
    pub error: f64,
}

/// What the history check looks at. All values are logarithms of medians in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryInput<'a> {
    /// The stored runs of the baseline, all of one key.
    pub runs: &'a [f64],
    /// Differences between runs of neighbouring commits of the same key but the commit.
    pub differences: &'a [f64],
    /// The candidate.
    pub fresh: Fresh,
    /// What it must stay below.
    pub limit: Limit,
    /// How many runs it takes (see [`super::Policy::minimum_runs`]).
    pub minimum_runs: usize,
}

/// The figures of a candidate that was cleared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cleared {
    /// The baseline's value, in the metric's unit.
    pub baseline: f64,
    /// The candidate's value, in the metric's unit.
    pub candidate: f64,
    /// candidate/baseline − 1.
    pub change: f64,
    /// The interval of `change`, the spread between runs included.
    pub interval: (f64, f64),
    /// The probability with which it holds the truth.
    pub confidence: f64,
}

/// Why pairs are needed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Unclear {
    /// Too little is stored, or nonsense.
    #[error("{0}")]
    NoSpread(#[from] SpreadError),
    /// The fresh measurement is no finite number.
    #[error("compare a measurement that is no positive number")]
    NotFinite,
    /// The interval reaches beyond the threshold.
    #[error("rule out a change above {:.2}%: against stored runs it may be {:+.2}%", threshold * 100.0, upper * 100.0)]
    MayBeWorse {
        /// The upper end of the interval of the change.
        upper: f64,
        /// The threshold.
        threshold: f64,
    },
    /// The candidate's own value may be above the cap.
    #[error("rule out a value above the cap against stored runs")]
    MayExceedCap,
}

/// What the history check found.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryFinding {
    /// Surely below the threshold.
    Clear(Cleared),
    /// Not surely so: measure both sides in pairs.
    Measure(Unclear),
}

/// Asks whether the candidate is surely below its threshold.
pub fn history_check(input: &HistoryInput<'_>, budget: ErrorBudget) -> HistoryFinding {
    match clear(input, budget) {
        Ok(cleared) => HistoryFinding::Clear(cleared),
        Err(why) => HistoryFinding::Measure(why),
    }
}

fn clear(input: &HistoryInput<'_>, budget: ErrorBudget) -> Result<Cleared, Unclear> {
    let Fresh { value, error } = input.fresh;
    if !(value.is_finite() && error.is_finite() && error >= 0.0) {
        return Err(Unclear::NotFinite);
    }
    let needed = input.minimum_runs.max(super::Policy::MINIMUM_RUNS);
    let spread = RunSpread::learn(input.runs, input.differences, needed)?;
    let margin = spread.margin(error, 1.0 / budget.single());
    let difference = value - spread.centre();
    let interval = ((difference - margin).exp_m1(), (difference + margin).exp_m1());
    let baseline = spread.centre().exp();
    let threshold = input.limit.fraction(baseline);
    if interval.1 > threshold {
        return Err(Unclear::MayBeWorse { upper: interval.1, threshold });
    }
    if input.limit.cap().is_some_and(|cap| value + margin > cap.ln()) {
        return Err(Unclear::MayExceedCap);
    }
    Ok(Cleared {
        baseline,
        candidate: baseline * difference.exp(),
        change: difference.exp_m1(),
        interval,
        confidence: budget.confidence(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Metric;

    const RUNS: [f64; 8] = [7.0, 7.002, 6.998, 7.001, 7.0, 6.999, 7.001, 7.0];
    /// One of twenty is a commit that changed something.
    const DIFFERENCES: [f64; 20] = [
        0.002, -0.001, 0.003, -0.002, 0.001, 0.002, -0.3, 0.002, -0.001, 0.001, 0.002, -0.001, 0.003, -0.002,
        0.001, 0.002, -0.001, 0.002, -0.001, 0.001,
    ];

    fn checked(runs: &[f64], differences: &[f64], value: f64, limit: &str) -> HistoryFinding {
        let limit = Limit::parse(limit, Metric::WallTime).unwrap();
        let fresh = Fresh { value, error: 0.001 };
        let input = HistoryInput { runs, differences, fresh, limit, minimum_runs: 5 };
        history_check(&input, ErrorBudget::new(0.01, 20).unwrap())
    }

    #[test]
    fn what_is_surely_below_is_cleared() {
        let HistoryFinding::Clear(cleared) = checked(&RUNS, &DIFFERENCES, 7.001, "5%") else {
            panic!("it is");
        };
        assert!(cleared.interval.0 < cleared.change && cleared.change < cleared.interval.1);
        assert!(cleared.interval.1 <= 0.05);
        // An improvement is cleared, not announced.
        assert!(matches!(checked(&RUNS, &DIFFERENCES, 6.5, "5%"), HistoryFinding::Clear(_)));
    }

    #[test]
    fn everything_else_needs_proof() {
        let cases = [
            (&RUNS[..4], &DIFFERENCES[..], 7.0, "5%"),
            (&RUNS[..], &DIFFERENCES[..3], 7.0, "5%"),
            (&RUNS[..], &DIFFERENCES[..], 7.1, "5%"),
            (&RUNS[..], &DIFFERENCES[..], 7.0, "0.1%"),
            (&RUNS[..], &DIFFERENCES[..], 7.0, "5% | 1000ns"),
            (&RUNS[..], &DIFFERENCES[..], f64::NAN, "5%"),
            (&RUNS[..], &[0.1, -0.1, 0.2, -0.1, 0.1], 7.0, "5%"),
        ];
        for (runs, differences, value, limit) in cases {
            let found = checked(runs, differences, value, limit);
            assert!(matches!(found, HistoryFinding::Measure(_)), "{value} {limit}: {found:?}");
        }
    }

    #[test]
    fn no_policy_lowers_the_number_of_runs() {
        let limit = Limit::relative(10.0).unwrap();
        let fresh = Fresh { value: 7.0, error: 0.0 };
        let runs = &RUNS[..4];
        let input = HistoryInput { runs, differences: &DIFFERENCES, fresh, limit, minimum_runs: 0 };
        let found = history_check(&input, ErrorBudget::new(0.01, 1).unwrap());
        assert_eq!(found, HistoryFinding::Measure(SpreadError::TooFew { found: 4, needed: 5 }.into()));
    }
}
