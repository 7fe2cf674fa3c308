//! How much a benchmark's value wanders from one run to the next when its code does not change.

use statrs::distribution::{ContinuousCDF, StudentsT};
use thiserror::Error;

use super::robust::{MEDIAN_TO_MEAN, median, robust_sd};

/// How many differences a robust standard deviation needs for what one normal variance estimate gets from one:
/// the efficiency of the median absolute deviation is 37 %.
const EFFICIENCY: f64 = 0.37;

/// The share of differences that a spread has to cover, and how many standard deviations of a normal difference that is. Where
/// a part of the machines is faster than the rest, the median of the differences does not see it.
const COVERED: (f64, f64) = (0.95, 1.96);

/// What a spread is taken to be at the least, as the error of a logarithm.
const SMALLEST_SPREAD: f64 = 0.0005;

/// Why no spread could be learnt.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SpreadError {
    /// Too few runs.
    #[error("{found} runs do not tell the spread between runs: it takes {needed}")]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// A value that is not finite.
    #[error("a stored value is not finite")]
    NotFinite,
}

/// The centre of stored runs and the robust spread between runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunSpread {
    centre: f64,
    sd: f64,
    runs: usize,
    freedom: f64,
}

impl RunSpread {
    /// Learns from the values of `runs` of one commit, and from `differences` between runs of neighbouring
    /// commits (most of which changed nothing; a median is not moved by those that did).
    ///
    /// The largest spread counts: a baseline measured five times in one quiet hour says little, and so does a median of
    /// differences where a fifth of the machines is 10 % faster. So the 95th percentile of the differences counts, too.
    ///
    /// # Errors
    /// Fewer than `needed` runs, or fewer than `needed` − 1 differences (as many as that number of neighbouring
    /// runs has); values that are not finite.
    pub fn learn(runs: &[f64], differences: &[f64], needed: usize) -> Result<Self, SpreadError> {
        if runs.len() < needed.max(2) {
            return Err(SpreadError::TooFew { found: runs.len(), needed: needed.max(2) });
        }
        if differences.len() + 1 < needed {
            return Err(SpreadError::TooFew { found: differences.len() + 1, needed });
        }
        if runs.iter().chain(differences).any(|value| !value.is_finite()) {
            return Err(SpreadError::NotFinite);
        }
        // The difference of two runs has twice their variance, and a known centre: 0.
        let sizes: Vec<f64> = differences.iter().map(|difference| difference.abs()).collect();
        let between = median(&sizes).unwrap_or(0.0) * super::robust::MAD_TO_SD / std::f64::consts::SQRT_2;
        let covered = percentile(&sizes, COVERED.0) / COVERED.1 / std::f64::consts::SQRT_2;
        let within = robust_sd(runs).unwrap_or(0.0);
        let fewer = (runs.len() - 1).min(differences.len().max(1));
        Ok(Self {
            centre: median(runs).unwrap_or(0.0),
            sd: between.max(covered).max(within).max(SMALLEST_SPREAD),
            runs: runs.len(),
            freedom: (EFFICIENCY * fewer as f64).max(1.0),
        })
    }

    /// The median of the runs.
    pub fn centre(&self) -> f64 {
        self.centre
    }

    /// The robust standard deviation of one run.
    pub fn sd(&self) -> f64 {
        self.sd
    }

    /// How far the difference between one more run and the centre may lie from its true value, to one side,
    /// with the probability `error` of lying beyond. `own` is the standard error of the new value itself.
    ///
    /// A quantile of Student's t with as many degrees of freedom as the robust spread is worth.
    pub fn margin(&self, own: f64, error: f64) -> f64 {
        let quantile =
            StudentsT::new(0.0, 1.0, self.freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(1.0 - error));
        let of_centre = MEDIAN_TO_MEAN.powi(2) / self.runs as f64;
        let variance = self.sd.powi(2) * (1.0 + of_centre) + own.powi(2);
        quantile * variance.sqrt()
    }
}

/// The smallest value that so large a share of all does not exceed; 0 of none.
fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.max(1) - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::Generator;

    #[test]
    fn too_few_runs_teach_nothing() {
        let error = RunSpread::learn(&[0.0; 4], &[0.0; 9], 5).unwrap_err();
        assert_eq!(error, SpreadError::TooFew { found: 4, needed: 5 });
        assert!(RunSpread::learn(&[0.0; 5], &[0.0; 3], 5).is_err());
        assert_eq!(RunSpread::learn(&[f64::NAN; 5], &[0.0; 5], 5), Err(SpreadError::NotFinite));
    }

    #[test]
    fn a_changed_commit_among_many_neighbours_does_not_widen_the_spread() {
        let mut differences = [0.01, -0.012, 0.009, -0.011, 0.01].repeat(8);
        let runs = [1.0, 1.01, 0.99, 1.0, 1.005];
        differences[3] = 0.4;
        let spread = RunSpread::learn(&runs, &differences, 5).unwrap();
        assert!(spread.sd() < 0.02, "{}", spread.sd());
        // More than one in twenty is no accident: the machines differ.
        differences[..3].fill(0.4);
        let spread = RunSpread::learn(&runs, &differences, 5).unwrap();
        assert!(spread.sd() > 0.1, "{}", spread.sd());
    }

    #[test]
    fn a_new_run_lies_beyond_the_margin_as_seldom_as_promised() {
        let mut random = Generator::new(17);
        for (runs, error) in [(5, 0.01), (8, 0.05), (30, 0.05)] {
            let mut beyond = 0;
            for _ in 0..2000 {
                let mut draw = || 0.02 * random.normal();
                let stored: Vec<f64> = (0..runs).map(|_| draw()).collect();
                let neighbours: Vec<f64> = stored.windows(2).map(|pair| pair[1] - pair[0]).collect();
                let spread = RunSpread::learn(&stored, &neighbours, 5).unwrap();
                beyond += u32::from(draw() - spread.centre() > spread.margin(0.0, error));
            }
            let share = f64::from(beyond) / 2000.0;
            assert!(share <= 1.5 * error, "{runs} runs, error {error}: {share}");
        }
    }
}
