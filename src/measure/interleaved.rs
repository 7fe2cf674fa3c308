//! Two bench processes on one benchmark, of which exactly one runs at any moment: they change turns after every sample.
//!
//! Both executables must be linked to the copied Criterion (`build::library_copy`), which hands its samples over.
//! One after the other starts, comes to the benchmark and warms up by itself; then they take turns, strictly one after the
//! other, both with the same number of iterations, so that neighbouring samples do the same work. The first turns belong to the
//! warm-up, and show how long turns should be. What a benchmark group says about sample size and times does not count.

mod answers;
pub(super) mod bench_process;
pub(super) mod forks;
mod pair_run;
mod pinning;
mod spread;
mod turn_length;

use std::collections::{HashMap, HashSet};
use std::fmt;

pub(super) use self::answers::Batch;
pub(crate) use self::answers::read_all;
use self::pair_run::{PairRun, Played};
pub use self::pinning::{Pinning, Reason};
use self::turn_length::TurnCosts;
use super::failure::LaunchFailure;
use super::homes::Homes;
use super::listing::ListedBenchmark;
use super::runner::LaunchOptions;
use crate::domain::{BuiltBench, Digest, Pair, Schedule, Side, Sides};

/// Whether benchmarks of one thread are bound to one CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PinningPolicy {
    /// Both sides to one CPU, whenever it can be done without crippling the benchmark.
    #[default]
    WhenPossible,
    /// Never.
    Never,
}

/// A pair, and how it was run.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnsPair {
    /// The pair, with samples of both sides in the order they were taken.
    pub pair: Pair,
    /// Whether both sides ran on one CPU, and why not.
    pub pinning: Pinning,
}

/// Runs pairs of launches that take turns.
pub struct Interleaved {
    policy: PinningPolicy,
    homes: Box<dyn Homes>,
    /// Benchmarks that turned out to use several threads only after they were pinned.
    threaded: HashSet<Key>,
    /// What short turns cost the pairs of each benchmark so far.
    costs: HashMap<Sides<Key>, TurnCosts>,
}

/// A benchmark of an executable.
type Key = (Digest, ListedBenchmark);

impl fmt::Debug for Interleaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Interleaved");
        fields.field("policy", &self.policy).field("threaded", &self.threaded).finish_non_exhaustive()
    }
}

impl Interleaved {
    /// Enters a bench's home before it is started, and whenever the turn goes to it.
    pub fn new(policy: PinningPolicy, homes: Box<dyn Homes>) -> Self {
        Self { policy, homes, threaded: HashSet::new(), costs: HashMap::new() }
    }

    /// Runs pair `index`, in which `first` starts first and has the first turn, and tells how it was run.
    ///
    /// # Errors
    /// What went wrong, and with which side. Both processes and all they started are gone by then.
    pub fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        wanted: Sides<&ListedBenchmark>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<TurnsPair, (Side, LaunchFailure)> {
        let keys = Sides::from_fn(|side| (benches.get(side).digest.clone(), (*wanted.get(side)).clone()));
        let mut cpu = self.cpu(&keys, index);
        let costs = self.costs.entry(keys.clone()).or_default();
        loop {
            let mut run = PairRun { homes: &mut *self.homes, benches, wanted, first, options, costs };
            match run.play(cpu)? {
                Played::Done { launches, slowdown, pinning } => {
                    let cpu = match pinning {
                        Pinning::Cpu(cpu) => Some(cpu),
                        Pinning::Unpinned(_) => None,
                    };
                    tracing::debug!(?slowdown, turns = ?costs.wanted(), ?costs, "took turns");
                    let schedule = Schedule::Interleaved;
                    let pair = Pair { index, first, schedule, cpu, layout: None, slowdown, launches };
                    return Ok(TurnsPair { pair, pinning });
                }
                Played::WronglyPinned(reason) => {
                    self.threaded.extend([keys.baseline.clone(), keys.candidate.clone()]);
                    cpu = Err(reason);
                }
            }
        }
    }

    /// The CPU for a pair, or why there is none.
    fn cpu(&self, keys: &Sides<Key>, index: u32) -> Result<u32, Reason> {
        if self.policy == PinningPolicy::Never {
            return Err(Reason::NotAsked);
        }
        if Side::BOTH.into_iter().any(|side| self.threaded.contains(keys.get(side))) {
            return Err(Reason::SeveralThreads);
        }
        pinning::choose(&pinning::allowed(), index)
    }
}
