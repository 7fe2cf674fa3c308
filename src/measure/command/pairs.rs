//! Launches of both sides, alternately: A B A B …, each of them one sample.
//!
//! Every launch finds the tree as it was built and the clock runs from the moment before the process becomes the program
//! until its end. Before the first pair of two executables, both are launched once without being timed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::harness::{afresh, launches};

use crate::domain::{BuiltBench, CommandSpec, Digest, Pair, PairedLaunch, SampleSet, Schedule, Side, Sides};
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::homes::Homes;
use crate::measure::options::LaunchOptions;
use crate::measure::whole::{self as launch, Ended};

/// What is known of a command: how long the slower side's first launch lived, in nanoseconds.
type Known = HashMap<(Digest, Digest, CommandSpec), f64>;

/// Runs pairs of whole commands.
pub struct Launches {
    homes: Rc<RefCell<dyn Homes>>,
    known: Known,
}

impl fmt::Debug for Launches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launches").field("known", &self.known).finish_non_exhaustive()
    }
}

/// What went wrong, and with which side.
type SideFailure = (Side, LaunchFailure);

impl Launches {
    /// Makes a side's tree what it was, and the current one, before each of its launches.
    pub fn new(homes: Rc<RefCell<dyn Homes>>) -> Self {
        Self { homes, known: HashMap::new() }
    }

    /// Measures pair `index`, in which `first` is launched first.
    ///
    /// # Errors
    /// The side whose launch failed, and why.
    pub fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, SideFailure> {
        let start = Instant::now();
        let run = Run { homes: &self.homes, benches, first, limit: options.time_limit };
        let commands = benches.try_map(launch::command).map_err(|failure| (Side::Candidate, failure))?;
        let digests = benches.map(|bench| bench.digest.clone());
        let key = (digests.baseline, digests.candidate, commands.candidate.clone());
        let slower = match self.known.get(&key) {
            Some(&slower) if slower > options.warm_up.as_nanos() as f64 => slower,
            _ => {
                let warmed = run.each()?;
                warmed.baseline.nanoseconds().max(warmed.candidate.nanoseconds())
            }
        };
        self.known.insert(key, slower);
        let mut totals: Sides<Vec<f64>> = Sides::default();
        let rounds = launches(slower, options.measurement);
        for _ in 0..rounds {
            let ended = run.each()?;
            totals.baseline.push(ended.baseline.nanoseconds());
            totals.candidate.push(ended.candidate.nanoseconds());
        }
        // Samples have neighbours of the other side from the second on.
        let schedule = if rounds > 1 { Schedule::Interleaved } else { Schedule::Sequential };
        let seconds = start.elapsed().as_secs_f64();
        let seconds = if rounds > 1 { seconds } else { seconds / 2.0 };
        let samples = |side: Side| {
            let totals = totals.get(side);
            let samples = SampleSet::timed(&vec![1.0; totals.len()], totals);
            samples.map_err(|error| (side, FailureKind::Nonsense(error).into()))
        };
        let launches = Sides {
            baseline: PairedLaunch { samples: samples(Side::Baseline)?, seconds },
            candidate: PairedLaunch { samples: samples(Side::Candidate)?, seconds },
        };
        Ok(Pair { index, first, schedule, cpu: None, layout: None, slowdown: None, launches })
    }
}

/// One pair in progress.
struct Run<'a> {
    homes: &'a RefCell<dyn Homes>,
    benches: Sides<&'a BuiltBench>,
    first: Side,
    limit: Duration,
}

impl Run<'_> {
    /// One launch of each side, in the order of the pair.
    fn each(&self) -> Result<Sides<Ended>, SideFailure> {
        let (one, other) = (self.one(self.first)?, self.one(self.first.other())?);
        Ok(match self.first {
            Side::Baseline => Sides { baseline: one, candidate: other },
            Side::Candidate => Sides { baseline: other, candidate: one },
        })
    }

    fn one(&self, side: Side) -> Result<Ended, SideFailure> {
        afresh(self.homes, self.benches.get(side), self.limit).map_err(|failure| (side, failure))
    }
}
