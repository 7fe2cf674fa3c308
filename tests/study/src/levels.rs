//! Where the variance is: within a launch, between launches, between runs. Pure but for [`observed`], which reads
//! the pairs that perfguard stored.
//!
//! Repetition pays at the level that varies most (Kalibera and Jones, ISMM 2013).

use std::collections::BTreeMap;
use std::path::Path;

use perfguard::domain::{BenchmarkName, COMMAND_TARGET, Schedule};
use perfguard::judge::observe;
use perfguard::stats::robust::{MEDIAN_TO_MEAN, robust_sd};
use perfguard::store::Store;

use crate::StudyError;
use crate::plan::{Condition, Family, Variant};
use crate::record::Record;
use crate::summary::middle;

/// Fewer pairs tell nothing about a spread.
const FEWEST: usize = 5;

/// What one pair of launches of equal code showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// ln(candidate/baseline): the median over neighbouring turns.
    pub ratio: f64,
    /// The error of that median, from the turns.
    pub error: f64,
    /// How many turns each side had.
    pub turns: usize,
    /// ln of the baseline's own median.
    pub level: f64,
}

/// How much figures of equal code vary, by level: standard deviations of logarithms, robust.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Of the ratio of two neighbouring turns within a pair.
    pub turn: f64,
    /// What that leaves of error in the median of a pair's turns.
    pub within: f64,
    /// Of a pair's ratio, from pair to pair of one run.
    pub pair: f64,
    /// Of the ratio that two launches would have had which did not take turns.
    pub unpaired: f64,
    /// Of a run's median, from run to run; `None` when there are few.
    pub run: Option<f64>,
    /// What pairs alone would leave of error in a run's median.
    pub expected: f64,
    /// How many pairs there are in all.
    pub pairs: usize,
}

/// Takes the variance of one workload apart. `None` when there are too few pairs.
pub fn levels(runs: &[Vec<Seen>]) -> Option<Levels> {
    let told: Vec<&Vec<Seen>> = runs.iter().filter(|pairs| pairs.len() >= FEWEST).collect();
    let all = || told.iter().copied().flatten();
    let centre = |of: fn(&Seen) -> f64, pairs: &[Seen]| middle(pairs.iter().map(of));
    let around = |of: fn(&Seen) -> f64| -> Option<f64> {
        let distances = told.iter().flat_map(|pairs| {
            let middle = centre(of, pairs).unwrap_or(0.0);
            pairs.iter().map(move |seen| of(seen) - middle)
        });
        robust_sd(&distances.collect::<Vec<_>>())
    };
    let pair = around(|seen| seen.ratio)?;
    let medians: Vec<f64> = told.iter().filter_map(|pairs| centre(|seen| seen.ratio, pairs)).collect();
    let errors = told.iter().map(|pairs| pair * MEDIAN_TO_MEAN / (pairs.len() as f64).sqrt());
    let turn = |seen: &Seen| seen.error * (seen.turns as f64).sqrt() / MEDIAN_TO_MEAN;
    Some(Levels {
        turn: middle(all().map(turn))?,
        within: middle(all().map(|seen| seen.error))?,
        pair,
        unpaired: around(|seen| seen.level)? * 2_f64.sqrt(),
        run: (medians.len() >= FEWEST).then(|| robust_sd(&medians)).flatten(),
        expected: middle(errors)?,
        pairs: all().count(),
    })
}

/// The pairs of equal code on the quiet machine, by workload and run.
///
/// # Errors
/// The store cannot be read.
pub fn observed(store: &Path, records: &[Record]) -> Result<BTreeMap<String, Vec<Vec<Seen>>>, StudyError> {
    let quiet: Vec<(i64, i64)> = records
        .iter()
        .filter(|record| {
            record.trial.condition == Condition::Quiet && record.trial.variant == Variant::BASELINE
        })
        .filter(|record| !matches!(record.trial.family, Family::Criterion | Family::Tango))
        .map(|record| window(record.ended, record.seconds))
        .collect();
    let error = |error: perfguard::store::StoreError| StudyError::Nonsense {
        what: format!("the store {}", store.display()),
        reason: error.to_string(),
    };
    let opened = Store::open_read_only(store).map_err(error)?;
    let mut found: BTreeMap<String, Vec<Vec<Seen>>> = BTreeMap::new();
    for comparison in opened.comparisons().map_err(error)? {
        let at = comparison.started_ms;
        if !comparison.identical || !quiet.iter().any(|&(from, to)| (from..=to).contains(&at)) {
            continue;
        }
        let pairs = opened.pairs(comparison.id).map_err(error)?;
        let seen = pairs.iter().filter(|pair| pair.schedule == Schedule::Interleaved).filter_map(|pair| {
            let observation = observe(pair).ok()?;
            Some(Seen {
                ratio: observation.ratio.value,
                error: observation.ratio.error,
                turns: pair.launches.baseline.samples.len(),
                level: observation.medians.baseline.ln(),
            })
        });
        found.entry(workload(&comparison.benchmark)).or_default().push(seen.collect());
    }
    Ok(found)
}

/// What the variance of a benchmark is told of. A process has other sources of it than the benchmark of the same work.
fn workload(benchmark: &BenchmarkName) -> String {
    let name = benchmark.id().rsplit('/').next().unwrap_or_default();
    if benchmark.target() == COMMAND_TARGET { format!("{name}, process") } else { name.to_owned() }
}

/// The milliseconds in which a trial went on.
fn window(ended: u64, seconds: f64) -> (i64, i64) {
    // The end is known to the second.
    let end = i64::try_from(ended).unwrap_or(i64::MAX / 2000).saturating_mul(1000).saturating_add(1000);
    #[expect(clippy::cast_possible_truncation, reason = "a float is cut to the range of the integer")]
    let length = (seconds * 1000.0) as i64;
    (end.saturating_sub(length).saturating_sub(1000), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs whose ratios are `centre` with `spread` added and taken away in turn.
    fn run(centre: f64, spread: f64, count: usize) -> Vec<Seen> {
        let ratio = |index: usize| centre + if index.is_multiple_of(2) { spread } else { -spread };
        let seen =
            |index| Seen { ratio: ratio(index), error: 0.01, turns: 16, level: 3.0 + 2.0 * ratio(index) };
        (0..count).map(seen).collect()
    }

    #[test]
    fn each_level_is_told_from_the_others() {
        let runs: Vec<_> = [-0.03, -0.01, 0.0, 0.01, 0.03].map(|centre| run(centre, 0.02, 10)).to_vec();
        let found = levels(&runs).unwrap();
        let near = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-9, "{value} {expected}");
        near(found.turn, 0.01 * 4.0 / 1.2533);
        near(found.within, 0.01);
        near(found.pair, 0.02 * 1.4826);
        near(found.unpaired, 0.04 * 1.4826 * 2_f64.sqrt());
        near(found.run.unwrap(), 0.01 * 1.4826);
        near(found.expected, 0.02 * 1.4826 * 1.2533 / 10_f64.sqrt());
        assert_eq!(found.pairs, 50);
    }

    #[test]
    fn a_process_is_told_from_the_benchmark_of_the_same_work() {
        let name = |target: &str, id: &str| workload(&BenchmarkName::new("workloads", target, id));
        assert_eq!(name("workloads", "study/compute"), "compute");
        assert_eq!(name("command", "compute"), "compute, process");
    }

    #[test]
    fn few_pairs_tell_nothing() {
        assert_eq!(levels(&[run(0.0, 0.01, 4)]), None);
        assert_eq!(levels(&[]), None);
        assert_eq!(levels(&[run(0.0, 0.01, 6)]).unwrap().run, None);
    }

    #[test]
    fn a_trial_lasts_until_its_end() {
        assert_eq!(window(100, 20.0), (80_000, 101_000));
    }
}
