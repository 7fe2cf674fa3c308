//! The report for Reviewdog: one diagnostic for each function that made a benchmark regress, at its file and line.
//!
//! The format is Reviewdog's "Reviewdog Diagnostic Format", `rdjson`: one `DiagnosticResult`. What has no place in the
//! repository (a regression whose functions are not known, an error) is no diagnostic.

use serde::Serialize;

use crate::domain::{BenchmarkOutcome, Cause, Place, Report, TopFunction, Verdict};

use super::json::to_text;
use super::sentences;
use super::words;

#[derive(Serialize)]
struct DiagnosticResult {
    source: Source,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
}

#[derive(Serialize)]
struct Diagnostic {
    message: String,
    location: Location,
    severity: &'static str,
    code: Code,
}

#[derive(Serialize)]
struct Location {
    path: String,
    range: Option<Range>,
}

#[derive(Serialize)]
struct Range {
    start: Position,
}

#[derive(Serialize)]
struct Position {
    line: u32,
}

#[derive(Serialize)]
struct Code {
    value: String,
}

/// Writes a report as one `DiagnosticResult`.
pub(super) fn render(report: &Report) -> String {
    let regressed = words::worst_first(report).into_iter();
    let regressed = regressed.filter(|benchmark| benchmark.verdict() == Verdict::Regressed);
    to_text(&DiagnosticResult {
        source: Source { name: "cargo-perfguard" },
        diagnostics: regressed.flat_map(diagnostics).collect(),
    })
}

/// A diagnostic for each function whose place is known.
fn diagnostics(benchmark: &BenchmarkOutcome) -> Vec<Diagnostic> {
    let changes: Vec<String> = benchmark
        .metrics
        .iter()
        .filter(|outcome| outcome.verdict == Verdict::Regressed)
        .map(|outcome| {
            let reason = outcome.reason.as_ref().map(|reason| format!(" ({})", sentences::reason(reason)));
            format!("{} {}{}", outcome.metric, words::change(outcome), reason.unwrap_or_default())
        })
        .collect();
    let placed = benchmark.causes.iter().filter_map(|cause| match cause {
        Cause::Function(TopFunction { place: Some(place), .. }) => Some((cause, place, place.path.as_ref()?)),
        Cause::Function(_) | Cause::Build(_) | Cause::Quoted { .. } => None,
    });
    let diagnostic = |(cause, place, path): (&Cause, &Place, &String)| Diagnostic {
        message: format!("{}: {}: {}", benchmark.name, changes.join(", "), sentences::cause(cause)),
        location: Location {
            path: path.clone(),
            range: place.line.map(|line| Range { start: Position { line } }),
        },
        severity: if benchmark.fails() { "ERROR" } else { "INFO" },
        code: Code { value: benchmark.name.to_string() },
    };
    placed.map(diagnostic).collect()
}
