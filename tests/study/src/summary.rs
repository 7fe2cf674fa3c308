//! Shares with their intervals, and how large the slowdowns really were. Pure.

use std::collections::BTreeMap;

use perfguard::stats::robust::median;
use statrs::distribution::{Beta, ContinuousCDF as _, StudentsT};

use crate::plan::{Condition, Family, Variant};
use crate::record::{Record, Said};

/// The probability with which an interval holds the truth.
pub const CONFIDENCE: f64 = 0.95;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// How many did.
    pub some: u64,
    /// How many could have.
    pub all: u64,
}

impl Share {
    /// As a fraction; 0 of nothing.
    pub fn fraction(self) -> f64 {
        if self.all == 0 { 0.0 } else { self.some as f64 / self.all as f64 }
    }

    /// The interval of Clopper and Pearson (1934), which never promises too much; all of it for nothing.
    pub fn interval(self) -> (f64, f64) {
        let tail = (1.0 - CONFIDENCE) / 2.0;
        let (some, rest) = (self.some as f64, (self.all - self.some) as f64);
        let quantile = |a: f64, b: f64, at: f64| Beta::new(a, b).map(|beta| beta.inverse_cdf(at));
        let low = if self.some == 0 { Ok(0.0) } else { quantile(some, rest + 1.0, tail) };
        let high = if self.some == self.all { Ok(1.0) } else { quantile(some + 1.0, rest, 1.0 - tail) };
        (low.unwrap_or(0.0), high.unwrap_or(1.0))
    }
}

/// What one contender said of one slowdown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// How many comparisons would fail a build.
    pub failed: Share,
    /// How many came to no result.
    pub undecided: u64,
    /// The median time per benchmark, in seconds.
    pub seconds: f64,
    /// The median half-width of the interval, where there is one.
    pub half_width: Option<f64>,
}

/// Rows by condition, contender and slowdown in thousandths.
pub type Table = BTreeMap<(Condition, String, u32), Row>;

/// Counts what was said.
pub fn table(records: &[Record]) -> Table {
    let mut groups: BTreeMap<(Condition, String, u32), Vec<&Said>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.trial.family != Family::Truth) {
        for said in &record.said {
            let key = (record.trial.condition, said.contender.clone(), record.trial.variant.per_mille);
            groups.entry(key).or_default().push(said);
        }
    }
    let row = |said: Vec<&Said>| Row {
        failed: Share { some: said.iter().filter(|said| said.fails).count() as u64, all: said.len() as u64 },
        undecided: said.iter().filter(|said| said.word == "inconclusive").count() as u64,
        seconds: middle(said.iter().map(|said| said.seconds)).unwrap_or(0.0),
        half_width: middle(said.iter().filter_map(|said| said.half_width)),
    };
    groups.into_iter().map(|(key, said)| (key, row(said))).collect()
}

/// How large a slowdown of a workload really is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// candidate/baseline − 1: the mean of the logarithms over runs.
    pub change: f64,
    /// Its interval, by Student's t over runs; `None` for a single run.
    pub interval: Option<(f64, f64)>,
    /// How many runs.
    pub runs: usize,
    /// How many pairs of launches in all.
    pub pairs: u32,
}

/// What was measured of the true slowdowns, by slowdown in thousandths and workload.
///
/// A run stops when its threshold, the nominal slowdown, is decided or hopeless. That depends on the very figures that
/// are averaged, but on which side of the threshold they lie only once it is decided, which at the threshold is rare.
pub fn truths(records: &[Record]) -> BTreeMap<(u32, String), Truth> {
    let mut groups: BTreeMap<(u32, String), Vec<(f64, u32)>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.trial.family == Family::Truth) {
        for said in &record.said {
            if let Some(change) = said.change {
                let key = (record.trial.variant.per_mille, said.workload.clone());
                groups.entry(key).or_default().push((change.ln_1p(), said.pairs.unwrap_or(0)));
            }
        }
    }
    groups.into_iter().map(|(key, runs)| (key, truth(&runs))).collect()
}

fn truth(runs: &[(f64, u32)]) -> Truth {
    let count = runs.len() as f64;
    let mean = runs.iter().map(|(log, _)| log).sum::<f64>() / count;
    let interval = (runs.len() > 1)
        .then(|| {
            let squares = runs.iter().map(|(log, _)| (log - mean).powi(2)).sum::<f64>();
            let error = (squares / (count - 1.0) / count).sqrt();
            let quantile = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
            let reach = error * quantile.inverse_cdf(1.0 - (1.0 - CONFIDENCE) / 2.0);
            Some(((mean - reach).exp_m1(), (mean + reach).exp_m1()))
        })
        .flatten();
    let pairs = runs.iter().map(|(_, pairs)| pairs).sum();
    Truth { change: mean.exp_m1(), interval, runs: runs.len(), pairs }
}

/// What the method promises, as far as the trials on the quiet machine tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Promises {
    /// Comparisons of equal code declared regressed at T = 5 %.
    pub false_alarms: Share,
    /// Whole runs of equal code that fail the gate at T = 5 %.
    pub failed_runs: Share,
    /// +10 % caught at T = 5 %.
    pub caught_ten: Share,
    /// +5 % caught at T = 2 %.
    pub caught_five: Share,
    /// The median half-width of the intervals of runs that nothing decided, and the median of their seconds.
    pub half_width: Option<(f64, f64)>,
    /// The median time until equal code is cleared at T = 5 %, in seconds; what never is takes for ever.
    pub cleared: Option<f64>,
}

/// Sums the promises up.
pub fn promises(records: &[Record]) -> Promises {
    let quiet = |family: Family, per_mille: u32| {
        records.iter().filter(move |record| {
            let trial = record.trial;
            (trial.condition, trial.family, trial.variant)
                == (Condition::Quiet, family, Variant::slower(per_mille))
        })
    };
    let share = |family, per_mille| {
        let said: Vec<&Said> = quiet(family, per_mille).flat_map(|record| &record.said).collect();
        Share { some: said.iter().filter(|said| said.fails).count() as u64, all: said.len() as u64 }
    };
    let runs: Vec<bool> =
        quiet(Family::Perfguard5, 0).map(|record| record.said.iter().any(|said| said.fails)).collect();
    let truths: Vec<&Said> = records
        .iter()
        .filter(|record| record.trial.family == Family::Truth)
        .flat_map(|record| &record.said)
        .collect();
    let widths = middle(truths.iter().filter_map(|said| said.half_width));
    let cleared = quiet(Family::Perfguard5, 0).flat_map(|record| &record.said);
    let cleared = cleared.map(|said| if said.word == "unchanged" { said.seconds } else { f64::INFINITY });
    Promises {
        false_alarms: share(Family::Perfguard5, 0),
        failed_runs: Share {
            some: runs.iter().filter(|&&failed| failed).count() as u64,
            all: runs.len() as u64,
        },
        caught_ten: share(Family::Perfguard5, 100),
        caught_five: share(Family::Perfguard2, 50),
        half_width: widths.zip(middle(truths.iter().map(|said| said.seconds))),
        cleared: middle(cleared).filter(|seconds| seconds.is_finite()),
    }
}

/// The median of what comes one by one; `None` of nothing.
pub fn middle(values: impl Iterator<Item = f64>) -> Option<f64> {
    median(&values.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Trial;

    #[test]
    fn intervals_are_the_published_ones() {
        // Brown, Cai and DasGupta (2001) and the rule of three, exact.
        let near = |(low, high): (f64, f64), expected: (f64, f64)| {
            assert!((low - expected.0).abs() < 5e-5 && (high - expected.1).abs() < 5e-5, "{low} {high}");
        };
        near(Share { some: 0, all: 10 }.interval(), (0.0, 0.30850));
        near(Share { some: 7, all: 18 }.interval(), (0.17299, 0.64255));
        near(Share { some: 10, all: 10 }.interval(), (0.69150, 1.0));
        near(Share { some: 0, all: 0 }.interval(), (0.0, 1.0));
    }

    #[test]
    fn a_truth_is_a_mean_of_logarithms_with_its_interval() {
        let found = truth(&[(0.04, 10), (0.05, 12), (0.06, 11)]);
        assert!((found.change - 0.05_f64.exp_m1()).abs() < 1e-12);
        let (low, high) = found.interval.unwrap();
        // t(2, 0.975) = 4.30265; the standard error is 0.01/√3.
        assert!((high.ln_1p() - 0.05 - 4.302_65 * 0.01 / 3_f64.sqrt()).abs() < 1e-6, "{low} {high}");
        assert_eq!((found.runs, found.pairs), (3, 33));
        assert_eq!(truth(&[(0.04, 10)]).interval, None);
    }

    #[test]
    fn promises_are_counted_where_they_were_given() {
        let said = |word: &str, seconds| Said {
            contender: String::new(),
            workload: String::new(),
            fails: word == "regressed",
            word: word.to_owned(),
            change: None,
            half_width: Some(0.01),
            pairs: None,
            seconds,
        };
        let record = |family, condition, per_mille, words: &[(&str, f64)]| Record {
            trial: Trial { round: 0, condition, family, variant: Variant::slower(per_mille) },
            ended: 0,
            seconds: 0.0,
            said: words.iter().map(|&(word, seconds)| said(word, seconds)).collect(),
        };
        let (quiet, noisy) = (Condition::Quiet, Condition::Noisy);
        let found = promises(&[
            record(
                Family::Perfguard5,
                quiet,
                0,
                &[("unchanged", 1.0), ("unchanged", 3.0), ("unchanged", 2.0)],
            ),
            record(Family::Perfguard5, quiet, 0, &[("inconclusive", 9.0), ("regressed", 2.0)]),
            record(Family::Perfguard5, noisy, 0, &[("regressed", 9.0)]),
            record(Family::Perfguard5, quiet, 100, &[("regressed", 2.0), ("inconclusive", 2.0)]),
            record(Family::Perfguard2, quiet, 50, &[("regressed", 2.0)]),
            record(Family::Truth, quiet, 50, &[("inconclusive", 5.0)]),
        ]);
        assert_eq!(found.false_alarms, Share { some: 1, all: 5 });
        assert_eq!(found.failed_runs, Share { some: 1, all: 2 });
        assert_eq!(found.caught_ten, Share { some: 1, all: 2 });
        assert_eq!(found.caught_five, Share { some: 1, all: 1 });
        assert_eq!((found.half_width, found.cleared), (Some((0.01, 5.0)), Some(3.0)));
    }

    #[test]
    fn medians_are_between() {
        assert_eq!(middle([3.0, 1.0, 2.0, 10.0].into_iter()), Some(2.5));
        assert_eq!(middle(std::iter::empty()), None);
    }
}
