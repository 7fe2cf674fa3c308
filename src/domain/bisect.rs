//! What looking for the commit that made a benchmark slower came to.

use super::metric::Metric;
use super::name::BenchmarkName;
use super::revision::CommitId;

/// A commit as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCommit {
    /// The commit.
    pub commit: CommitId,
    /// The first line of its message.
    pub subject: String,
}

/// A part of the slowdown, and the commits that may have brought it: one, or as many as could not be told apart.
#[derive(Debug, Clone, PartialEq)]
pub struct BisectPart {
    /// The last commit without it.
    pub before: NamedCommit,
    /// The commits that may have brought it, oldest first. Never empty.
    pub suspects: Vec<NamedCommit>,
    /// Its share: suspect/before − 1, where that is proven by the rule of the gate.
    pub change: Option<f64>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct BisectReport {
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// By which metric.
    pub metric: Metric,
    /// The commit that is fast: the oldest that has the benchmark, where the one that was named does not.
    pub good: NamedCommit,
    /// Whether the one that was named does not have the benchmark.
    pub moved: bool,
    /// The commit that is slow.
    pub bad: NamedCommit,
    /// How many commits lie between, the slow one included.
    pub commits: usize,
    /// bad/good − 1, where it is proven that it is slower.
    pub change: Option<f64>,
    /// The parts, the largest first. Empty where nothing is proven.
    pub parts: Vec<BisectPart>,
    /// How many commits were built and measured.
    pub measured: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl BisectReport {
    /// Whether the slowdown and its largest part are proven.
    pub fn is_found(&self) -> bool {
        self.change.is_some() && self.parts.first().is_some_and(|part| part.change.is_some())
    }
}
