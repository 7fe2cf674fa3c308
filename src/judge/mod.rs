//! From measurements and a policy to verdicts, the gate and claims. Pure.
//!
//! - [`policy`]: which limit holds for a metric of a benchmark on a target.
//! - [`paired`]: both sides measured in turns: the proof. [`confirm`]: what fails must fail twice.
//! - [`stored`]: one measurement against stored occasions: a screen that can only clear.
//! - [`exact`]: counts, and identical executables.
//! - [`placement`]: slower with the same code doing the same things: where it lies.
//! - [`outcome`]: the above as outcomes for a report; what cannot be compared, and why.
//! - [`fitness`]: what a machine and a build are like, and what that means for measuring.
//! - [`gate`]: outcomes to pass or fail and the exit code. [`claim`]: ratios held within one build.

pub mod claim;
pub mod confirm;
pub mod exact;
pub mod fitness;
pub mod gate;
pub mod outcome;
pub mod paired;
pub mod placement;
pub mod policy;
pub mod stored;
pub mod target;

pub use crate::stats::ErrorBudget;
pub use claim::{ClaimError, ClaimTest, Relation};
pub use confirm::{Confirmation, Confirmed, Doubt, combine};
pub use exact::{CountFinding, judge_counts};
pub use gate::{Exit, Gate, GatePolicy, Inconclusive, VerdictRequirement};
pub use paired::{ObservationError, PairObservation, PairedError, PairedState, PairedTest, Promise, observe};
pub use policy::{BenchmarkRule, Limits, Policy, PolicyError, tests_of};
pub use stored::{Cleared, Fresh, Proof, Screen, ScreenInput, screen};
pub use target::{TargetError, TargetInfo, TargetSelector};
