//! A stored run, judged again: the same evidence by the thresholds of today. Measures nothing.

use super::error::PipelineError;
use crate::domain::{Report, RunId};
use crate::judge::{GatePolicy, Policy, judge_run};
use crate::store::Store;

/// Judges a stored run.
///
/// # Errors
/// The store has no evidence of such a run, or is damaged.
pub fn rejudge(
    store: &Store,
    run: RunId,
    policy: &Policy,
    gate: GatePolicy,
) -> Result<Report, PipelineError> {
    let stored = store.run_evidence(run)?;
    Ok(judge_run(&stored.run, &stored.benchmarks, policy, gate))
}
