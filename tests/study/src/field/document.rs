//! The field study as markdown.

use std::fmt::Write as _;

use super::findings::{Doubted, Finding, Tally, findings, tallies};
use super::{Judged, Outcome, Visit};
use crate::document::{Origin, dash, heading};
use crate::summary::Share;

/// Everything: a row for each repository, one for each commit with a named change, and what witnesses do not bear out.
pub fn document(visits: &[Visit], origin: &Origin) -> String {
    let mut out = String::from("# The field study\n\n");
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "Every commit of a year of other people's repositories against the commit before it: every benchmark, as a user would \
         compare them, at T = 5 %. Whatever the clock called slower or faster was compared once more later, by the clock \
         alone and in layouts drawn anew. [tests/study](../tests/study/README.md) has the way to repeat it.\n\n"
    );
    heading(&mut out, visits.iter().map(|visit| visit.seconds), origin);
    repositories(&mut out, visits);
    let findings = findings(visits);
    named(&mut out, &findings);
    doubted(&mut out, &findings);
    failed(&mut out, visits);
    out
}

fn repositories(out: &mut String, visits: &[Visit]) {
    out.push_str(
        "## Repositories\n\n| repository | commits | not comparable | comparisons | of the same code | regressed | improved | inconclusive | seconds per commit |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, tally) in tallies(visits) {
        let Tally { commits, failed, comparisons, same_code, regressed, improved, inconclusive, seconds } =
            tally;
        let _ = writeln!(
            out,
            "| {name} | {commits} | {failed} | {comparisons} | {same_code} | {regressed} | {improved} | {inconclusive} | {seconds:.0} |"
        );
    }
    out.push('\n');
}

fn named(out: &mut String, findings: &[Finding<'_>]) {
    if findings.is_empty() {
        return;
    }
    out.push_str(
        "## What was called slower or faster\n\n| commit | regressed | improved | changes | the same again | instructions agree |\n|---|---|---|---|---|---|\n",
    );
    for Finding { visit, regressed, improved, changes: (low, high), again, counted, .. } in findings {
        let _ = writeln!(
            out,
            "| {} | {regressed} | {improved} | {:+.1} % to {:+.1} % | {} | {} |",
            commit(visit),
            low * 100.0,
            high * 100.0,
            of(*again),
            of(*counted)
        );
    }
    out.push('\n');
}

fn doubted(out: &mut String, findings: &[Finding<'_>]) {
    if findings.iter().all(|finding| finding.doubted.is_empty()) {
        return;
    }
    out.push_str(
        "## Where a witness does not agree\n\n| commit | benchmark | first | again | instructions |\n|---|---|---|---|---|\n",
    );
    for finding in findings {
        for Doubted { first, again, instructions } in &finding.doubted {
            let _ = writeln!(
                out,
                "| {} | `{}` | {} | {} | {} |",
                commit(finding.visit),
                first.benchmark,
                said(first),
                again.map_or_else(dash, said),
                instructions.map_or_else(dash, |change| format!("{:+.2} %", change * 100.0))
            );
        }
    }
    out.push('\n');
}

fn failed(out: &mut String, visits: &[Visit]) {
    let failed = |visit: &&Visit| matches!(visit.outcome, Outcome::Failed(_));
    if !visits.iter().any(|visit| failed(&visit)) {
        return;
    }
    out.push_str("## What could not be compared\n\n| commit | why |\n|---|---|\n");
    for visit in visits.iter().filter(failed) {
        if let Outcome::Failed(reason) = &visit.outcome {
            let _ = writeln!(out, "| {} | {} |", commit(visit), cell(reason));
        }
    }
    out.push('\n');
}

fn commit(visit: &Visit) -> String {
    let short = visit.candidate.get(..7).unwrap_or(&visit.candidate);
    format!("{} {short} {}", visit.repository, cell(&visit.subject))
}

/// A text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn of(share: Share) -> String {
    if share.all == 0 { dash() } else { format!("{} of {}", share.some, share.all) }
}

fn said(judged: &Judged) -> String {
    let change = judged.change.map_or_else(dash, |change| format!("{:+.1} %", change * 100.0));
    let interval = judged
        .interval
        .map_or_else(String::new, |(low, high)| format!(" [{:+.1}, {:+.1}]", low * 100.0, high * 100.0));
    format!("{} {change}{interval}", judged.verdict)
}

#[cfg(test)]
mod tests {
    use super::super::findings::tests::{judged, visit};
    use super::*;

    #[test]
    fn what_is_named_and_what_is_doubted_have_rows() {
        let origin = Origin {
            machine: "a machine".to_owned(),
            date: "2026-01-01".to_owned(),
            command: "study --field bits".to_owned(),
            absent: Vec::new(),
            notes: None,
        };
        let first =
            vec![judged("x", "wall-time", "regressed", 0.1), judged("x", "instructions", "unchanged", 0.0)];
        let again = vec![judged("x", "wall-time", "unchanged", 0.01)];
        let broken = Visit {
            outcome: Outcome::Failed("run cargo-perfguard:\nno such crate".to_owned()),
            ..visit("c", false, Vec::new())
        };
        let text = document(&[visit("b", false, first), visit("b", true, again), broken], &origin);
        for row in [
            "| bits | 2 | 1 | 1 | 0 | 1 | 0 | 0 | 10 |",
            "| bits b Faster \\| smaller | 1 | 0 | +10.0 % to +10.0 % | 0 of 1 | 0 of 1 |",
            "| bits b Faster \\| smaller | `x` | regressed +10.0 % | unchanged +1.0 % | +0.00 % |",
            "| bits c Faster \\| smaller | run cargo-perfguard: no such crate |",
        ] {
            assert!(text.contains(row), "{row}\n{text}");
        }
    }
}
