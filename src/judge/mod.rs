//! From evidence and a policy to verdicts, the gate and claims. Pure.
//!
//! | module | does |
//! |---|---|
//! | [`next`](next()) | what to find out next about a benchmark |
//! | [`verdict`](verdict()) | the verdict on a benchmark, from evidence alone |
//! | [`compared`](compared()) | what its comparison says, and `creep_gate` what creeps past its limit: the parts of that verdict |
//! | [`claim_verdict`] | the same of a claim |
//! | [`run`] | the evidence of a run to its report: every verdict and the gate |
//! | [`rules`], [`policy`], [`target`] | what is judged by: limits of metrics on targets, what was asked for |
//! | [`paired`], [`confirm`] | both sides measured in pairs; what fails must fail twice |
//! | [`quick`] | a few pairs of what executes the same code |
//! | [`mod@history_check`] | one measurement beside stored runs: can only clear |
//! | [`exact`] | counts |
//! | [`code_layout`] | slower with the same code doing the same things: where it lies |
//! | [`aa`] | a build against itself: whether the machine is fit |
//! | [`creep`], [`creep_gate`] | what small steps add up to; whether a change carries that past its limit |
//! | [`bisect`] | which commits made a benchmark slower: pure search |
//! | [`acceptance`] | regressions that a change says it brings |
//! | [`gate`], [`claim`] | outcomes to pass or fail; ratios held within one build |
//! | [`fitness`] | what a machine and a build are like, and what that means for measuring |

pub mod aa;
pub mod acceptance;
pub mod bisect;
pub mod claim;
pub mod claim_verdict;
pub mod code_layout;
pub mod compared;
pub mod confirm;
pub mod creep;
pub mod creep_gate;
pub mod exact;
pub mod fitness;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod gate;
pub mod history_check;
pub mod merge;
pub mod next;
mod outcome;
pub mod paired;
pub mod policy;
pub mod quick;
pub mod rules;
pub mod run;
pub mod target;
pub mod verdict;

pub use crate::stats::ErrorBudget;
pub use acceptance::{Acceptances, check_patterns};
pub use claim::{ClaimError, ClaimTest, Relation};
pub use claim_verdict::{ClaimStep, next_of_claim, relation, verdict_of_claim};
pub use compared::{compared, test_to_confirm};
pub use confirm::{Combined, Remeasurement, combine, first_test};
pub use exact::{CountFinding, judge_counts, launches_needed};
pub use gate::{Exit, Gate, GatePolicy, Inconclusive, Missing, VerdictRequirement};
pub use history_check::{Cleared, Fresh, HistoryFinding, HistoryInput, Unclear, history_check};
pub use merge::{MergeError, merge};
pub use next::{Step, next};
pub use paired::{
    ExpectedPairs, ObservationError, PairObservation, PairedError, PairedState, PairedTest, observe,
};
pub use policy::{BenchmarkRule, Limits, Policy, PolicyError, tests_of};
pub use quick::QuickCheck;
pub use rules::Rules;
pub use run::judge_run;
pub use target::{TargetError, TargetInfo, TargetSelector};
pub use verdict::verdict;
