//! What is measured. Smaller is better for every metric.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One kind of figure. For every metric, more is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Elapsed time of one iteration, in nanoseconds.
    WallTime,
    /// Instructions executed by one iteration.
    Instructions,
    /// Branches of one iteration that a simulated processor mispredicts.
    BranchMisses,
    /// Heap allocations made by one iteration.
    Allocations,
    /// Bytes asked of the heap by one iteration.
    AllocatedBytes,
    /// The most bytes alive at once during one iteration.
    PeakBytes,
}

impl Metric {
    /// Every metric, in the order reports show them.
    pub const ALL: [Self; 6] = [
        Self::WallTime,
        Self::Instructions,
        Self::BranchMisses,
        Self::Allocations,
        Self::AllocatedBytes,
        Self::PeakBytes,
    ];

    /// The name in configuration, JSON and the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::WallTime => "wall-time",
            Self::Instructions => "instructions",
            Self::BranchMisses => "branch-misses",
            Self::Allocations => "allocations",
            Self::AllocatedBytes => "allocated-bytes",
            Self::PeakBytes => "peak-bytes",
        }
    }

    /// The unit of one value.
    pub fn unit(self) -> &'static str {
        match self {
            Self::WallTime => "ns",
            Self::Instructions => "instructions",
            Self::BranchMisses => "branch misses",
            Self::Allocations => "allocations",
            Self::AllocatedBytes | Self::PeakBytes => "bytes",
        }
    }

    /// Whether values are counts that a deterministic program repeats exactly.
    pub fn is_count(self) -> bool {
        self != Self::WallTime
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMetric(pub String);

impl fmt::Display for UnknownMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        write!(f, "unknown metric `{}`; the metrics are {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownMetric {}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.name() == text)
            .ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_round_trips_through_its_name() {
        for metric in Metric::ALL {
            assert_eq!(metric.name().parse::<Metric>().unwrap(), metric);
        }
        assert!("time".parse::<Metric>().unwrap_err().to_string().contains("wall-time"));
    }
}
