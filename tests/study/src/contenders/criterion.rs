//! Criterion by itself: `--save-baseline`, then `--baseline`. Three contenders read one comparison: Criterion's own word
//! and two thresholds on the change of the mean, as scripts in CI have them.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::Setting;
use crate::StudyError;
use crate::fixture::{Harness, checked};
use crate::plan::Trial;
use crate::record::Said;

/// The thresholds on the mean.
const THRESHOLDS: [(&str, f64); 2] = [("Criterion, mean > 5 %", 0.05), ("Criterion, mean > 10 %", 0.10)];

pub(super) fn compare(setting: &Setting, trial: &Trial) -> Result<Vec<Said>, StudyError> {
    let before = setting.fixture.executable(Harness::Criterion, trial.variant.before())?;
    let after = setting.fixture.executable(Harness::Criterion, trial.variant)?;
    let home = setting.fixture.folder("criterion");
    let mut all = Vec::new();
    for workload in &setting.workloads {
        let start = Instant::now();
        let _ = std::fs::remove_dir_all(home.join(workload));
        run(setting, &before, &home, workload, "--save-baseline")?;
        let printed = run(setting, &after, &home, workload, "--baseline")?;
        let seconds = start.elapsed().as_secs_f64();
        all.extend(words(&home, workload, &printed, seconds)?);
    }
    Ok(all)
}

fn run(
    setting: &Setting,
    executable: &Path,
    home: &Path,
    workload: &str,
    mode: &str,
) -> Result<String, StudyError> {
    let mut command = Command::new(executable);
    command
        .current_dir(setting.fixture.repository())
        .env("CRITERION_HOME", home)
        .args(["--bench", &format!("^{workload}$"), mode, "study", "--noplot", "--color", "never"])
        .args(&setting.criterion);
    Ok(String::from_utf8_lossy(&checked(&mut command)?.stdout).into_owned())
}

fn words(home: &Path, workload: &str, printed: &str, seconds: f64) -> Result<Vec<Said>, StudyError> {
    let path = home.join(workload).join("change/estimates.json");
    let text = std::fs::read_to_string(&path).map_err(StudyError::file(&path))?;
    let mean = serde_json::from_str::<Value>(&text).ok().map(|estimates| estimates["mean"].clone());
    let figure = |value: &Value| value.as_f64();
    let mean = mean.ok_or_else(|| StudyError::Nonsense {
        what: path.display().to_string(),
        reason: "it is no JSON".to_owned(),
    })?;
    let change = figure(&mean["point_estimate"]);
    let interval = &mean["confidence_interval"];
    let half_width = figure(&interval["lower_bound"])
        .zip(figure(&interval["upper_bound"]))
        .map(|(low, high)| (high - low) / 2.0);
    let said = |contender: &str, fails: bool, word: &str| Said {
        contender: contender.to_owned(),
        workload: workload.to_owned(),
        fails,
        word: word.to_owned(),
        change,
        half_width,
        pairs: None,
        seconds,
    };
    let word = own_word(printed);
    let thresholds = THRESHOLDS.iter().map(|(contender, threshold)| {
        let fails = change.is_some_and(|change| change > *threshold);
        said(contender, fails, if fails { "above" } else { "below" })
    });
    Ok(std::iter::once(said("Criterion, its own word", word == "regressed", word))
        .chain(thresholds)
        .collect())
}

/// What Criterion says about a change.
fn own_word(printed: &str) -> &'static str {
    if printed.contains("Performance has regressed") {
        "regressed"
    } else if printed.contains("Performance has improved") {
        "improved"
    } else if printed.contains("Change within noise threshold") {
        "within noise"
    } else {
        "no change"
    }
}
