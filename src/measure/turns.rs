//! Two bench processes on one benchmark, of which exactly one runs at any moment: they change turns after every sample.
//!
//! Both executables must be linked to the copied Criterion (`build::criterion_copy`), which hands its samples over to
//! this coordinator. One after the other starts, comes to the benchmark and warms up; then samples are taken in ABBA
//! and BAAB order, all with the same number of iterations, so that neighbouring samples do the same work.

mod failure;
pub mod order;
mod pinning;
mod player;
mod process;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use self::failure::TurnFailure;
pub use self::pinning::{Pinning, Reason};
use self::player::{Batch, Player};
use crate::domain::artifact::{BuiltBench, Digest};
use crate::domain::comparison::{Pair, PairedLaunch, Schedule};
use crate::domain::sample::SampleSet;
use crate::domain::side::{Side, Sides};

/// A pair whose iterations take longer than a turn ends after this many times its measuring time …
const STRETCH: u32 = 2;

/// … but not before it has this many samples of each side: one round of ABBA.
const FEWEST: usize = 2;

/// How long the launches of a pair are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnOptions {
    /// How long each side warms up.
    pub warm_up: Duration,
    /// How long each side's samples take together, about.
    pub measurement: Duration,
    /// How many samples each side takes, at least two. Benchmarks with long iterations take fewer.
    pub samples: u32,
    /// How long one side may have the turn, from its start to its end, before it counts as hung.
    pub time_limit: Duration,
}

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

/// A failure, and the side that caused it.
pub type SideFailure = (Side, TurnFailure);

/// Runs pairs of launches that take turns.
pub struct Turns<'a> {
    policy: PinningPolicy,
    enter: Box<dyn FnMut(Side) -> io::Result<()> + 'a>,
    /// Benchmarks that turned out to use several threads only after they were pinned.
    threaded: HashSet<(Digest, String)>,
}

impl fmt::Debug for Turns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Default for Turns<'_> {
    fn default() -> Self {
        Self::new(PinningPolicy::default())
    }
}

impl<'a> Turns<'a> {
    /// A coordinator.
    pub fn new(policy: PinningPolicy) -> Self {
        Self { policy, enter: Box::new(|_| Ok(())), threaded: HashSet::new() }
    }

    /// Calls `enter` before a side is started and whenever the turn goes to it: to make its files the ones at the path
    /// both sides were built at.
    #[must_use]
    pub fn on_enter(mut self, enter: impl FnMut(Side) -> io::Result<()> + 'a) -> Self {
        self.enter = Box::new(enter);
        self
    }

    /// Runs pair `index`, in which `first` starts first and has the first turn.
    ///
    /// # Errors
    /// What went wrong, and with which side. Both processes and all they started are gone by then.
    pub fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &TurnOptions,
    ) -> Result<TurnsPair, SideFailure> {
        let mut cpu = self.cpu(benches, ids, index);
        loop {
            let mut round = Round { turns: self, benches, ids, first, options };
            let (launches, pinning) = match round.play(cpu)? {
                Played::Done(launches, pinning) => (launches, pinning),
                Played::WronglyPinned(reason) => {
                    for side in Side::BOTH {
                        self.threaded.insert(key(benches, ids, side));
                    }
                    cpu = Err(reason);
                    continue;
                }
            };
            let cpu = match pinning {
                Pinning::Cpu(cpu) => Some(cpu),
                Pinning::Unpinned(_) => None,
            };
            let pair = Pair { index, first, schedule: Schedule::Turns, cpu, launches };
            return Ok(TurnsPair { pair, pinning });
        }
    }

    /// The CPU for a pair, or why there is none.
    fn cpu(&self, benches: Sides<&BuiltBench>, ids: Sides<&str>, index: u32) -> Result<u32, Reason> {
        if self.policy == PinningPolicy::Never {
            return Err(Reason::NotAsked);
        }
        if Side::BOTH.iter().any(|&side| self.threaded.contains(&key(benches, ids, side))) {
            return Err(Reason::SeveralThreads);
        }
        pinning::choose(&pinning::allowed(), index)
    }
}

fn key(benches: Sides<&BuiltBench>, ids: Sides<&str>, side: Side) -> (Digest, String) {
    (benches.get(side).digest.clone(), (*ids.get(side)).to_owned())
}

/// How a pair went.
enum Played {
    Done(Sides<PairedLaunch>, Pinning),
    /// It has to be run again, unpinned.
    WronglyPinned(Reason),
}

/// One pair being run.
struct Round<'r, 'a> {
    turns: &'r mut Turns<'a>,
    benches: Sides<&'r BuiltBench>,
    ids: Sides<&'r str>,
    first: Side,
    options: &'r TurnOptions,
}

impl Round<'_, '_> {
    fn play(&mut self, cpu: Result<u32, Reason>) -> Result<Played, SideFailure> {
        let order = [self.first, self.first.other()];
        let folders = scratch().map_err(|failure| (self.first, failure))?;
        let mut players = self.start(order, &folders)?;
        let before = players.as_ref().map(|player| pinning::usage(player.process().pid()));
        let warmed = self.each(order, &mut players, |player, options| player.warm_up(options.warm_up))?;
        let cpu = cpu.and_then(|cpu| {
            fit(&players, before, &warmed)?;
            let pids = players.as_ref().map(|player| player.process().pid());
            Ok((cpu, pinning::pin_both([pids.baseline, pids.candidate], cpu)))
        });
        let cpu = match cpu {
            Ok((_, Err(reason))) => return Ok(Played::WronglyPinned(reason)),
            Ok((cpu, Ok(()))) => Ok(cpu),
            Err(reason) => Err(reason),
        };
        let iterations = iterations(&warmed, self.options);
        let batches = self.samples(&mut players, iterations, cpu.is_ok())?;
        if cpu.is_ok()
            && let Err(Reason::SeveralThreads) = fit(&players, before, &warmed)
        {
            return Ok(Played::WronglyPinned(Reason::SeveralThreads));
        }
        let launches = self.finish(players, &batches)?;
        Ok(Played::Done(launches, cpu.map_or_else(Pinning::Unpinned, Pinning::Cpu)))
    }

    /// Starts both, one after the other.
    fn start(&mut self, order: [Side; 2], folders: &Sides<TempDir>) -> Result<Sides<Player>, SideFailure> {
        let mut start = |side: Side| {
            self.enter(side)?;
            let (bench, id) = (self.benches.get(side), self.ids.get(side));
            Player::start(bench, id, folders.get(side).path(), self.options.time_limit)
                .map_err(|failure| (side, failure))
        };
        let (one, other) = (start(order[0])?, start(order[1])?);
        Ok(arranged(order[0], one, other))
    }

    /// Gives each side one turn.
    fn each(
        &mut self,
        order: [Side; 2],
        players: &mut Sides<Player>,
        mut turn: impl FnMut(&mut Player, &TurnOptions) -> Result<Batch, TurnFailure>,
    ) -> Result<Sides<Batch>, SideFailure> {
        let mut take = |side: Side| {
            self.enter(side)?;
            turn(players.get_mut(side), self.options).map_err(|failure| (side, failure))
        };
        let (one, other) = (take(order[0])?, take(order[1])?);
        Ok(arranged(order[0], one, other))
    }

    /// Takes the samples, in turns.
    fn samples(
        &mut self,
        players: &mut Sides<Player>,
        iterations: u64,
        moved: bool,
    ) -> Result<Sides<Vec<Batch>>, SideFailure> {
        let order = [self.first, self.first.other()];
        if moved {
            // On a CPU new to them, both find cold caches: one sample each that does not count.
            self.each(order, players, |player, _| player.sample(iterations))?;
        }
        let mut batches: Sides<Vec<Batch>> = Sides::default();
        let mut spent: Sides<Duration> = Sides::default();
        let rounds = (self.options.samples as usize).max(FEWEST);
        for (done, turns) in order::turns(self.first).take(rounds).enumerate() {
            let longest = spent.baseline.max(spent.candidate);
            if done >= FEWEST && done % 2 == 0 && longest > self.options.measurement * STRETCH {
                break;
            }
            for side in turns {
                self.enter(side)?;
                let start = Instant::now();
                let batch = players.get_mut(side).sample(iterations).map_err(|failure| (side, failure))?;
                *spent.get_mut(side) += start.elapsed();
                batches.get_mut(side).push(batch);
            }
        }
        Ok(batches)
    }

    /// Lets both processes run to their end.
    fn finish(
        &mut self,
        players: Sides<Player>,
        batches: &Sides<Vec<Batch>>,
    ) -> Result<Sides<PairedLaunch>, SideFailure> {
        let Sides { baseline, candidate } = players;
        let mut finish = |side: Side, mut player: Player| {
            self.enter(side)?;
            let ended = player.end().and_then(|()| player.finish());
            let launch = ended.and_then(|lived| {
                let list = |value: fn(&Batch) -> f64| batches.get(side).iter().map(value).collect::<Vec<_>>();
                let samples =
                    SampleSet::timed(&list(|batch| batch.iterations as f64), &list(|batch| batch.cost))?;
                Ok(PairedLaunch { samples, seconds: lived.as_secs_f64() })
            });
            launch.map_err(|failure| (side, failure))
        };
        Ok(Sides {
            baseline: finish(Side::Baseline, baseline)?,
            candidate: finish(Side::Candidate, candidate)?,
        })
    }

    fn enter(&mut self, side: Side) -> Result<(), SideFailure> {
        let entered = (self.turns.enter)(side);
        entered.map_err(|source| {
            (side, TurnFailure::System { what: "bring a side's files to their place", source })
        })
    }
}

/// The values of the side that came first and of the other, by side.
fn arranged<T>(first: Side, one: T, other: T) -> Sides<T> {
    match first {
        Side::Baseline => Sides { baseline: one, candidate: other },
        Side::Candidate => Sides { baseline: other, candidate: one },
    }
}

/// A folder for each side, with paths of equal length: the environment's size moves the stack.
fn scratch() -> Result<Sides<TempDir>, TurnFailure> {
    let folder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("perfguard-");
        let folder = builder.tempdir()?;
        // The path of a socket has to fit into 104 bytes (108 on Linux).
        if folder.path().as_os_str().len() < 90 { Ok(folder) } else { builder.tempdir_in(Path::new("/tmp")) }
    };
    let both = || Ok(Sides { baseline: folder()?, candidate: folder()? });
    both().map_err(TurnFailure::system::<io::Error>("make a temporary folder"))
}

/// Whether what both sides did since `before` allows to pin them.
fn fit(
    players: &Sides<Player>,
    before: Sides<Option<pinning::Usage>>,
    warmed: &Sides<Batch>,
) -> Result<(), Reason> {
    for side in Side::BOTH {
        let after = pinning::usage(players.get(side).process().pid());
        let (Some(before), Some(after)) = (*before.get(side), after) else { return Err(Reason::System) };
        let elapsed = Duration::from_secs_f64((warmed.get(side).cost / 1e9).clamp(0.0, 1e6));
        let elapsed = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        if let Some(reason) = pinning::obstacle(before, after, elapsed) {
            return Err(reason);
        }
    }
    Ok(())
}

/// How many iterations fill a turn of the slower side: at least one.
fn iterations(warmed: &Sides<Batch>, options: &TurnOptions) -> u64 {
    let each = |batch: &Batch| batch.cost / (batch.iterations.max(1) as f64);
    let slower = each(&warmed.baseline).max(each(&warmed.candidate));
    let turn = options.measurement.as_nanos() as f64 / f64::from(options.samples.max(1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut to the range of the integer, and no number becomes 0"
    )]
    let count = (turn / slower) as u64;
    // No benchmark that can be timed needs more, and a free one must not run for ever.
    count.clamp(1, 1 << 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(measurement: u64, samples: u32) -> TurnOptions {
        TurnOptions {
            warm_up: Duration::from_millis(1),
            measurement: Duration::from_millis(measurement),
            samples,
            time_limit: Duration::from_secs(1),
        }
    }

    fn warmed(baseline: (u64, f64), candidate: (u64, f64)) -> Sides<Batch> {
        Sides { baseline, candidate }.map(|(iterations, cost)| Batch { iterations, cost })
    }

    #[test]
    fn the_slower_side_decides_how_many_iterations_fill_a_turn() {
        let sides = warmed((100, 1e6), (100, 2e6));
        assert_eq!(iterations(&sides, &options(100, 20)), 250);
        assert_eq!(iterations(&warmed((1, 1e9), (1, 1.0)), &options(100, 20)), 1);
    }

    #[test]
    fn nonsense_from_the_warm_up_does_not_run_for_ever() {
        for cost in [0.0, f64::NAN, f64::INFINITY, -1.0] {
            let count = iterations(&warmed((0, cost), (0, cost)), &options(100, 20));
            assert!((1..=1 << 40).contains(&count), "{cost}: {count}");
        }
    }
}
