//! What was named in the field, and which witnesses agree. Pure.

use std::collections::BTreeMap;

use super::{Judged, Outcome, Visit};
use crate::summary::{Share, middle};

/// Instructions that changed by less than this say nothing about a change of the time.
const SILENT: f64 = 0.001;

/// What was said of the commits of one repository.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    /// How many commits.
    pub commits: u64,
    /// How many of them could not be compared.
    pub failed: u64,
    /// How many comparisons of the time of a benchmark.
    pub comparisons: u64,
    /// How many of these needed no clock, or less of it: what is executed is the same.
    pub same_code: u64,
    /// How many were called slower.
    pub regressed: u64,
    /// How many were called faster.
    pub improved: u64,
    /// How many came to no result.
    pub inconclusive: u64,
    /// The median time of a commit, builds included, in seconds.
    pub seconds: f64,
}

/// A commit of which the time of some benchmark was named, and what the witnesses say.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// The first look.
    pub visit: &'a Visit,
    /// How many benchmarks were called slower.
    pub regressed: u64,
    /// How many were called faster.
    pub improved: u64,
    /// The changes furthest down and up.
    pub changes: (f64, f64),
    /// Of how many the second look, in other layouts, says the same.
    pub again: Share,
    /// Of how many the instructions changed in the same direction, of those that were counted.
    pub counted: Share,
    /// Those that one of the two witnesses does not bear out.
    pub doubted: Vec<Doubted<'a>>,
}

/// A benchmark that one witness does not bear out.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubted<'a> {
    /// What the first look says.
    pub first: &'a Judged,
    /// What the second look says.
    pub again: Option<&'a Judged>,
    /// The change of its instructions.
    pub instructions: Option<f64>,
}

/// What was said, by repository.
pub fn tallies(visits: &[Visit]) -> BTreeMap<&str, Tally> {
    let mut groups: BTreeMap<&str, Vec<&Visit>> = BTreeMap::new();
    for visit in visits.iter().filter(|visit| !visit.again) {
        groups.entry(&visit.repository).or_default().push(visit);
    }
    groups.into_iter().map(|(name, visits)| (name, tally(&visits))).collect()
}

fn tally(visits: &[&Visit]) -> Tally {
    let times: Vec<&Judged> = visits
        .iter()
        .flat_map(|visit| visit.judged())
        .filter(|judged| judged.metric == "wall-time")
        .collect();
    let verdict = |word: &str| times.iter().filter(|judged| judged.verdict == word).count() as u64;
    let without_clock =
        |judged: &&&Judged| judged.method == "identical" || judged.reason.as_deref() == Some("same-code");
    Tally {
        commits: visits.len() as u64,
        failed: visits.iter().filter(|visit| matches!(visit.outcome, Outcome::Failed(_))).count() as u64,
        comparisons: times.len() as u64,
        same_code: times.iter().filter(without_clock).count() as u64,
        regressed: verdict("regressed"),
        improved: verdict("improved"),
        inconclusive: verdict("inconclusive"),
        seconds: middle(visits.iter().map(|visit| visit.seconds)).unwrap_or(0.0),
    }
}

/// Every commit with a named change, in the order of the visits.
pub fn findings(visits: &[Visit]) -> Vec<Finding<'_>> {
    let second = |first: &Visit| visits.iter().find(|visit| visit.again && visit.is_of(first));
    visits.iter().filter(|visit| !visit.again).filter_map(|visit| finding(visit, second(visit))).collect()
}

fn finding<'a>(visit: &'a Visit, second: Option<&'a Visit>) -> Option<Finding<'a>> {
    let named: Vec<&Judged> = visit.judged().iter().filter(|judged| judged.is_named()).collect();
    let changes = || named.iter().filter_map(|judged| judged.change);
    let changes = (changes().reduce(f64::min)?, changes().reduce(f64::max)?);
    let mut finding = Finding {
        visit,
        regressed: named.iter().filter(|judged| judged.verdict == "regressed").count() as u64,
        improved: named.iter().filter(|judged| judged.verdict == "improved").count() as u64,
        changes,
        again: Share::default(),
        counted: Share::default(),
        doubted: Vec::new(),
    };
    for first in named {
        let again = second.and_then(|second| of(second, &first.benchmark, "wall-time"));
        let instructions = of(visit, &first.benchmark, "instructions").and_then(|judged| judged.change);
        let is_same = again.map(|again| again.verdict == first.verdict);
        let is_counted = instructions.map(|change| {
            change.abs() >= SILENT && (change > 0.0) == first.change.is_some_and(|change| change > 0.0)
        });
        for (share, witness) in [(&mut finding.again, is_same), (&mut finding.counted, is_counted)] {
            share.all += u64::from(witness.is_some());
            share.some += u64::from(witness == Some(true));
        }
        if is_same == Some(false) || is_counted == Some(false) {
            finding.doubted.push(Doubted { first, again, instructions });
        }
    }
    Some(finding)
}

fn of<'a>(visit: &'a Visit, benchmark: &str, metric: &str) -> Option<&'a Judged> {
    visit.judged().iter().find(|judged| judged.benchmark == benchmark && judged.metric == metric)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn judged(benchmark: &str, metric: &str, verdict: &str, change: f64) -> Judged {
        Judged {
            benchmark: benchmark.to_owned(),
            metric: metric.to_owned(),
            verdict: verdict.to_owned(),
            method: if metric == "wall-time" { "paired" } else { "exact" }.to_owned(),
            reason: None,
            change: Some(change),
            interval: None,
        }
    }

    pub(in super::super) fn visit(candidate: &str, again: bool, judged: Vec<Judged>) -> Visit {
        Visit {
            repository: "bits".to_owned(),
            baseline: "a".to_owned(),
            candidate: candidate.to_owned(),
            subject: "Faster | smaller".to_owned(),
            again,
            ended: 0,
            seconds: 10.0,
            outcome: Outcome::Compared(judged),
        }
    }

    #[test]
    fn witnesses_are_asked_of_every_named_change() {
        let time = |name, verdict, change| judged(name, "wall-time", verdict, change);
        let counts = |name, change| judged(name, "instructions", "unchanged", change);
        let first = vec![
            time("true", "regressed", 0.3),
            counts("true", 0.2),
            time("moved", "regressed", 0.1),
            counts("moved", 0.0),
            time("gone", "improved", -0.2),
            counts("gone", -0.4),
            time("quiet", "unchanged", 0.0),
        ];
        let second = vec![
            time("true", "regressed", 0.31),
            time("moved", "unchanged", 0.0),
            time("gone", "improved", -0.2),
        ];
        let failed = Visit { outcome: Outcome::Failed("build".to_owned()), ..visit("d", false, Vec::new()) };
        let visits =
            [visit("b", false, first), visit("c", false, Vec::new()), visit("b", true, second), failed];
        let findings = findings(&visits);
        assert_eq!(findings.len(), 1);
        let finding = &findings[0];
        assert_eq!((finding.regressed, finding.improved, finding.changes), (2, 1, (-0.2, 0.3)));
        assert_eq!((finding.again, finding.counted), (Share { some: 2, all: 3 }, Share { some: 2, all: 3 }));
        let doubted: Vec<&str> =
            finding.doubted.iter().map(|doubted| doubted.first.benchmark.as_str()).collect();
        assert_eq!(doubted, ["moved"]);
        let tally = &tallies(&visits)["bits"];
        assert_eq!((tally.commits, tally.failed, tally.comparisons), (3, 1, 4));
        assert_eq!((tally.regressed, tally.improved, tally.inconclusive), (2, 1, 0));
    }
}
