//! How a report ends: the outcome as a whole, as a sentence and as a tone that every format shares.

use crate::domain::{BenchmarkOutcome, ClaimVerdict, Metric, Report, Verdict};

use super::text::plural;
use super::words::{Kind, accepted, count, spoken};

/// How benchmarks ended whose regressions are accepted.
const ACCEPTED: &str = "regressed as accepted";

/// How the outcome as a whole should strike a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// All is well.
    Good,
    /// Neither good nor bad: the reader should look.
    Open,
    /// Something is wrong.
    Bad,
}

impl Tone {
    /// The sign before a heading.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Good => "✅",
            Self::Open => "⚠️",
            Self::Bad => "❌",
        }
    }
}

/// The outcome as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closing {
    /// How it should strike a reader.
    pub(super) tone: Tone,
    /// The outcome in words.
    pub(super) text: String,
}

/// The outcome as a whole, in words. What compared nothing never reads like a pass.
pub(super) fn closing(report: &Report) -> Closing {
    let (tone, text) = match Kind::of(report) {
        Kind::Judged => judged(report),
        Kind::Claims => claims_only(report),
        Kind::Figures => listed(report, "measured", "nothing was measured"),
        Kind::Names => listed(report, "", "there is no benchmark"),
    };
    Closing { tone, text }
}

fn judged(report: &Report) -> (Tone, String) {
    let total = report.benchmarks.len();
    let decided = report.benchmarks.iter().filter(|benchmark| is_decided(benchmark)).count();
    let inconclusive = count(report, Verdict::Inconclusive);
    let all = summary(report, true);
    match report.exit_code {
        100 => (Tone::Bad, format!("gate failed: {all}")),
        0 | 102 if total == 0 && !report.claims.is_empty() => {
            (Tone::Open, format!("nothing was compared: there is no benchmark; {all}"))
        }
        0 | 102 if total == 0 => (Tone::Open, "nothing was compared: there is no benchmark".to_owned()),
        0 | 102 if decided == 0 && inconclusive == 0 => {
            (Tone::Open, format!("nothing was compared: {}", summary(report, false)))
        }
        102 => (Tone::Bad, format!("no verdict where one is required: {all}")),
        0 if decided == 0 => (Tone::Open, format!("gate passed, but nothing was decided: {all}")),
        0 => match open_clock(report) {
            Some(open) => {
                let open = plural(open, "wall-time verdict");
                (
                    Tone::Open,
                    format!("gate passed, but nothing was decided by the clock ({open} open): {all}"),
                )
            }
            None => (Tone::Good, format!("gate passed: {}", summary(report, false))),
        },
        _ => {
            let errors = plural(report.troubles.len().max(1), "error");
            let rest =
                if total == 0 && report.claims.is_empty() { "nothing was compared".to_owned() } else { all };
            (Tone::Bad, format!("not completed ({errors}): {rest}"))
        }
    }
}

/// How many benchmarks the clock was asked about, where it decided none of them.
fn open_clock(report: &Report) -> Option<usize> {
    let timed = || {
        let metrics = report.benchmarks.iter().flat_map(|benchmark| &benchmark.metrics);
        metrics.filter(|outcome| outcome.metric == Metric::WallTime)
    };
    let open = timed().filter(|outcome| outcome.verdict == Verdict::Inconclusive).count();
    (open > 0 && !timed().any(|outcome| outcome.verdict.is_decided())).then_some(open)
}

/// Whether a comparison of any of its metrics came to a result.
fn is_decided(benchmark: &BenchmarkOutcome) -> bool {
    benchmark.metrics.iter().any(|outcome| outcome.verdict.is_decided())
}

/// How many benchmarks ended how, and claims: worst first when something is wrong, else best first.
fn summary(report: &Report, worst: bool) -> String {
    let total = report.benchmarks.len();
    let mut order = Verdict::ALL;
    if worst {
        order.reverse();
    }
    let mut parts = Vec::new();
    for verdict in order {
        let accepted = if verdict == Verdict::Regressed { accepted(report).len() } else { 0 };
        for (some, ended) in [(count(report, verdict), spoken(verdict)), (accepted, ACCEPTED)] {
            match some {
                0 => {}
                some if worst && parts.is_empty() => {
                    let noun = if total == 1 { "benchmark" } else { "benchmarks" };
                    parts.push(format!("{some} of {total} {noun} {ended}"));
                }
                some => parts.push(format!("{some} {ended}")),
            }
        }
    }
    let mut text = parts.join(", ");
    let claims = claims_summary(report);
    if !claims.is_empty() {
        if report.benchmarks.is_empty() || refuted(report) > 0 && count(report, Verdict::Regressed) == 0 {
            text = if text.is_empty() { claims } else { format!("{claims}; {text}") };
        } else {
            text = format!("{text}; {claims}");
        }
    }
    text
}

fn refuted(report: &Report) -> usize {
    claims_with(report, ClaimVerdict::Refuted)
}

fn claims_with(report: &Report, verdict: ClaimVerdict) -> usize {
    report.claims.iter().filter(|claim| claim.verdict == verdict).count()
}

/// `1 of 3 claims refuted, 2 confirmed`; empty without claims.
fn claims_summary(report: &Report) -> String {
    let total = report.claims.len();
    let mut parts = Vec::new();
    for verdict in [ClaimVerdict::Refuted, ClaimVerdict::Undecided, ClaimVerdict::Confirmed] {
        match claims_with(report, verdict) {
            0 => {}
            some if parts.is_empty() => {
                let noun = if total == 1 { "claim" } else { "claims" };
                parts.push(format!("{some} of {total} {noun} {}", verdict.name()));
            }
            some => parts.push(format!("{some} {}", verdict.name())),
        }
    }
    parts.join(", ")
}

fn claims_only(report: &Report) -> (Tone, String) {
    let summary = claims_summary(report);
    let tone = match (report.exit_code, refuted(report), report.claims.len()) {
        (0, 0, 1..) => Tone::Good,
        (0, ..) => Tone::Open,
        _ => Tone::Bad,
    };
    (tone, with_errors(report, if summary.is_empty() { "there is no claim".to_owned() } else { summary }))
}

fn listed(report: &Report, done: &str, nothing: &str) -> (Tone, String) {
    let text = if report.benchmarks.is_empty() {
        nothing.to_owned()
    } else {
        format!("{} {done}", plural(report.benchmarks.len(), "benchmark")).trim_end().to_owned()
    };
    let tone = match (report.exit_code, report.benchmarks.len()) {
        (0, 1..) => Tone::Good,
        (0, 0) => Tone::Open,
        _ => Tone::Bad,
    };
    (tone, with_errors(report, text))
}

fn with_errors(report: &Report, text: String) -> String {
    if report.troubles.is_empty() {
        text
    } else {
        format!("not completed ({}): {text}", plural(report.troubles.len(), "error"))
    }
}
