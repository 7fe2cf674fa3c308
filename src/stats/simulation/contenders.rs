//! The rules that were compared. Only the first ships; the others stay here so that the comparison can be repeated.

use super::test_of;
use crate::stats::betting::{Direction, Observation};

/// A rule for when to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Bets with a mixture of stakes on the side, and on nearness to no change: the rule of [`crate::stats::betting`].
    Betting,
    /// Bets with that mixture on the side alone: shipped before. Where worse is to be shown, it is the same.
    OnSides,
    /// Bets with one stake that adapts to past pairs.
    AdaptiveBetting,
    /// Exact Wilcoxon signed-rank tests at fixed looks, with the error divided among the looks.
    SignedRank,
    /// The mixture, and with half of the initial wealth a Bayes factor for normal errors.
    WithNormalBets,
    /// A t-test after every pair from the third on, at the full error each time: unsound.
    NaiveTTest,
    /// The mixture with the sign of the margin flipped: unsound.
    FlippedMargin,
}

impl Rule {
    pub(super) const ALL: [Self; 6] = [
        Self::Betting,
        Self::AdaptiveBetting,
        Self::SignedRank,
        Self::WithNormalBets,
        Self::NaiveTTest,
        Self::FlippedMargin,
    ];

    /// Those that clear, worth comparing for speed.
    pub(super) const CLEARING: [Self; 5] =
        [Self::Betting, Self::OnSides, Self::AdaptiveBetting, Self::SignedRank, Self::WithNormalBets];

    /// Those that fail, worth comparing for speed.
    pub(super) const SOUND: [Self; 4] =
        [Self::Betting, Self::AdaptiveBetting, Self::SignedRank, Self::WithNormalBets];

    /// After how many pairs the rule shows that the centre is in `direction` of `bound`, with the error `alpha`.
    pub(super) fn stop(
        self,
        pairs: &[Observation],
        direction: Direction,
        bound: f64,
        alpha: f64,
    ) -> Option<usize> {
        let sign = if direction == Direction::Above { 1.0 } else { -1.0 };
        let excess: Vec<f64> = pairs.iter().map(|pair| sign * (pair.value - bound)).collect();
        match self {
            Self::Betting if direction == Direction::Below => {
                let wealths = test_of(pairs).on_nearness_too().wealths(direction, bound).collect();
                first_above(wealths, 1.0 / alpha)
            }
            Self::Betting | Self::OnSides => first_above(mixture(pairs, direction, bound), 1.0 / alpha),
            Self::FlippedMargin => first_above(mixture(pairs, direction, -bound), 1.0 / alpha),
            Self::AdaptiveBetting => first_above(adaptive(pairs, &excess), 1.0 / alpha),
            Self::SignedRank => signed_rank(&excess, alpha),
            Self::WithNormalBets => {
                let normal = (1..=excess.len()).map(|count| bayes_factor(&excess[..count]));
                let mixed = mixture(pairs, direction, bound)
                    .into_iter()
                    .zip(normal)
                    .map(|(a, b)| f64::midpoint(a, b));
                first_above(mixed.collect(), 1.0 / alpha)
            }
            Self::NaiveTTest => (3..=excess.len()).find(|&count| upper_p_of_t(&excess[..count]) <= alpha),
        }
    }
}

fn first_above(wealths: Vec<f64>, threshold: f64) -> Option<usize> {
    wealths.into_iter().position(|wealth| wealth >= threshold).map(|place| place + 1)
}

fn mixture(pairs: &[Observation], direction: Direction, bound: f64) -> Vec<f64> {
    test_of(pairs).on_sides().wealths(direction, bound).collect()
}

/// One stake: λ₁ = 0.5, then Σψ/(Σψ²+1) of the past within 0.2 and 0.95.
fn adaptive(pairs: &[Observation], excess: &[f64]) -> Vec<f64> {
    let (mut wealth, mut sum, mut squares) = (1.0, 0.0, 0.0);
    let mut first = true;
    pairs
        .iter()
        .zip(excess)
        .map(|(pair, excess)| {
            let gain = (excess / (2.0 * pair.error.max(0.0005))).clamp(-1.0, 1.0);
            let stake: f64 = if first { 0.5 } else { (sum / (squares + 1.0_f64)).clamp(0.2, 0.95) };
            first = false;
            wealth *= 1.0 + stake * gain;
            sum += gain;
            squares += gain * gain;
            wealth
        })
        .collect()
}

/// Looks at the first count that can reach its share of the error, and then 1.3 times as many pairs each time.
fn signed_rank(excess: &[f64], alpha: f64) -> Option<usize> {
    const LOOKS: usize = 6;
    let share = alpha / LOOKS as f64;
    // The first count whose least probability, 2⁻ⁿ, is within the share.
    let mut look = 1;
    let mut least = 0.5;
    while least > share {
        look += 1;
        least /= 2.0;
    }
    for _ in 0..LOOKS {
        if look > excess.len() {
            return None;
        }
        if signed_rank_p(&excess[..look]) <= share {
            return Some(look);
        }
        look = (look * 13).div_ceil(10);
    }
    None
}

/// P(the sum of the ranks of positive values is this large or larger) when every sign is a toss-up.
pub(super) fn signed_rank_p(values: &[f64]) -> f64 {
    let mut order: Vec<f64> = values.to_vec();
    order.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let observed: usize =
        order.iter().zip(1..).filter(|(value, _)| **value > 0.0).map(|(_, rank)| rank).sum();
    let most = values.len() * (values.len() + 1) / 2;
    let mut chance = vec![0.0; most + 1];
    chance[0] = 1.0;
    for rank in 1..=values.len() {
        for sum in (0..=most).rev() {
            let with = if sum >= rank { chance[sum - rank] } else { 0.0 };
            chance[sum] = f64::midpoint(chance[sum], with);
        }
    }
    chance[observed..].iter().sum()
}

/// The Bayes factor for "normal with an effect around 3 standard deviations" against "normal with centre 0", scale
/// unknown (right Haar prior), taken only when the mean is above 0.
fn bayes_factor(values: &[f64]) -> f64 {
    const SPREAD: f64 = 9.0;
    let (count, mean, variance) = moments(values);
    if values.len() < 2 || mean <= 0.0 || variance <= 0.0 {
        return if mean > 0.0 { 1.0 } else { 0.0 };
    }
    let t2 = count * mean * mean / variance;
    let wider = 1.0 + count * SPREAD;
    let freedom = count - 1.0;
    wider.sqrt().recip() * ((1.0 + t2 / freedom) / (1.0 + t2 / (freedom * wider))).powf(count / 2.0)
}

fn moments(values: &[f64]) -> (f64, f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (count, mean, variance)
}

fn upper_p_of_t(values: &[f64]) -> f64 {
    use statrs::distribution::{ContinuousCDF, StudentsT};
    let (count, mean, variance) = moments(values);
    StudentsT::new(0.0, 1.0, count - 1.0).unwrap().sf(mean / (variance / count).sqrt())
}
