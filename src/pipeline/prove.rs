//! The proof: undecided benchmarks are visited in turn, a pair of launches each time, until each is decided, hopeless or
//! out of budget. Every pair is stored before it counts, and the verdict is made from what the store gives back.

use std::time::{Duration, Instant};

use super::error::PipelineError;
use super::layouts::Layouts;
use super::request::Measuring;
use crate::domain::{
    BenchmarkName, BuiltBench, ClaimVerdict, Event, Limit, MeasurementKey, OccasionId, Pair, Phase, Progress,
    Provenance, Side, Sides,
};
use crate::judge::{ClaimTest, ErrorBudget, PairedState, PairedTest, Promise};
use crate::measure::plan::{self, Order, Standing, next_visit};
use crate::measure::runner::{LaunchFailure, Runner};
use crate::store::{ComparisonId, NewComparison, Store};
use crate::support::process::interrupted;

/// A sequential test that pairs decide.
pub(crate) trait Test {
    /// Takes the next pair. One without a ratio says nothing.
    fn take(&mut self, pair: &Pair);
    /// Whether the pairs have shown it one way or the other.
    fn is_decided(&self) -> bool;
    /// Whether more pairs are worth their time.
    fn promise(&self, pairs_left: u32) -> Promise;
    /// What the figures say so far, for whoever watches.
    fn describe(&self) -> String;
}

/// How many more pairs an improvement may be away to be waited for.
const MORE_FOR_AN_IMPROVEMENT: f64 = 12.0;

impl Test for PairedTest {
    fn take(&mut self, pair: &Pair) {
        let _ = self.push(pair);
    }

    /// What is cleared and looks better is given some more pairs: an improvement is news worth a few seconds.
    fn is_decided(&self) -> bool {
        self.state() != PairedState::Undecided
            && self.pairs_to_improved().is_none_or(|pairs| pairs > MORE_FOR_AN_IMPROVEMENT)
    }

    fn promise(&self, pairs_left: u32) -> Promise {
        Self::promise(self, pairs_left)
    }

    fn describe(&self) -> String {
        match (self.estimate(), self.interval()) {
            (None, _) => FIRST_LOOK.to_owned(),
            (Some(estimate), None) => format!("{:+.1} %", estimate * 100.0),
            (_, Some((low, high))) => format!("{:+.1} % to {:+.1} %", low * 100.0, high * 100.0),
        }
    }
}

impl Test for ClaimTest {
    fn take(&mut self, pair: &Pair) {
        let _ = self.push(pair);
    }

    fn is_decided(&self) -> bool {
        self.verdict() != ClaimVerdict::Undecided
    }

    fn promise(&self, pairs_left: u32) -> Promise {
        Self::promise(self, pairs_left)
    }

    fn describe(&self) -> String {
        self.ratio().map_or_else(|| FIRST_LOOK.to_owned(), |ratio| format!("{ratio:.2}x"))
    }
}

/// Said before there is anything to say.
const FIRST_LOOK: &str = "first look";

/// Two benchmarks, or one on two sides, to be set against each other by pairs. `J` is what they are judged by.
#[derive(Debug, Clone)]
pub(crate) struct Contest<J = Limit> {
    /// What reports call it.
    pub(crate) name: BenchmarkName,
    /// The two executables.
    pub(crate) benches: Sides<BuiltBench>,
    /// The benchmark's id in each.
    pub(crate) ids: Sides<String>,
    /// What its measurements are keyed by.
    pub(crate) keys: Sides<MeasurementKey>,
    /// What it is judged by.
    pub(crate) by: J,
}

/// Why no more pairs are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The test is decided.
    Decided,
    /// The budget is gone, or what is left of it cannot decide.
    Undecided,
    /// A launch gave nothing: whose, and what happened.
    Failed(Side, String),
    /// The user wants to stop.
    Interrupted,
}

/// A contest that ended, with the test that the stored pairs make.
#[derive(Debug, Clone)]
pub(crate) struct Proof<J = Limit, T = PairedTest> {
    pub(crate) contest: Contest<J>,
    pub(crate) ended: Ended,
    /// `None` when not a single pair was measured.
    pub(crate) test: Option<T>,
}

/// A contest under way.
struct Bout<J, T> {
    contest: Contest<J>,
    phase: Phase,
    comparison: ComparisonId,
    test: Option<T>,
    pairs: u32,
    spent: Duration,
    iteration: Option<Duration>,
    ended: Option<Ended>,
}

/// Everything a proof needs besides its contests.
pub(crate) struct Arena<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) occasion: OccasionId,
    pub(crate) runner: &'a mut dyn Runner,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) measuring: &'a Measuring,
    /// What orders are drawn from.
    pub(crate) seed: u64,
    /// The executables of each pair.
    pub(crate) layouts: &'a mut Layouts,
}

impl Arena<'_> {
    /// Measures pairs until every contest has ended. `make` gives the test of a contest once the baseline's value is
    /// roughly known, which limits with an absolute part need.
    pub(crate) fn prove<J, T: Test>(
        &mut self,
        phase: Phase,
        contests: Vec<Contest<J>>,
        make: &dyn Fn(&Contest<J>, f64) -> T,
    ) -> Result<Vec<Proof<J, T>>, PipelineError> {
        let mut bouts =
            contests.into_iter().map(|contest| self.open(phase, contest)).collect::<Result<Vec<_>, _>>()?;
        loop {
            let standings: Vec<Standing> = bouts.iter().map(|bout| self.standing(bout)).collect();
            let Some(next) = next_visit(&standings) else { break };
            if interrupted() {
                bouts
                    .iter_mut()
                    .filter(|bout| bout.ended.is_none())
                    .for_each(|bout| bout.ended = Some(Ended::Interrupted));
                break;
            }
            let settled = standings.iter().filter(|standing| standing.phase == plan::Phase::Over).count();
            let total = bouts.len();
            self.visit(&mut bouts[next], make, settled, total)?;
        }
        bouts.into_iter().map(|bout| self.close(bout, make)).collect()
    }

    fn open<J, T>(&mut self, phase: Phase, contest: Contest<J>) -> Result<Bout<J, T>, PipelineError> {
        let comparison = self.store.begin_comparison(
            self.occasion,
            &NewComparison {
                phase,
                keys: contest.keys.as_ref(),
                executables: contest.benches.as_ref().map(|bench| &bench.digest),
                provenance: Provenance::Native,
            },
        )?;
        Ok(Bout {
            contest,
            phase,
            comparison,
            test: None,
            pairs: 0,
            spent: Duration::ZERO,
            iteration: None,
            ended: None,
        })
    }

    fn standing<J, T: Test>(&self, bout: &Bout<J, T>) -> Standing {
        let budget = self.measuring.budget;
        let left = match bout.pairs {
            0 => u32::MAX,
            pairs => pairs_left(budget.saturating_sub(bout.spent), bout.spent / pairs),
        };
        let promise = bout.test.as_ref().map_or(Promise::Pairs(0.0), |test| test.promise(left));
        let over = bout.ended.is_some() || promise == Promise::Hopeless;
        Standing {
            phase: if over { plan::Phase::Over } else { plan::Phase::Undecided },
            pairs: bout.pairs,
            spent: bout.spent,
            budget,
            promise: match promise {
                Promise::Pairs(pairs) => -pairs,
                Promise::Decided | Promise::Hopeless => f64::NEG_INFINITY,
            },
        }
    }

    /// One pair of one contest.
    fn visit<J, T: Test>(
        &mut self,
        bout: &mut Bout<J, T>,
        make: &dyn Fn(&Contest<J>, f64) -> T,
        settled: usize,
        total: usize,
    ) -> Result<(), PipelineError> {
        let state = bout.test.as_ref().map_or_else(|| FIRST_LOOK.to_owned(), Test::describe);
        self.progress.event(Event::Benchmark {
            name: &bout.contest.name,
            settled,
            total,
            launches: bout.pairs * 2,
            state: &state,
        });
        let options = self.measuring.launch_options(bout.iteration);
        let ids = bout.contest.ids.as_ref().map(String::as_str);
        let first = Order::Drawn { seed: self.seed }.first(bout.pairs);
        let laid = self.layouts.for_pair(bout.contest.benches.as_ref(), ids, bout.phase, bout.pairs);
        let start = Instant::now();
        let played = self.runner.pair(laid.benches.as_ref(), ids, bout.pairs, first, &options);
        bout.spent += start.elapsed();
        bout.pairs += 1;
        match played {
            Ok(pair) => {
                let pair = Pair { layout: laid.layout, ..pair };
                self.store.append_pair(bout.comparison, &pair)?;
                bout.iteration = Some(iteration(&pair));
                let baseline = pair.launches.baseline.samples.median();
                let test = bout.test.get_or_insert_with(|| make(&bout.contest, baseline));
                test.take(&pair);
                if test.is_decided() {
                    bout.ended = Some(Ended::Decided);
                }
            }
            Err(_) if interrupted() => bout.ended = Some(Ended::Interrupted),
            Err((side, failure)) => bout.ended = Some(Ended::Failed(side, words(&failure))),
        }
        Ok(())
    }

    /// Judges once more what the store gives back, so that a later re-judging agrees to the last bit.
    fn close<J, T: Test>(
        &mut self,
        bout: Bout<J, T>,
        make: &dyn Fn(&Contest<J>, f64) -> T,
    ) -> Result<Proof<J, T>, PipelineError> {
        let pairs = self.store.pairs(bout.comparison)?;
        let test = pairs.first().map(|first| {
            let mut test = make(&bout.contest, first.launches.baseline.samples.median());
            for pair in &pairs {
                test.take(pair);
            }
            test
        });
        Ok(Proof { contest: bout.contest, ended: bout.ended.unwrap_or(Ended::Undecided), test })
    }
}

/// How many more pairs fit into what is left.
fn pairs_left(left: Duration, each: Duration) -> u32 {
    let each = each.as_secs_f64().max(1e-9);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small non-negative number"
    )]
    let pairs = (left.as_secs_f64() / each).min(1e6) as u32;
    pairs
}

/// The longer side's time for one iteration, by which the next launches are planned.
fn iteration(pair: &Pair) -> Duration {
    let longest = pair.launches.baseline.samples.median().max(pair.launches.candidate.samples.median());
    Duration::try_from_secs_f64(longest * 1e-9).unwrap_or_default()
}

/// A failure with the last lines the bench printed.
pub(crate) fn words(failure: &LaunchFailure) -> String {
    let tail = failure.output_tail.trim();
    if tail.is_empty() { format!("failed to {failure}") } else { format!("failed to {failure}\n{tail}") }
}

/// The test of a contest at a level of error.
pub(crate) fn test_of(limit: &Limit, baseline: f64, budget: ErrorBudget) -> PairedTest {
    PairedTest::of_limit(limit, baseline, budget)
        .or_else(|_| PairedTest::new(0.0, budget))
        .unwrap_or_else(|_| unreachable!("a margin of zero is not negative"))
}

#[cfg(test)]
pub(crate) mod tests;
