//! What the reader of a report can do next, with the command that does it.

use crate::domain::harmless::{self, shell_word};
use crate::domain::{Axis, AxisName, Metric, MetricOutcome, Reason, Report, ReportKind, Side, Verdict};

use super::words::{Kind, worst_first};

/// The code of what fails by creep.
const CREPT: &str = "crept";

/// Something the reader can do, and the command that does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NextStep {
    /// What for.
    pub(super) purpose: &'static str,
    /// What to type or write; may have several lines.
    pub(super) command: String,
}

/// What the reader can do about what was found.
pub(super) fn next_steps(report: &Report) -> Vec<NextStep> {
    if Kind::of(report) != Kind::Judged {
        return Vec::new();
    }
    let mut steps = Vec::new();
    let mut step = |purpose, command| steps.push(NextStep { purpose, command });
    let sorted = worst_first(report);
    let first =
        |verdict| sorted.iter().find(|benchmark| benchmark.verdict() == verdict).map(|b| b.name.to_string());
    let sides = sides(report);
    if let Some(failing) = sorted.iter().find(|benchmark| benchmark.fails()) {
        let name = failing.name.to_string();
        let word = shell_word(&name);
        if let Some(sides) = &sides {
            // It builds both sides in one way.
            if report.axes.is_empty() {
                step("see which functions account for it", format!("cargo perfguard explain {word} {sides}"));
            }
            step("measure it again", format!("cargo perfguard compare {sides} {}", alone(report, &name)));
        }
        if report.kind == ReportKind::Check {
            step(
                "or accept it, for this change alone",
                format!("cargo perfguard baseline accept --exact {word} --reason \"…\""),
            );
        }
        let failing = failing.metrics.iter().filter(|outcome| outcome.fails());
        let (crept, beyond): (Vec<_>, Vec<_>) = failing.partition(|outcome| is_crept(outcome));
        if !beyond.is_empty() {
            step("or raise its threshold, in perfguard.toml", threshold_entry(&beyond, &name));
        }
        let limits = crept.into_iter().filter_map(limit_of_creep).collect::<Vec<_>>().join(", ");
        if !limits.is_empty() {
            step("or raise what may creep, in perfguard.toml", format!("[creep]\nlimit = {{ {limits} }}"));
        }
    }
    let undecided = sorted.iter().find(|benchmark| {
        benchmark.verdict() == Verdict::Inconclusive && benchmark.metrics.iter().any(time_may_tell)
    });
    if let (Some(benchmark), Some(sides)) = (undecided, &sides) {
        let alone = alone(report, &benchmark.name.to_string());
        step("give it more time", format!("cargo perfguard compare {sides} --budget 60s {alone}"));
    }
    if let (Some(_), Some(sides), ReportKind::Check) = (first(Verdict::NotComparable), &sides, report.kind) {
        step("build and measure both sides here", format!("cargo perfguard compare {sides}"));
    }
    steps
}

/// The arguments that choose this benchmark and no other of the report: its name, and that it is the whole one where it would be a
/// pattern, or is part of another.
fn alone(report: &Report, name: &str) -> String {
    let is_pattern = name.contains(['*', '?', '[', ']', '{', '}', '!']);
    let mut others = report.benchmarks.iter().map(|benchmark| benchmark.name.to_string());
    let exact = is_pattern || others.any(|other| other != name && other.contains(name));
    format!("{}-- {}", if exact { "--exact " } else { "" }, shell_word(name))
}

/// Whether more pairs may decide it: not where they have shown it to be worse, and its code is still not to blame.
fn time_may_tell(outcome: &MetricOutcome) -> bool {
    outcome.verdict == Verdict::Inconclusive && outcome.reason != Some(Reason::CodeLayout)
}

/// The two sides as `compare` takes them, with what their builds differ in on purpose.
fn sides(report: &Report) -> Option<String> {
    let base = report.baseline.as_ref()?.commit.short();
    let mut sides = match &report.candidate {
        Some(candidate) if report.kind == ReportKind::Compare && !candidate.dirty => {
            format!("{base} {}", candidate.commit.short())
        }
        _ => base.to_owned(),
    };
    for axis in &report.axes {
        for side in Side::BOTH {
            sides.extend(flag(axis, side));
        }
    }
    Some(sides)
}

/// The flags of one side, with a space before each.
fn flag(axis: &Axis, side: Side) -> Option<String> {
    let value = axis.sides.get(side).as_deref()?;
    let name = axis.axis;
    let flag = |value: &str| format!(" --{side}-{name}={}", shell_word(value));
    Some(match (name, &axis.given.get(side)[..]) {
        (AxisName::NoDefaultFeatures, _) => format!(" --{side}-{name}"),
        // An old report tells several as one: where one of them ends cannot be told.
        (AxisName::Env | AxisName::Config, []) if value.contains(' ') => format!(" --{side}-{name}=…"),
        (_, []) => flag(value),
        (_, given) => given.iter().map(|value| flag(value)).collect(),
    })
}

/// A configuration entry that would let everything of a benchmark through that is beyond its threshold.
fn threshold_entry(beyond: &[&MetricOutcome], name: &str) -> String {
    let limits: Vec<String> =
        beyond.iter().map(|outcome| format!("{} = \"{}\"", outcome.metric, enough(outcome))).collect();
    format!("[[benchmark]]\nmatch = {}\nthresholds = {{ {} }}", harmless::toml(name), limits.join(", "))
}

/// Whether it fails by what crept, also where another run's report says so.
fn is_crept(outcome: &MetricOutcome) -> bool {
    outcome.reason.as_ref().is_some_and(|reason| reason.code() == CREPT)
}

/// What may creep so that the outcome passes, where that is known.
fn limit_of_creep(outcome: &MetricOutcome) -> Option<String> {
    let Some(Reason::Crept { change, .. }) = &outcome.reason else { return None };
    Some(format!("{} = \"{:.0}%\"", outcome.metric, (change * 100.0).ceil()))
}

/// A limit that the outcome would keep.
fn enough(outcome: &MetricOutcome) -> String {
    let high = outcome.interval.map(|(_, high)| high).or(outcome.change).filter(|high| high.is_finite());
    match (high, outcome.baseline, outcome.candidate) {
        (Some(high), ..) if outcome.metric != Metric::Allocations => format!("{:.0}%", (high * 100.0).ceil()),
        (_, Some(before), Some(after)) if outcome.metric == Metric::Allocations && after > before => {
            format!("{:.0}", (after - before).ceil())
        }
        _ => "10%".to_owned(),
    }
}
