//! How long a launch takes.

use std::time::Duration;

/// How long a launch warms up and measures, and when it is given up.
///
/// Values that a benchmark group sets in the code win over the first three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaunchOptions {
    /// Running before any sample counts.
    pub warm_up: Duration,
    /// About how long all samples take together.
    pub measurement: Duration,
    /// How many samples are taken: at least 10, which is Criterion's minimum.
    pub samples: u32,
    /// When the launch is given up.
    pub time_limit: Duration,
}
