//! The report for GitLab's merge requests: Code Climate's issues, as far as GitLab reads them.
//!
//! One issue for each thing that somebody should look at. GitLab compares the issues of two branches by their fingerprints, so
//! these depend on what was found and on nothing that varies from run to run, and it shows no issue without a path.

use serde::Serialize;

use crate::domain::Report;

use super::findings::{self, Finding, Level, Sort};
use super::json::to_text;
use super::text::clean;

/// Where an issue is shown that has no place of its own: every workspace has this file.
const NOWHERE: &str = "Cargo.toml";

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Writes a report as a list of issues.
pub(super) fn render(report: &Report) -> String {
    let issues: Vec<Issue> = findings::of(report).into_iter().map(issue).collect();
    to_text(&issues)
}

fn issue(finding: Finding) -> Issue {
    let (path, line) = finding.spot.map_or_else(|| (NOWHERE.to_owned(), None), |spot| (spot.path, spot.line));
    let check_name = format!("perfguard/{}", finding.sort.name());
    let text: Vec<String> = finding.text.lines().map(clean).collect();
    let text = text.join(" ");
    let subject = clean(&finding.subject);
    Issue {
        fingerprint: fingerprint(&[
            &check_name,
            &finding.subject,
            if subject.is_empty() { &text } else { "" },
        ]),
        description: if subject.is_empty() { text } else { format!("{subject}: {text}") },
        check_name,
        severity: match (finding.level, finding.sort) {
            (Level::Error, Sort::Regressed | Sort::Refuted) => "major",
            (Level::Error, Sort::Failed | Sort::Undecided) => "critical",
            (Level::Warning, _) => "minor",
        },
        location: Location { path, lines: Lines { begin: line.unwrap_or(1) } },
    }
}

/// FNV-1a in 128 bits: two issues of one report should be told apart, nothing more.
fn fingerprint(parts: &[&str]) -> String {
    let add = |hash: u128, byte: u8| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    };
    // No part holds this byte, so the borders count.
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    format!("{:032x}", bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, add))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::fixtures;
    use super::*;
    use crate::domain::Trouble;

    fn issues(report: &Report) -> Vec<Value> {
        serde_json::from_str(&render(report)).unwrap()
    }

    #[test]
    fn every_issue_has_all_that_gitlab_wants_and_a_fingerprint_of_its_own() {
        for (name, report) in fixtures::all() {
            let issues = issues(&report);
            let prints: BTreeSet<&str> =
                issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
            assert_eq!(prints.len(), issues.len(), "{name}");
            for issue in &issues {
                assert!(issue["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
                assert!(issue["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0), "{name}");
                let path = issue["location"]["path"].as_str().unwrap();
                assert!(crate::domain::is_below(path), "{name}: {path}");
            }
        }
    }

    #[test]
    fn a_fingerprint_outlives_a_measurement() {
        let report = fixtures::mixed();
        let mut again = report.clone();
        for outcome in again.benchmarks.iter_mut().flat_map(|benchmark| &mut benchmark.metrics) {
            outcome.change = outcome.change.map(|change| change * 1.01);
        }
        let prints = |report: &Report| {
            let mut prints: Vec<String> =
                issues(report).iter().map(|issue| issue["fingerprint"].to_string()).collect();
            prints.sort();
            prints
        };
        assert_eq!(prints(&report), prints(&again));
        again.troubles.push(Trouble::Interrupted);
        assert_ne!(prints(&report), prints(&again));
    }
}
