//! Two bench processes on one benchmark, of which exactly one runs at any moment: they change turns after every sample.
//!
//! Both executables must be linked to the copied Criterion (`build::criterion_copy`), which hands its samples over to
//! this coordinator. One after the other starts, comes to the benchmark and warms up; then samples are taken in ABBA
//! and BAAB order, all with the same number of iterations, so that neighbouring samples do the same work. What a
//! benchmark group says about sample size and times does not count.

pub mod order;
mod pinning;
mod player;
mod round;

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::io;
use std::rc::Rc;

pub use self::pinning::{Pinning, Reason};
use self::round::{Played, Round};
use super::criterion::ListedBenchmark;
use super::failure::{FailureKind, LaunchFailure};
use super::runner::{LaunchOptions, Runner};
use super::whole_process::{PointAt, WholeProcess};
use crate::domain::{BuiltBench, Digest, Launch, Pair, Schedule, Side, Sides};

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

/// The runner whose pairs take turns. Lists and single launches are those of [`WholeProcess`].
pub struct Turns {
    policy: PinningPolicy,
    point_at: Rc<RefCell<PointAt>>,
    whole: WholeProcess,
    /// Benchmarks that turned out to use several threads only after they were pinned.
    threaded: HashSet<(Digest, String)>,
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Turns");
        fields.field("policy", &self.policy).field("whole", &self.whole).field("threaded", &self.threaded);
        fields.finish_non_exhaustive()
    }
}

impl Turns {
    /// A runner that calls `point_at` with a bench's home before it is started, and whenever the turn goes to it.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn new(policy: PinningPolicy, point_at: PointAt) -> io::Result<Self> {
        let point_at = Rc::new(RefCell::new(point_at));
        let shared = Rc::clone(&point_at);
        let whole = WholeProcess::new(Box::new(move |home| (shared.borrow_mut())(home)))?;
        Ok(Self { policy, point_at, whole, threaded: HashSet::new() })
    }

    /// Runs pair `index`, in which `first` starts first and has the first turn, and tells how it was run.
    ///
    /// # Errors
    /// What went wrong, and with which side. Both processes and all they started are gone by then.
    pub fn play(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<TurnsPair, (Side, LaunchFailure)> {
        let mut wanted = |side: Side| -> Result<ListedBenchmark, (Side, LaunchFailure)> {
            let listed = self.whole.list(benches.get(side)).map_err(|failure| (side, failure))?;
            let found = listed.into_iter().find(|listed| listed.id == *ids.get(side));
            found.ok_or_else(|| (side, FailureKind::Absent.into()))
        };
        let wanted = Sides { baseline: wanted(Side::Baseline)?, candidate: wanted(Side::Candidate)? };
        let keys = Side::BOTH.map(|side| (benches.get(side).digest.clone(), (*ids.get(side)).to_owned()));
        let mut cpu = self.cpu(&keys, index);
        loop {
            let mut point_at = self.point_at.borrow_mut();
            let mut round = Round { point_at: &mut *point_at, benches, wanted: &wanted, first, options };
            match round.play(cpu)? {
                Played::Done(launches, pinning) => {
                    let cpu = match pinning {
                        Pinning::Cpu(cpu) => Some(cpu),
                        Pinning::Unpinned(_) => None,
                    };
                    let pair = Pair { index, first, schedule: Schedule::Turns, cpu, launches };
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
    fn cpu(&self, keys: &[(Digest, String)], index: u32) -> Result<u32, Reason> {
        if self.policy == PinningPolicy::Never {
            return Err(Reason::NotAsked);
        }
        if keys.iter().any(|key| self.threaded.contains(key)) {
            return Err(Reason::SeveralThreads);
        }
        pinning::choose(&pinning::allowed(), index)
    }
}

impl Runner for Turns {
    fn list(&mut self, bench: &BuiltBench) -> Result<Vec<ListedBenchmark>, LaunchFailure> {
        self.whole.list(bench)
    }

    fn launch(
        &mut self,
        bench: &BuiltBench,
        id: &str,
        options: &LaunchOptions,
    ) -> Result<Launch, LaunchFailure> {
        self.whole.launch(bench, id, options)
    }

    fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        id: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        self.play(benches, id, index, first, options).map(|played| played.pair)
    }
}
