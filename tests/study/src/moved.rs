//! What was said of code that only moved, or that was edited and costs what it did. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::document::{Origin, dash, heading, percent, share};
use crate::plan::{Condition, Family, Kind};
use crate::record::{Record, Said};
use crate::summary::{Share, middle};

/// What one contender said of one kind of commits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// How many comparisons would fail a build.
    pub regressed: Share,
    /// How many were called improved.
    pub improved: u64,
    /// How many came to no result.
    pub undecided: u64,
    /// The changes furthest down and up that were called a regression or an improvement.
    pub furthest: Option<(f64, f64)>,
    /// The median time per benchmark, in seconds.
    pub seconds: f64,
}

/// Rows by kind of commit, slowdown in thousandths and contender.
pub type Rows = BTreeMap<(Kind, u32, String), Row>;

/// Counts what was said on the quiet machine.
pub fn rows(records: &[Record]) -> Rows {
    let mut groups: BTreeMap<(Kind, u32, String), Vec<&Said>> = BTreeMap::new();
    for record in of_quiet(records) {
        let variant = record.trial.variant;
        for said in &record.said {
            let key = (variant.kind(), variant.per_mille, said.contender.clone());
            groups.entry(key).or_default().push(said);
        }
    }
    groups.into_iter().map(|(key, said)| (key, row(&said))).collect()
}

fn of_quiet(records: &[Record]) -> impl Iterator<Item = &Record> {
    records
        .iter()
        .filter(|record| record.trial.condition == Condition::Quiet && record.trial.family != Family::Truth)
}

fn row(said: &[&Said]) -> Row {
    let is_improved = |said: &&&Said| said.word == "improved";
    let named = said.iter().filter(|said| said.fails || is_improved(said));
    let changes: Vec<f64> = named.filter_map(|said| said.change).collect();
    Row {
        regressed: Share {
            some: said.iter().filter(|said| said.fails).count() as u64,
            all: said.len() as u64,
        },
        improved: said.iter().filter(is_improved).count() as u64,
        undecided: said.iter().filter(|said| said.word == "inconclusive").count() as u64,
        furthest: range(&changes),
        seconds: middle(said.iter().map(|said| said.seconds)).unwrap_or(0.0),
    }
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().reduce(f64::min)?;
    Some((low, values.iter().copied().fold(low, f64::max)))
}

/// The changes that were seen of one workload by one contender over all commits that only move code: the lowest and the
/// highest, by workload and contender.
pub fn ranges(records: &[Record]) -> BTreeMap<String, BTreeMap<String, (f64, f64)>> {
    let mut seen: BTreeMap<String, BTreeMap<String, Vec<f64>>> = BTreeMap::new();
    for record in of_quiet(records).filter(|record| record.trial.variant.kind() == Kind::Moved) {
        for said in &record.said {
            let of_workload = seen.entry(said.workload.clone()).or_default();
            of_workload.entry(said.contender.clone()).or_default().extend(said.change);
        }
    }
    let ranges = |by_contender: BTreeMap<String, Vec<f64>>| {
        by_contender.into_iter().filter_map(|(name, changes)| Some((name, range(&changes)?))).collect()
    };
    seen.into_iter().map(|(workload, by_contender)| (workload, ranges(by_contender))).collect()
}

/// Everything as markdown, with `drawings` (relative to the document) before the tables.
pub fn document(records: &[Record], origin: &Origin, drawings: &[String]) -> String {
    let mut out = String::from("# Code that moves\n\n");
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "Ten small loops, and commits that add one to twelve functions which nobody runs: the linker moves what follows, and \
         nothing else changes. Whatever a program calls regressed or improved is false. Other commits edit every loop \
         at no cost, or move it within its function, or do all of it and make it slower. Others change what surrounds \
         the code: flags, profile, workspace, files that a launch leaves behind. The loops, the commits and the way to repeat it are in [tests/study](../tests/study/README.md).\n\n"
    );
    heading(&mut out, records.iter().map(|record| record.seconds), origin);
    for drawing in drawings {
        let _ = write!(out, "![what each program says of commits that only move code]({drawing})\n\n");
    }
    let rows = rows(records);
    let mut kinds: Vec<(Kind, u32)> = rows.keys().map(|(kind, per_mille, _)| (*kind, *per_mille)).collect();
    kinds.dedup();
    for (kind, per_mille) in kinds {
        let _ = write!(
            out,
            "## {}\n\n| program | regressed | improved | false or true changes that were named | inconclusive | seconds per benchmark |\n\
             |---|---|---|---|---|---|\n",
            title(kind, per_mille)
        );
        for ((.., contender), row) in rows.iter().filter(|((k, p, _), _)| (*k, *p) == (kind, per_mille)) {
            let _ = writeln!(
                out,
                "| {contender} | {} | {} | {} | {} | {:.1} |",
                share(row.regressed),
                row.improved,
                row.furthest.map_or_else(dash, between),
                row.undecided,
                row.seconds
            );
        }
        out.push('\n');
    }
    range_table(&mut out, &ranges(records));
    out
}

fn title(kind: Kind, per_mille: u32) -> String {
    match kind {
        Kind::Slower => format!("{} slower", percent(per_mille)),
        Kind::Moved => "Only moved".to_owned(),
        Kind::Edited => "Edited, and costs what it did".to_owned(),
        Kind::Reshaped => "Edited so that loops move within their functions".to_owned(),
        Kind::MovedAndSlower => format!("Moved, edited, and {} slower", percent(per_mille)),
        Kind::Ordered => "One commit that only moves code, linked in many orders".to_owned(),
        Kind::Flags => {
            format!("A flag in .cargo/config.toml that makes everything {} slower", percent(per_mille))
        }
        Kind::Profile => format!("A profile that makes everything {} slower", percent(per_mille)),
        Kind::Workspace => "Only moved, and the package becomes a workspace".to_owned(),
        Kind::LeftInTree => {
            "Only moved; every launch leaves a file in the source tree that slows the next one down"
                .to_owned()
        }
        Kind::LeftInTmp => {
            "Only moved; every launch leaves a temporary file that slows the next one down".to_owned()
        }
    }
}

fn between((low, high): (f64, f64)) -> String {
    format!("{:+.1} % to {:+.1} %", low * 100.0, high * 100.0)
}

fn range_table(out: &mut String, ranges: &BTreeMap<String, BTreeMap<String, (f64, f64)>>) {
    let mut contenders: Vec<&String> = ranges.values().flat_map(BTreeMap::keys).collect();
    contenders.sort_unstable();
    contenders.dedup();
    if contenders.is_empty() {
        return;
    }
    out.push_str("## What was seen of each loop\n\nThe lowest and the highest change over all commits that only move code.\n\n");
    let heads: Vec<&str> = contenders.iter().map(|name| name.as_str()).collect();
    let _ = writeln!(out, "| loop | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for (workload, by_contender) in ranges {
        let cells = contenders.iter().map(|name| by_contender.get(*name).copied().map_or_else(dash, between));
        let _ = writeln!(out, "| {workload} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Trial, Variant};

    fn record(variant: Variant, words: &[(&str, f64)]) -> Record {
        let said = |&(word, change): &(&str, f64)| Said {
            contender: "somebody".to_owned(),
            workload: "depth".to_owned(),
            fails: word == "regressed",
            word: word.to_owned(),
            change: Some(change),
            half_width: None,
            pairs: None,
            seconds: 2.0,
        };
        Record {
            trial: Trial { round: 0, condition: Condition::Quiet, family: Family::Tango, variant },
            ended: 0,
            seconds: 0.0,
            said: words.iter().map(said).collect(),
        }
    }

    #[test]
    fn false_words_are_counted_in_both_directions() {
        let moved = Variant { moved: 1, ..Variant::BASELINE };
        let words = [("regressed", 0.7), ("improved", -0.2), ("unchanged", 0.9), ("inconclusive", 0.0)];
        let records = [
            record(moved, &words),
            record(Variant { moved: 2, ..moved }, &[("unchanged", 0.01)]),
            record(Variant { edited: 1, ..Variant::BASELINE }, &[("unchanged", 0.0)]),
        ];
        let rows = rows(&records);
        assert_eq!(rows.len(), 2);
        let row = &rows[&(Kind::Moved, 0, "somebody".to_owned())];
        assert_eq!((row.regressed, row.improved, row.undecided), (Share { some: 1, all: 5 }, 1, 1));
        assert_eq!(row.furthest, Some((-0.2, 0.7)));
        assert_eq!(ranges(&records)["depth"]["somebody"], (-0.2, 0.9));
        assert!(title(Kind::MovedAndSlower, 100).contains("10 %"));
    }
}
