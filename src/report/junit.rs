//! The report for CI systems that show test results: a test case for each benchmark and claim.
//!
//! Regressed (unless that is accepted) and refuted are failures, failed is an error, whatever ended without a verdict is skipped.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use crate::domain::{BenchmarkOutcome, ClaimOutcome, ClaimVerdict, Report, Verdict, harmless};

use super::closing::{Tone, closing};
use super::sentences::{self, Told, claim_reason};
use super::standing;
use super::units;
use super::words::{self, Kind};

/// Writes a report as `JUnit` XML.
pub(super) fn render(report: &Report) -> String {
    let kind = Kind::of(report);
    let mut document = JunitReport::new("cargo-perfguard");
    document.set_time(time(report.seconds));
    let known = [("machine and toolchain", standing::surroundings(report)), ("geometric mean", mean(report))];
    for mut suite in suites(report, kind) {
        for (name, value) in known.iter().filter(|(_, value)| !value.is_empty()) {
            suite.add_property((*name, harmless::line(value).as_str()));
        }
        document.add_test_suite(suite);
    }
    document.to_string().expect("writing XML to memory cannot fail")
}

/// What all wall times come to; empty where nothing was compared by the clock.
fn mean(report: &Report) -> String {
    standing::mean(report).unwrap_or_default()
}

fn suites(report: &Report, kind: Kind) -> Vec<TestSuite> {
    let mut suites: Vec<TestSuite> = Vec::new();
    for benchmark in words::by_name(report) {
        let label = format!("{}::{}", benchmark.name.package(), benchmark.name.target());
        if suites.last().is_none_or(|suite| suite.name.as_str() != harmless::line(&label)) {
            suites.push(TestSuite::new(harmless::line(&label)));
        }
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(benchmark_case(report, benchmark, &label, kind));
        }
    }
    if !report.claims.is_empty() {
        let mut suite = TestSuite::new("claims");
        suite.add_test_cases(report.claims.iter().map(claim_case));
        suites.push(suite);
    }
    let mut run = TestSuite::new("cargo-perfguard");
    let told = |error: &&Told| {
        let failed = |benchmark: &&BenchmarkOutcome| benchmark.verdict() == Verdict::Failed;
        report.benchmarks.iter().filter(failed).any(|benchmark| concerns(error, benchmark))
    };
    let troubles = words::troubles(report);
    run.add_test_cases(troubles.iter().filter(|error| !told(error)).map(error_case));
    let closing = closing(report);
    if kind == Kind::Judged
        && closing.tone != Tone::Good
        && report.exit_code != 100
        && report.troubles.is_empty()
    {
        run.add_test_case(outcome_case(&closing.text, report.exit_code));
    }
    if !run.test_cases.is_empty() {
        suites.push(run);
    }
    suites
}

/// What no single benchmark shows: nothing was compared, or a required verdict is missing.
fn outcome_case(text: &str, exit_code: u8) -> TestCase {
    let mut status = if exit_code == 0 {
        TestCaseStatus::skipped()
    } else {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    };
    status.set_message(harmless::line(text));
    case("outcome", "cargo-perfguard", status)
}

fn benchmark_case(report: &Report, benchmark: &BenchmarkOutcome, label: &str, kind: Kind) -> TestCase {
    let verdict = benchmark.verdict();
    let judged = kind == Kind::Judged;
    let mut status = match verdict {
        Verdict::Failed => TestCaseStatus::non_success(NonSuccessKind::Error),
        _ if !judged => TestCaseStatus::success(),
        _ if benchmark.is_accepted() => TestCaseStatus::success(),
        Verdict::Regressed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Improved | Verdict::Unchanged => TestCaseStatus::success(),
        Verdict::Inconclusive | Verdict::New | Verdict::Missing | Verdict::NotComparable => {
            TestCaseStatus::skipped()
        }
    };
    if !matches!(status, TestCaseStatus::Success { .. }) {
        let reasons: Vec<String> = words::benchmark_reasons(benchmark)
            .into_iter()
            .map(|(verdict, text)| format!("{verdict}: {text}"))
            .collect();
        let message = if reasons.is_empty() { verdict.to_string() } else { reasons.join("; ") };
        status.set_message(harmless::line(&message)).set_type(verdict.name());
        let troubles = words::troubles(report);
        let errors = troubles.iter().filter(|error| concerns(error, benchmark));
        let described: Vec<String> = errors.map(description).collect();
        if !described.is_empty() {
            status.set_description(harmless::text(&described.join("\n")));
        }
    }
    let mut case = case(benchmark.name.id(), label, status);
    case.set_time(time(
        benchmark.metrics.iter().map(|outcome| outcome.seconds).filter(|s| s.is_finite()).sum(),
    ));
    let figures = figures(benchmark, judged);
    if !figures.is_empty() {
        case.set_system_out(harmless::text(&figures));
    }
    case
}

/// A line for each metric that has figures.
fn figures(benchmark: &BenchmarkOutcome, judged: bool) -> String {
    let mut lines = Vec::new();
    for outcome in
        benchmark.metrics.iter().filter(|outcome| outcome.candidate.is_some() || outcome.baseline.is_some())
    {
        let (before, after) = units::both_values(outcome.metric, outcome.baseline, outcome.candidate);
        if judged {
            let change = words::change(outcome);
            let interval = words::interval(outcome);
            let line =
                format!("{} {}: {before} -> {after} {change} {interval}", outcome.verdict, outcome.metric);
            let accepted = outcome.accepted.as_ref().map(|by| sentences::accepted(by, outcome.metric));
            let accepted = accepted.map(|accepted| format!(", {accepted}")).unwrap_or_default();
            lines.push(format!("{}{accepted}", line.trim_end()));
            let rates = words::rates(benchmark, outcome).into_iter();
            lines.extend(rates.map(|(before, after)| format!("throughput: {before} -> {after}")));
        } else {
            lines.push(format!("{}: {after}", outcome.metric));
        }
    }
    lines.join("\n")
}

fn claim_case(claim: &ClaimOutcome) -> TestCase {
    let mut status = match claim.verdict {
        ClaimVerdict::Confirmed => TestCaseStatus::success(),
        ClaimVerdict::Refuted => TestCaseStatus::non_success(NonSuccessKind::Failure),
        ClaimVerdict::Undecided => TestCaseStatus::skipped(),
    };
    if claim.verdict != ClaimVerdict::Confirmed {
        let found = claim.ratio.map(|ratio| format!("{} as fast, ", units::ratio(ratio)));
        let mut message =
            format!("{}: {}claimed {}", claim.verdict.name(), found.unwrap_or_default(), claim.claimed);
        if let Some(reason) = claim_reason(claim) {
            message = format!("{message}; {reason}");
        }
        status.set_message(harmless::line(&message)).set_type(claim.verdict.name());
    }
    case(&claim.name, "claims", status)
}

/// Whether an error is about a benchmark.
fn concerns(error: &Told, benchmark: &BenchmarkOutcome) -> bool {
    error.subject == benchmark.name.to_string()
}

/// An error's message and hint.
fn description(error: &Told) -> String {
    match &error.hint {
        Some(hint) => format!("{}\nhint: {hint}", error.message),
        None => error.message.clone(),
    }
}

fn error_case(error: &Told) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let first = error.message.lines().next().unwrap_or_default();
    status.set_message(harmless::line(first)).set_type("error");
    status.set_description(harmless::text(&description(error)));
    let name = if error.subject.is_empty() { "run" } else { &error.subject };
    case(name, "cargo-perfguard", status)
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(harmless::line(name), status);
    case.set_classname(harmless::line(class));
    case
}

/// Seconds as a duration; nonsense is none at all.
fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
