//! Reports of parts of one run, put together. Nothing is judged again: the parts have divided the error of the whole.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::domain::{
    AcceptanceOutcome, BenchmarkOutcome, Exit, JudgedBy, MachineFacts, MachineKey, Note, Partition,
    PartitionKind, Report, ReportKind, Revision, Trouble,
};

use super::acceptance;
use super::gate::{Gate, GatePolicy, VerdictRequirement};

/// Why reports cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is no report to merge")]
    Nothing,
    /// A report is not about a part.
    #[error("{0} is no part of a run: it was made without `--partition`")]
    Whole(String),
    /// Two reports are not about the same.
    #[error("{one} and {other} do not belong together: they differ in {what}")]
    Differ {
        /// One of them.
        one: String,
        /// The other.
        other: String,
        /// In what.
        what: &'static str,
    },
}

/// What parts of one run must agree in.
struct Family<'a> {
    kind: ReportKind,
    sides: [Option<&'a Revision>; 2],
    judged_by: Option<&'a JudgedBy>,
    dealt: (PartitionKind, u32),
}

impl<'a> Family<'a> {
    fn of(report: &'a Report, part: Partition) -> Self {
        Self {
            kind: report.kind,
            sides: [report.baseline.as_ref(), report.candidate.as_ref()],
            judged_by: report.judged_by.as_ref(),
            dealt: (part.kind, part.count),
        }
    }

    fn difference(&self, other: &Self) -> Option<&'static str> {
        let commits = |sides: [Option<&Revision>; 2]| sides.map(|side| side.map(|side| side.commit.clone()));
        let version = |by: Option<&JudgedBy>| by.map(|by| by.version.clone());
        if self.kind != other.kind {
            Some("the command")
        } else if commits(self.sides) != commits(other.sides) {
            Some("the commits that are compared")
        } else if version(self.judged_by) != version(other.judged_by) {
            Some("the version of the program")
        } else if self.judged_by != other.judged_by {
            Some("the configuration or the flags")
        } else {
            (self.dealt != other.dealt).then_some("how the work is dealt out")
        }
    }
}

/// Puts parts of one run together, each with the name of its file. Of a part that was measured more than once the last one
/// counts, and what the earlier ones came to is told.
///
/// # Errors
/// They do not belong together.
pub fn merge(reports: Vec<(String, Report)>) -> Result<Report, MergeError> {
    let mut parts: BTreeMap<u32, Vec<Report>> = BTreeMap::new();
    let mut first: Option<(String, Report, Partition)> = None;
    for (name, report) in reports {
        let part = report.partition.ok_or_else(|| MergeError::Whole(name.clone()))?;
        if let Some((known, whole, dealt)) = &first {
            let (one, other) = (Family::of(whole, *dealt), Family::of(&report, part));
            if let Some(what) = one.difference(&other) {
                return Err(MergeError::Differ { one: known.clone(), other: name, what });
            }
        } else {
            first = Some((name, report.clone(), part));
        }
        parts.entry(part.index).or_default().push(report);
    }
    let (_, head, dealt) = first.ok_or(MergeError::Nothing)?;
    let mut whole = Whole::new(&head);
    for index in 1..=dealt.count {
        let part = Partition { index, ..dealt };
        match parts.remove(&index) {
            Some(attempts) => whole.take(part, attempts),
            None => whole.report.troubles.push(Trouble::Missing(part)),
        }
    }
    Ok(whole.finish())
}

/// The whole, as far as it is put together.
struct Whole {
    report: Report,
    machines: BTreeMap<MachineKey, MachineFacts>,
    exits: Vec<u8>,
}

impl Whole {
    fn new(head: &Report) -> Self {
        let report = Report {
            baseline: head.baseline.clone(),
            candidate: head.candidate.clone(),
            toolchain: head.toolchain.clone(),
            judged_by: head.judged_by.clone(),
            ..Report::new(head.kind)
        };
        Self { report, machines: BTreeMap::new(), exits: Vec::new() }
    }

    fn take(&mut self, part: Partition, mut attempts: Vec<Report>) {
        let Some(last) = attempts.pop() else { return };
        if !attempts.is_empty() {
            let exits = attempts.iter().map(|report| report.exit_code).collect();
            self.report.notes.push(Note::Repeated { part, earlier: exits });
        }
        let key = last.machine.as_ref().map(|machine| machine.key.clone());
        self.machines.extend(last.machine.map(|machine| (machine.key.clone(), machine)));
        self.exits.push(last.exit_code);
        let benchmarks = last.benchmarks.into_iter();
        self.report
            .benchmarks
            .extend(benchmarks.map(|benchmark| BenchmarkOutcome { machine: key.clone(), ..benchmark }));
        accept(&mut self.report.acceptances, last.acceptances);
        self.report.claims.extend(last.claims);
        self.report.troubles.extend(last.troubles);
        match (&mut self.report.layouts, last.layouts) {
            (Some(layouts), Some(found)) => layouts.targets.extend(found.targets),
            (layouts, found) => *layouts = layouts.take().or(found),
        }
        if self.report.toolchain.is_none() {
            self.report.toolchain = last.toolchain;
        }
        for note in last.notes {
            if !self.report.notes.contains(&note) {
                self.report.notes.push(note);
            }
        }
        // Parts run beside each other: the whole took as long as the slowest.
        if last.seconds > self.report.seconds {
            self.report.seconds = last.seconds;
            self.report.stages = last.stages;
        }
    }

    fn finish(self) -> Report {
        let Self { mut report, machines, exits } = self;
        let mut machines: Vec<MachineFacts> = machines.into_values().collect();
        if machines.len() == 1 {
            report.machine = machines.pop();
            for benchmark in &mut report.benchmarks {
                benchmark.machine = None;
            }
        }
        report.machines = machines;
        report.notes.extend(acceptance::notes(&report.acceptances));
        report.benchmarks.sort_by(|a, b| a.name.cmp(&b.name));
        report.exit_code = exit(&report, &exits).code();
        report
    }
}

/// Takes the acceptances of one more part: all parts have the same, and what one has no use for, another one may have.
fn accept(whole: &mut Vec<AcceptanceOutcome>, part: Vec<AcceptanceOutcome>) {
    for one in part {
        match whole.iter_mut().find(|known| known.acceptance == one.acceptance) {
            Some(known) => known.came_to = known.came_to.max(one.came_to),
            None => whole.push(one),
        }
    }
}

/// How the whole ends: as the worst of its parts, and where every verdict is required, not without any.
fn exit(report: &Report, exits: &[u8]) -> Exit {
    let required = report.judged_by.as_ref().is_some_and(|by| by.verdict_required);
    let verdicts = if required { VerdictRequirement::Every } else { VerdictRequirement::None };
    let policy = GatePolicy { verdicts, ..GatePolicy::default() };
    let whole = Gate::decide(&report.benchmarks, &report.claims, &report.troubles, policy).exit;
    let of_parts = exits.iter().map(|code| Exit::of_code(*code).unwrap_or(Exit::Incomplete));
    of_parts.fold(whole, Exit::or_worse)
}

#[cfg(test)]
mod tests;
