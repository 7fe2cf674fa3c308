//! Two bench processes on one benchmark, of which exactly one runs at any moment: they change turns after every sample.
//!
//! Both executables must be linked to the copied Criterion (`build::library_copy`), which hands its samples over.
//! One after the other starts, comes to the benchmark and warms up by itself; then they take turns, strictly one after the
//! other, all with the same number of iterations, so that neighbouring samples do the same work. The first turns belong to the
//! warm-up. What a benchmark group says about sample size and times does not count.

mod answers;
pub(super) mod bench_process;
pub(super) mod forks;
mod pair_run;
mod pinning;
mod spread;

use std::collections::{HashMap, HashSet};
use std::fmt;

pub(super) use self::answers::Batch;
pub(crate) use self::answers::read_all;
use self::pair_run::{PairRun, Played, TurnLength};
pub use self::pinning::{Pinning, Reason};
use super::failure::LaunchFailure;
use super::homes::Homes;
use super::listing::ListedBenchmark;
use super::runner::LaunchOptions;
use crate::domain::{BuiltBench, Digest, Pair, SLOWED_IN_TURNS, Schedule, Side, Sides};
use crate::stats::robust::median_above;

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
    /// By the candidate, how many times as long iterations took in turns as alone, as logarithms: those of its pairs so far.
    slowed: HashMap<Key, Vec<f64>>,
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
        Self { policy, homes, threaded: HashSet::new(), slowed: HashMap::new() }
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
        let keys = Side::BOTH.map(|side| (benches.get(side).digest.clone(), (*wanted.get(side)).clone()));
        let mut cpu = self.cpu(&keys, index);
        let [_, candidate] = &keys;
        let turns = turns_after(self.slowed.get(candidate).map_or(&[], Vec::as_slice));
        loop {
            let mut run = PairRun { homes: &mut *self.homes, benches, wanted, first, options, turns };
            match run.play(cpu)? {
                Played::Done { launches, slowdown, pinning } => {
                    let cpu = match pinning {
                        Pinning::Cpu(cpu) => Some(cpu),
                        Pinning::Unpinned(_) => None,
                    };
                    tracing::debug!(?slowdown, ?turns, "took turns");
                    let [_, candidate] = keys;
                    self.slowed.entry(candidate).or_default().extend(slowdown.map(f64::ln));
                    let schedule = Schedule::Interleaved;
                    let pair = Pair { index, first, schedule, cpu, layout: None, slowdown, launches };
                    return Ok(TurnsPair { pair, pinning });
                }
                Played::WronglyPinned(reason) => {
                    self.threaded.extend(keys.clone());
                    cpu = Err(reason);
                }
            }
        }
    }

    /// The CPU for a pair, or why there is none.
    fn cpu(&self, keys: &[Key], index: u32) -> Result<u32, Reason> {
        if self.policy == PinningPolicy::Never {
            return Err(Reason::NotAsked);
        }
        if keys.iter().any(|key| self.threaded.contains(key)) {
            return Err(Reason::SeveralThreads);
        }
        pinning::choose(&pinning::allowed(), index)
    }
}

/// How long turns are: short, until pairs have shown that iterations take too much longer in turns than alone; by so much, as
/// logarithms.
fn turns_after(slowed: &[f64]) -> TurnLength {
    median_above(slowed, SLOWED_IN_TURNS.ln()).map_or(TurnLength::Short, |_| TurnLength::Long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_get_longer_once_pairs_show_that_they_cost_too_much() {
        assert_eq!(turns_after(&[]), TurnLength::Short);
        let chase = [0.31, 0.27, 0.30, 0.28, 0.29];
        assert_eq!(turns_after(&chase[..4]), TurnLength::Short, "one pair may err");
        assert_eq!(turns_after(&chase), TurnLength::Long);
        assert_eq!(turns_after(&[0.02; 20]), TurnLength::Short);
    }
}
