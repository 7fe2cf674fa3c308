//! The study's results as markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::levels::Levels;
use crate::plan::Condition;
use crate::record::Record;
use crate::summary::{Promises, Row, Share, middle, promises, table, truths};

/// What a reader must know to judge or repeat the figures.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The machine, in words.
    pub machine: String,
    /// When the last trial ended, as a date.
    pub date: String,
    /// The command.
    pub command: String,
    /// What was not taken part in, and why.
    pub absent: Vec<String>,
    /// What somebody wrote about the figures.
    pub notes: Option<String>,
}

/// Where what somebody wrote begins in a document, and where it ends.
const NOTES: (&str, &str) = ("<!-- notes -->\n", "<!-- end of notes -->\n");

/// What somebody wrote into a document: it stays when the rest is written anew.
pub fn notes(document: &str) -> Option<&str> {
    let (_, rest) = document.split_once(NOTES.0)?;
    rest.split_once(NOTES.1).map(|(notes, _)| notes)
}

/// Writes everything, with `drawings` (paths of drawings, relative to the document) behind the tables.
pub fn document(
    records: &[Record],
    levels: &BTreeMap<String, Levels>,
    origin: &Origin,
    drawings: &[String],
) -> String {
    let table = table(records);
    // Writing to a String cannot fail, here and below.
    let mut out = String::from("# The detection study\n\n");
    let _ = write!(
        out,
        "How often each program would fail a build that did not get slower, and how many true slowdowns it catches. The \
         workloads, the slowdowns and the way to repeat it are in [tests/study](../tests/study/README.md).\n\n"
    );
    heading(&mut out, records.iter().map(|record| record.seconds), origin);
    promise_table(&mut out, &promises(records));
    let mut slowdowns: Vec<u32> = table.keys().map(|(_, _, per_mille)| *per_mille).collect();
    slowdowns.sort_unstable();
    slowdowns.dedup();
    for condition in [Condition::Quiet, Condition::Noisy] {
        let mut contenders: Vec<&String> =
            table.keys().filter(|(found, ..)| *found == condition).map(|(_, name, _)| name).collect();
        contenders.dedup();
        if contenders.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "## {}\n\nComparisons that fail the build, of all, with 95 % intervals ",
            title(condition)
        );
        let _ = write!(
            out,
            "(Clopper and Pearson). Slowdowns are nominal; at 0 % every failure is a false alarm.\n\n"
        );
        let heads: Vec<String> = slowdowns.iter().map(|per_mille| percent(*per_mille)).collect();
        let _ = writeln!(
            out,
            "| contender | {} | seconds per benchmark | median half-width | inconclusive |\n|---|{}---|---|---|",
            heads.join(" | "),
            "---|".repeat(heads.len())
        );
        for contender in contenders {
            let row = |per_mille: &u32| table.get(&(condition, contender.clone(), *per_mille));
            let cells: Vec<String> = slowdowns
                .iter()
                .map(|per_mille| row(per_mille).map_or_else(dash, |row| share(row.failed)))
                .collect();
            let rows: Vec<&Row> = slowdowns.iter().filter_map(row).collect();
            let _ = writeln!(out, "| {contender} | {} | {} |", cells.join(" | "), figures(&rows));
        }
        out.push('\n');
    }
    truth_table(&mut out, records);
    level_table(&mut out, levels);
    for drawing in drawings {
        let _ = write!(out, "![share of comparisons that fail, by slowdown]({drawing})\n\n");
    }
    out
}

/// When, where and how it was measured.
pub(crate) fn heading(out: &mut String, seconds: impl ExactSizeIterator<Item = f64>, origin: &Origin) {
    let trials = seconds.len();
    let _ = write!(
        out,
        "| | |\n|---|---|\n| date | {} |\n| machine | {} |\n| command | `{}` |\n| trials | {} |\n| time | {:.1} h |\n\n",
        origin.date,
        origin.machine,
        origin.command,
        trials,
        seconds.sum::<f64>() / 3600.0
    );
    for absent in &origin.absent {
        let _ = write!(out, "{absent}\n\n");
    }
    if let Some(notes) = &origin.notes {
        let _ = writeln!(out, "{}{notes}{}", NOTES.0, NOTES.1);
    }
}

fn title(condition: Condition) -> &'static str {
    match condition {
        Condition::Quiet => "A quiet machine",
        Condition::Noisy => "A noisy neighbour",
    }
}

/// Time, half-width and what came to no result, over all slowdowns.
fn figures(rows: &[&Row]) -> String {
    let seconds = middle(rows.iter().map(|row| row.seconds)).unwrap_or(0.0);
    let width = middle(rows.iter().filter_map(|row| row.half_width));
    let undecided = Share {
        some: rows.iter().map(|row| row.undecided).sum(),
        all: rows.iter().map(|row| row.failed.all).sum(),
    };
    let width = width.map_or_else(dash, |width| format!("±{:.2} %", width * 100.0));
    format!("{seconds:.1} | {width} | {:.0} %", undecided.fraction() * 100.0)
}

/// What is to be reached, and what was.
fn promise_table(out: &mut String, found: &Promises) {
    let half_width = found.half_width.map_or_else(dash, |(width, seconds)| {
        format!("±{:.2} % (98 % interval, after {seconds:.1} s)", width * 100.0)
    });
    let cleared = found.cleared.map_or_else(dash, |seconds| format!("{seconds:.1} s"));
    let rows = [
        ("equal code declared regressed at T = 5 %", "none", share(found.false_alarms)),
        ("whole runs of equal code that fail the gate at T = 5 %", "≤ 1 %", share(found.failed_runs)),
        ("+10 % caught at T = 5 %, 10 s per benchmark", "≥ 99 %", share(found.caught_ten)),
        ("+5 % caught at T = 2 %, 10 s per benchmark", "≥ 95 %", share(found.caught_five)),
        ("median half-width of the interval when nothing decides", "≤ 1.5 %", half_width),
        ("until equal code is cleared at T = 5 %, median", "≤ 0.5 s", cleared),
    ];
    out.push_str(
        "## What is to be reached\n\nOn the quiet machine.\n\n| figure | to reach | found |\n|---|---|---|\n",
    );
    for (figure, goal, found) in rows {
        let _ = writeln!(out, "| {figure} | {goal} | {found} |");
    }
    out.push('\n');
}

fn truth_table(out: &mut String, records: &[Record]) {
    let truths = truths(records);
    if truths.is_empty() {
        return;
    }
    out.push_str("## How large the slowdowns really are\n\nThe mean over runs of perfguard's own pairs on the quiet machine, ");
    out.push_str("with a 95 % interval (Student's t over runs).\n\n");
    out.push_str("| nominal | workload | measured | interval | runs | pairs |\n|---|---|---|---|---|---|\n");
    for ((per_mille, workload), truth) in truths {
        let interval = truth
            .interval
            .map_or_else(dash, |(low, high)| format!("[{:+.2} %, {:+.2} %]", low * 100.0, high * 100.0));
        let _ = writeln!(
            out,
            "| {} | {workload} | {:+.2} % | {interval} | {} | {} |",
            percent(per_mille),
            truth.change * 100.0,
            truth.runs,
            truth.pairs
        );
    }
    out.push('\n');
}

fn level_table(out: &mut String, levels: &BTreeMap<String, Levels>) {
    if levels.is_empty() {
        return;
    }
    out.push_str(
        "## Where the variance is\n\nEqual code on the quiet machine: robust standard deviations of the logarithm, by level. \
         A *turn* is the ratio of two neighbouring samples; what that leaves of error in a pair's median is *within a pair*; \
         pairs of launches differ from each other by *from pair to pair*, and would by *without turns* if the launches were \
         compared by their own medians. Runs (comparisons) should differ by *expected* if nothing but the pairs varied.\n\n\
         | workload | turn | within a pair | from pair to pair | without turns | from run to run | expected | pairs |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let hundredths = |value: f64| format!("{:.2} %", value * 100.0);
    for (workload, found) in levels {
        let _ = writeln!(
            out,
            "| {workload} | {} | {} | {} | {} | {} | {} | {} |",
            hundredths(found.turn),
            hundredths(found.within),
            hundredths(found.pair),
            hundredths(found.unpaired),
            found.run.map_or_else(dash, hundredths),
            hundredths(found.expected),
            found.pairs
        );
    }
    out.push('\n');
}

pub(crate) fn dash() -> String {
    "—".to_owned()
}

/// Thousandths as per cent.
pub fn percent(per_mille: u32) -> String {
    format!("{} %", f64::from(per_mille) / 10.0)
}

pub(crate) fn share(share: Share) -> String {
    if share.all == 0 {
        return dash();
    }
    let (low, high) = share.interval();
    format!(
        "{}/{} = {:.1} % [{:.1}, {:.1}]",
        share.some,
        share.all,
        share.fraction() * 100.0,
        low * 100.0,
        high * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_stays_when_a_document_is_written_anew() {
        let written = "What this means.\n\n| a | table |\n";
        let origin = |notes: Option<&str>| Origin {
            machine: String::new(),
            date: String::new(),
            command: String::new(),
            absent: Vec::new(),
            notes: notes.map(str::to_owned),
        };
        let text = document(&[], &BTreeMap::new(), &origin(Some(written)), &[]);
        assert_eq!(notes(&text), Some(written));
        assert_eq!(document(&[], &BTreeMap::new(), &origin(notes(&text)), &[]), text);
        assert_eq!(notes(&document(&[], &BTreeMap::new(), &origin(None), &[])), None);
    }
}
