//! The proof: undecided benchmarks are visited in turn, a pair of launches each time, until each is decided, hopeless or
//! out of budget. Every pair is stored before it counts, and the verdict is made from what the store gives back.

use std::time::Instant;

use super::error::PipelineError;
use super::request::Measuring;
use crate::domain::{
    BenchmarkName, BuiltBench, Event, Limit, MeasurementKey, OccasionId, Phase, Progress, Sides,
};
use crate::judge::PairedTest;
use crate::measure::{LaunchOptions, Runner, first_of_pair, options_for};
use crate::store::{ComparisonId, Store};
use crate::support::process::interrupted;

/// One benchmark to be decided by pairs.
#[derive(Debug, Clone)]
pub(crate) struct Contest {
    /// What reports call it.
    pub(crate) name: BenchmarkName,
    /// The two executables.
    pub(crate) benches: Sides<BuiltBench>,
    /// The benchmark's id in each: the same but for claims, which compare two benchmarks of one build.
    pub(crate) ids: Sides<String>,
    /// What its measurements are keyed by.
    pub(crate) keys: Sides<MeasurementKey>,
    /// What it is judged by.
    pub(crate) limit: Limit,
}

/// Why no more pairs are taken.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ended {
    /// The test is decided.
    Decided,
    /// The budget is gone.
    BudgetGone,
    /// What is left of the budget cannot decide it.
    Hopeless,
    /// A launch gave nothing: whose, and the words for it.
    Failed(crate::domain::Side, String),
    /// The user wants to stop.
    Interrupted,
}

/// A contest that ended.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) contest: Contest,
    pub(crate) comparison: ComparisonId,
    pub(crate) ended: Ended,
}

/// A contest under way.
struct Open {
    contest: Contest,
    comparison: ComparisonId,
    test: Option<PairedTest>,
    pairs: u32,
    spent: f64,
    ended: Option<Ended>,
}

/// Everything a proof needs besides its contests.
pub(crate) struct Arena<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) occasion: OccasionId,
    pub(crate) runner: &'a mut dyn Runner,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) measuring: &'a Measuring,
    /// How many tests share the run's error.
    pub(crate) family: usize,
    /// The run's error.
    pub(crate) alpha: f64,
    /// What orders are drawn from.
    pub(crate) seed: u64,
}
