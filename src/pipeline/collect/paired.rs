//! Pairs of launches: undecided comparisons are visited in turn, a pair each time, until each is decided, hopeless or out of
//! budget. Every pair is stored before it counts, and what is handed on is what the store gives back.

use std::time::{Duration, Instant};

use super::super::error::PipelineError;
use super::super::session::Session;
use super::super::stopwatch::within;
use crate::domain::{
    BenchmarkName, BuiltBench, ClaimVerdict, ComparisonId, Ended, Event, Failure, Limit, MeasurementKey,
    Pair, PairedEvidence, Phase, Provenance, Side, Sides, Stage,
};
use crate::judge::{ClaimTest, ExpectedPairs, PairedState, PairedTest, QuickCheck};
use crate::measure::plan::{self, Order, Standing, next_visit};
use crate::support::process::interrupted;

/// A sequential test that pairs decide. It says when to stop and is then forgotten: the judge makes its own of the pairs.
pub(crate) trait Test {
    /// Takes the next pair. One without a ratio says nothing.
    fn take(&mut self, pair: &Pair);
    /// Whether the pairs have shown it one way or the other.
    fn is_decided(&self) -> bool;
    /// Whether more pairs are worth their time.
    fn expected_pairs(&self, pairs_left: u32) -> ExpectedPairs;
    /// The smallest change that it must tell, as a fraction.
    fn smallest_change(&self) -> f64;
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

    fn expected_pairs(&self, pairs_left: u32) -> ExpectedPairs {
        Self::expected_pairs(self, pairs_left)
    }

    fn smallest_change(&self) -> f64 {
        self.margin()
    }

    fn describe(&self) -> String {
        match (self.estimate(), self.interval()) {
            (None, _) => FIRST_PAIR.to_owned(),
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

    fn expected_pairs(&self, pairs_left: u32) -> ExpectedPairs {
        Self::expected_pairs(self, pairs_left)
    }

    /// How close the ratio is to what is claimed is not known before; as close as a clock can tell.
    fn smallest_change(&self) -> f64 {
        0.0
    }

    fn describe(&self) -> String {
        self.ratio().map_or_else(|| FIRST_PAIR.to_owned(), |ratio| format!("{ratio:.2}x"))
    }
}

impl Test for QuickCheck {
    fn take(&mut self, pair: &Pair) {
        Self::take(self, pair);
    }

    fn is_decided(&self) -> bool {
        self.is_over()
    }

    fn expected_pairs(&self, _: u32) -> ExpectedPairs {
        Self::expected_pairs(self)
    }

    fn smallest_change(&self) -> f64 {
        self.test().margin()
    }

    fn describe(&self) -> String {
        self.test().describe()
    }
}

/// A time beside which the absolute part of any limit is small, in nanoseconds.
const LARGE: f64 = 1e15;

/// Said before there is anything to say.
const FIRST_PAIR: &str = "first pair";

/// Two benchmarks, or one on two sides, to be compared by pairs. `J` is what they are judged by.
#[derive(Debug, Clone)]
pub(crate) struct Comparison<J = Limit> {
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

/// A comparison in progress.
struct InProgress<J, T> {
    comparison: Comparison<J>,
    phase: Phase,
    id: ComparisonId,
    test: Option<T>,
    pairs: u32,
    spent: Duration,
    /// How long one iteration takes, once known.
    iteration: Option<Duration>,
    ended: Option<Ended>,
}

/// How the test of a comparison is made once the baseline's value is roughly known, which limits with an absolute part need.
pub(crate) type Make<'a, J, T> = &'a dyn Fn(&Comparison<J>, f64) -> T;

impl<J, T: Test> InProgress<J, T> {
    /// Takes the next pair, and ends where that decides.
    fn take(&mut self, pair: &Pair, make: Make<'_, J, T>) {
        let baseline = pair.launches.baseline.samples.median();
        let test = self.test.get_or_insert_with(|| make(&self.comparison, baseline));
        test.take(pair);
        self.iteration = Some(iteration(pair));
        if test.is_decided() {
            self.ended = Some(Ended::Decided);
        }
    }
}

impl Session<'_> {
    /// Measures pairs until every comparison has ended; gives what was found in the order of the comparisons.
    pub(crate) fn pairs<J, T: Test>(
        &mut self,
        phase: Phase,
        comparisons: Vec<Comparison<J>>,
        make: Make<'_, J, T>,
    ) -> Result<Vec<PairedEvidence>, PipelineError> {
        let _stage = within(self.progress, Stage::Measuring);
        let opened = comparisons.into_iter().map(|comparison| self.open(phase, comparison, make));
        let mut all = opened.collect::<Result<Vec<InProgress<J, T>>, _>>()?;
        loop {
            let standings: Vec<Standing> = all.iter().map(|one| self.standing(one)).collect();
            let Some(next) = next_visit(&standings) else { break };
            if interrupted() {
                let open = all.iter_mut().filter(|one| one.ended.is_none());
                open.for_each(|one| one.ended = Some(Ended::Interrupted));
                break;
            }
            let settled = standings.iter().filter(|standing| standing.phase == plan::Phase::Over).count();
            let total = all.len();
            self.visit(&mut all[next], make, settled, total)?;
        }
        all.into_iter().map(|one| self.close(one)).collect()
    }

    fn open<J, T: Test>(
        &mut self,
        phase: Phase,
        comparison: Comparison<J>,
        make: Make<'_, J, T>,
    ) -> Result<InProgress<J, T>, PipelineError> {
        let id = self.store.begin_comparison(
            self.run,
            &crate::store::NewComparison {
                phase,
                keys: comparison.keys.as_ref(),
                executables: comparison.benches.as_ref().map(|bench| &bench.digest),
                provenance: Provenance::Native,
            },
        )?;
        let mut one = InProgress {
            comparison,
            phase,
            id,
            test: None,
            pairs: 0,
            spent: Duration::ZERO,
            iteration: None,
            ended: None,
        };
        if self.takes_up(&one)? {
            for pair in self.store.pairs(id)? {
                one.spent += Duration::try_from_secs_f64(pair.seconds()).unwrap_or_default();
                one.pairs = pair.index + 1;
                if one.ended.is_none() {
                    one.take(&pair, make);
                }
            }
            tracing::debug!(benchmark = %one.comparison.name, ?phase, pairs = one.pairs, "takes up stored pairs");
        }
        Ok(one)
    }

    fn standing<J, T: Test>(&self, one: &InProgress<J, T>) -> Standing {
        let budget = self.measuring.budget;
        let left = match one.pairs {
            0 => u32::MAX,
            pairs => pairs_left(budget.saturating_sub(one.spent), one.spent / pairs),
        };
        let expected = one.test.as_ref().map_or(ExpectedPairs::More(0.0), |test| test.expected_pairs(left));
        let over = one.ended.is_some() || expected == ExpectedPairs::Hopeless;
        Standing {
            phase: if over { plan::Phase::Over } else { plan::Phase::Undecided },
            pairs: one.pairs,
            spent: one.spent,
            budget,
            expected_pairs: match expected {
                ExpectedPairs::More(pairs) => pairs,
                ExpectedPairs::Decided | ExpectedPairs::Hopeless => f64::INFINITY,
            },
        }
    }

    /// One pair of one comparison.
    fn visit<J, T: Test>(
        &mut self,
        one: &mut InProgress<J, T>,
        make: Make<'_, J, T>,
        settled: usize,
        total: usize,
    ) -> Result<(), PipelineError> {
        let state = one.test.as_ref().map_or_else(|| FIRST_PAIR.to_owned(), Test::describe);
        self.progress.event(Event::Benchmark {
            name: &one.comparison.name,
            settled,
            total,
            launches: one.pairs * 2,
            state: &state,
        });
        // Before the first pair: the share of a limit alone, for an absolute part is small beside a large value.
        let change = match &one.test {
            Some(test) => test.smallest_change(),
            None => make(&one.comparison, LARGE).smallest_change(),
        };
        let options = self.measuring.pair_options(one.iteration, change);
        let ids = one.comparison.ids.as_ref().map(String::as_str);
        let first = Order::Drawn { seed: self.seed }.first(one.pairs);
        // Linking is no part of the budget, and nothing is linked while a launch is timed.
        let linking = within(self.progress, Stage::Layouts);
        let laid = self.layouts.for_pair(one.comparison.benches.as_ref(), ids, one.phase, one.pairs);
        drop(linking);
        let start = Instant::now();
        let measured = self.runner.pair(laid.benches.as_ref(), ids, one.pairs, first, &options);
        one.spent += start.elapsed();
        one.pairs += 1;
        match measured {
            Ok(pair) => {
                tracing::debug!(
                    benchmark = %one.comparison.name,
                    phase = ?one.phase,
                    index = pair.index,
                    baseline = pair.launches.baseline.samples.median(),
                    candidate = pair.launches.candidate.samples.median(),
                    layout = ?laid.layout,
                    "measured a pair"
                );
                let pair = Pair { layout: laid.layout, ..pair };
                self.store.append_pair(one.id, &pair)?;
                one.take(&pair, make);
            }
            Err(_) if interrupted() => one.ended = Some(Ended::Interrupted),
            Err((side, failure)) => {
                let mut failure = Failure::from(failure);
                let asked = matches!(one.phase, Phase::Measurement | Phase::QuickCheck);
                if failure.unsuitable && side == Side::Candidate && asked && one.test.is_none() {
                    // In the first pair nothing is known of the other side yet.
                    let baseline = laid.benches.baseline;
                    if self.runner.launch(&baseline, &one.comparison.ids.baseline, &options).is_ok() {
                        failure = failure.of_what_was_measurable();
                    }
                }
                let failed = Ended::Failed(side, failure);
                one.ended = Some(if interrupted() { Ended::Interrupted } else { failed });
            }
        }
        Ok(())
    }

    /// Takes up stored pairs, where a run is resumed and has any of the same kind of layout, drawn or not.
    fn takes_up<J, T>(&mut self, one: &InProgress<J, T>) -> Result<bool, PipelineError> {
        if !self.measuring.resume {
            return Ok(false);
        }
        let Comparison { benches, ids, .. } = &one.comparison;
        let ids = ids.as_ref().map(String::as_str);
        let is_drawn = self.layouts.for_pair(benches.as_ref(), ids, one.phase, 0).layout.is_some();
        Ok(self.store.take_up_pairs(one.id, is_drawn)? > 0)
    }

    /// What the store gives back.
    fn close<J, T>(&mut self, one: InProgress<J, T>) -> Result<PairedEvidence, PipelineError> {
        Ok(PairedEvidence {
            comparison: one.id,
            ended: one.ended.unwrap_or(Ended::Exhausted),
            pairs: self.store.pairs(one.id)?,
        })
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

#[cfg(test)]
pub(crate) mod tests;
