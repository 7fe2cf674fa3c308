//! One pair, from the start of both processes to their end.

use std::io;
use std::time::{Duration, Instant};

use super::answers::Batch;
use super::bench_process::{self, BenchProcess, Warmth};
use super::pinning::{self, Pinning, Reason, Usage};
use super::spread;
use super::turn_length::{TurnCosts, TurnLength};
use crate::domain::{BuiltBench, PairedLaunch, SampleSet, Side, Sides};
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::homes::Homes;
use crate::measure::listing::ListedBenchmark;
use crate::measure::plan::{SHORTEST, share_needed};
use crate::measure::runner::LaunchOptions;
use crate::support::scratch::Scratch;

/// A pair whose iterations take longer than a turn ends after this many times its measuring time …
const STRETCH: f64 = 2.0;

/// … but not before it has this many samples of each side.
const FEWEST: usize = 2;

/// The share of the warm-up that each side has by itself, before both warm up in turns.
const ALONE: f64 = 0.2;

/// What is measured of a turn at least, in nanoseconds, however long the set-up takes that is not: a clock tells it to a thousandth.
const LEAST: f64 = 100_000.0;

/// How many times the measuring time of a pair a turn may take for it: with two samples of each side and a warm-up in turns, a
/// pair has six.
const LONGEST: f64 = 4.0;

/// This many short turns take as long as a long one, where an iteration is short enough.
const SHORT_TURNS: u8 = 4;

/// Both sides warm up in so many cycles of a long turn and short ones at least. The first tells nothing.
const FEWEST_CYCLES: usize = 2;

/// No benchmark that can be timed needs more iterations in a turn, and a free one must not run for ever.
const MOST_ITERATIONS: u64 = 1 << 40;

/// Turns that both sides took.
struct Turns {
    batches: Sides<Vec<Batch>>,
    /// Of the slower side.
    spent: Duration,
}

impl Turns {
    /// How long an iteration of the slower side keeps it busy, with whatever is set up for it.
    fn of_an_iteration(&self) -> Duration {
        let iterations: u64 = self.batches.baseline.iter().map(|batch| batch.iterations).sum();
        self.spent.div_f64(iterations.max(1) as f64)
    }

    /// What an iteration of a side cost, in nanoseconds.
    fn cost(&self, side: Side) -> f64 {
        let batches = self.batches.get(side).iter();
        let (cost, iterations) = batches
            .fold((0.0, 0), |(cost, iterations), batch| (cost + batch.cost, iterations + batch.iterations));
        cost / iterations as f64
    }

    /// Adds those that came after them.
    fn add(&mut self, later: Self) {
        let Self { batches, spent } = later;
        self.batches.baseline.extend(batches.baseline);
        self.batches.candidate.extend(batches.candidate);
        self.spent += spent;
    }
}

/// How turns go: how many iterations one has, and how many samples of each side a whole pair has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    iterations: u64,
    samples: u32,
}

/// That of short turns and that of long ones.
#[derive(Debug, Clone, Copy)]
struct Paces {
    short: Pace,
    long: Pace,
}

impl Paces {
    /// Those of sides that ran so alone. A whole pair measures as long in short turns as in long ones.
    fn of(warmed: &Sides<Warmth>, options: &LaunchOptions) -> Self {
        let more = options.samples.saturating_mul(SHORT_TURNS.into());
        let long = Pace { iterations: iterations(warmed, options), samples: options.samples };
        let short = iterations(warmed, &LaunchOptions { samples: more, ..*options }).min(long.iterations);
        let samples = u64::from(options.samples).saturating_mul(long.iterations).div_ceil(short.max(1));
        let samples = samples.try_into().unwrap_or(more).min(more);
        Self { short: Pace { iterations: short, samples }, long }
    }

    /// Whether a short turn is shorter: an iteration that is as long as a turn makes no shorter one.
    fn differ(self) -> bool {
        self.short != self.long
    }
}

/// The least of a pair, and what may become the warm-up of a longer one.
struct Trial {
    /// How the pair goes on.
    pace: Pace,
    /// What both have run in turns by now, of the slower side.
    spent: Duration,
    /// Those that were measured, where a share of a pair has enough of them.
    turns: Option<Turns>,
}

/// What a pair measured in turns.
struct Taken {
    batches: Sides<Vec<Batch>>,
    /// How many times as long an iteration of each side took in turns as alone, where that is known.
    slowdown: Option<Sides<f64>>,
}

/// A failure, and the side that caused it.
type SideFailure = (Side, LaunchFailure);

/// How a pair went.
#[derive(Debug)]
pub(super) enum Played {
    /// Well.
    Done {
        launches: Sides<PairedLaunch>,
        /// How many times as long an iteration of each side took in turns as alone, where that is known.
        slowdown: Option<Sides<f64>>,
        pinning: Pinning,
    },
    /// It has to be run again, unpinned.
    WronglyPinned(Reason),
}

/// One pair to be run.
pub(super) struct PairRun<'r> {
    pub(super) homes: &'r mut dyn Homes,
    pub(super) benches: Sides<&'r BuiltBench>,
    pub(super) wanted: Sides<&'r ListedBenchmark>,
    pub(super) first: Side,
    pub(super) options: &'r LaunchOptions,
    /// What short turns cost, by the warm-ups of the pairs before; this one's is added.
    pub(super) costs: &'r mut TurnCosts,
}

impl PairRun<'_> {
    /// Runs it, on `cpu` if that turns out to be right.
    pub(super) fn play(&mut self, cpu: Result<u32, Reason>) -> Result<Played, SideFailure> {
        let scratch = scratch().map_err(|error| (self.first, FailureKind::Unstartable(error).into()))?;
        let mut processes = self.start(&scratch)?;
        let before = processes.as_ref().map(usage);
        let alone = self.options.warm_up.mul_f64(ALONE);
        let warmed = self.each(|_, side| processes.get_mut(side).warm_up(alone))?;
        let cpu = cpu.and_then(|cpu| fitness(&processes, &before, &warmed).map(|()| cpu));
        if let Ok(cpu) = cpu
            && let Err(reason) = pin(&processes, cpu)
        {
            return Ok(Played::WronglyPinned(reason));
        }
        let paces = Paces::of(&warmed, self.options);
        // Threads that sleep while the other side has its turn take their time to wake.
        let sleeps = matches!(cpu, Err(Reason::SeveralThreads | Reason::Idle));
        let paces = if sleeps { Paces { short: paces.long, ..paces } } else { paces };
        let Taken { batches, slowdown } = self.in_turns(&mut processes, paces, &warmed)?;
        // Processes that have ended are seen in whole clock ticks, so the whole time tells more than the warm-up.
        if cpu.is_ok() && fitness(&processes, &before, &warmed) == Err(Reason::SeveralThreads) {
            return Ok(Played::WronglyPinned(Reason::SeveralThreads));
        }
        let launches = self.finish(processes, &batches)?;
        let pinning = cpu.map_or_else(Pinning::Unpinned, Pinning::Cpu);
        Ok(Played::Done { launches, slowdown, pinning })
    }

    /// Starts both, one after the other, in trees that hold nothing of an earlier launch.
    fn start(&mut self, scratch: &Sides<Scratch>) -> Result<Sides<BenchProcess>, SideFailure> {
        for side in Side::BOTH {
            let refreshed = self.homes.refresh(&self.benches.get(side).home);
            refreshed.map_err(|error| (side, FailureKind::Home(error).into()))?;
        }
        let limit = self.options.time_limit;
        self.each(|round, side| {
            let (bench, wanted) = (round.benches.get(side), round.wanted.get(side));
            BenchProcess::start(bench, wanted, scratch.get(side).path(), limit)
        })
    }

    /// Does something for each side, with its files in place, in the order of this pair.
    fn each<T>(
        &mut self,
        mut work: impl FnMut(&mut Self, Side) -> Result<T, LaunchFailure>,
    ) -> Result<Sides<T>, SideFailure> {
        let first = self.first;
        let mut one_side = |side: Side| {
            self.enter(side)?;
            work(self, side).map_err(|failure| (side, failure))
        };
        let (one, other) = (one_side(first)?, one_side(first.other())?);
        Ok(match first {
            Side::Baseline => Sides { baseline: one, candidate: other },
            Side::Candidate => Sides { baseline: other, candidate: one },
        })
    }

    /// Measures both in turns.
    fn in_turns(
        &mut self,
        processes: &mut Sides<BenchProcess>,
        paces: Paces,
        warmed: &Sides<Warmth>,
    ) -> Result<Taken, SideFailure> {
        let trial = self.trial(processes, paces)?;
        let batches = self.until_close(processes, trial)?;
        let slowdown = spread::slowdown(&batches, warmed.as_ref().map(|warmth| warmth.iteration));
        Ok(Taken { batches, slowdown })
    }

    /// The least of a pair: a share of the warm-up, and of the samples, where a share has enough of them and may end the pair.
    fn trial(&mut self, processes: &mut Sides<BenchProcess>, paces: Paces) -> Result<Trial, SideFailure> {
        let time = self.warm_up(SHORTEST);
        let warm = if paces.differ() {
            self.settle_in_both(processes, paces, time)?
        } else {
            self.settle(processes, paces.long.iterations, time)?
        };
        let pace = match self.costs.wanted() {
            TurnLength::Short => paces.short,
            TurnLength::Long => paces.long,
        };
        let mut trial = Trial { pace, spent: warm.spent, turns: None };
        let turn = warm.of_an_iteration().mul_f64(pace.iterations as f64);
        if self.options.close > 0.0 && shows_spread(self.options, pace.samples, SHORTEST, turn) {
            let turns = self.samples(processes, pace, SHORTEST)?;
            trial.spent += turns.spent;
            trial.turns = Some(turns);
        }
        Ok(trial)
    }

    /// Warms both up in long and short turns by turns, and takes down what short ones cost: nothing of this is measured, so it
    /// may decide how the pair is.
    fn settle_in_both(
        &mut self,
        processes: &mut Sides<BenchProcess>,
        paces: Paces,
        time: Duration,
    ) -> Result<Turns, SideFailure> {
        let mut all = Turns { batches: Sides::default(), spent: Duration::ZERO };
        let mut cycles = 0;
        while cycles < FEWEST_CYCLES || all.spent < time {
            let long = self.take_turns(processes, paces.long.iterations, |done, _| done >= 1)?;
            let short =
                self.take_turns(processes, paces.short.iterations, |done, _| done >= SHORT_TURNS.into())?;
            // In the first, both still come to have what they can keep.
            if cycles > 0 {
                for side in Side::BOTH {
                    self.costs.push(side, short.cost(side), long.cost(side));
                }
            }
            all.add(long);
            all.add(short);
            cycles += 1;
        }
        Ok(all)
    }

    /// Goes on after a trial. Where its turns do not tell the ratio closely, they were the warm-up of a longer pair, for what
    /// spreads may not have settled.
    fn until_close(
        &mut self,
        processes: &mut Sides<BenchProcess>,
        trial: Trial,
    ) -> Result<Sides<Vec<Batch>>, SideFailure> {
        let mut needed = 1.0;
        if let Some(turns) = trial.turns {
            needed = share_needed(SHORTEST, spread::error(&turns.batches), self.options.close);
            if needed <= SHORTEST {
                return Ok(turns.batches);
            }
        }
        let rest = self.warm_up(needed).saturating_sub(trial.spent);
        if !rest.is_zero() {
            self.settle(processes, trial.pace.iterations, rest)?;
        }
        Ok(self.samples(processes, trial.pace, needed)?.batches)
    }

    /// How long both warm up in turns, for a share of a whole pair.
    fn warm_up(&self, share: f64) -> Duration {
        self.options.warm_up.mul_f64(share * (1.0 - ALONE))
    }

    /// Warms both up in the very turns in which they are measured, until the slower had so much time: at least one turn.
    ///
    /// Who was set up last finds its data in the caches, and a CPU that is new to both has nothing of either. It takes tens of
    /// milliseconds until both have what they can keep beside each other; a warm-up of one's own does not show what that is.
    fn settle(
        &mut self,
        processes: &mut Sides<BenchProcess>,
        iterations: u64,
        time: Duration,
    ) -> Result<Turns, SideFailure> {
        self.take_turns(processes, iterations, |done, spent| done > 0 && spent >= time)
    }

    /// Takes the samples of a share of a pair, in turns.
    fn samples(
        &mut self,
        processes: &mut Sides<BenchProcess>,
        pace: Pace,
        share: f64,
    ) -> Result<Turns, SideFailure> {
        let rounds = part_of(pace.samples, share).max(FEWEST);
        let longest = longest(self.options, share);
        self.take_turns(processes, pace.iterations, |done, spent| {
            done >= rounds || (done >= FEWEST && spent > longest)
        })
    }

    /// Lets both take samples, always in the same order, so that no side has two turns in a row, the second of which would
    /// find the caches warm. Ends when that is `enough`, by the samples of each side and the time of the slower.
    fn take_turns(
        &mut self,
        processes: &mut Sides<BenchProcess>,
        iterations: u64,
        enough: impl Fn(usize, Duration) -> bool,
    ) -> Result<Turns, SideFailure> {
        let mut batches: Sides<Vec<Batch>> = Sides::default();
        let mut times: Sides<Duration> = Sides::default();
        loop {
            let spent = times.baseline.max(times.candidate);
            if enough(batches.baseline.len(), spent) {
                return Ok(Turns { batches, spent });
            }
            self.each(|_, side| {
                let start = Instant::now();
                let batch = processes.get_mut(side).sample(iterations)?;
                *times.get_mut(side) += start.elapsed();
                batches.get_mut(side).push(batch);
                Ok(())
            })?;
        }
    }

    /// Lets both processes run to their end.
    fn finish(
        &mut self,
        processes: Sides<BenchProcess>,
        batches: &Sides<Vec<Batch>>,
    ) -> Result<Sides<PairedLaunch>, SideFailure> {
        let mut processes = processes.map(Some);
        self.each(|_, side| {
            let process = processes.get_mut(side).take().ok_or(FailureKind::Silent)?;
            let lived = process.finish()?;
            let batches = batches.get(side);
            let iterations: Vec<f64> = batches.iter().map(|batch| batch.iterations as f64).collect();
            let totals: Vec<f64> = batches.iter().map(|batch| batch.cost).collect();
            let samples = SampleSet::timed(&iterations, &totals).map_err(FailureKind::Nonsense)?;
            Ok(PairedLaunch { samples, seconds: lived.as_secs_f64() })
        })
    }

    /// Puts a side's files in their place.
    fn enter(&mut self, side: Side) -> Result<(), SideFailure> {
        let entered = self.homes.enter(&self.benches.get(side).home);
        entered.map_err(|error| (side, FailureKind::Home(error).into()))
    }
}

/// A folder for each side.
fn scratch() -> io::Result<Sides<Scratch>> {
    Ok(Sides { baseline: bench_process::scratch()?, candidate: bench_process::scratch()? })
}

fn usage(process: &BenchProcess) -> Option<Usage> {
    pinning::usage(process.pid()?)
}

/// Binds both processes to one CPU.
fn pin(processes: &Sides<BenchProcess>, cpu: u32) -> Result<(), Reason> {
    // Should only the second be refused, the first stays bound, and both are started anew.
    for side in Side::BOTH {
        let pid = processes.get(side).pid().ok_or(Reason::System)?;
        pinning::pin(pid, cpu).map_err(|_| Reason::System)?;
    }
    Ok(())
}

/// Whether what both sides did since `before` allows to pin them.
fn fitness(
    processes: &Sides<BenchProcess>,
    before: &Sides<Option<Usage>>,
    warmed: &Sides<Warmth>,
) -> Result<(), Reason> {
    for side in Side::BOTH {
        let (Some(before), Some(after)) = (*before.get(side), usage(processes.get(side))) else {
            return Err(Reason::System);
        };
        let seconds = (warmed.get(side).cost / 1e9).clamp(0.0, 1e6);
        let elapsed = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        if let Some(reason) = pinning::obstacle(before, after, elapsed) {
            return Err(reason);
        }
    }
    Ok(())
}

/// Whether a share of a pair with so many samples has as many turns of this length as show how they spread. Of few turns none is
/// tried in vain.
fn shows_spread(options: &LaunchOptions, samples: u32, share: f64, turn: Duration) -> bool {
    let samples = part_of(samples, share);
    samples >= spread::FEWEST && turn.as_secs_f64() * samples as f64 <= longest(options, share).as_secs_f64()
}

/// How long the samples of a share of a pair may take.
fn longest(options: &LaunchOptions, share: f64) -> Duration {
    options.measurement.mul_f64(share * STRETCH)
}

/// How many of so many samples are a share of them, rounded up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a 32-bit number is one, and never negative"
)]
fn part_of(samples: u32, share: f64) -> usize {
    (f64::from(samples) * share.clamp(0.0, 1.0)).ceil() as usize
}

/// How many iterations fill a turn of the slower side: at least one. Set-up counts, until it would leave too little to measure:
/// ten nanoseconds behind a set-up of a microsecond would take a fifth of a second for a turn. Where even that little would take
/// too long, less is measured.
fn iterations(warmed: &Sides<Warmth>, options: &LaunchOptions) -> u64 {
    let iteration = warmed.baseline.iteration.max(warmed.candidate.iteration);
    let elapsed = warmed.baseline.elapsed.max(warmed.candidate.elapsed);
    let whole = options.measurement.as_nanos() as f64;
    let turn = whole / f64::from(options.samples.max(1));
    let longest = whole * LONGEST;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut to the range of the integer, and what is no number becomes 0"
    )]
    let count = (turn / elapsed).max((LEAST / iteration).min(longest / elapsed)).min(turn / iteration) as u64;
    count.clamp(1, MOST_ITERATIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: LaunchOptions = LaunchOptions {
        warm_up: Duration::from_millis(1),
        measurement: Duration::from_millis(100),
        samples: 20,
        close: 0.0,
        time_limit: Duration::from_secs(1),
    };

    fn warmed(baseline: f64, candidate: f64) -> Sides<Warmth> {
        with_set_up(0.0, baseline, candidate)
    }

    fn with_set_up(set_up: f64, baseline: f64, candidate: f64) -> Sides<Warmth> {
        let warmth = |iteration| Warmth { cost: 1e6, iteration, elapsed: iteration + set_up };
        Sides { baseline, candidate }.map(warmth)
    }

    #[test]
    fn the_slower_side_decides_how_many_iterations_fill_a_turn() {
        assert_eq!(iterations(&warmed(1e4, 2e4), &OPTIONS), 250);
        assert_eq!(iterations(&warmed(1e9, 1.0), &OPTIONS), 1);
    }

    #[test]
    fn a_short_pair_is_tried_only_where_it_has_turns_enough() {
        let tried =
            |samples, micros| shows_spread(&OPTIONS, samples, SHORTEST, Duration::from_micros(micros));
        assert!(tried(25, 4000));
        assert!(!tried(25, 10_000), "one that is set up for as long");
        assert!(!tried(20, 4000), "a quarter of 20 samples is too few");
    }

    #[test]
    fn a_whole_pair_measures_as_long_in_short_turns_as_in_long_ones() {
        let paces = |set_up, iteration| {
            let paces = Paces::of(&with_set_up(set_up, iteration, iteration), &OPTIONS);
            let of = |pace: Pace| (pace.iterations, pace.samples);
            (of(paces.short), of(paces.long))
        };
        assert_eq!(paces(0.0, 1e4), ((125, 80), (500, 20)));
        assert_eq!(paces(0.0, 2e6), ((1, 40), (2, 20)), "half a turn is the shortest");
        assert_eq!(paces(0.0, 5e6), ((1, 20), (1, 20)), "and a whole one here");
        let (short, long) = paces(400.0, 10.0);
        assert_eq!((short, long), ((10_000, 25), (12_195, 20)), "no less than is measured of a turn");
    }

    #[test]
    fn a_share_of_the_samples_is_rounded_up() {
        let parts = [0.0, 0.25, 0.5, 1.0, 7.0].map(|share| part_of(25, share));
        assert_eq!(parts, [0, 7, 13, 25, 25]);
    }

    #[test]
    fn set_up_counts_until_too_little_is_measured() {
        assert_eq!(iterations(&with_set_up(1e4, 1e4, 1e4), &OPTIONS), 250);
        assert_eq!(iterations(&with_set_up(1e3, 10.0, 10.0), &OPTIONS), 10_000, "0.1 ms of 10 ns");
        assert_eq!(iterations(&with_set_up(1e9, 1e7, 1e7), &OPTIONS), 1, "no more than without set-up");
        assert_eq!(iterations(&with_set_up(1e7, 60.0, 60.0), &OPTIONS), 39, "0.4 s, not 17 s");
    }

    #[test]
    fn nonsense_from_the_warm_up_does_not_run_for_ever() {
        for cost in [0.0, f64::NAN, f64::INFINITY, -1.0] {
            let count = iterations(&warmed(cost, cost), &OPTIONS);
            assert!((1..=MOST_ITERATIONS).contains(&count), "{cost}: {count}");
        }
    }
}
