//! Pairs of launches: the unit of statistics of a comparison.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::layout::LayoutSeed;
use super::sample::SampleSet;
use super::side::{Side, Sides};

/// How the two launches of a pair took turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Both processes alive, one sample each in turn, strictly one side after the other, [`Pair::first`] first: a sample
    /// lies between two of the other side. Of whole commands, whose launches are their samples, one process at a time.
    Interleaved,
    /// One whole process after the other: samples of the two sides have no neighbours.
    Sequential,
}

/// The number of a comparison in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ComparisonId(pub i64);

impl fmt::Display for ComparisonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Why two sides are measured in pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// To see whether what executes the same code takes as long.
    QuickCheck,
    /// To reach a verdict.
    Measurement,
    /// To see a suspect a second time, with fresh pairs.
    Remeasurement,
    /// A build against itself: whether this machine is fit.
    AaTest,
    /// Two benchmarks of one build against each other.
    Claim,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] =
        [Self::QuickCheck, Self::Measurement, Self::Remeasurement, Self::AaTest, Self::Claim];

    /// The name in JSON and the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::QuickCheck => "quick-check",
            Self::Measurement => "measurement",
            Self::Remeasurement => "remeasurement",
            Self::AaTest => "aa-test",
            Self::Claim => "claim",
        }
    }
}

/// One side's launch of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedLaunch {
    /// Raw samples, in the order they were taken.
    pub samples: SampleSet,
    /// How long the launch took from start to end, in seconds.
    pub seconds: f64,
}

/// Where an iteration takes more than this many times as long in turns as alone, a report says so.
pub const SLOWED_IN_TURNS: f64 = 1.05;

/// One launch of each side, close together in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Which pair of its comparison this is, from 0.
    pub index: u32,
    /// Which side started first. Alternates, so that a bias of going first cancels.
    pub first: Side,
    /// How the two took turns.
    pub schedule: Schedule,
    /// The CPU both were pinned to, if they were.
    pub cpu: Option<u32>,
    /// What the layout of both executables was drawn from; `None` where they were as the build made them.
    pub layout: Option<LayoutSeed>,
    /// How many times as long an iteration of each side took in turns as before them, alone. `None` where the two did not take
    /// turns, or nothing was seen of either alone.
    pub slowdown: Option<Sides<f64>>,
    /// The two launches.
    pub launches: Sides<PairedLaunch>,
}

impl Pair {
    /// Time spent on the pair, in seconds: of both launches when one followed the other, of the longer when they
    /// were alive together.
    pub fn seconds(&self) -> f64 {
        let Sides { baseline, candidate } = &self.launches;
        match self.schedule {
            Schedule::Interleaved => baseline.seconds.max(candidate.seconds),
            Schedule::Sequential => baseline.seconds + candidate.seconds,
        }
    }
}
