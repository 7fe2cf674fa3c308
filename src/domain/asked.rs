//! What a run was asked for: how its evidence was collected, and so how it is judged.

use super::axis::Axis;
use serde::{Deserialize, Serialize};

use super::metric::Metric;
use super::partition::Partition;
use super::reach::ReachUse;

/// Whether the user asked for certain metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Insistence {
    /// By name: one that cannot be had is told for each benchmark.
    Asked,
    /// No: what cannot be had is left out, with a note.
    Default,
}

/// What is measured again before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// Nothing.
    Never,
    /// What looks regressed.
    Suspects,
    /// What looks regressed or improved.
    Always,
}

/// What becomes of benchmarks whose two executables have the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identical {
    /// They are unchanged, without measuring.
    Settled,
    /// They are measured all the same.
    Measured,
}

/// Whether stored runs of the baseline may clear a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryCheck {
    /// They may, together with one pair that agrees.
    Allowed,
    /// They may not.
    Off,
}

fn nobody_looked() -> ReachUse {
    ReachUse::Off
}

/// What a run was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The metrics that are wanted.
    pub metrics: Vec<Metric>,
    /// What it means that one of them cannot be had.
    pub insistence: Insistence,
    /// What is measured again.
    pub confirm: Confirm,
    /// What identical executables mean.
    pub identical: Identical,
    /// Whether history may clear.
    pub history: HistoryCheck,
    /// What becomes of benchmarks that a change does not reach. Runs that were stored before this was looked into did not.
    #[serde(default = "nobody_looked")]
    pub reach: ReachUse,
    /// The part of the benchmarks that is measured, where several machines share them.
    #[serde(default)]
    pub partition: Option<Partition>,
    /// What took part and how it was measured, on one line: runs that say the same can be merged.
    #[serde(default)]
    pub selection: String,
    /// What the builds of the two sides differ in on purpose.
    #[serde(default)]
    pub axes: Vec<Axis>,
}
