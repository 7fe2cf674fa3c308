//! Stored values over runs and commits, as the store gives them back.

use super::artifact::BuildFingerprint;
use super::machine::MachineKey;
use super::metric::Metric;
use super::name::BenchmarkName;
use super::revision::CommitId;
use super::run_id::{Provenance, RunId};

/// A measurement's key without the revision: values of one series may be set against each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// Which machine.
    pub machine: MachineKey,
    /// Which build.
    pub build: BuildFingerprint,
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// Which figure.
    pub metric: Metric,
}

/// What one run found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunValue {
    /// The run.
    pub run: RunId,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// The median over launches of each launch's median, in the metric's unit.
    pub value: f64,
    /// How many launches that is from: at least 1.
    pub launches: u32,
}

/// What one run found about one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPoint {
    /// The commit; for a dirty tree, the commit it is based on.
    pub commit: CommitId,
    /// Whether the files differed from the commit's.
    pub dirty: bool,
    /// What was found.
    pub found: RunValue,
}

/// A series and its points, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesHistory {
    /// What every point shares.
    pub series: SeriesKey,
    /// Whether the points are evidence about the machine.
    pub provenance: Provenance,
    /// The points, by the time of their run.
    pub points: Vec<SeriesPoint>,
}

/// The newest clean value of a benchmark's metric on one machine and architecture.
#[derive(Debug, Clone, PartialEq)]
pub struct LatestValue {
    /// The architecture it was compiled for.
    pub arch: String,
    /// What the value is keyed by, besides the commit.
    pub series: SeriesKey,
    /// Whether it is evidence about the machine.
    pub provenance: Provenance,
    /// The commit.
    pub commit: CommitId,
    /// When its newest run began, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// The median over the commit's runs of each run's value, in the metric's unit.
    pub value: f64,
    /// How far the values of these runs lie apart: 1.4826 times their median absolute deviation, as a fraction
    /// of their median. `None` for fewer than three runs or a median of zero.
    pub spread: Option<f64>,
    /// The same of the medians of all launches of these runs. `None` for fewer than three launches.
    pub launch_spread: Option<f64>,
    /// On how many runs the commit was measured.
    pub runs: u32,
    /// How many launches that is from, in all.
    pub launches: u32,
}
