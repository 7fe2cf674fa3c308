//! Errors of pairs as they were seen on shared machines, and as they may never be: what the rules are tried on.

use crate::domain::random::Generator;
use crate::stats::betting::Observation;

/// The shape of a pair's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Normal.
    Normal,
    /// Student's t with three degrees of freedom: heavy tails.
    HeavyTails,
    /// Normal; every tenth pair is ten times as far off, to either side.
    Outliers,
    /// One of two values, far apart compared with the spread around them: two layouts of memory.
    TwoLayouts,
    /// Normal, and the side that goes first loses a whole standard deviation; it alternates.
    OrderBias,
    /// Normal, around a centre that wanders to half a standard deviation and back.
    Drift,
    /// Each error keeps 0.4 of the one before.
    Autocorrelated,
    /// Log-normal around its median: a long tail towards slower.
    Asymmetric,
}

impl Shape {
    pub(super) const ALL: [Self; 8] = [
        Self::Normal,
        Self::HeavyTails,
        Self::Outliers,
        Self::TwoLayouts,
        Self::OrderBias,
        Self::Drift,
        Self::Autocorrelated,
        Self::Asymmetric,
    ];

    /// Those whose errors are symmetric and come without memory: where the guarantee holds to the letter.
    pub(super) const SYMMETRIC: [Self; 4] =
        [Self::Normal, Self::HeavyTails, Self::Outliers, Self::TwoLayouts];
}

/// `count` pairs with the true log ratio `effect` and errors of about `sd`.
pub(super) fn series(
    shape: Shape,
    effect: f64,
    sd: f64,
    count: usize,
    random: &mut Generator,
) -> Vec<Observation> {
    let mut memory = 0.0;
    let phase = random.uniform();
    (0..count)
        .map(|place| {
            let normal = random.normal();
            let unit = match shape {
                Shape::HeavyTails => {
                    let chi: f64 = (0..3).map(|_| random.normal().powi(2)).sum();
                    normal / (chi / 3.0).sqrt()
                }
                Shape::Outliers if random.below(10) == 0 => 10.0 * normal,
                Shape::Normal | Shape::Outliers => normal,
                Shape::TwoLayouts => {
                    let side = if random.below(2) == 0 { -1.0 } else { 1.0 };
                    side + 0.1 * normal
                }
                Shape::OrderBias => normal + if place % 2 == 0 { 1.0 } else { -1.0 },
                Shape::Drift => normal + 0.5 * (std::f64::consts::TAU * (place as f64 / 40.0 + phase)).sin(),
                Shape::Autocorrelated => {
                    memory = 0.4 * memory + normal * (1.0_f64 - 0.16).sqrt();
                    memory
                }
                Shape::Asymmetric => (0.7 * normal).exp_m1() / 0.7,
            };
            let within = 0.3 * sd * (0.5 * random.normal()).exp();
            Observation { value: effect + sd * unit, error: within }
        })
        .collect()
}
