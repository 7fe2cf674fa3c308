//! What a report found that somebody should look at, each with its place in the code: what annotations are made of.

use std::collections::HashMap;

use crate::domain::{BenchmarkName, BenchmarkOutcome, Cause, Report, TopFunction, Trouble, Verdict};

use super::closing::{Tone, closing};
use super::sentences;
use super::text::begin;
use super::words::{self, Kind};

/// Texts are cut here, in characters.
const LONGEST: usize = 2_000;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It fails the gate, or kept the run from being completed.
    Error,
    /// It fails nothing, but somebody should look.
    Warning,
}

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// A benchmark got slower, or needs more.
    Regressed,
    /// Something could not be completed.
    Failed,
    /// A claim does not hold.
    Refuted,
    /// A benchmark has no verdict, or nothing has.
    Undecided,
}

impl Sort {
    /// Its name, for programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Failed => "failed",
            Self::Refuted => "refuted",
            Self::Undecided => "undecided",
        }
    }
}

/// A place in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// The file, from the repository's root.
    pub(super) path: String,
    /// The line, where one is known.
    pub(super) line: Option<u32>,
}

/// Something that somebody should look at. No text is cleaned: each format knows what harms its readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) sort: Sort,
    /// The benchmark, claim or bench target; empty for the whole run.
    pub(super) subject: String,
    /// What was found, without the subject. May have several lines.
    pub(super) text: String,
    /// Where to look.
    pub(super) spot: Option<Spot>,
}

/// Everything that was found: errors before warnings, the worst first.
pub(super) fn of(report: &Report) -> Vec<Finding> {
    let mut findings = regressions(report);
    let known = Known::of(report);
    findings.extend(report.troubles.iter().map(|found| trouble(found, &known)));
    let refuted = report.claims.iter().filter(|claim| claim.fails()).map(|claim| Finding {
        level: Level::Error,
        sort: Sort::Refuted,
        subject: claim.name.clone(),
        text: sentences::claim_reason(claim).unwrap_or_else(|| claim.claimed.to_string()),
        spot: None,
    });
    findings.extend(refuted);
    findings.extend(undecided(report));
    // Stable: what is alike stays in its order.
    findings.sort_by_key(|finding| (finding.level, finding.sort));
    for finding in &mut findings {
        finding.text = begin(&finding.text, LONGEST).into_owned();
    }
    findings
}

/// What regressed, the largest change first.
fn regressions(report: &Report) -> Vec<Finding> {
    let regressed = words::by_name(report).into_iter();
    let mut regressed: Vec<&BenchmarkOutcome> =
        regressed.filter(|benchmark| benchmark.verdict() == Verdict::Regressed).collect();
    regressed.sort_by(|a, b| largest(b).total_cmp(&largest(a)));
    let finding = |benchmark: &BenchmarkOutcome| Finding {
        // What is accepted fails nothing, and is still to be seen.
        level: if benchmark.is_accepted() { Level::Warning } else { Level::Error },
        sort: Sort::Regressed,
        subject: benchmark.name.to_string(),
        text: told(benchmark),
        spot: spot(benchmark),
    };
    regressed.into_iter().map(finding).collect()
}

/// The largest change among the metrics that regressed. From nothing to something is the largest of all.
fn largest(benchmark: &BenchmarkOutcome) -> f64 {
    let regressed = benchmark.metrics.iter().filter(|outcome| outcome.verdict == Verdict::Regressed);
    let changes = regressed.map(|outcome| outcome.change.unwrap_or(f64::INFINITY));
    changes.filter(|change| !change.is_nan()).fold(f64::NEG_INFINITY, f64::max)
}

/// What a benchmark regressed in, and what it comes from.
pub(super) fn told(benchmark: &BenchmarkOutcome) -> String {
    let regressed = benchmark.metrics.iter().filter(|outcome| outcome.verdict == Verdict::Regressed);
    let changes: Vec<String> = regressed
        .map(|outcome| {
            let limit = outcome.limit.display(outcome.metric);
            // What fails by something else than its threshold says so.
            let reason = outcome.reason.as_ref().map(|reason| format!("; {}", sentences::reason(reason)));
            let reason = reason.unwrap_or_default();
            format!("{} {} (limit {limit}{reason})", outcome.metric, words::change(outcome))
        })
        .collect();
    let causes: Vec<String> = benchmark.causes.iter().map(sentences::cause).collect();
    let separator = if causes.is_empty() { "" } else { ": " };
    format!("{}{separator}{}", changes.join(", "), causes.join("; "))
}

/// Where to look for a regression: at the function of the repository that gained most, else at the bench.
pub(super) fn spot(benchmark: &BenchmarkOutcome) -> Option<Spot> {
    let place = benchmark.causes.iter().find_map(|cause| match cause {
        Cause::Function(TopFunction { place: Some(place), .. }) => {
            Some(Spot { path: place.path.clone()?, line: place.line })
        }
        Cause::Function(_) | Cause::Build(_) | Cause::Quoted { .. } => None,
    });
    place.or_else(|| bench(benchmark))
}

/// The file of the bench.
fn bench(benchmark: &BenchmarkOutcome) -> Option<Spot> {
    Some(Spot { path: benchmark.source.clone()?, line: None })
}

/// The benchmarks of a report by what an error may call them. There may be many of both.
struct Known<'a> {
    by_name: HashMap<&'a BenchmarkName, &'a BenchmarkOutcome>,
    by_target: HashMap<(&'a str, &'a str), &'a BenchmarkOutcome>,
}

impl<'a> Known<'a> {
    fn of(report: &'a Report) -> Self {
        // Backwards, so that the first one stays.
        let all = || report.benchmarks.iter().rev();
        Self {
            by_name: all().map(|benchmark| (&benchmark.name, benchmark)).collect(),
            by_target: all()
                .map(|benchmark| ((benchmark.name.package(), benchmark.name.target()), benchmark))
                .collect(),
        }
    }
}

fn trouble(found: &Trouble, known: &Known<'_>) -> Finding {
    let told = sentences::trouble(found);
    let concerned = match found {
        Trouble::Failed { benchmark, .. } => known.by_name.get(benchmark),
        Trouble::Quoted { subject, .. } => {
            subject.parse().ok().and_then(|name: BenchmarkName| known.by_name.get(&name))
        }
        Trouble::CannotList { target, .. } => {
            target.split_once("::").and_then(|label| known.by_target.get(&label))
        }
        _ => None,
    };
    let hint = told.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    Finding {
        level: Level::Error,
        sort: Sort::Failed,
        subject: told.subject,
        text: format!("{}{hint}", told.message.trim_end()),
        spot: concerned.and_then(|benchmark| bench(benchmark)),
    }
}

/// What has no verdict: an error where one is required, else worth a look only where it looked slower at first. That nothing
/// was compared is told once.
fn undecided(report: &Report) -> Vec<Finding> {
    let required = report.exit_code == 102;
    let level = if required { Level::Error } else { Level::Warning };
    let open = words::by_name(report).into_iter().filter(|benchmark| match benchmark.verdict() {
        Verdict::Inconclusive => required || words::is_suspect(benchmark),
        Verdict::NotComparable => required,
        _ => false,
    });
    let mut findings: Vec<Finding> = open
        .map(|benchmark| Finding {
            level,
            sort: Sort::Undecided,
            subject: benchmark.name.to_string(),
            text: reasons(benchmark),
            spot: bench(benchmark),
        })
        .collect();
    let closing = closing(report);
    let said = !findings.is_empty() || !report.troubles.is_empty();
    if Kind::of(report) == Kind::Judged
        && !said
        && matches!(report.exit_code, 0 | 102)
        && closing.tone != Tone::Good
    {
        let subject = String::new();
        findings.push(Finding { level, sort: Sort::Undecided, subject, text: closing.text, spot: None });
    }
    findings
}

fn reasons(benchmark: &BenchmarkOutcome) -> String {
    let reasons = words::benchmark_reasons(benchmark).into_iter().map(|(_, text)| text);
    reasons.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use crate::domain::Place;

    fn regressed(id: &str, change: f64) -> BenchmarkOutcome {
        fixtures::bench(id, vec![fixtures::timed(Verdict::Regressed, 100.0, change, 0.01)])
    }

    fn function(path: Option<&str>, line: u32) -> Cause {
        Cause::Function(TopFunction {
            function: "f".into(),
            krate: None,
            place: Some(Place { path: path.map(str::to_owned), ..Place::new("f.rs", Some(line)) }),
            difference: 1.0,
        })
    }

    #[test]
    fn the_worst_comes_first_and_errors_before_warnings() {
        let order: Vec<(Level, Sort, String)> = of(&fixtures::mixed())
            .into_iter()
            .map(|finding| (finding.level, finding.sort, finding.subject))
            .collect();
        let name = |id: &str| format!("parser::parse::{id}");
        assert_eq!(
            order[..2],
            [
                (Level::Error, Sort::Regressed, name("json/huge")),
                (Level::Error, Sort::Regressed, name("json/large"))
            ]
        );
        assert_eq!((order[2].0, order[2].1), (Level::Error, Sort::Failed));
        assert_eq!(order[3..], [(Level::Warning, Sort::Undecided, name("toml/suspect"))]);
    }

    #[test]
    fn a_regression_is_shown_where_it_was_made() {
        let mut found = regressed("a", 0.2);
        assert_eq!(spot(&found), None);
        found.source = Some("benches/a.rs".into());
        assert_eq!(spot(&found), Some(Spot { path: "benches/a.rs".into(), line: None }));
        // The one that gained most lies elsewhere.
        found.causes = vec![function(None, 1), function(Some("src/a.rs"), 2), function(Some("src/b.rs"), 3)];
        assert_eq!(spot(&found), Some(Spot { path: "src/a.rs".into(), line: Some(2) }));
    }

    #[test]
    fn what_must_have_a_verdict_and_has_none_is_an_error() {
        let open = fixtures::bench("a", vec![fixtures::timed(Verdict::Inconclusive, 10.0, 0.04, 0.1)]);
        let report = Report { benchmarks: vec![open], ..fixtures::empty() };
        let levels = |report: &Report| of(report).iter().map(|found| found.level).collect::<Vec<_>>();
        // It passes, but nobody should take it for good.
        assert_eq!(levels(&report), [Level::Warning]);
        assert_eq!(levels(&Report { exit_code: 102, ..report }), [Level::Error]);
        assert_eq!(levels(&fixtures::many()), []);
        assert_eq!(levels(&fixtures::empty()), [Level::Warning], "nothing was compared");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let report = Report {
            troubles: vec![Trouble::Ended("ü".repeat(LONGEST * 2), None)],
            exit_code: 101,
            ..fixtures::empty()
        };
        assert_eq!(of(&report)[0].text.chars().count(), LONGEST + 1);
    }
}
