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
//!
//! A sign doubles the stake at the most, so it takes five agreeing values to reach 20. Of a series of *changes* more is known:
//! most are none. Against "the centre is at least δ", δ > 0, a quarter of the wealth is therefore bet on values within δ/3 of
//! none, at odds of 4. They are fair, for a centre of δ or beyond has one in four values there at the most:
//!
//! - where errors are symmetric and large ones no likelier than small ones (unimodal): the worst is a uniform error that just
//!   covers the window, and that has its quarter there (as in Gauss's inequality);
//! - and where both sides of a pair err alike, whatever that looks like, two clusters of layouts say: an error is then the
//!   difference of two values of one distribution. No three values lie in twos between 2δ/3 and 4δ/3 apart, so by Mantel's theorem
//!   at most half of all twos do, half of them in the one order.
//!
//! Where neither holds, it may be one in two: a side that alone has two layouts, so that no error is near none.
//! `docs/decision-rule.md` says what that lets through.
//!
//! So three values near no change clear what five had to, and where errors are larger than the window hardly anything is lost: the
//! other bets still reach 20 with five that agree.

use super::robust::{MAD_TO_SD, mad};

/// What one value is taken to weigh at the least, as an error of a logarithm: clocks and turns are no finer.
const SMALLEST_ERROR: f64 = 0.0005;

/// How many errors within the value ψ takes to saturate.
const WITHIN: f64 = 2.0;

/// How many standard deviations of past values ψ takes to saturate.
const BETWEEN: f64 = 1.0;

/// What a bet is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// The side of the bound that a value lies on.
    Side,
    /// That a value is near no change.
    Nearness,
}

/// A bet that is made on every value.
#[derive(Debug, Clone, Copy)]
struct Bet {
    on: On,
    /// The part λ of its wealth that it stakes each time.
    stake: f64,
    /// The share of the initial wealth.
    share: f64,
}

/// The bets on the side. The shares sum to 1. The first stake is large, so that seven agreeing pairs reach 100, and not 1, so that
/// one wild pair does not ruin it. The guarantee holds for any choice.
const ON_SIDE: [Bet; 4] = [
    Bet { on: On::Side, stake: 0.97, share: 0.89 },
    Bet { on: On::Side, stake: 0.75, share: 0.06 },
    Bet { on: On::Side, stake: 0.45, share: 0.03 },
    Bet { on: On::Side, stake: 0.2, share: 0.02 },
];

/// The bet on nearness. Its share is what leaves five agreeing pairs at 20 and lets three near ones reach it.
const ON_NEARNESS: Bet = Bet { on: On::Nearness, stake: 0.97, share: 0.25 };

/// How many bets there are in all.
const BETS: usize = ON_SIDE.len() + 1;

/// The share of the bound that a value near no change is less away from it. Not more: see Mantel's theorem above.
const NEAR: f64 = 1.0 / 3.0;

/// What such a value gains for each unit of the stake: odds of 4, and the stake itself is lost.
const NEARNESS_GAINS: f64 = 3.0;

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

/// What one value gains a bet for each unit of its stake: −1 at the least.
#[derive(Debug, Clone, Copy)]
struct Gain {
    side: f64,
    nearness: f64,
}

impl Gain {
    /// The most that any value gains.
    const MOST: Self = Self { side: 1.0, nearness: NEARNESS_GAINS };
}

impl Bet {
    /// The part of its wealth that it gains by a value, or loses.
    fn growth(self, gain: Gain) -> f64 {
        let gain = match self.on {
            On::Side => gain.side,
            On::Nearness => gain.nearness,
        };
        self.stake * gain
    }
}

/// Bets in progress, each with what it has become.
struct Wealth([(Bet, f64); BETS]);

impl Wealth {
    /// Before the first value.
    fn new(bets: [Bet; BETS]) -> Self {
        Self(bets.map(|bet| (bet, bet.share)))
    }

    fn take(&mut self, gain: Gain) {
        for (bet, wealth) in &mut self.0 {
            *wealth = (*wealth * (1.0 + bet.growth(gain))).min(WEALTH_LIMIT);
        }
    }

    fn total(&self) -> f64 {
        self.0.iter().map(|(_, wealth)| wealth).sum()
    }
}

/// A series of values under test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BettingTest {
    values: Vec<f64>,
    scales: Vec<f64>,
}

/// The bets that are made on a series.
#[derive(Debug, Clone, Copy)]
pub struct Bets<'t> {
    on: &'t BettingTest,
    /// Whether some are on nearness, where no change would be on the side that is bet on.
    nearness: bool,
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

    /// Bets on sides alone.
    pub fn on_sides(&self) -> Bets<'_> {
        Bets { on: self, nearness: false }
    }

    /// Bets on sides, and on nearness: of changes, most of which are expected to be none. They show sooner that a change is within
    /// a bound, and how far it lies from a bound beyond it a little later.
    pub fn on_nearness_too(&self) -> Bets<'_> {
        Bets { on: self, nearness: true }
    }
}

impl Bets<'_> {
    /// The largest wealth reached so far by betting that the centre is in `direction` of `bound`.
    ///
    /// Under the opposite it reaches *c* with probability at most 1/*c*.
    pub fn evidence(self, direction: Direction, bound: f64) -> f64 {
        self.wealths(direction, bound).fold(1.0, f64::max)
    }

    /// The wealth after the last value: not the largest so far, but what there is to go on with. Where the series may be
    /// stopped at any time, this and not the largest is what is 1 on average at the most.
    pub fn wealth(self, direction: Direction, bound: f64) -> f64 {
        self.wealths(direction, bound).last().unwrap_or(1.0)
    }

    /// The wealth after each value.
    pub fn wealths(self, direction: Direction, bound: f64) -> impl Iterator<Item = f64> {
        let mut wealth = Wealth::new(self.bets(direction, bound));
        self.gains(direction, bound).map(move |gain| {
            wealth.take(gain);
            wealth.total()
        })
    }

    /// What every bet has become after the last value.
    fn grown(self, direction: Direction, bound: f64) -> Wealth {
        let mut wealth = Wealth::new(self.bets(direction, bound));
        self.gains(direction, bound).for_each(|gain| wealth.take(gain));
        wealth
    }

    /// The bets on this side of the bound: on nearness, too, where no change lies on this side.
    fn bets(self, direction: Direction, bound: f64) -> [Bet; BETS] {
        let holds_none = self.nearness && direction.sign() * bound < 0.0;
        let on_nearness = if holds_none { ON_NEARNESS.share } else { 0.0 };
        let with_share = |bet: Bet, share| Bet { share, ..bet };
        let [a, b, c, d] = ON_SIDE.map(|bet| with_share(bet, bet.share * (1.0 - on_nearness)));
        [a, b, c, d, with_share(ON_NEARNESS, on_nearness)]
    }

    /// What each value gains.
    fn gains(self, direction: Direction, bound: f64) -> impl Iterator<Item = Gain> {
        let sign = direction.sign();
        let near = bound.abs() * NEAR;
        self.on.values.iter().zip(&self.on.scales).map(move |(value, scale)| Gain {
            side: (sign * (value - bound) / scale).clamp(-1.0, 1.0),
            nearness: if value.abs() < near { NEARNESS_GAINS } else { -1.0 },
        })
    }

    /// The furthest bound that the centre is shown to be in `direction` of, with evidence of at least `threshold`
    /// (above 1): the lower end of an interval for [`Direction::Above`], the upper one for [`Direction::Below`].
    /// `None` while no bound is.
    ///
    /// Valid at every look at once: with the truth as bound, evidence reaches the threshold with probability at most
    /// 1/threshold.
    pub fn bound(self, direction: Direction, threshold: f64) -> Option<f64> {
        let sign = direction.sign();
        let reach = self.on.scales.iter().copied().fold(0.0, f64::max);
        // In units that grow in the direction: what all values refute lies below all of them.
        let values = || self.on.values.iter().map(|value| sign * value);
        let mut shown = values().min_by(f64::total_cmp)? - reach;
        let mut open = values().max_by(f64::total_cmp)? + reach;
        if self.nearness {
            // With a bound that is far enough, all are near no change.
            let farthest = values().map(f64::abs).fold(0.0, f64::max);
            shown = shown.min(-farthest / NEAR * (1.0 + 1e-9));
        }
        if self.evidence(direction, sign * shown) < threshold {
            return None;
        }
        // Where the bet on nearness begins, wealth is not steady: what is shown right beside no change stays the end.
        let beside = f64::MIN_POSITIVE;
        if self.nearness && shown < 0.0 && open > 0.0 {
            if self.evidence(direction, -sign * beside) >= threshold {
                shown = 0.0;
            } else {
                open = -beside;
            }
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(shown, open);
            if self.evidence(direction, sign * middle) >= threshold {
                shown = middle;
            } else {
                open = middle;
            }
        }
        Some(sign * shown)
    }

    /// How many more values it takes to reach `threshold` if the coming ones are like the past ones: infinite when
    /// wealth does not grow. 0 once it is reached.
    pub fn expected_more(self, direction: Direction, bound: f64, threshold: f64) -> f64 {
        if self.evidence(direction, bound) >= threshold {
            return 0.0;
        }
        let gains: Vec<Gain> = self.gains(direction, bound).collect();
        let best = self.grown(direction, bound).0.map(|(bet, wealth)| {
            if wealth <= 0.0 {
                return f64::INFINITY;
            }
            let log = |gain: &Gain| bet.growth(*gain).ln_1p();
            let growth = match &gains[..] {
                [] => log(&Gain::MOST),
                gains => gains.iter().map(log).sum::<f64>() / gains.len() as f64,
            };
            if growth > 0.0 { (threshold / wealth).ln() / growth } else { f64::INFINITY }
        });
        best.into_iter().fold(f64::INFINITY, f64::min).ceil().max(1.0)
    }

    /// How many more values it takes at the least to reach `threshold`, if every one of them is as favourable as can
    /// be. 0 once it is reached.
    pub fn fewest_more(self, direction: Direction, bound: f64, threshold: f64) -> u32 {
        if self.evidence(direction, bound) >= threshold {
            return 0;
        }
        let mut wealth = self.grown(direction, bound);
        let mut more = 0;
        while wealth.total() < threshold && more < u32::from(u16::MAX) {
            wealth.take(Gain::MOST);
            more += 1;
        }
        more
    }
}

#[cfg(test)]
mod tests;
