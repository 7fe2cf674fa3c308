//! How long a launch takes.

use std::time::Duration;

/// How long a launch warms up and measures, and when it is given up.
///
/// Values that a benchmark group sets in the code win over the first three.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaunchOptions {
    /// Running before any sample counts.
    pub warm_up: Duration,
    /// About how long all samples take together.
    pub measurement: Duration,
    /// How many samples are taken: at least 10, which is Criterion's minimum.
    pub samples: u32,
    /// An error of a pair's log ratio that is close enough: where the first quarter of a pair that takes turns tells it as closely,
    /// the pair ends there. 0 where none is.
    pub close: f64,
    /// When the launch is given up.
    pub time_limit: Duration,
}
