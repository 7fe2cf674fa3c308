//! Is the centre of a series above or below a bound? A test that may be looked at after every value.
//!
//! Against "the centre is at most δ" money is bet on every value being above δ: with odds that are fair when an error is
//! as likely up as down, wealth grows beyond *c* with probability at most 1/*c* however often one looks (Ville's
//! inequality; Waudby-Smith and Ramdas, JRSS-B 2024). Nothing but that symmetry is needed: no normal errors, no known
//! scale, no equal variances, no independence of sizes.
//!
//! The wealth of value *i* is multiplied by 1 + λψ, ψ = clip((y − δ)/c, −1, 1). The scale *c* comes from the error within
//! the value itself and the spread of *past* values; λ is not chosen but mixed: the stake is divided among fixed λ.
//! Neither depends on δ, so wealth falls steadily as δ rises, and the set of δ not refuted is an interval: verdict and
//! interval are one object and cannot contradict each other.

use super::robust::{MAD_TO_SD, mad};

/// What one value is taken to weigh at the least, as an error of a logarithm: clocks and turns are no finer.
const SMALLEST_ERROR: f64 = 0.0005;

/// How many errors within the value ψ takes to saturate.
const WITHIN: f64 = 2.0;

/// How many standard deviations of past values ψ takes to saturate.
const BETWEEN: f64 = 1.0;

/// Stakes λ and the share of the initial wealth bet at each. The shares sum to 1. The first is large, so that seven
/// agreeing pairs reach 100, and not 1, so that one wild pair does not ruin it. The guarantee holds for any choice.
const STAKES: [(f64, f64); 4] = [(0.97, 0.89), (0.75, 0.06), (0.45, 0.03), (0.2, 0.02)];

/// Wealth is not counted beyond this, so that products stay finite.
const WEALTH_LIMIT: f64 = 1e280;

/// Halvings of the bracket that finds a bound.
const HALVINGS: u32 = 60;

/// One value of a series and the error within it (a standard error, not negative).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// The value.
    pub value: f64,
    /// Its own standard error.
    pub error: f64,
}

/// What is to be shown about the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The centre is above the bound.
    Above,
    /// The centre is below the bound.
    Below,
}

impl Direction {
    fn sign(self) -> f64 {
        match self {
            Self::Above => 1.0,
            Self::Below => -1.0,
        }
    }
}

/// A series of values under test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BettingTest {
    values: Vec<f64>,
    scales: Vec<f64>,
}

impl BettingTest {
    /// A test without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next value. One that is not finite is ignored and counts for nothing.
    pub fn push(&mut self, observation: Observation) {
        if !observation.value.is_finite() {
            return;
        }
        let within = if observation.error.is_finite() { observation.error } else { 0.0 };
        let between = mad(&self.values).unwrap_or(0.0) * MAD_TO_SD;
        self.scales.push((WITHIN * within.max(SMALLEST_ERROR)).max(BETWEEN * between));
        self.values.push(observation.value);
    }

    /// The values so far.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The largest wealth reached so far by betting that the centre is in `direction` of `bound`.
    ///
    /// Under the opposite it reaches *c* with probability at most 1/*c*.
    pub fn evidence(&self, direction: Direction, bound: f64) -> f64 {
        self.wealths(direction, bound).fold(1.0, f64::max)
    }

    /// The wealth after the last value: not the largest so far, but what there is to go on with. Where the series may be
    /// stopped at any time, this and not the largest is what is 1 on average at the most.
    pub fn wealth(&self, direction: Direction, bound: f64) -> f64 {
        self.wealths(direction, bound).last().unwrap_or(1.0)
    }

    /// The wealth after each value.
    pub fn wealths(&self, direction: Direction, bound: f64) -> impl Iterator<Item = f64> + '_ {
        let mut shares = STAKES.map(|(_, share)| share);
        self.gains(direction, bound).map(move |gain| {
            for (wealth, (stake, _)) in shares.iter_mut().zip(STAKES) {
                *wealth = (*wealth * (1.0 + stake * gain)).min(WEALTH_LIMIT);
            }
            shares.iter().sum()
        })
    }

    /// ψ of each value.
    fn gains(&self, direction: Direction, bound: f64) -> impl Iterator<Item = f64> + '_ {
        let sign = direction.sign();
        self.values
            .iter()
            .zip(&self.scales)
            .map(move |(value, scale)| (sign * (value - bound) / scale).clamp(-1.0, 1.0))
    }

    /// The furthest bound that the centre is shown to be in `direction` of, with evidence of at least `threshold`
    /// (above 1): the lower end of an interval for [`Direction::Above`], the upper one for [`Direction::Below`].
    /// `None` while no bound is.
    ///
    /// Valid at every look at once: with the truth as bound, evidence reaches the threshold with probability at most
    /// 1/threshold.
    pub fn bound(&self, direction: Direction, threshold: f64) -> Option<f64> {
        let reach = self.scales.iter().copied().fold(0.0, f64::max);
        let lowest = self.values.iter().copied().min_by(f64::total_cmp)? - reach;
        let highest = self.values.iter().copied().max_by(f64::total_cmp)? + reach;
        let (mut shown, mut open) = match direction {
            Direction::Above => (lowest, highest),
            Direction::Below => (highest, lowest),
        };
        if self.evidence(direction, shown) < threshold {
            return None;
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(shown, open);
            if self.evidence(direction, middle) >= threshold {
                shown = middle;
            } else {
                open = middle;
            }
        }
        Some(shown)
    }

    /// How many more values it takes to reach `threshold` if the coming ones are like the past ones: infinite when
    /// wealth does not grow. 0 once it is reached.
    pub fn expected_more(&self, direction: Direction, bound: f64, threshold: f64) -> f64 {
        if self.evidence(direction, bound) >= threshold {
            return 0.0;
        }
        let gains: Vec<f64> = self.gains(direction, bound).collect();
        let best = STAKES.iter().map(|&(stake, share)| {
            let wealth = gains.iter().fold(share, |wealth, gain| wealth * (1.0 + stake * gain));
            if wealth <= 0.0 {
                return f64::INFINITY;
            }
            let growth = if gains.is_empty() {
                (1.0 + stake).ln()
            } else {
                gains.iter().map(|gain| (stake * gain).ln_1p()).sum::<f64>() / gains.len() as f64
            };
            if growth > 0.0 { (threshold / wealth).ln() / growth } else { f64::INFINITY }
        });
        best.fold(f64::INFINITY, f64::min).ceil().max(1.0)
    }

    /// How many more values it takes at the least to reach `threshold`, if every one of them is as favourable as can
    /// be. 0 once it is reached.
    pub fn fewest_more(&self, direction: Direction, bound: f64, threshold: f64) -> u32 {
        if self.evidence(direction, bound) >= threshold {
            return 0;
        }
        let mut shares = STAKES.map(|(_, share)| share);
        for gain in self.gains(direction, bound) {
            for (wealth, (stake, _)) in shares.iter_mut().zip(STAKES) {
                *wealth *= 1.0 + stake * gain;
            }
        }
        let mut more = 0;
        while shares.iter().sum::<f64>() < threshold && more < u32::from(u16::MAX) {
            for (wealth, (stake, _)) in shares.iter_mut().zip(STAKES) {
                *wealth *= 1.0 + stake;
            }
            more += 1;
        }
        more
    }
}

#[cfg(test)]
mod tests;
