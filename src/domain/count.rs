//! Counts of what one iteration does: instructions, allocations, bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::artifact::Digest;
use super::failure::Failure;
use super::metric::Metric;
use super::profile::Profile;
use super::sample::Sample;

/// What one launch counted of instructions.
#[derive(Debug, Clone, PartialEq)]
pub struct InstructionCount {
    /// The iterations that were counted and the instructions they took together, what happens once per sample taken out.
    pub sample: Sample,
    /// Where they were spent, for the iterations of `sample` together.
    pub profile: Profile,
    /// What the executed machine code comes to, wherever it lies in the executable: two counts that agree in it ran the same
    /// instructions equally often. `None` where nobody can tell.
    pub code: Option<Digest>,
    /// What counted: `callgrind 3.19`. Counts of different counters are never compared.
    pub counter: String,
    /// Whether every iteration has a beginning of its own, because its set-up is not counted.
    pub set_up: bool,
    /// How many threads the process had while it was counted.
    pub threads: u32,
    /// How long the launch took from start to end, in seconds.
    pub seconds: f64,
}

impl InstructionCount {
    /// How often an event besides instructions happens in one iteration, by the counter's name for it. `None` when it was
    /// not counted.
    pub fn event(&self, name: &str) -> Option<f64> {
        let total = self.profile.events.get(name).copied()?;
        Some(total as f64 / self.sample.iterations() as f64)
    }
}

/// What one launch counted of the heap.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocationCount {
    /// The iterations that were counted and how often they asked for memory: `alloc`, `alloc_zeroed` and `realloc`.
    pub allocations: Sample,
    /// The same iterations and the bytes they asked for; of a `realloc`, what the block grew by.
    pub allocated_bytes: Sample,
    /// One iteration, and the most bytes alive at once in it above what was alive when it began.
    pub peak_bytes: Sample,
    /// How many threads the process had while it was counted.
    pub threads: u32,
    /// How long the launch took from start to end, in seconds.
    pub seconds: f64,
}

/// What is counted in one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountKind {
    /// Instructions and what is counted with them, in an executable that is also timed.
    Instructions,
    /// Allocations, bytes and peak, in an executable that was built for it.
    Allocations,
}

impl CountKind {
    /// Both kinds, in the order they are counted.
    pub const ALL: [Self; 2] = [Self::Instructions, Self::Allocations];

    /// What a metric is counted with.
    pub fn of(metric: Metric) -> Self {
        match metric {
            Metric::WallTime | Metric::Instructions | Metric::BranchMisses => Self::Instructions,
            Metric::Allocations | Metric::AllocatedBytes | Metric::PeakBytes => Self::Allocations,
        }
    }

    /// The metrics it gives, of those that are wanted.
    pub fn metrics(self, wanted: &[Metric]) -> Vec<Metric> {
        wanted.iter().copied().filter(|metric| metric.is_count() && Self::of(*metric) == self).collect()
    }
}

/// What was counted of one benchmark on one side, launch by launch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// One sample a launch, by metric.
    pub runs: BTreeMap<Metric, Vec<Sample>>,
    /// What the machine code that every launch executed comes to, where that is known and the same.
    pub code: Option<Digest>,
    /// What counted instructions.
    pub counter: Option<String>,
    /// The most threads there were.
    pub threads: u32,
    /// How long all launches took, in seconds.
    pub seconds: f64,
}

impl Counts {
    /// How often every metric was counted.
    pub fn launches(&self) -> usize {
        self.runs.values().map(Vec::len).min().unwrap_or(0)
    }

    /// What one iteration came to, launch by launch.
    pub fn values(&self, metric: Metric) -> Vec<f64> {
        self.runs.get(&metric).into_iter().flatten().map(|sample| sample.per_iteration()).collect()
    }

    /// Whether every launch of both gave the same counts, to the last bit.
    pub fn agrees(&self, other: &Self) -> bool {
        self.runs.keys().eq(other.runs.keys())
            && self.runs.keys().all(|&metric| {
                let all = [self.values(metric), other.values(metric)].concat();
                all.windows(2).all(|two| two[0].total_cmp(&two[1]).is_eq())
            })
    }

    /// Whether every launch gave the same counts, to the last bit.
    pub fn repeats(&self) -> bool {
        !self.runs.keys().any(|&metric| self.varies(metric))
    }

    /// What was executed, and in how many iterations: two of these that are equal ran the same instructions equally often.
    /// The code of other numbers of iterations differs, whatever was executed.
    pub fn executed(&self) -> Option<(u64, &Digest)> {
        let first = self.runs.get(&Metric::Instructions)?.first()?;
        Some((first.iterations(), self.code.as_ref()?))
    }

    /// Whether launches gave different counts of a metric.
    pub fn varies(&self, metric: Metric) -> bool {
        self.values(metric).windows(2).any(|two| two[0].total_cmp(&two[1]).is_ne())
    }

    /// Where counts that do not repeat probably come from.
    pub fn likely_source(&self) -> Variation {
        if self.threads > 1 { Variation::Threads } else { Variation::Seeds }
    }
}

/// Where counts that do not repeat probably come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variation {
    /// More than one thread.
    Threads,
    /// Hash seeds, addresses or the clock.
    Seeds,
}

/// Why there is no count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotCounted {
    /// Nothing can be counted here, or of this build: why, and what to do about it.
    Unavailable(String, Option<String>),
    /// This benchmark cannot be counted, and why.
    Uncountable(String),
    /// It could be, but the launch failed.
    Failed(Failure),
    /// The user wants to stop.
    Interrupted,
}

/// The counts of one side, or why there are none.
pub type Counted = Result<Counts, NotCounted>;
