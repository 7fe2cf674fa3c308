//! Pure: in which order pairs are measured, how long a launch is, and which benchmark is visited next.

use std::time::Duration;

use super::criterion::version::FEWEST_SAMPLES;
use super::runner::LaunchOptions;
use crate::domain::Side;
use crate::domain::random::Generator;

/// How it is decided which side of a pair starts first. Both orders occur equally often, so a bias of going first
/// cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Baseline, candidate, candidate, baseline, and again: a steady drift cancels, too.
    Abba,
    /// Drawn with a seed that is recorded with the run; of every two pairs, one in each order.
    Drawn {
        /// The seed.
        seed: u64,
    },
}

impl Order {
    /// The side of the pair with this index that starts first.
    pub fn first(self, index: u32) -> Side {
        let leads = match self {
            Self::Abba => (index / 2).is_multiple_of(2),
            Self::Drawn { seed } => Generator::at(seed, index / 2) & 1 == 0,
        };
        let of_block = if leads { Side::Baseline } else { Side::Candidate };
        if index.is_multiple_of(2) { of_block } else { of_block.other() }
    }
}

/// How many pairs a budget is meant for. What differs between launches is what has to be averaged, so more and shorter
/// ones tell more in the same time (docs/speed.md has the comparison); starts take their part, so there are fewer.
const PAIRS: u32 = 50;

/// The shortest and the longest launch that a budget can ask for, as long as samples are quick.
const LAUNCH: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

/// The share of a launch that warms up. Two processes that share the caches of a CPU need tens of milliseconds until both have
/// settled (docs/speed.md).
const WARM_UP: f64 = 0.5;

/// About how long one sample should take, of a launch by itself and of a long turn: long beside what it costs to fill the caches
/// again after the other side's turn, short beside a neighbour's burst.
const SAMPLE: Duration = Duration::from_millis(2);

/// Criterion's own number of samples: never more, but of turns shorter than these.
const MOST_SAMPLES: u32 = 100;

/// A launch is given up when it takes so many times as long as expected …
const PATIENCE: u32 = 10;

/// … but not before this: set-up code may take its time, and so may a busy machine.
const SHORTEST_LIMIT: Duration = Duration::from_mins(1);

/// The error of a pair's ratio that is close enough, as a share of the change that a test must tell. However close each is, three
/// pairs have to clear and thirteen to fail; where each errs by more than this, it takes more of them.
const CLOSE: f64 = 0.4;

/// The errors that are asked for where little or much is asked: what pairs of one executable differ by, and 2 %.
const ERRORS: (f64, f64) = (0.002, 0.02);

/// The shortest pair, of a whole one: a start is a part of it, and each side has turns enough to tell their spread.
pub const SHORTEST: f64 = 0.25;

/// The error of a pair's log ratio that is close enough to tell this change, a fraction.
///
/// A compute loop tells its ratio to a seventh of one per cent in a whole pair; what its pairs differ by is more, and only
/// more pairs average that. A pointer chase needs every turn.
pub fn close(change: f64) -> f64 {
    (change * CLOSE).clamp(ERRORS.0, ERRORS.1)
}

/// How much of a whole pair is needed for an error this `close`, after a `share` of one that has told its ratio with this `error`;
/// `None` where it told none. At least the share.
pub fn share_needed(share: f64, error: Option<f64>, close: f64) -> f64 {
    // Half as many turns have an error that is larger by the root of two.
    let known = error.filter(|error| error.is_finite() && close > 0.0);
    known.map_or(1.0, |error| (share * (error / close).powi(2)).clamp(share, 1.0))
}

/// How long the launches of a benchmark should be, given its budget and, once known, the time of one iteration.
///
/// A budget of 10 s gives launches of a tenth of a second. A benchmark whose iterations are so slow that the fewest
/// samples take longer gets the fewest, and a time limit that fits them.
pub fn launch_options(budget: Duration, iteration: Option<Duration>) -> LaunchOptions {
    let iteration = iteration.unwrap_or_default();
    let launch = (budget / (2 * PAIRS)).clamp(LAUNCH.0, LAUNCH.1);
    let warm_up = launch.mul_f64(WARM_UP);
    let measurement = launch.saturating_sub(warm_up);
    let sample = SAMPLE.max(iteration);
    let samples = (measurement.as_nanos() / sample.as_nanos()).try_into().unwrap_or(MOST_SAMPLES);
    let samples = samples.clamp(FEWEST_SAMPLES, MOST_SAMPLES);
    let expected = launch_time(warm_up, measurement, samples, iteration);
    let time_limit = expected.saturating_mul(PATIENCE).max(SHORTEST_LIMIT);
    LaunchOptions { warm_up, measurement, samples, close: 0.0, time_limit }
}

/// About how long a launch takes, its start aside: every sample has at least one iteration, and the warm-up one besides the
/// first.
fn launch_time(warm_up: Duration, measurement: Duration, samples: u32, iteration: Duration) -> Duration {
    let warm_up = warm_up.max(iteration).saturating_add(iteration);
    warm_up.saturating_add(measurement.max(iteration.saturating_mul(samples)))
}

/// Where one benchmark of a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Whether anything is left to find out.
    pub phase: Phase,
    /// Pairs measured so far.
    pub pairs: u32,
    /// Time spent on them.
    pub spent: Duration,
    /// Time that may be spent on it.
    pub budget: Duration,
    /// How many more pairs are expected to decide it. The judge's business; only compared.
    pub expected_pairs: f64,
}

/// Whether anything is left to find out about a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// More pairs may decide it.
    Undecided,
    /// It is decided, failed, or cannot be decided within the rest of its budget.
    Over,
}

impl Standing {
    /// Whether another pair fits the budget, if it takes as long as the mean of those before. The first always does:
    /// nothing is known without it.
    fn affords_another(&self) -> bool {
        self.pairs == 0 || self.spent.saturating_add(self.spent / self.pairs) <= self.budget
    }
}

/// Which benchmark to visit next: all that are undecided take turns, in each round first the one that needs the fewest pairs.
/// `None` when nothing is left to do.
pub fn next_visit(standings: &[Standing]) -> Option<usize> {
    let open = standings.iter().enumerate();
    let open = open.filter(|(_, standing)| standing.phase == Phase::Undecided && standing.affords_another());
    let rank = |standing: &Standing, index: usize| (standing.pairs, standing.expected_pairs, index);
    let next = open.min_by(|&(i, a), &(j, b)| {
        let (a, b) = (rank(a, i), rank(b, j));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
    });
    next.map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEN_SECONDS: Duration = Duration::from_secs(10);

    fn standing(pairs: u32, expected_pairs: f64) -> Standing {
        let spent = Duration::from_millis(500) * pairs;
        Standing { phase: Phase::Undecided, pairs, spent, budget: TEN_SECONDS, expected_pairs }
    }

    #[test]
    fn abba_is_abba() {
        use Side::{Baseline as B, Candidate as C};
        let order: Vec<_> = (0..8).map(|index| Order::Abba.first(index)).collect();
        assert_eq!(order, [B, C, C, B, B, C, C, B]);
    }

    #[test]
    fn ten_seconds_give_launches_of_a_tenth_of_a_second() {
        let options = launch_options(TEN_SECONDS, None);
        assert_eq!(options.warm_up + options.measurement, Duration::from_millis(100));
        assert_eq!(options.warm_up, Duration::from_millis(50));
        assert_eq!(options.samples, 25);
        assert_eq!(options, launch_options(TEN_SECONDS, Some(Duration::from_nanos(3))));
    }

    #[test]
    fn slow_benchmarks_get_fewer_samples_and_more_time() {
        let options = |millis| launch_options(TEN_SECONDS, Some(Duration::from_millis(millis)));
        assert_eq!(options(7).samples, 10);
        assert_eq!(options(3).samples, 16);
        assert_eq!(options(1000).samples, 10);
        assert_eq!(options(1000).time_limit, Duration::from_mins(2));
        assert_eq!(launch_options(Duration::MAX, Some(Duration::MAX)).samples, 10);
    }

    #[test]
    fn a_pair_is_as_long_as_its_turns_are_far_apart() {
        let needed = |error| share_needed(SHORTEST, error, close(0.05));
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
        near(needed(Some(0.0112)), 0.25);
        near(needed(Some(0.028)), 0.49);
        for error in [Some(0.04), Some(0.3), Some(f64::INFINITY), Some(f64::NAN), None] {
            near(needed(error), 1.0);
        }
        // Who asks for less has to look closer, but not closer than pairs can tell.
        near(share_needed(SHORTEST, Some(0.0056), close(0.01)), 0.49);
        near(close(0.0), 0.002);
        near(close(f64::INFINITY), 0.02);
        near(share_needed(1.0, Some(0.3), 0.0), 1.0);
    }

    #[test]
    fn a_round_visits_everything_once_the_nearest_to_a_decision_first() {
        let mut standings = vec![standing(0, 9.0), standing(0, 1.0), standing(0, 5.0)];
        let mut visits = Vec::new();
        for _ in 0..6 {
            let next = next_visit(&standings).unwrap();
            visits.push(next);
            standings[next] = standing(standings[next].pairs + 1, standings[next].expected_pairs);
        }
        assert_eq!(visits, [1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn what_is_over_or_out_of_budget_is_not_visited() {
        let over = Standing { phase: Phase::Over, ..standing(0, 1.0) };
        assert_eq!(next_visit(&[over]), None);
        assert_eq!(next_visit(&[standing(20, 1.0)]), None);
        assert_eq!(next_visit(&[standing(19, 1.0)]), Some(0));
        let poor = Standing { budget: Duration::ZERO, ..standing(0, 1.0) };
        assert_eq!(next_visit(&[poor]), Some(0), "one pair is always measured");
        assert_eq!(next_visit(&[]), None);
    }

    proptest! {
        #[test]
        fn every_two_pairs_hold_both_orders(seed: u64, block in 0_u32..1000) {
            for order in [Order::Abba, Order::Drawn { seed }] {
                prop_assert_eq!(order.first(2 * block).other(), order.first(2 * block + 1));
            }
        }

        #[test]
        fn drawn_orders_are_balanced_and_repeatable(seed: u64) {
            let order = Order::Drawn { seed };
            let leads = (0..400).filter(|block| order.first(2 * block) == Side::Baseline).count();
            prop_assert!((120..=280).contains(&leads), "{}", leads);
        }

        #[test]
        fn a_share_is_never_outside_its_limits(error: f64, change: f64) {
            let share = share_needed(SHORTEST, Some(error), close(change));
            prop_assert!((SHORTEST..=1.0).contains(&share), "{}", share);
        }

        #[test]
        fn launches_fit_their_limits(budget_ms in 0_u64..1_000_000, iteration_us in 0_u64..10_000_000) {
            let iteration = Duration::from_micros(iteration_us);
            let options = launch_options(Duration::from_millis(budget_ms), Some(iteration));
            prop_assert!((10..=100).contains(&options.samples));
            prop_assert!(options.time_limit > options.warm_up + options.measurement);
            prop_assert!(options.time_limit > iteration * (options.samples + 1));
        }
    }
}
