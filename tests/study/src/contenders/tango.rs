//! tango-bench 0.9: its own harness over the same functions, `compare` with its defaults and a fixed time.

use std::process::Command;
use std::time::Instant;

use super::Setting;
use crate::StudyError;
use crate::fixture::{Harness, checked};
use crate::plan::Trial;
use crate::record::Said;

pub(super) fn compare(setting: &Setting, trial: &Trial) -> Result<Vec<Said>, StudyError> {
    let before = setting.fixture.executable(Harness::Tango, trial.variant.before())?;
    let after = setting.fixture.executable(Harness::Tango, trial.variant)?;
    let mut all = Vec::new();
    for workload in &setting.workloads {
        let mut command = Command::new(&after);
        command
            .current_dir(setting.fixture.repository())
            .env("NO_COLOR", "1")
            .arg("compare")
            .arg(&before)
            .args(["--time", &setting.tango.to_string(), "--filter", workload]);
        let start = Instant::now();
        let output = command
            .output()
            .map_err(|error| StudyError::Start { program: after.display().to_string(), error })?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let Some((change, significant)) = verdict(&printed, workload) else {
            // Its exit code also tells of regressions, so that only words tell of trouble.
            checked(&mut command)?;
            return Err(StudyError::Nonsense { what: "tango's words".to_owned(), reason: printed });
        };
        let word = match (significant, change > 0.0) {
            (false, _) => "no change",
            (true, true) => "regressed",
            (true, false) => "improved",
        };
        all.push(Said {
            contender: "tango-bench".to_owned(),
            workload: workload.clone(),
            fails: word == "regressed",
            word: word.to_owned(),
            change: Some(change),
            half_width: None,
            pairs: None,
            seconds: start.elapsed().as_secs_f64(),
        });
    }
    Ok(all)
}

/// Reads `name   [ 1.0 us ... 1.1 us ]   +10.00%*`: the change, and whether it is marked.
fn verdict(printed: &str, workload: &str) -> Option<(f64, bool)> {
    let line = printed.lines().find(|line| line.contains(workload) && line.contains(']'))?;
    let figure = line.rsplit_once(']')?.1.trim();
    let significant = figure.ends_with('*');
    let percent: f64 = figure.trim_end_matches(['*', '%']).parse().ok()?;
    Some((percent / 100.0, significant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_lines_are_read() {
        let line = "compute                [   3.7 us ...   4.1 us ]     +10.50%*\n";
        assert_eq!(verdict(line, "compute"), Some((0.105, true)));
        assert_eq!(verdict("compute [ 3.7 us ... 3.7 us ]  -0.20%\n", "compute"), Some((-0.002, false)));
        assert_eq!(verdict("nothing", "compute"), None);
    }
}
