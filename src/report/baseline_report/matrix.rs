//! Stored figures as a matrix: rows are benchmarks and their metrics, columns are origins.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{BaselineEntry, BaselineReport, BenchmarkName, Kept, Metric, Provenance};

use super::super::text::{clean, shorten_end};

/// How much of a processor's name stands above a column.
pub(super) const CPU_WIDTH: usize = 26;

/// What to say about figures that were taken under an emulator.
pub(super) const EMULATED: &str = "emulated: taken under an emulator. Counts of instructions and allocations are the program's \
                        own; times say nothing about the processor and are never judged.";

/// What to say when nothing is stored.
pub(super) const EMPTY: &str = "no baseline is stored or committed: measure one with `cargo perfguard run`";

/// A machine with one build: figures of one origin are comparable with each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) arch: String,
    pub(super) cpu_model: String,
    machine: String,
    target: String,
    rustc: String,
    profile: String,
    kept: Kept,
}

impl Origin {
    pub(super) fn of(entry: &BaselineEntry) -> Self {
        Self {
            arch: clean(&entry.arch),
            cpu_model: clean(&entry.cpu_model),
            machine: clean(entry.machine.as_str()),
            target: clean(&entry.target),
            rustc: clean(&entry.rustc),
            profile: clean(&entry.profile),
            kept: entry.kept,
        }
    }

    /// Everything there is to know about it.
    pub(super) fn described(&self) -> String {
        let kept = match self.kept {
            Kept::Store => "",
            Kept::Committed => ", committed in baselines/",
        };
        format!(
            "{}, {}, rustc {}, {}, profile {}, machine {}{kept}",
            self.arch, self.cpu_model, self.rustc, self.target, self.profile, self.machine
        )
    }
}

/// A processor's name without what its vendor adds to every one.
pub(super) fn short_cpu(model: &str) -> String {
    let model = model.replace("(R)", "").replace("(TM)", "");
    let model = model.split(" CPU @").next().unwrap_or_default();
    let telling = |word: &&str| *word != "Processor" && !word.ends_with("-Core");
    model.split_whitespace().filter(telling).collect::<Vec<_>>().join(" ")
}

/// Rows are benchmarks and their metrics, columns are origins.
pub(super) struct Matrix<'a> {
    pub(super) origins: Vec<Origin>,
    pub(super) rows: BTreeMap<(&'a BenchmarkName, Metric), BTreeMap<Origin, &'a BaselineEntry>>,
}

impl<'a> Matrix<'a> {
    /// Orders the entries; of several for one cell, the latest counts.
    pub(super) fn new(report: &'a BaselineReport) -> Self {
        let mut rows: BTreeMap<_, BTreeMap<Origin, &'a BaselineEntry>> = BTreeMap::new();
        let mut origins = BTreeSet::new();
        for entry in &report.entries {
            let origin = Origin::of(entry);
            origins.insert(origin.clone());
            let cells = rows.entry((&entry.benchmark, entry.metric)).or_default();
            let known = cells.entry(origin).or_insert(entry);
            if known.measured_ms < entry.measured_ms {
                *known = entry;
            }
        }
        Self { origins: origins.into_iter().collect(), rows }
    }

    /// What stands above a column: architecture and processor, with the number of its line in the legend.
    pub(super) fn title(&self, index: usize) -> (String, String) {
        let origin = &self.origins[index];
        let arch = format!("{} [{}]", origin.arch, index + 1);
        let arch = match origin.kept {
            Kept::Store => arch,
            Kept::Committed => format!("{arch} committed"),
        };
        (arch, shorten_end(&short_cpu(&origin.cpu_model), CPU_WIDTH))
    }

    /// A line for each column: where its figures come from.
    pub(super) fn legend(&self) -> Vec<String> {
        let described = self.origins.iter().enumerate();
        described.map(|(index, origin)| format!("[{}] {}", index + 1, origin.described())).collect()
    }

    /// Whether a metric needs naming.
    pub(super) fn several_metrics(&self) -> bool {
        self.rows.keys().any(|(_, metric)| *metric != Metric::WallTime)
    }

    pub(super) fn has_emulated(&self) -> bool {
        self.rows.values().flat_map(BTreeMap::values).any(|entry| entry.provenance == Provenance::Emulated)
    }
}
