//! One benchmark over commits, ready to be rendered.

use super::machine::MachineKey;
use super::metric::Metric;
use super::name::BenchmarkName;
use super::revision::CommitId;

/// The stored figure of one commit.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPoint {
    /// The commit.
    pub commit: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// When it was committed, in milliseconds since the Unix epoch.
    pub when_ms: i64,
    /// The value, in the metric's unit.
    pub value: f64,
    /// The spread between runs as a fraction of the value; `None` where too few are stored to tell.
    pub spread: Option<f64>,
    /// The machine it was measured on. Points of different machines are not comparable.
    pub machine: MachineKey,
}

/// Something that happened at a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The place among the points, from 0.
    pub place: usize,
    /// What it was, in the words of whoever did it.
    pub reason: String,
}

/// One metric of one benchmark over commits.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryReport {
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// Which figure.
    pub metric: Metric,
    /// The points, oldest first.
    pub points: Vec<HistoryPoint>,
    /// The places in `points` (from 0) at which a new level begins, ascending.
    pub change_points: Vec<usize>,
    /// Slowdowns that were accepted, by the place in `points` of the first commit that has them.
    pub accepted: Vec<Mark>,
}
