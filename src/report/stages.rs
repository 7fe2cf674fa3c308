//! With what a run spent its time, in words.

use crate::domain::{Report, Stage, StageTime};

use super::units;

/// A line for each stage that took any time to speak of, and one for the whole; empty where nothing is known of stages.
pub fn render(report: &Report) -> String {
    if report.stages.is_empty() {
        return String::new();
    }
    let stages = report.stages.iter().filter(|time| time.seconds >= LEAST);
    let lines = stages.map(|&StageTime { stage, seconds }| (words(stage), units::duration(seconds)));
    let lines: Vec<(&str, String)> =
        lines.chain([("the whole run", units::duration(report.seconds))]).collect();
    let left = lines.iter().map(|(words, _)| words.len()).max().unwrap_or_default();
    let right = lines.iter().map(|(_, time)| time.len()).max().unwrap_or_default();
    let line = |(words, time): &(&str, String)| format!("  {words:left$}  {time:>right$}\n");
    lines.iter().map(line).collect()
}

/// What would be shown as nothing, in seconds.
const LEAST: f64 = 0.005;

/// What is done in a stage.
fn words(stage: Stage) -> &'static str {
    match stage {
        Stage::Preparing => "finding out what is compared",
        Stage::Waiting => "waiting for another run",
        Stage::SourceTrees => "putting source files in place",
        Stage::BenchTargets => "asking Cargo for bench targets",
        Stage::BaselineBuild => "building the baseline",
        Stage::CandidateBuild => "building the candidate",
        Stage::AllocationBuilds => "building to count allocations",
        Stage::Tidying => "removing old builds",
        Stage::Listing => "listing benchmarks",
        Stage::Counting => "counting",
        Stage::Layouts => "linking in drawn layouts",
        Stage::Measuring => "measuring",
        Stage::Judging => "explaining and judging",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ReportKind;

    #[test]
    fn a_line_for_each_stage_that_took_time() {
        let time = |stage, seconds| StageTime { stage, seconds };
        let stages = vec![
            time(Stage::Preparing, 0.08),
            time(Stage::Waiting, 0.000_1),
            time(Stage::CandidateBuild, 125.0),
            time(Stage::Listing, 0.5),
        ];
        let report = Report { stages, seconds: 126.0, ..Report::new(ReportKind::Check) };
        insta::assert_snapshot!(render(&report), @r"
          finding out what is compared     0.08 s
          building the candidate        2 min 5 s
          listing benchmarks               0.50 s
          the whole run                 2 min 6 s
        ");
        assert_eq!(render(&Report::new(ReportKind::Check)), "");
    }

    #[test]
    fn no_two_stages_have_the_same_words() {
        let all: std::collections::BTreeSet<&str> = Stage::ALL.into_iter().map(words).collect();
        assert_eq!(all.len(), Stage::ALL.len());
    }
}
