//! Timed (or counted) batches of iterations, and sets of them that cannot be empty or nonsense.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One batch of iterations and what it cost in all, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SampleWire")]
pub struct Sample {
    iterations: u64,
    total: f64,
}

/// A sample as it is stored, before anybody has looked at its figures.
#[derive(Deserialize)]
struct SampleWire {
    iterations: u64,
    total: f64,
}

impl TryFrom<SampleWire> for Sample {
    type Error = SampleError;

    fn try_from(wire: SampleWire) -> Result<Self, SampleError> {
        let SampleWire { iterations, total } = wire;
        if iterations == 0 {
            return Err(SampleError::Iterations { index: 0, value: 0.0 });
        }
        Self::new(iterations, total).ok_or(SampleError::Total { index: 0, value: total })
    }
}

/// Why figures are not a sample set.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleError {
    /// No sample at all.
    Empty,
    /// The lists of iterations and totals differ in length.
    Mismatched {
        /// How many iteration counts there are.
        iterations: usize,
        /// How many totals there are.
        totals: usize,
    },
    /// An iteration count that is no positive whole number.
    Iterations {
        /// The sample's place, from 0.
        index: usize,
        /// The count as given.
        value: f64,
    },
    /// A total that is not finite, or is negative.
    Total {
        /// The sample's place, from 0.
        index: usize,
        /// The total as given.
        value: f64,
    },
    /// A timed batch that took no time: the clock did not see it, or the routine did not time itself.
    ZeroTime {
        /// The sample's place, from 0.
        index: usize,
    },
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no sample"),
            Self::Mismatched { iterations, totals } => {
                write!(f, "{iterations} iteration counts came with {totals} totals")
            }
            Self::Iterations { index, value } => {
                write!(f, "sample {index} has {value} iterations")
            }
            Self::Total { index, value } => write!(f, "sample {index} has the total {value}"),
            Self::ZeroTime { index } => write!(f, "sample {index} took no time at all"),
        }
    }
}

impl std::error::Error for SampleError {}

impl Sample {
    /// A batch of `iterations` (at least 1) that cost `total` (finite, not negative).
    pub fn new(iterations: u64, total: f64) -> Option<Self> {
        (iterations > 0 && total.is_finite() && total >= 0.0).then_some(Self { iterations, total })
    }

    /// How many iterations the batch ran.
    pub fn iterations(self) -> u64 {
        self.iterations
    }

    /// What the whole batch cost.
    pub fn total(self) -> f64 {
        self.total
    }

    /// What one iteration cost.
    pub fn per_iteration(self) -> f64 {
        self.total / self.iterations as f64
    }
}

/// The samples of one launch, in the order they were taken. Never empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Sample>", into = "Vec<Sample>")]
pub struct SampleSet(Vec<Sample>);

impl SampleSet {
    /// Takes samples; refuses an empty list.
    ///
    /// # Errors
    /// [`SampleError::Empty`] for no samples.
    pub fn new(samples: Vec<Sample>) -> Result<Self, SampleError> {
        if samples.is_empty() { Err(SampleError::Empty) } else { Ok(Self(samples)) }
    }

    /// Takes Criterion's two parallel lists of timed batches: iterations and total nanoseconds.
    ///
    /// # Errors
    /// Lists that are empty or differ in length, iteration counts that are no positive whole numbers, times that are
    /// not finite and positive.
    pub fn timed(iterations: &[f64], totals: &[f64]) -> Result<Self, SampleError> {
        if iterations.len() != totals.len() {
            return Err(SampleError::Mismatched { iterations: iterations.len(), totals: totals.len() });
        }
        let samples = iterations.iter().zip(totals).enumerate().map(|(index, (&count, &total))| {
            let iterations = whole(count).ok_or(SampleError::Iterations { index, value: count })?;
            if total == 0.0 {
                return Err(SampleError::ZeroTime { index });
            }
            Sample::new(iterations, total).ok_or(SampleError::Total { index, value: total })
        });
        Self::new(samples.collect::<Result<_, _>>()?)
    }

    /// The samples, in the order they were taken.
    pub fn samples(&self) -> &[Sample] {
        &self.0
    }

    /// How many samples there are: at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a sample set is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The cost of one iteration in each sample, in the order they were taken.
    pub fn per_iteration(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().map(|sample| sample.per_iteration())
    }

    /// The median over samples of the cost of one iteration.
    ///
    /// The mean of a launch's samples is 10–100 times worse than their median on a shared machine (docs/method.md).
    pub fn median(&self) -> f64 {
        median(self.per_iteration().collect()).unwrap_or(f64::NAN)
    }
}

/// The middle value, or the mean of the two middle ones; `None` for no values.
///
/// Every median that is stored or shown comes from here, so that the same figures always give the same bits.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

impl TryFrom<Vec<Sample>> for SampleSet {
    type Error = SampleError;

    fn try_from(samples: Vec<Sample>) -> Result<Self, SampleError> {
        Self::new(samples)
    }
}

impl From<SampleSet> for Vec<Sample> {
    fn from(set: SampleSet) -> Self {
        set.0
    }
}

/// A floating-point count as a positive whole number.
fn whole(count: f64) -> Option<u64> {
    /// 2^53: beyond it, a floating-point number no longer tells neighbouring counts apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked: whole and in 1..=2^53"
    )]
    ((1.0..=EXACT).contains(&count) && count.fract() == 0.0).then_some(count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_per_iteration() {
        let set = SampleSet::timed(&[1.0, 2.0, 4.0], &[10.0, 40.0, 40.0]).unwrap();
        assert_eq!(set.per_iteration().collect::<Vec<_>>(), [10.0, 20.0, 10.0]);
        assert!((set.median() - 10.0).abs() < f64::EPSILON);
        let even = SampleSet::timed(&[1.0, 1.0], &[10.0, 20.0]).unwrap();
        assert!((even.median() - 15.0).abs() < f64::EPSILON);
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        let error = |iterations: &[f64], totals: &[f64]| SampleSet::timed(iterations, totals).unwrap_err();
        assert_eq!(error(&[], &[]), SampleError::Empty);
        assert_eq!(error(&[1.0], &[]), SampleError::Mismatched { iterations: 1, totals: 0 });
        assert_eq!(error(&[1.0, 0.0], &[1.0, 1.0]), SampleError::Iterations { index: 1, value: 0.0 });
        assert_eq!(error(&[1.5], &[1.0]), SampleError::Iterations { index: 0, value: 1.5 });
        assert_eq!(error(&[1.0], &[0.0]), SampleError::ZeroTime { index: 0 });
        assert_eq!(error(&[1.0], &[-1.0]), SampleError::Total { index: 0, value: -1.0 });
        assert!(matches!(error(&[1.0], &[f64::NAN]), SampleError::Total { .. }));
        assert!(matches!(error(&[f64::INFINITY], &[1.0]), SampleError::Iterations { .. }));
    }
}
