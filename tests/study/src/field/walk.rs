//! One comparison for each commit, and a second one of what was named.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::history::{Repository, Step};
use super::{Judged, Outcome, Visit};
use crate::StudyError;
use crate::contenders::perfguard::{program, report};
use crate::record::Records;

/// What is walked through.
#[derive(Debug, Clone)]
pub struct Field {
    /// Clones, or manifests within them.
    pub paths: Vec<PathBuf>,
    /// From which day on.
    pub since: String,
    /// Before which day.
    pub until: String,
    /// The study's own folder.
    pub work: PathBuf,
    /// `cargo-perfguard`.
    pub perfguard: PathBuf,
}

/// Which look at a commit.
#[derive(Debug, Clone, Copy)]
enum Look<'a> {
    /// As a user would: every benchmark, the default metrics.
    First,
    /// These benchmarks by the clock alone, whatever counts say, in layouts drawn anew.
    Second(&'a [String]),
}

/// Compares every commit that is not known yet with the one before it; then what was named, once more. `tell` is given a line
/// for each comparison.
///
/// # Errors
/// A repository cannot be read, or a record not written. A comparison that fails is a record.
pub fn walk(
    field: &Field,
    visits: &mut Records<Visit>,
    mut tell: impl FnMut(&str),
) -> Result<(), StudyError> {
    let mut repositories: Vec<(Repository, Vec<Step>)> = Vec::new();
    for path in &field.paths {
        let repository = Repository::open(path, &field.work)?;
        if repositories.iter().any(|(known, _)| known.name == repository.name) {
            return Err(StudyError::Nonsense {
                what: "what is to be studied".to_owned(),
                reason: format!("two repositories are called {}", repository.name),
            });
        }
        let steps = repository.steps(&field.since, &field.until)?;
        repositories.push((repository, steps));
    }
    for (repository, steps) in &repositories {
        for (index, step) in steps.iter().enumerate() {
            if visits.all.iter().any(|visit| !visit.again && is_of(visit, repository, step)) {
                continue;
            }
            let visit = visit(field, repository, step, Look::First);
            tell(&format!("{} [{}/{}] {}", repository.name, index + 1, steps.len(), told(&visit)));
            visits.push(visit)?;
        }
    }
    // Last, so that time has passed since the first look.
    for (repository, steps) in &repositories {
        for step in steps {
            let of_step = || visits.all.iter().filter(|visit| is_of(visit, repository, step));
            if of_step().any(|visit| visit.again) {
                continue;
            }
            let named: Vec<String> = of_step()
                .flat_map(Visit::judged)
                .filter(|judged| judged.is_named())
                .map(|judged| judged.benchmark.clone())
                .collect();
            if named.is_empty() {
                continue;
            }
            let visit = visit(field, repository, step, Look::Second(&named));
            tell(&format!("{}, again: {}", repository.name, told(&visit)));
            visits.push(visit)?;
        }
    }
    Ok(())
}

fn is_of(visit: &Visit, repository: &Repository, step: &Step) -> bool {
    visit.repository == repository.name && visit.candidate == step.candidate
}

fn visit(field: &Field, repository: &Repository, step: &Step, look: Look<'_>) -> Visit {
    let start = Instant::now();
    let mut command = program(&field.perfguard);
    command
        .current_dir(&repository.clone)
        .args(["perfguard", "compare", &step.baseline, &step.candidate])
        .arg("--manifest-path")
        .arg(&repository.manifest)
        .args(["--no-builtin", "--format", "json", "--quiet"])
        .arg("--store")
        .arg(absolute(&field.work).join(format!("{}.db", repository.name)));
    if let Look::Second(named) = look {
        command.args(["--metrics", "wall-time", "--measure-identical", "--exact", "--"]).args(named);
    }
    let outcome = match compared(&mut command) {
        Ok(judged) => Outcome::Compared(judged),
        Err(error) => Outcome::Failed(error.to_string()),
    };
    Visit {
        repository: repository.name.clone(),
        baseline: step.baseline.clone(),
        candidate: step.candidate.clone(),
        subject: step.subject.clone(),
        again: matches!(look, Look::Second(_)),
        ended: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        seconds: start.elapsed().as_secs_f64(),
        outcome,
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn compared(command: &mut Command) -> Result<Vec<Judged>, StudyError> {
    // A benchmark that crashes on its own (101) leaves the others judged.
    let report = report(command, &[0, 100, 101])?;
    let benchmarks = report["benchmarks"].as_array().map_or(&[][..], Vec::as_slice);
    if benchmarks.is_empty() && report["exit_code"] != 0 {
        return Err(StudyError::Failed { program: "cargo-perfguard".to_owned(), output: errors(&report) });
    }
    Ok(benchmarks.iter().flat_map(judged).collect())
}

/// What went wrong, in the words of the compiler where it was that.
fn errors(report: &Value) -> String {
    let messages = report["errors"].as_array().into_iter().flatten();
    let lines: Vec<&str> =
        messages.filter_map(|error| error["message"].as_str()).flat_map(str::lines).collect();
    let by_compiler = lines.iter().find(|line| line.starts_with("error"));
    lines.first().into_iter().chain(by_compiler).copied().collect::<Vec<_>>().join("\n")
}

fn judged(benchmark: &Value) -> Vec<Judged> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let one = |metric: &Value| {
        let (low, high) = (metric["interval"][0].as_f64(), metric["interval"][1].as_f64());
        Some(Judged {
            benchmark: text(&benchmark["name"])?,
            metric: text(&metric["metric"])?,
            verdict: text(&metric["verdict"])?,
            method: text(&metric["method"]).unwrap_or_default(),
            reason: text(&metric["reason_code"]),
            change: metric["change"].as_f64(),
            interval: low.zip(high),
        })
    };
    benchmark["metrics"].as_array().into_iter().flatten().filter_map(one).collect()
}

fn told(visit: &Visit) -> String {
    let words = match &visit.outcome {
        Outcome::Failed(reason) => format!("failed to {}", reason.lines().next_back().unwrap_or_default()),
        Outcome::Compared(judged) => {
            let named: Vec<String> = judged
                .iter()
                .filter(|judged| judged.is_named())
                .map(|judged| {
                    let change = judged.change.unwrap_or_default() * 100.0;
                    format!("{} {} {change:+.1} %", judged.benchmark, judged.verdict)
                })
                .collect();
            let open = judged.iter().filter(|judged| judged.verdict == "inconclusive").count();
            [vec![format!("{} figures, {open} open", judged.len())], named].concat().join("\n    ")
        }
    };
    format!(
        "{} {} ({:.0} s): {words}",
        &visit.candidate[..visit.candidate.len().min(9)],
        visit.subject,
        visit.seconds
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_of_a_report_is_recorded() {
        let report = serde_json::json!({"name": "p::b::x", "metrics": [
            {"metric": "wall-time", "verdict": "regressed", "method": "paired", "change": 0.2, "interval": [0.1, 0.3], "reason_code": null},
            {"metric": "instructions", "verdict": "unchanged", "method": "exact", "change": 0.0, "interval": null, "reason_code": null},
        ]});
        let judged = judged(&report);
        assert!(judged[0].is_named() && !judged[1].is_named());
        assert_eq!((judged[0].interval, judged[1].interval), (Some((0.1, 0.3)), None));
    }

    #[test]
    fn an_error_of_the_compiler_is_told_by_its_first_line() {
        let message = "failed to build the candidate: cargo ended\nerror[E0425]: cannot find it\n  --> src/lib.rs\nerror: could not compile";
        let report = serde_json::json!({"errors": [{"message": message, "hint": null}]});
        assert_eq!(
            errors(&report),
            "failed to build the candidate: cargo ended\nerror[E0425]: cannot find it"
        );
    }
}
