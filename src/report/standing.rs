//! What the readers of a pull request want to know, in their order: what got worse and where, what got better, the rest.

use std::fmt::Write as _;

use crate::domain::{BenchmarkOutcome, Cause, Metric, MetricOutcome, Report, Verdict};

use super::text::plural;
use super::words;
use super::{sentences, units};

/// The benchmarks of a comparison, each in one group.
pub(super) struct Standing<'a> {
    /// Regressed and not accepted, or failed; worst first.
    pub(super) worse: Vec<&'a BenchmarkOutcome>,
    /// Improved, the most improved first.
    pub(super) better: Vec<&'a BenchmarkOutcome>,
    /// Regressed as accepted.
    pub(super) accepted: Vec<&'a BenchmarkOutcome>,
    /// Whatever is left.
    pub(super) rest: Vec<&'a BenchmarkOutcome>,
}

impl<'a> Standing<'a> {
    /// Groups the benchmarks of a report.
    pub(super) fn of(report: &'a Report) -> Self {
        let (accepted, others): (Vec<_>, Vec<_>) =
            words::worst_first(report).into_iter().partition(|benchmark| benchmark.is_accepted());
        let is = |verdicts: &'static [Verdict]| {
            move |benchmark: &&BenchmarkOutcome| verdicts.contains(&benchmark.verdict())
        };
        let (mut worse, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(is(&[Verdict::Regressed, Verdict::Failed]));
        let (mut better, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(is(&[Verdict::Improved]));
        // The sorts keep the order of names among equals.
        worse.sort_by(|a, b| b.verdict().cmp(&a.verdict()).then_with(|| worst(b).total_cmp(&worst(a))));
        better.sort_by(|a, b| best(a).total_cmp(&best(b)));
        Self { worse, better, accepted, rest }
    }

    /// `2 inconclusive, 1 new, 40 unchanged`: how the rest ended.
    pub(super) fn counts_of_rest(&self) -> String {
        let mut order = Verdict::ALL;
        order.reverse();
        let count = |verdict| self.rest.iter().filter(|benchmark| benchmark.verdict() == verdict).count();
        let some = order.into_iter().map(|verdict| (count(verdict), verdict)).filter(|(count, _)| *count > 0);
        let parts: Vec<String> =
            some.map(|(count, verdict)| format!("{count} {}", words::spoken(verdict))).collect();
        parts.join(", ")
    }
}

/// The largest change among the metrics that fail. From nothing to something is the largest of all.
fn worst(benchmark: &BenchmarkOutcome) -> f64 {
    let failing = benchmark.metrics.iter().filter(|metric| metric.fails());
    failing.map(|metric| metric.change.unwrap_or(f64::INFINITY)).fold(f64::NEG_INFINITY, f64::max)
}

/// The smallest change among the metrics that improved.
fn best(benchmark: &BenchmarkOutcome) -> f64 {
    let improved = benchmark.metrics.iter().filter(|metric| metric.verdict == Verdict::Improved);
    improved.filter_map(|metric| metric.change).fold(f64::INFINITY, f64::min)
}

/// The geometric mean of candidate/baseline over what was compared by the clock, less one, and of how many benchmarks it is.
/// Identical executables count as unchanged; what has no figure, or seemed to take no time at all, does not count.
pub(super) fn mean_change(report: &Report) -> Option<(f64, usize)> {
    let timed = report.benchmarks.iter().flat_map(|benchmark| &benchmark.metrics);
    let timed = timed.filter(|metric| metric.metric == Metric::WallTime && metric.method.is_some());
    let ratios =
        timed.filter_map(|metric| metric.change).filter(|change| change.is_finite() && *change > -1.0);
    let logs: Vec<f64> = ratios.map(f64::ln_1p).collect();
    if logs.is_empty() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a report has far fewer benchmarks")]
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    Some((mean.exp_m1(), logs.len()))
}

/// The geometric mean as a sentence; `None` where it would say no more than the table.
pub(super) fn mean(report: &Report) -> Option<String> {
    let (change, count) = mean_change(report).filter(|(_, count)| *count > 1)?;
    let timed = |metric: &MetricOutcome| metric.metric == Metric::WallTime && metric.candidate.is_some();
    if !report.benchmarks.iter().flat_map(|benchmark| &benchmark.metrics).any(timed) {
        // All executables are identical: the clock was not asked.
        return None;
    }
    let all = plural(count, "benchmark");
    Some(format!("Wall time of {all}: {} in the geometric mean.", units::percent(change)))
}

/// Machine and toolchain, and how long it took, on one line.
pub(super) fn surroundings(report: &Report) -> String {
    let mut line = words::surroundings(report);
    if report.seconds > 0.0 {
        let separator = if line.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(line, "{separator}took {}", units::duration(report.seconds));
    }
    line
}

/// The function that gained most, and where it is written: `` +1 000 instructions in `fib::grow` (src/lib.rs:12) ``.
pub(super) fn cause(benchmark: &BenchmarkOutcome) -> Option<String> {
    let function = |cause: &&Cause| matches!(cause, Cause::Function(_));
    benchmark.causes.iter().find(function).map(sentences::cause)
}

/// The metric that tells most about a benchmark: of those with a change what fails, or the clock, or the first.
pub(super) fn telling(benchmark: &BenchmarkOutcome) -> Option<&MetricOutcome> {
    let known = || {
        let finite = |metric: &&MetricOutcome| metric.change.is_some_and(f64::is_finite);
        benchmark.metrics.iter().filter(finite)
    };
    known()
        .find(|metric| metric.verdict == Verdict::Regressed)
        .or_else(|| known().find(|metric| metric.metric == Metric::WallTime))
        .or_else(|| known().next())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn the_mean_is_geometric_and_of_the_clock_alone() {
        let mut report = fixtures::several_metrics();
        report.benchmarks.truncate(2);
        for (benchmark, change) in report.benchmarks.iter_mut().zip([1.0, -0.5]) {
            benchmark.metrics[0].change = Some(change);
        }
        let (change, count) = mean_change(&report).unwrap();
        assert!(change.abs() < 1e-12 && count == 2, "twice and half are nothing together: {change}");
        report.benchmarks[1].metrics[0].change = None;
        assert_eq!((mean_change(&report).unwrap().1, mean(&report)), (1, None));
        report.benchmarks[0].metrics[0].change = Some(-1.0);
        assert_eq!(mean_change(&report), None);
    }

    #[test]
    fn what_no_clock_was_asked_about_has_no_mean() {
        let mut report = fixtures::several_metrics();
        assert!(mean(&report).is_some());
        for benchmark in &mut report.benchmarks {
            benchmark.metrics[0].baseline = None;
            benchmark.metrics[0].candidate = None;
        }
        assert_eq!(mean(&report), None);
    }

    #[test]
    fn every_benchmark_is_in_one_group() {
        for (name, report) in fixtures::all() {
            let Standing { worse, better, accepted, rest } = Standing::of(&report);
            let all = worse.len() + better.len() + accepted.len() + rest.len();
            assert_eq!(all, report.benchmarks.len(), "{name}");
        }
        let mixed = fixtures::mixed();
        let standing = Standing::of(&mixed);
        let ids = |group: &[&BenchmarkOutcome]| -> Vec<String> {
            group.iter().map(|benchmark| benchmark.name.id().to_owned()).collect()
        };
        assert_eq!(ids(&standing.worse), ["json/huge", "json/large", "yaml/crash"]);
        assert_eq!(ids(&standing.better), ["json/twice", "json/pretty"]);
        assert_eq!(
            standing.counts_of_rest(),
            "2 inconclusive, 1 not comparable, 1 missing, 1 new, 1 unchanged"
        );
    }
}
