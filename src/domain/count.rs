//! Counts of what one iteration does: instructions, allocations, bytes.

use super::artifact::Digest;
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
