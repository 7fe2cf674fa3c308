//! Many small slowdowns, none of which fails a gate.

use serde::{Deserialize, Serialize};

use super::limit::Limit;
use super::metric::Metric;
use super::name::BenchmarkName;
use super::revision::CommitId;

/// What a benchmark's stored results add up to since a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Creep {
    /// Since when, as people call it.
    pub since: String,
    /// Which benchmark: of all, the one that is nearest to its limit, or furthest beyond.
    pub benchmark: BenchmarkName,
    /// Which figure.
    pub metric: Metric,
    /// The sum: end/start − 1, in millionths, as notes have an order.
    pub change: i64,
    /// What it may come to, in millionths, with what was accepted since.
    pub limit: i64,
    /// What it might come to if nothing had been accepted since, in millionths, where something was.
    #[serde(default)]
    pub raised_from: Option<i64>,
    /// What the change at hand adds: candidate/baseline − 1, in millionths, where that is known and not part of the sum.
    #[serde(default)]
    pub this_change: Option<i64>,
    /// Of how many commits the step is known.
    pub known: usize,
    /// How many there are.
    pub commits: usize,
    /// The steps that contributed most, the largest first: commit/before − 1, in millionths.
    pub largest: Vec<(CommitId, i64)>,
}

impl Creep {
    /// A fraction in millionths.
    pub fn millionths(fraction: f64) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "beyond the largest number it is the largest number"
        )]
        let millionths = (fraction * 1e6).round() as i64;
        millionths
    }

    /// Millionths as a fraction.
    pub fn fraction(millionths: i64) -> f64 {
        millionths as f64 / 1e6
    }

    /// The sum with what the change at hand adds, as far as that is known, a fraction: end/start − 1.
    pub fn with_this_change(&self) -> f64 {
        self.with(self.this_change.map_or(0.0, Self::fraction))
    }

    /// The sum with one more step, a fraction: end/start − 1.
    pub fn with(&self, step: f64) -> f64 {
        (1.0 + Self::fraction(self.change)) * (1.0 + step) - 1.0
    }
}

/// What is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct CreepWatch {
    /// A glob of tags, or a revision.
    pub since: String,
    /// What each metric may come to.
    pub limits: Vec<(Metric, Limit)>,
}
