//! The verdict on a benchmark, from evidence alone: what its comparison says, and what it makes creep past its limit. Nothing
//! rewrites it; [`super::acceptance`] marks beside it what somebody accepted.

use super::compared::compared;
use super::creep_gate::with_creep;
use super::rules::Rules;
use crate::domain::{BenchmarkEvidence, BenchmarkOutcome, Objection};

/// The verdict on one benchmark. `unfit` is what the run's A/A test objects, if anything.
pub fn verdict(
    evidence: &BenchmarkEvidence,
    unfit: Option<&Objection>,
    rules: &Rules<'_>,
) -> BenchmarkOutcome {
    with_creep(evidence, unfit, rules, compared(evidence, unfit, rules))
}
