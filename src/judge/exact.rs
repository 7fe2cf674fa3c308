//! Counts: instructions and allocations.
//!
//! A count that repeats is compared exactly: one run of each side that agree are two runs of the same. One that varies
//! (hash seeds, threads) is compared by runs: when nothing got worse, all of *n* runs of one side lie above all of *k* runs
//! of the other with probability 1/C(n+k, n), whatever the distribution.

use crate::domain::{CountDoubt, Limit, Sides, Verdict};
use crate::stats::ErrorBudget;
use crate::stats::robust::median;

/// What counts have shown.
#[derive(Debug, Clone, PartialEq)]
pub struct CountFinding {
    /// What was found.
    pub verdict: Verdict,
    /// The medians of the runs of both sides.
    pub values: Sides<f64>,
    /// candidate/baseline − 1; `None` for something from nothing.
    pub change: Option<f64>,
    /// The interval of `change`.
    pub interval: Option<(f64, f64)>,
    /// The probability with which it holds the truth: 1 for counts that repeat.
    pub confidence: Option<f64>,
    /// Whether every run of each side gave one and the same count.
    pub repeats: Repeats,
    /// Why, when inconclusive.
    pub doubt: Option<CountDoubt>,
    /// The cap, where it is exceeded.
    pub above_cap: Option<f64>,
}

/// Whether runs of one executable agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// On both sides, to the last digit.
    Exactly,
    /// Not on both sides.
    Varies,
}

/// More launches of each side than this are never taken: enough for a million million tests.
const MOST_LAUNCHES: usize = 25;

/// How many launches of each side of a count that varies can show a regression at the level of the whole run: the
/// smallest *n* with 1/C(2n, n) ≤ α/m.
pub fn launches_needed(budget: ErrorBudget) -> usize {
    launches_at(1.0 / budget.family_wise())
}

/// The smallest *n* with 1/C(2n, n) at most at a level.
fn launches_at(level: f64) -> usize {
    let enough = |launches: &usize| separation_by_chance(*launches, *launches) <= level;
    (2..MOST_LAUNCHES).find(enough).unwrap_or(MOST_LAUNCHES)
}

/// How many launches of each side have to agree before a count that got worse counts as one that repeats. What draws one of two
/// values at random gives one of them twice on one side, and the other twice on the other, in one comparison of eight; five times
/// in one of 512 (2 · (1/2)^2n, and less for any other distribution).
pub(super) const SURE: usize = 5;

/// How many launches of each side are needed of counts that have repeated on both so far, and differ: some more where the
/// candidate would be called worse.
pub fn launches_to_repeat(runs: Sides<&[f64]>, limit: &Limit) -> usize {
    let (Some(&baseline), Some(&candidate)) = (runs.baseline.first(), runs.candidate.first()) else {
        return 2;
    };
    let above_cap = limit.cap().is_some_and(|cap| candidate > cap);
    if above_cap || exceeds(baseline, candidate, limit) { SURE } else { 2 }
}

/// How many launches of each side are worth their time, by runs so far that vary. Every further run can only widen the range of
/// its side, so what the ranges rule out now they rule out for ever: where no regression and no improvement is possible any
/// more, it takes only as many as clear; and where that is not possible either, no more.
pub fn launches_worth(runs: Sides<&[f64]>, limit: &Limit, budget: ErrorBudget) -> usize {
    let Some(Ranges { baseline, candidate }) = Ranges::of(runs) else { return 0 };
    let may_be_worse = exceeds(baseline.1, candidate.0, limit);
    let may_be_better = is_better(baseline.0, candidate.1, limit);
    if may_be_worse || may_be_better || limit.cap().is_some() {
        launches_needed(budget)
    } else if exceeds(baseline.0, candidate.1, limit) {
        0
    } else {
        launches_at(1.0 / budget.single())
    }
}

/// Compares the counts of repeated runs of both sides.
pub fn judge_counts(runs: Sides<&[f64]>, limit: &Limit, budget: ErrorBudget) -> CountFinding {
    let Some(range) = Ranges::of(runs) else {
        let values = runs.map(|runs| median(runs).unwrap_or(f64::NAN));
        return undecided(values, CountDoubt::NotANumber);
    };
    let values = runs.map(|runs| median(runs).unwrap_or(f64::NAN));
    let once = runs.baseline.len() < 2 || runs.candidate.len() < 2;
    if once && !range.agree() {
        return undecided(values, CountDoubt::CountedOnce);
    }
    if range.repeats() { exact(values, limit) } else { varying(&range, values, runs, limit, budget) }
}

fn undecided(values: Sides<f64>, doubt: CountDoubt) -> CountFinding {
    CountFinding {
        verdict: Verdict::Inconclusive,
        values,
        change: change(values.baseline, values.candidate),
        interval: None,
        confidence: None,
        repeats: Repeats::Varies,
        doubt: Some(doubt),
        above_cap: None,
    }
}

/// candidate/baseline − 1.
fn change(baseline: f64, candidate: f64) -> Option<f64> {
    if baseline.total_cmp(&candidate).is_eq() {
        return Some(0.0);
    }
    let change = candidate / baseline - 1.0;
    change.is_finite().then_some(change)
}

fn exact(values: Sides<f64>, limit: &Limit) -> CountFinding {
    let Sides { baseline, candidate } = values;
    let above_cap = limit.cap().filter(|cap| candidate > *cap);
    let verdict = if exceeds(baseline, candidate, limit) || above_cap.is_some() {
        Verdict::Regressed
    } else if is_better(baseline, candidate, limit) {
        Verdict::Improved
    } else {
        Verdict::Unchanged
    };
    let change = change(baseline, candidate);
    CountFinding {
        verdict,
        values,
        change,
        interval: change.map(|change| (change, change)),
        confidence: Some(1.0),
        repeats: Repeats::Exactly,
        doubt: None,
        above_cap,
    }
}

/// Whether a candidate is worse than a baseline by more than is allowed.
fn exceeds(baseline: f64, candidate: f64, limit: &Limit) -> bool {
    // A hair's breadth keeps `1%` of 100 from failing 101 for a rounding error.
    candidate - baseline > limit.allowance(baseline) + 1e-9 * baseline.abs()
}

/// Whether a candidate is better than a baseline by more than the same amount.
fn is_better(baseline: f64, candidate: f64, limit: &Limit) -> bool {
    baseline - candidate > limit.allowance(baseline) + 1e-9 * baseline.abs()
}

fn varying(
    range: &Ranges,
    values: Sides<f64>,
    runs: Sides<&[f64]>,
    limit: &Limit,
    budget: ErrorBudget,
) -> CountFinding {
    let chance = separation_by_chance(runs.baseline.len(), runs.candidate.len());
    let alone = 0.5_f64.powi(i32::try_from(runs.candidate.len()).unwrap_or(i32::MAX));
    let (family_wise, single) = (1.0 / budget.family_wise(), 1.0 / budget.single());
    let above_cap = limit.cap().filter(|cap| range.candidate.0 > *cap && alone <= family_wise);
    let below_cap = limit.cap().is_none_or(|cap| range.candidate.1 <= cap && alone <= single);
    let worse = chance <= family_wise && exceeds(range.baseline.1, range.candidate.0, limit);
    let clear = chance <= single && !exceeds(range.baseline.0, range.candidate.1, limit) && below_cap;
    let (verdict, doubt) = if worse || above_cap.is_some() {
        (Verdict::Regressed, None)
    } else if clear && chance <= family_wise && is_better(range.baseline.0, range.candidate.1, limit) {
        (Verdict::Improved, None)
    } else if clear {
        (Verdict::Unchanged, None)
    } else {
        let (low, high) = range.candidate;
        (Verdict::Inconclusive, Some(CountDoubt::Overlap(low, high)))
    };
    let lowest = change(range.baseline.1, range.candidate.0);
    let highest = change(range.baseline.0, range.candidate.1);
    CountFinding {
        verdict,
        values,
        change: change(values.baseline, values.candidate),
        interval: lowest.zip(highest),
        confidence: Some((1.0 - 2.0 * chance).max(0.0)),
        repeats: Repeats::Varies,
        doubt,
        above_cap,
    }
}

/// 1/C(n+k, n).
fn separation_by_chance(baseline: usize, candidate: usize) -> f64 {
    (1..=candidate).map(|run| run as f64 / (baseline + run) as f64).product()
}

/// The lowest and highest count of each side.
struct Ranges {
    baseline: (f64, f64),
    candidate: (f64, f64),
}

impl Ranges {
    fn of(runs: Sides<&[f64]>) -> Option<Self> {
        let range = |runs: &[f64]| {
            let sound = !runs.is_empty() && runs.iter().all(|count| count.is_finite() && *count >= 0.0);
            let low = runs.iter().copied().fold(f64::INFINITY, f64::min);
            let high = runs.iter().copied().fold(0.0, f64::max);
            sound.then_some((low, high))
        };
        Some(Self { baseline: range(runs.baseline)?, candidate: range(runs.candidate)? })
    }

    /// Whether every run of both sides gave one and the same count.
    fn agree(&self) -> bool {
        self.repeats() && self.baseline.0.total_cmp(&self.candidate.0).is_eq()
    }

    fn repeats(&self) -> bool {
        [self.baseline, self.candidate].iter().all(|(low, high)| low.total_cmp(high).is_eq())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Metric;

    fn judged(baseline: &[f64], candidate: &[f64], limit: &str, metric: Metric) -> CountFinding {
        let limit = Limit::parse(limit, metric).unwrap();
        judge_counts(Sides { baseline, candidate }, &limit, ErrorBudget::new(0.01, 20).unwrap())
    }

    #[test]
    fn counts_that_repeat_are_compared_to_the_last_one() {
        let verdict = |baseline: f64, candidate: f64, limit: &str| {
            let found = judged(&[baseline; 2], &[candidate; 2], limit, Metric::Allocations);
            assert_eq!(found.repeats, Repeats::Exactly);
            found.verdict
        };
        assert_eq!(verdict(7.0, 7.0, "0"), Verdict::Unchanged);
        assert_eq!(verdict(7.0, 8.0, "0"), Verdict::Regressed);
        assert_eq!(verdict(7.0, 8.0, "1"), Verdict::Unchanged);
        assert_eq!(verdict(7.0, 6.0, "0"), Verdict::Improved);
        // Better by less than the threshold is shown, and not named.
        assert_eq!(verdict(7.0, 6.0, "1"), Verdict::Unchanged);
        assert_eq!(verdict(100.0, 99.0, "1%"), Verdict::Unchanged);
        assert_eq!(verdict(100.0, 98.0, "1%"), Verdict::Improved);
        assert_eq!(verdict(0.0, 1.0, "0"), Verdict::Regressed);
        assert_eq!(verdict(0.0, 0.0, "0"), Verdict::Unchanged);
        assert_eq!(verdict(100.0, 101.0, "1%"), Verdict::Unchanged);
        assert_eq!(verdict(100.0, 102.0, "1%"), Verdict::Regressed);
        assert_eq!(verdict(7.0, 7.0, "0 | 6"), Verdict::Regressed);
        assert_eq!(judged(&[0.0; 2], &[1.0; 2], "0", Metric::Allocations).change, None);
    }

    #[test]
    fn half_a_percent_more_instructions_is_caught_every_time() {
        for count in [24_883.0_f64, 1e6, 3e9] {
            let more = (count * 1.005).ceil();
            let found = judged(&[count; 2], &[more; 2], "0.2%", Metric::Instructions);
            assert_eq!(found.verdict, Verdict::Regressed);
            assert_eq!(found.confidence, Some(1.0));
        }
    }

    #[test]
    fn counts_that_vary_need_runs_enough() {
        let low: Vec<f64> = (0..8_i32).map(|run| 1000.0 + f64::from(run)).collect();
        let high: Vec<f64> = low.iter().map(|count| count * 1.1).collect();
        let metric = Metric::Instructions;
        assert_eq!(judged(&low, &high, "1%", metric).verdict, Verdict::Regressed);
        assert_eq!(judged(&low[..3], &high[..3], "1%", metric).verdict, Verdict::Inconclusive);
        assert_eq!(judged(&low, &low, "1%", metric).verdict, Verdict::Unchanged);
        assert_eq!(judged(&high, &low, "1%", metric).verdict, Verdict::Improved);
        assert_eq!(judged(&low, &low, "0.1%", metric).verdict, Verdict::Inconclusive);
        assert_eq!(judged(&low, &low, "1% | 500", metric).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn a_workspace_of_any_size_gets_launches_enough() {
        let needed = |tests| launches_needed(ErrorBudget::new(0.01, tests).unwrap());
        assert_eq!([needed(1), needed(20), needed(128), needed(500), needed(10_000)], [5, 7, 8, 10, 12]);
        for tests in [1, 20, 128, 500, 10_000, usize::MAX / 2] {
            let budget = ErrorBudget::new(0.01, tests).unwrap();
            let low: Vec<f64> = (0..needed(tests)).map(|run| 1000.0 + run as f64).collect();
            let high: Vec<f64> = low.iter().map(|count| count * 1.1).collect();
            let limit = Limit::parse("1%", Metric::Instructions).unwrap();
            let found = judge_counts(Sides { baseline: &low, candidate: &high }, &limit, budget);
            let expected = if tests < 1 << 40 { Verdict::Regressed } else { Verdict::Inconclusive };
            assert_eq!(found.verdict, expected, "{tests} tests");
        }
    }

    #[test]
    fn what_got_worse_has_to_repeat_more_often() {
        let limit = Limit::parse("1%", Metric::Instructions).unwrap();
        let needed =
            |baseline: &[f64], candidate: &[f64]| launches_to_repeat(Sides { baseline, candidate }, &limit);
        assert_eq!(needed(&[13_128.0; 2], &[13_288.0; 2]), 5);
        assert_eq!(needed(&[13_128.0; 2], &[13_200.0; 2]), 2, "less than what is allowed");
        assert_eq!(needed(&[13_288.0; 2], &[13_128.0; 2]), 2);
        assert_eq!(needed(&[], &[1.0]), 2);
        let capped = Limit::parse("1% | 1005", Metric::Instructions).unwrap();
        assert_eq!(launches_to_repeat(Sides { baseline: &[1000.0], candidate: &[1008.0] }, &capped), 5);
    }

    /// Of counts that draw one of a few values at random, so few are called worse that a run of a thousand names none.
    #[test]
    fn values_drawn_at_random_seldom_seem_to_repeat() {
        let limit = Limit::parse("1%", Metric::Instructions).unwrap();
        let budget = ErrorBudget::new(0.01, 1000).unwrap();
        let mut generator = crate::stats::random::Generator::new(7);
        let named = |launches: &dyn Fn(Sides<&[f64]>) -> usize,
                     generator: &mut crate::stats::random::Generator| {
            let mut draw = || [1000.0, 1000.0, 1012.0, 1012.0, 1030.0][generator.below(5)];
            (0..20_000)
                .filter(|_| {
                    let mut runs = Sides { baseline: vec![draw(), draw()], candidate: vec![draw(), draw()] };
                    let repeats = |runs: &[f64]| runs.windows(2).all(|two| two[0].total_cmp(&two[1]).is_eq());
                    while repeats(&runs.baseline)
                        && repeats(&runs.candidate)
                        && runs.baseline.len() < launches(runs.as_ref().map(Vec::as_slice))
                    {
                        runs.baseline.push(draw());
                        runs.candidate.push(draw());
                    }
                    let runs = runs.as_ref().map(Vec::as_slice);
                    judge_counts(runs, &limit, budget).verdict == Verdict::Regressed
                })
                .count()
        };
        let before = named(&|_| 2, &mut generator);
        let now = named(&|runs| launches_to_repeat(runs, &limit), &mut generator);
        assert!(before > 500 && now < 20, "{before} and {now} of 20000");
    }

    #[test]
    fn launches_that_can_show_nothing_are_not_taken() {
        let worth = |baseline: &[f64], candidate: &[f64], limit: &str| {
            let limit = Limit::parse(limit, Metric::Instructions).unwrap();
            launches_worth(Sides { baseline, candidate }, &limit, ErrorBudget::new(0.01, 128).unwrap())
        };
        assert_eq!(worth(&[100.0, 101.0], &[110.0, 111.0], "1%"), 8, "it may be worse");
        assert_eq!(worth(&[110.0, 111.0], &[100.0, 101.0], "1%"), 8, "or better");
        assert_eq!(worth(&[1000.0, 1001.0], &[1000.0, 1002.0], "1%"), 5, "at most unchanged");
        assert_eq!(worth(&[100.0, 130.0], &[101.0, 120.0], "1%"), 0, "they overlap, and are too wide");
        assert_eq!(worth(&[1000.0, 1001.0], &[1000.0, 1002.0], "1% | 2000"), 8, "a cap is about the value");
        assert_eq!(worth(&[f64::NAN], &[1.0], "1%"), 0);
    }

    proptest! {
        /// Where launches are saved, no number of them had another word than that it is open.
        #[test]
        fn what_is_saved_would_have_shown_nothing(
            baseline in proptest::collection::vec(900.0..1100.0_f64, 8),
            candidate in proptest::collection::vec(900.0..1100.0_f64, 8),
            shift in -100.0..100.0_f64,
        ) {
            let candidate: Vec<f64> = candidate.iter().map(|count| count + shift).collect();
            let (limit, budget) = (Limit::parse("1%", Metric::Instructions).unwrap(), ErrorBudget::new(0.01, 128).unwrap());
            let of = |launches: usize| Sides { baseline: &baseline[..launches], candidate: &candidate[..launches] };
            let all = judge_counts(of(8), &limit, budget).verdict;
            let named = matches!(all, Verdict::Regressed | Verdict::Improved);
            for launches in 2..8 {
                let worth = launches_worth(of(launches), &limit, budget);
                prop_assert!(!named || worth == 8, "{launches}: {worth}");
                prop_assert!(all != Verdict::Unchanged || worth >= 5, "{launches}: {worth}");
            }
        }
    }

    #[test]
    fn the_chance_of_separation_is_the_combinatorial_one() {
        assert!((separation_by_chance(2, 2) - 1.0 / 6.0).abs() < 1e-12);
        assert!((separation_by_chance(7, 7) - 1.0 / 3432.0).abs() < 1e-12);
    }

    #[test]
    fn nonsense_is_never_judged() {
        let metric = Metric::Instructions;
        let agreeing = judged(&[5.0], &[5.0], "1%", metric);
        assert_eq!((agreeing.verdict, agreeing.repeats), (Verdict::Unchanged, Repeats::Exactly));
        assert_eq!(judged(&[5.0], &[6.0], "1%", metric).doubt, Some(CountDoubt::CountedOnce));
        assert_eq!(judged(&[5.0, 5.0], &[4.0], "1%", metric).doubt, Some(CountDoubt::CountedOnce));
        assert_eq!(judged(&[], &[5.0], "1%", metric).doubt, Some(CountDoubt::NotANumber));
        assert_eq!(judged(&[5.0, f64::NAN], &[5.0, 5.0], "1%", metric).verdict, Verdict::Inconclusive);
    }
}
