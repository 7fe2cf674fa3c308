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
    #[error("the fresh measurement is no positive number")]
    NotFinite,
    /// The interval reaches beyond the threshold.
    #[error("against stored runs the change may be {:+.2}%, above {:.2}%", upper * 100.0, threshold * 100.0)]
    MayBeWorse {
        /// The upper end of the interval of the change.
        upper: f64,
        /// The threshold.
        threshold: f64,
    },
    /// The candidate's own value may be above the cap.
    #[error("the value may be above the cap")]
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

    /// What a fleet lets through: a share of its machines is 10 % faster than the rest, under one machine key. The shares of
    /// candidates of a true `change`, under `noise` from run to run, that history alone clears, and that a pair clears with it.
    fn cleared(fast: f64, noise: f64, change: f64) -> (f64, f64) {
        use super::super::Policy;
        use super::super::compared::{history_alone, history_clears};
        use super::super::fixtures::{ALL, both, measured, rules};
        use crate::domain::HistoryEvidence;
        use crate::domain::random::Generator;

        const TRIALS: u32 = 2_000;
        let mut random = Generator::new(20_261_126);
        let mut run = || {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let machine = if (random.below(1_000) as f64) < fast * 1_000.0 { 0.9_f64.ln() } else { 0.0 };
            7.0 + machine + noise * random.normal()
        };
        let mut own = Generator::new(8);
        let policy = Policy::new();
        let rules = rules(&policy, &ALL, Some(20));
        let (mut alone, mut with_pair) = (0, 0);
        for _ in 0..TRIALS {
            let all: Vec<f64> = (0..60).map(|_| run()).collect();
            let mut evidence = both();
            evidence.history = Some(HistoryEvidence {
                runs: (0..8).map(|_| run()).collect(),
                differences: all.windows(2).map(|two| two[1] - two[0]).collect(),
                fresh: (run() + f64::ln_1p(change), 0.002),
                seconds: 1.0,
                // Both sides of a pair are on one machine.
                confirming: Some(measured(&[f64::ln_1p(change) + 0.005 * own.normal()])),
            });
            alone += u32::from(history_alone(&evidence, &rules).is_some());
            with_pair += u32::from(history_clears(&evidence, &rules).is_some());
        }
        (f64::from(alone) / f64::from(TRIALS), f64::from(with_pair) / f64::from(TRIALS))
    }

    #[test]
    fn a_mixed_fleet_clears_no_regression_by_its_history() {
        let (alone, with_pair) = cleared(0.2, 0.01, 0.08);
        assert!(alone <= 0.01 && with_pair <= 0.001, "{alone} {with_pair}");
        // Not even where the odd machine is too rare for the percentile to see it.
        let (alone, with_pair) = cleared(0.02, 0.01, 0.08);
        assert!(alone <= 0.03 && with_pair <= 0.001, "{alone} {with_pair}");
        // Machines that are all alike still clear what did not change.
        let (alone, with_pair) = cleared(0.0, 0.005, 0.0);
        assert!(alone >= 0.9 && with_pair >= 0.9, "{alone} {with_pair}");
    }
}
