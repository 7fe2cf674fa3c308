//! What the store holds as baselines, ready to be rendered.

use serde::Serialize;

use super::machine::MachineKey;
use super::metric::Metric;
use super::name::BenchmarkName;
use super::revision::CommitId;
use super::run_id::Provenance;

/// One stored figure: a benchmark's metric on one machine with one build.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineEntry {
    /// The architecture it was compiled for.
    pub arch: String,
    /// The machine it was measured on.
    pub machine: MachineKey,
    /// The processor's name, for people.
    pub cpu_model: String,
    /// The target triple.
    pub target: String,
    /// rustc's version.
    pub rustc: String,
    /// The Cargo profile.
    pub profile: String,
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// Which figure.
    pub metric: Metric,
    /// The value, in the metric's unit.
    pub value: f64,
    /// The spread between runs as a fraction of the value; `None` where too few are stored to tell.
    pub spread: Option<f64>,
    /// How many runs the value rests on.
    pub runs: u32,
    /// The commit it was measured at.
    pub commit: CommitId,
    /// When it was measured last, in milliseconds since the Unix epoch; a committed file does not say.
    pub measured_ms: Option<i64>,
    /// Where it is kept.
    pub kept: Kept,
    /// Whether it is evidence.
    pub provenance: Provenance,
}

/// Where a baseline is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// In the store of this workspace.
    Store,
    /// In a committed file of `baselines/`.
    Committed,
}

/// The stored baselines of every architecture and processor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BaselineReport {
    /// The figures, in any order.
    pub entries: Vec<BaselineEntry>,
}
