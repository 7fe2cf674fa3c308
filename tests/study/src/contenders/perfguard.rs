//! `cargo perfguard compare`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Setting;
use crate::StudyError;
use crate::fixture::end_of;
use crate::plan::{PROCESSES, Trial};
use crate::record::Said;

pub(super) fn compare(
    setting: &Setting,
    trial: &Trial,
    contender: &str,
    threshold: &str,
    layout: &str,
) -> Result<Vec<Said>, StudyError> {
    let workloads: Vec<&str> = setting.workloads.iter().map(String::as_str).collect();
    let words = ["--threshold", threshold, "--layout", layout];
    compare_target(setting, trial, (contender, &words), (setting.names.1, &workloads))
}

/// The same, of the workloads that are processes of their own.
pub(super) fn compare_processes(
    setting: &Setting,
    trial: &Trial,
    contender: &str,
    threshold: &str,
) -> Result<Vec<Said>, StudyError> {
    let workloads = setting.workloads.iter().map(String::as_str);
    let workloads: Vec<&str> = workloads.filter(|name| PROCESSES.contains(name)).collect();
    compare_target(setting, trial, (contender, &["--threshold", threshold]), ("command", &workloads))
}

fn compare_target(
    setting: &Setting,
    trial: &Trial,
    (contender, words): (&str, &[&str]),
    (target, workloads): (&str, &[&str]),
) -> Result<Vec<Said>, StudyError> {
    let mut command = program(&setting.perfguard);
    command
        .current_dir(setting.fixture.repository())
        .args(["perfguard", "compare", &trial.variant.before().tag(), &trial.variant.tag()])
        .args(["--measure-identical", "--no-builtin"])
        .args(["--metrics", "wall-time"])
        .args(["--bench", target, "--format", "json", "--quiet"])
        .args(words)
        .arg("--budget")
        .arg(format!("{}s", setting.budget))
        .arg("--store")
        .arg(setting.fixture.folder("store.db"))
        .arg("--target-dir")
        .arg(setting.fixture.folder("perfguard"))
        .args(["--exact", "--"])
        .args(workloads.iter().map(|name| format!("{}::{target}::{name}", setting.names.0)));
    let report = report(&mut command, &[0, 100])?;
    let benchmarks = report["benchmarks"].as_array().ok_or_else(|| nonsense("no benchmarks".to_owned()))?;
    Ok(benchmarks.iter().filter_map(|benchmark| said(benchmark, contender)).collect())
}

/// `cargo-perfguard` with the study's own settings, nobody else's.
pub(crate) fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PERFGUARD_"))
    {
        command.env_remove(name);
    }
    command
}

/// What a command that was asked for JSON reports, if it ends with one of `codes`.
pub(crate) fn report(command: &mut Command, codes: &[i32]) -> Result<Value, StudyError> {
    let program = "cargo-perfguard".to_owned();
    let output = command.output().map_err(|error| StudyError::Start { program: program.clone(), error })?;
    if !output.status.code().is_some_and(|code| codes.contains(&code)) {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(StudyError::Failed { program, output: end_of(&said) });
    }
    serde_json::from_slice(&output.stdout).map_err(|error| nonsense(error.to_string()))
}

fn nonsense(reason: String) -> StudyError {
    StudyError::Nonsense { what: "perfguard's report".to_owned(), reason }
}

fn said(benchmark: &Value, contender: &str) -> Option<Said> {
    let metrics = benchmark["metrics"].as_array()?;
    let time = metrics.iter().find(|metric| metric["metric"] == "wall-time")?;
    let (low, high) = (time["interval"][0].as_f64(), time["interval"][1].as_f64());
    let verdict = time["verdict"].as_str()?;
    Some(Said {
        contender: contender.to_owned(),
        workload: benchmark["name"].as_str()?.rsplit("::").next()?.to_owned(),
        fails: verdict == "regressed",
        word: verdict.to_owned(),
        change: time["change"].as_f64(),
        half_width: low.zip(high).map(|(low, high)| (high - low) / 2.0),
        pairs: time["pairs"].as_u64().and_then(|pairs| pairs.try_into().ok()),
        seconds: time["seconds"].as_f64().unwrap_or(0.0),
    })
}
