//! Both sides measured in pairs: the test that decides.
//!
//! Each pair of launches becomes one number, the log ratio of candidate to baseline; the pairs are judged by
//! [`BettingTest`] after every pair. Nothing but the pairs enters, so judging stored pairs again gives the same answer
//! to the last bit.

use thiserror::Error;

use crate::domain::{Limit, Pair, SLOWED_IN_TURNS, SampleSet, Schedule, Side, Sides};
use crate::stats::robust::{MEDIAN_TO_MEAN, hodges_lehmann, median, median_above, median_error, robust_sd};
use crate::stats::{Bets, BettingTest, Direction, ErrorBudget, Observation};

/// A test is not given up before it has this many pairs, unless it cannot be decided at all.
const PATIENCE: usize = 10;

/// Before this many pairs nobody knows how long a pair takes: the first one may have met a stall.
pub(super) const ACQUAINTANCE: usize = 3;

/// Whether a test that needs so many more pairs, as far as the past tells, is not worth the rest of its budget.
///
/// Few pairs tell little about the noise: on a two-core virtual machine, equal programs that chase pointers were given up
/// after 10 pairs and cleared by 18 to 38. So half of the budget is spent before it is judged.
pub(super) fn is_hopeless(so_far: usize, left: u32, needed: f64) -> bool {
    so_far >= PATIENCE.max(left as usize) && needed > 2.0 * f64::from(left)
}

/// Why a pair says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ObservationError {
    /// No two samples have a ratio: one of them is zero each time.
    #[error("the two launches have no ratio: their samples are zero")]
    NoRatio,
}

/// Why a test cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum PairedError {
    /// The margin must be a number that is not negative.
    #[error("invalid margin {0}: it must not be negative")]
    Margin(f64),
}

/// What one pair says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairObservation {
    /// ln(candidate/baseline) and the error within the pair.
    pub ratio: Observation,
    /// ln of the candidate's median and the error within its launch.
    pub candidate: Observation,
    /// The medians of the two launches, in the metric's unit.
    pub medians: Sides<f64>,
}

/// Reduces a pair to one observation.
///
/// In turns: the median over samples of ln(candidate/baseline), each against the geometric mean of its two neighbours,
/// with the standard error 1.4826·MAD·1.2533·√(4/3)/√n of n samples a side. One process after the other: the log ratio of
/// the medians, with the errors of both.
///
/// # Errors
/// Samples of zero, which have no ratio.
pub fn observe(pair: &Pair) -> Result<PairObservation, ObservationError> {
    let Sides { baseline, candidate } = pair.launches.as_ref().map(|launch| &launch.samples);
    let (logs_of_baseline, logs_of_candidate) = (logs(baseline), logs(candidate));
    let own_error = median_error(&finite(&logs_of_candidate)).ok_or(ObservationError::NoRatio)?;
    let ratio = match pair.schedule {
        Schedule::Interleaved => {
            let turns = baseline.len().min(candidate.len());
            let logs = Sides { baseline: &logs_of_baseline[..], candidate: &logs_of_candidate[..] };
            let ratios = finite(&against_neighbours(pair.first, logs));
            let value = median(&ratios).ok_or(ObservationError::NoRatio)?;
            let sd = robust_sd(&ratios).unwrap_or(0.0) * OF_TWO_BY_OF_THREE;
            Observation { value, error: sd * MEDIAN_TO_MEAN / (turns as f64).sqrt() }
        }
        Schedule::Sequential => {
            let error = median_error(&finite(&logs_of_baseline)).ok_or(ObservationError::NoRatio)?;
            Observation {
                value: (candidate.median() / baseline.median()).ln(),
                error: error.hypot(own_error),
            }
        }
    };
    let medians = Sides { baseline: baseline.median(), candidate: candidate.median() };
    let own = Observation { value: medians.candidate.ln(), error: own_error };
    if !(ratio.value.is_finite() && own.value.is_finite() && medians.baseline > 0.0) {
        return Err(ObservationError::NoRatio);
    }
    Ok(PairObservation { ratio, candidate: own, medians })
}

/// The standard deviation of a ratio of two samples by that of one sample against the mean of two, when samples vary
/// independently: √(2/1.5).
const OF_TWO_BY_OF_THREE: f64 = 1.154_700_538_379_251_5;

/// ln(candidate/baseline) of each sample but the very first and last against the geometric mean of its neighbours, which are
/// both the other side's: whatever changes steadily is the same before and after, and cancels.
fn against_neighbours(first: Side, logs: Sides<&[f64]>) -> Vec<f64> {
    let turns = logs.get(first).iter().zip(*logs.get(first.other()));
    let interleaved: Vec<f64> = turns.flat_map(|(&one, &other)| [one, other]).collect();
    let in_the_middle = [first.other(), first].into_iter().cycle();
    let against = |three: &[f64]| three[1] - f64::midpoint(three[0], three[2]);
    let ratio = |(three, side)| match side {
        Side::Candidate => against(three),
        Side::Baseline => -against(three),
    };
    interleaved.windows(3).zip(in_the_middle).map(ratio).collect()
}

fn logs(samples: &SampleSet) -> Vec<f64> {
    samples.per_iteration().map(f64::ln).collect()
}

fn finite(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|value| value.is_finite()).collect()
}

/// What the pairs have shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PairedState {
    /// Nothing yet.
    Undecided,
    /// Worse than the margin, or above the cap, with as much evidence as the test needs: a suspect until fresh pairs confirm it.
    Regressed,
    /// Not worse than the margin, nor above the cap.
    NotWorse,
    /// Better by more than the margin, at the level of the whole run.
    Improved,
}

/// How many more pairs a decision is expected to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExpectedPairs {
    /// It is decided.
    Decided,
    /// This many more pairs are expected to decide it: visit the smallest first.
    More(f64),
    /// The pairs that are left cannot decide it, or are most unlikely to.
    Hopeless,
}

/// The wealth that shows a candidate to be worse.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Needed {
    /// That it is above the margin.
    margin: f64,
    /// That it is above the cap.
    cap: f64,
}

/// Whether a series is above a bound.
#[derive(Debug, Clone, Copy)]
struct Question<'t> {
    bound: f64,
    /// What shows that it is …
    worse: Bets<'t>,
    /// … or that it is not.
    not_worse: Bets<'t>,
    /// The wealth that shows it to be above.
    needed: f64,
}

/// The sequential test of one metric of one benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedTest {
    margin: f64,
    cap: Option<f64>,
    budget: ErrorBudget,
    needed: Needed,
    ratios: BettingTest,
    candidates: BettingTest,
    medians: Sides<Vec<f64>>,
    seconds: f64,
    drawn: u32,
    /// How many times as long iterations of each side took in turns as alone, as logarithms: of the pairs that tell.
    slowed: Sides<Vec<f64>>,
}

impl PairedTest {
    /// A test for "worse than `margin`" (a fraction: 0.05 for 5 %; may be infinite when any change is allowed).
    ///
    /// # Errors
    /// A margin that is negative or no number.
    pub fn new(margin: f64, budget: ErrorBudget) -> Result<Self, PairedError> {
        if margin.is_nan() || margin < 0.0 {
            return Err(PairedError::Margin(margin));
        }
        Ok(Self {
            margin,
            cap: None,
            budget,
            needed: Needed { margin: budget.family_wise(), cap: budget.family_wise() },
            ratios: BettingTest::new(),
            candidates: BettingTest::new(),
            medians: Sides::default(),
            seconds: 0.0,
            drawn: 0,
            slowed: Sides::default(),
        })
    }

    /// Also fails a candidate whose own value is above `cap`, in the metric's unit. A test of its own: the family
    /// counts it.
    #[must_use]
    pub fn with_cap(mut self, cap: Option<f64>) -> Self {
        self.cap = cap;
        self
    }

    /// The test of a limit, for a baseline of about `baseline`.
    ///
    /// # Errors
    /// A baseline that makes no margin.
    pub fn of_limit(limit: &Limit, baseline: f64, budget: ErrorBudget) -> Result<Self, PairedError> {
        Ok(Self::new(limit.fraction(baseline), budget)?.with_cap(limit.cap()))
    }

    /// The test of a limit for a baseline of about `baseline`; for one that makes no margin, of no change at all.
    pub fn lenient(limit: &Limit, baseline: f64, budget: ErrorBudget) -> Self {
        Self::of_limit(limit, baseline, budget).unwrap_or_else(|_| Self::of_any_change(budget))
    }

    /// The test for "worse at all".
    pub fn of_any_change(budget: ErrorBudget) -> Self {
        Self::new(0.0, budget).unwrap_or_else(|_| unreachable!("a margin of zero is not negative"))
    }

    /// The test that stored pairs make; `None` without any. The first pair tells what the baseline is about.
    pub fn of_pairs(limit: &Limit, pairs: &[Pair], budget: ErrorBudget) -> Option<Self> {
        let test = Self::lenient(limit, pairs.first()?.launches.baseline.samples.median(), budget);
        Some(test.with_pairs(pairs))
    }

    /// Takes these pairs, too.
    #[must_use]
    pub fn with_pairs(mut self, pairs: &[Pair]) -> Self {
        for pair in pairs {
            // One without a ratio says nothing.
            let _ = self.push(pair);
        }
        self
    }

    /// A test that only has to find suspects: it stops at half of the way (on a logarithmic scale) to the level of the whole run,
    /// and fresh pairs have to go the rest.
    #[must_use]
    pub fn to_find_suspects(self) -> Self {
        let suspecting = self.budget.suspecting();
        Self { needed: Needed { margin: suspecting, cap: suspecting }, ..self }
    }

    /// The same questions without pairs, for a re-measurement. To each, fresh pairs have to add what the pairs so far leave to
    /// be shown at the level of the whole run, and to show it by themselves. An improvement, which the first test has shown at
    /// that level, they only have to show by themselves.
    #[must_use]
    pub fn to_confirm(&self) -> Self {
        let ended = |question: &Question<'_>| question.worse.wealth(Direction::Above, question.bound);
        let mut needed = self.questions().map(|question| self.budget.confirming(ended(&question)));
        let margin = needed.next().unwrap_or(f64::INFINITY);
        let needed = Needed { margin, cap: needed.next().unwrap_or(f64::INFINITY) };
        Self {
            budget: self.budget.alone(),
            needed,
            ratios: BettingTest::new(),
            candidates: BettingTest::new(),
            medians: Sides::default(),
            seconds: 0.0,
            drawn: 0,
            slowed: Sides::default(),
            ..*self
        }
    }

    /// Takes the next pair.
    ///
    /// # Errors
    /// A pair without a ratio; its time is counted all the same.
    pub fn push(&mut self, pair: &Pair) -> Result<(), ObservationError> {
        self.seconds += pair.seconds();
        self.push_observation(observe(pair)?);
        self.drawn += u32::from(pair.layout.is_some());
        for side in Side::BOTH {
            let log = pair.slowdown.map(|times| times.get(side).ln()).filter(|log| log.is_finite());
            self.slowed.get_mut(side).extend(log);
        }
        Ok(())
    }

    /// Takes what the next pair says.
    pub fn push_observation(&mut self, observation: PairObservation) {
        self.ratios.push(observation.ratio);
        self.candidates.push(observation.candidate);
        self.medians.baseline.push(observation.medians.baseline);
        self.medians.candidate.push(observation.medians.candidate);
    }

    /// What is asked of the pairs: about the margin, and about the cap if there is one.
    fn questions(&self) -> impl Iterator<Item = Question<'_>> {
        let margin = Question {
            bound: self.margin.ln_1p(),
            worse: self.ratios.on_sides(),
            not_worse: self.ratios.on_nearness_too(),
            needed: self.needed.margin,
        };
        let cap = self.cap.map(|cap| {
            let bets = self.candidates.on_sides();
            Question { bound: cap.ln(), worse: bets, not_worse: bets, needed: self.needed.cap }
        });
        std::iter::once(margin).chain(cap)
    }

    /// What the pairs have shown. What was shown first stands; only "not worse" can still become "improved".
    pub fn state(&self) -> PairedState {
        let first = |bets: Bets<'_>, direction, bound, threshold: f64| {
            bets.wealths(direction, bound).position(|wealth| wealth >= threshold).unwrap_or(usize::MAX)
        };
        let worse = self
            .questions()
            .map(|question| first(question.worse, Direction::Above, question.bound, question.needed))
            .fold(usize::MAX, usize::min);
        let clearing = self.budget.clearing();
        let clear = self
            .questions()
            .map(|question| first(question.not_worse, Direction::Below, question.bound, clearing))
            .fold(0, usize::max);
        if worse < clear {
            PairedState::Regressed
        } else if clear == usize::MAX {
            PairedState::Undecided
        } else if self.improvement() >= self.budget.family_wise() {
            PairedState::Improved
        } else {
            PairedState::NotWorse
        }
    }

    /// The ratio below which a candidate is better by more than the margin, as a logarithm; `None` where nothing can be.
    fn better(&self) -> Option<f64> {
        (self.margin < 1.0).then(|| (-self.margin).ln_1p())
    }

    /// The evidence that the candidate is better by more than the margin.
    fn improvement(&self) -> f64 {
        self.better().map_or(0.0, |bound| self.ratios.on_sides().evidence(Direction::Below, bound))
    }

    /// Whether it seems better by any amount at all, at the level of the whole run.
    pub fn seems_better(&self) -> bool {
        self.ratios.on_sides().evidence(Direction::Below, 0.0) >= self.budget.family_wise()
    }

    /// Whether the candidate's own value is shown to be above the cap.
    pub fn exceeds_cap(&self) -> bool {
        let evidence = |cap: f64| self.candidates.on_sides().evidence(Direction::Above, cap.ln());
        self.cap.is_some_and(|cap| evidence(cap) >= self.needed.cap)
    }

    /// Whether the change is shown to be above the margin.
    pub fn exceeds_margin(&self) -> bool {
        self.ratios.on_sides().evidence(Direction::Above, self.margin.ln_1p()) >= self.needed.margin
    }

    /// The interval of the change (a fraction), valid at every look, with [`PairedTest::confidence`].
    ///
    /// The ends come from the evidence that decides: above the margin when that was shown by these pairs at the level of one
    /// test, not above it when that was. `None` before there are pairs enough for both ends, or when the pairs contradict each other.
    pub fn interval(&self) -> Option<(f64, f64)> {
        // By the bets that decided: what is not cleared was not decided by nearness.
        let (bets, needed) = if self.is_cleared() {
            (self.ratios.on_nearness_too(), self.budget.clearing())
        } else {
            (self.ratios.on_sides(), self.budget.single())
        };
        let lower = bets.bound(Direction::Above, needed)?.exp_m1();
        let upper = bets.bound(Direction::Below, needed)?.exp_m1();
        // The way from fraction to logarithm and back must not turn a verdict round in the last digit.
        let margin = self.margin.ln_1p();
        let worse = self.ratios.on_sides().evidence(Direction::Above, margin) >= self.budget.single();
        let lower = if worse { lower.max(self.margin) } else { lower };
        let not_worse = self.ratios.on_nearness_too().evidence(Direction::Below, margin);
        let not_worse = not_worse >= self.budget.clearing();
        let upper = if not_worse { upper.min(self.margin) } else { upper };
        (lower <= upper).then_some((lower, upper))
    }

    /// The probability with which [`PairedTest::interval`] holds the truth. Of a test that is cleared it is what clears: an
    /// interval is the other reading of its verdict.
    pub fn confidence(&self) -> f64 {
        if self.is_cleared() { 1.0 - 2.0 / self.budget.clearing() } else { self.budget.confidence() }
    }

    /// Whether it is shown not to be worse.
    fn is_cleared(&self) -> bool {
        matches!(self.state(), PairedState::NotWorse | PairedState::Improved)
    }

    /// The change (a fraction): the Hodges–Lehmann location of the log ratios, kept within the interval.
    pub fn estimate(&self) -> Option<f64> {
        let location = hodges_lehmann(self.ratios.values())?.exp_m1();
        Some(self.interval().map_or(location, |(lower, upper)| location.clamp(lower, upper)))
    }

    /// The median over pairs of the baseline's medians, in the metric's unit.
    pub fn baseline(&self) -> Option<f64> {
        median(&self.medians.baseline)
    }

    /// The median over pairs of the candidate's medians, in the metric's unit.
    pub fn candidate(&self) -> Option<f64> {
        median(&self.medians.candidate)
    }

    /// How many of the pairs had a layout of their own.
    pub fn drawn_pairs(&self) -> u32 {
        self.drawn
    }

    /// How much longer an iteration takes in turns than alone, a fraction, where the pairs show that it is more than turns may
    /// cost: of the side that loses more. Turns take time to fill the caches that the other side has used.
    pub fn slower_in_turns(&self) -> Option<f64> {
        let of = |side: Side| median_above(self.slowed.get(side), SLOWED_IN_TURNS.ln());
        Side::BOTH.into_iter().filter_map(of).reduce(f64::max).map(f64::exp_m1)
    }

    /// How many pairs counted.
    pub fn pairs(&self) -> u32 {
        u32::try_from(self.ratios.values().len()).unwrap_or(u32::MAX)
    }

    /// Time spent on pairs, in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The margin as a fraction.
    pub fn margin(&self) -> f64 {
        self.margin
    }

    /// The cap on the candidate's own value.
    pub fn cap(&self) -> Option<f64> {
        self.cap
    }

    /// Whether `pairs_left` more pairs are likely to decide, if they are like the past ones.
    ///
    /// Never changes a verdict: a test that is dropped stays undecided.
    pub fn expected_pairs(&self, pairs_left: u32) -> ExpectedPairs {
        if self.state() != PairedState::Undecided {
            return ExpectedPairs::Decided;
        }
        let clear = self.budget.clearing();
        let fails = self
            .questions()
            .map(|asked| asked.worse.fewest_more(Direction::Above, asked.bound, asked.needed))
            .min()
            .unwrap_or(0);
        let clears = self
            .questions()
            .map(|asked| asked.not_worse.fewest_more(Direction::Below, asked.bound, clear))
            .max()
            .unwrap_or(0);
        let pairs_so_far = self.ratios.values().len();
        if pairs_so_far >= ACQUAINTANCE && fails.min(clears) > pairs_left {
            return ExpectedPairs::Hopeless;
        }
        let fails = self
            .questions()
            .map(|asked| asked.worse.expected_more(Direction::Above, asked.bound, asked.needed))
            .fold(f64::INFINITY, f64::min);
        let clears = self
            .questions()
            .map(|asked| asked.not_worse.expected_more(Direction::Below, asked.bound, clear))
            .fold(0.0, f64::max);
        let pairs = fails.min(clears);
        if is_hopeless(pairs_so_far, pairs_left, pairs) {
            return ExpectedPairs::Hopeless;
        }
        ExpectedPairs::More(pairs)
    }

    /// How many more pairs are expected to turn "not worse" into "improved"; `None` where that is not in sight: the
    /// upper end of the interval is not below the margin, or another state holds.
    pub fn pairs_to_improved(&self) -> Option<f64> {
        let bound = self.better()?;
        let in_sight = self.state() == PairedState::NotWorse && self.improvement() >= self.budget.clearing();
        let pairs = self.ratios.on_sides().expected_more(Direction::Below, bound, self.budget.family_wise());
        (in_sight && pairs.is_finite()).then_some(pairs)
    }
}

#[cfg(test)]
pub(crate) mod tests;
