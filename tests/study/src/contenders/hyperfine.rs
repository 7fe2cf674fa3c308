//! hyperfine on the two executables of a process: thresholds on the change of its mean, as scripts in CI have them.

use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::Setting;
use crate::StudyError;
use crate::fixture::{Harness, checked};
use crate::plan::{PROCESSES, Trial};
use crate::record::Said;

/// The thresholds on the mean.
const THRESHOLDS: [(&str, f64); 2] = [("hyperfine, mean > 5 %", 0.05), ("hyperfine, mean > 10 %", 0.10)];

pub(super) fn compare(setting: &Setting, trial: &Trial) -> Result<Vec<Said>, StudyError> {
    let before = setting.fixture.executable(Harness::Process, trial.variant.before())?;
    let after = setting.fixture.executable(Harness::Process, trial.variant)?;
    let path = setting.fixture.folder("hyperfine.json");
    let mut all = Vec::new();
    for workload in setting.workloads.iter().filter(|name| PROCESSES.contains(&name.as_str())) {
        let start = Instant::now();
        let mut command = Command::new("hyperfine");
        command.args(["--shell=none", "--warmup", "3", "--style", "none", "--export-json"]).arg(&path);
        command.args([&before, &after].map(|executable| format!("'{}' {workload}", executable.display())));
        checked(&mut command)?;
        let seconds = start.elapsed().as_secs_f64();
        let text = std::fs::read_to_string(&path).map_err(StudyError::file(&path))?;
        let change = change(&text);
        all.extend(THRESHOLDS.iter().map(|(contender, threshold)| {
            let fails = change.is_some_and(|change| change > *threshold);
            Said {
                contender: (*contender).to_owned(),
                workload: workload.clone(),
                fails,
                word: if fails { "above" } else { "below" }.to_owned(),
                change,
                half_width: None,
                pairs: None,
                seconds,
            }
        }));
    }
    Ok(all)
}

/// The change of the mean, from hyperfine's own file.
fn change(text: &str) -> Option<f64> {
    let document: Value = serde_json::from_str(text).ok()?;
    let mean = |at: usize| document["results"][at]["mean"].as_f64();
    Some(mean(1)? / mean(0)? - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_means_of_both_commands_make_the_change() {
        let found = change(r#"{"results": [{"mean": 0.5}, {"mean": 0.55}]}"#).unwrap();
        assert!((found - 0.1).abs() < 1e-9);
        assert_eq!(change(r#"{"results": [{"mean": 0.5}]}"#), None);
    }
}
