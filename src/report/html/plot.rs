//! Every benchmark as a bar from the low to the high end of its interval, against its threshold.
//!
//! Names are text above the bars, so that they wrap on a narrow screen; a bar is an image with a title and a description,
//! stretched to the width that there is. No script takes part.

use std::fmt::Write as _;

use crate::domain::{BenchmarkOutcome, Metric, MetricOutcome};

use super::super::standing::telling;
use super::super::{units, words};
use super::escape::escape;

/// The width of a bar's drawing, in its own units; it is stretched.
const WIDTH: f64 = 1000.0;

/// Bars stop here: a page of more is for the table.
const MOST: usize = 500;

/// Below this change the scale is nearly linear, above nearly logarithmic: one of 40 times leaves room for one of 5 %.
const BEND: f64 = 0.02;

/// Where the scale may have a mark.
const MARKS: [f64; 13] = [-0.9, -0.5, -0.2, -0.1, -0.05, -0.02, 0.0, 0.02, 0.05, 0.1, 0.3, 1.0, 9.0];

/// The smallest share of the width between two marks that are written.
const APART: f64 = 0.11;

/// From changes to places.
#[derive(Debug, Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// A scale on which everything that is shown has a place, and zero has room on both sides.
    fn of(shown: &[(&BenchmarkOutcome, &MetricOutcome)]) -> Self {
        let mut scale = Self { low: bent(-0.05), high: bent(0.1) };
        for (_, outcome) in shown {
            let (low, high) = ends(outcome);
            let all = [Some(low), Some(high), outcome.change, outcome.threshold];
            for value in all.into_iter().flatten().filter(|value| value.is_finite()) {
                scale.low = scale.low.min(bent(value));
                scale.high = scale.high.max(bent(value));
            }
        }
        let margin = (scale.high - scale.low) * 0.03;
        Self { low: scale.low - margin, high: scale.high + margin }
    }

    /// The share of the width at which a change lies; an end that is open lies at the edge.
    fn share(self, change: f64) -> f64 {
        ((bent(change) - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn x(self, change: f64) -> f64 {
        (self.share(change) * WIDTH * 10.0).round() / 10.0
    }
}

fn bent(change: f64) -> f64 {
    (change / BEND).asinh()
}

/// The ends of the bar: an exact figure is a point.
fn ends(outcome: &MetricOutcome) -> (f64, f64) {
    let change = outcome.change.unwrap_or(0.0);
    outcome.interval.unwrap_or((change, change))
}

/// Writes the plot; nothing where nothing has a change.
pub(super) fn plot(out: &mut String, benchmarks: &[&BenchmarkOutcome]) {
    let all = benchmarks.iter().filter_map(|benchmark| Some((*benchmark, telling(benchmark)?)));
    let all: Vec<(&BenchmarkOutcome, &MetricOutcome)> = all.collect();
    if all.is_empty() {
        return;
    }
    let shown = &all[..all.len().min(MOST)];
    let scale = Scale::of(shown);
    out.push_str("<h2>Changes</h2>\n<figure class=\"plot\">\n<figcaption>Each bar goes from the low to the high end of a change; the mark in it is the estimate, the dashed line the threshold. Left is better. The scale is wider near zero.</figcaption>\n");
    axis(out, scale);
    out.push_str("<ol>\n");
    for (benchmark, outcome) in shown {
        bar(out, scale, benchmark, outcome);
    }
    out.push_str("</ol>\n");
    if shown.len() < all.len() {
        let _ = writeln!(out, "<p>… and {} more in the tables</p>", all.len() - shown.len());
    }
    out.push_str("</figure>\n");
}

fn axis(out: &mut String, scale: Scale) {
    out.push_str("<div class=\"axis\" aria-hidden=\"true\">");
    let zero = scale.share(0.0);
    let mut taken = vec![zero];
    // Zero first, then outwards, so that the marks near it win.
    let mut marks: Vec<f64> =
        MARKS.into_iter().filter(|mark| bent(*mark) > scale.low && bent(*mark) < scale.high).collect();
    marks.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    for mark in marks {
        let share = scale.share(mark);
        let near = taken.iter().any(|other| (other - share).abs() < APART);
        if mark != 0.0 && (near || !(0.04..=0.96).contains(&share)) {
            continue;
        }
        taken.push(share);
        let text = if mark == 0.0 { "0".to_owned() } else { format!("{:+.0} %", mark * 100.0) };
        let _ = write!(out, "<span style=\"left:{:.2}%\">{text}</span>", share * 100.0);
    }
    out.push_str("</div>\n");
}

fn bar(out: &mut String, scale: Scale, benchmark: &BenchmarkOutcome, outcome: &MetricOutcome) {
    let (low, high) = ends(outcome);
    let (from, to) = (scale.x(low), scale.x(high));
    let name = escape(&benchmark.name.to_string());
    let metric =
        if outcome.metric == Metric::WallTime { String::new() } else { format!(" {}", outcome.metric) };
    let verdict = if outcome.accepted.is_some() { "accepted" } else { outcome.verdict.name() };
    let change = words::change(outcome);
    let interval = outcome.interval.map(|ends| format!(", from {} to {}", end(ends.0), end(ends.1)));
    let threshold = outcome.threshold.filter(|threshold| threshold.is_finite());
    let against = threshold.map(|threshold| format!("; threshold {}", units::percent(threshold)));
    let described = escape(&format!(
        "{verdict}: {} {change}{}{}",
        outcome.metric,
        interval.unwrap_or_default(),
        against.unwrap_or_default()
    ));
    let _ = writeln!(
        out,
        "<li class=\"{verdict}\"><div><code>{name}</code><span>{metric} {}</span></div>\
         <svg role=\"img\" viewBox=\"0 0 1000 20\" preserveAspectRatio=\"none\"><title>{name}</title>\
         <desc>{described}</desc>",
        escape(&change)
    );
    let line =
        |class: &str, x: f64| format!("<line class=\"{class}\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"20\"/>");
    out.push_str(&line("zero", scale.x(0.0)));
    let _ = write!(out, "<rect x=\"{from}\" y=\"5\" width=\"{:.1}\" height=\"10\"/>", (to - from).max(2.0));
    out.push_str(&line("estimate", scale.x(outcome.change.unwrap_or(0.0))));
    if let Some(threshold) = threshold {
        out.push_str(&line("threshold", scale.x(threshold)));
    }
    out.push_str("</svg></li>\n");
}

fn end(value: f64) -> String {
    if value.is_finite() { units::percent(value) } else { "beyond what is known".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures;
    use super::*;

    fn plotted(report: &crate::domain::Report) -> String {
        let mut out = String::new();
        plot(&mut out, &words::worst_first(report));
        out
    }

    #[test]
    fn every_benchmark_with_a_change_has_a_bar_with_words() {
        for (name, report) in fixtures::all() {
            let changed = report.benchmarks.iter().filter(|benchmark| telling(benchmark).is_some()).count();
            let text = plotted(&report);
            for part in ["<svg role=\"img\"", "<title>", "<desc>", "<rect ", "</svg>"] {
                assert_eq!(text.matches(part).count(), changed.min(MOST), "{name}: {part}");
            }
            assert!(!text.contains("NaN") && !text.contains("inf"), "{name}: {text}");
        }
    }

    #[test]
    fn a_regression_lies_behind_its_threshold_and_an_improvement_left_of_zero() {
        let report = fixtures::mixed();
        let all: Vec<(&BenchmarkOutcome, &MetricOutcome)> =
            report.benchmarks.iter().filter_map(|one| Some((one, telling(one)?))).collect();
        let scale = Scale::of(&all);
        for (benchmark, outcome) in all {
            let (low, high) = ends(outcome);
            let (low, high) = (scale.x(low), scale.x(high));
            assert!((0.0..=WIDTH).contains(&low) && low <= high && high <= WIDTH, "{}", benchmark.name);
            match outcome.verdict {
                crate::domain::Verdict::Regressed => assert!(low > scale.x(outcome.threshold.unwrap())),
                crate::domain::Verdict::Improved => assert!(high < scale.x(0.0)),
                _ => {}
            }
        }
        let text = plotted(&report);
        assert!(text.find("json/huge") < text.find("json/pretty"), "the worst first");
    }

    #[test]
    fn an_open_end_reaches_the_edge() {
        let mut report = fixtures::mixed();
        report.benchmarks.truncate(2);
        report.benchmarks[1].metrics[0].interval = Some((0.06, f64::INFINITY));
        let text = plotted(&report);
        assert!(text.contains("to beyond what is known"), "{text}");
    }
}
