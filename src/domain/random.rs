//! A small generator of pseudo-random numbers with a fixed seed, so that a judgement can be repeated to the last bit.

/// What the state grows by for each number.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct Generator(u64);

impl Generator {
    /// Starts the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The number at a place of the sequence that belongs to `seed`, without those before it.
    pub fn at(seed: u64, place: u32) -> u64 {
        Self(seed.wrapping_add(STEP.wrapping_mul(u64::from(place)))).bits()
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number below `bound`, which must not be zero. The bias is below 2⁻⁵⁰ for the sizes used here.
    pub fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.bits()) * bound as u128;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the high half is below `bound`, which is a usize"
        )]
        let high = (product >> 64) as usize;
        high
    }

    /// Puts values into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
impl Generator {
    /// Evenly spread over (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut generator = Generator::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| generator.bits()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_place_is_reached_without_those_before_it() {
        let mut generator = Generator::new(7);
        for place in 0..5 {
            assert_eq!(Generator::at(7, place), generator.bits());
        }
    }

    #[test]
    fn a_shuffle_loses_nothing_and_reaches_every_order() {
        let mut generator = Generator::new(1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let mut values = [1, 2, 3];
            generator.shuffle(&mut values);
            seen.insert(values);
        }
        assert_eq!(seen.len(), 6);
    }
}
