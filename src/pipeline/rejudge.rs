//! A stored run, judged again: the same evidence by the rules of today. Measures nothing.

use super::error::PipelineError;
use super::request::{Judging, Measuring};
use crate::domain::{OccasionId, Report};
use crate::judge::{Rules, judge_run};
use crate::store::Store;

/// Judges a stored run.
///
/// # Errors
/// The store has no evidence of such a run.
pub fn rejudge(
    store: &Store,
    run: OccasionId,
    judging: &Judging,
    measuring: &Measuring,
) -> Result<Report, PipelineError> {
    let stored = store.run_evidence(run)?;
    let rules = Rules {
        policy: &judging.policy,
        metrics: &measuring.metrics,
        insistence: measuring.insistence,
        confirm: judging.confirm,
        identical: measuring.identical,
        history: judging.history,
        tests: None,
        budget: measuring.budget.as_secs_f64(),
    };
    Ok(judge_run(&stored.run, &stored.benchmarks, &rules, judging.gate))
}
