//! A stored series as its readers see it: one point for each commit, and what happened on the way.

use super::history::{HistoryPoint, Mark};
use super::series::SeriesKey;

/// One metric of one benchmark, on one machine and with one build, over commits.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// What every point shares.
    pub series: SeriesKey,
    /// The processor's name; the machine's key where no more is known.
    pub cpu: String,
    /// A point for each clean commit, oldest first.
    pub points: Vec<HistoryPoint>,
    /// The places in `points` (from 0) at which a new level begins, ascending.
    pub change_points: Vec<usize>,
    /// Slowdowns that were accepted, by the place in `points` of the first commit that has them.
    pub accepted: Vec<Mark>,
}
