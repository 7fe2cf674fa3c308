//! `cpu_bound`: a few tasks that compute, on one thread or on a worker per core.
//!
//! The guide: "CPU-bound work", "match CPU cores". The claim is that it scales with the cores there are.
//! Naive: [`super::runtimes::current_thread`]; optimized: [`super::runtimes::worker_per_core`].

use tokio::runtime::Runtime;
use tokio::task::JoinError;

use crate::input::mix;

/// Tasks per call.
pub const TASKS: u64 = 8;
/// Steps of work per task, a few nanoseconds each.
pub const STEPS: u32 = 20_000;

/// Runs all tasks and adds up their results.
///
/// # Errors
/// When a task panicked, which the work does not.
pub fn run(runtime: &Runtime, seed: u64) -> Result<u64, JoinError> {
    runtime.block_on(async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| tokio::spawn(async move { compute(mix(seed).wrapping_add(task)) }))
            .collect();
        let mut total = 0u64;
        for task in tasks {
            total = total.wrapping_add(task.await?);
        }
        Ok(total)
    })
}

/// A chain of steps, each needing the one before.
pub fn compute(seed: u64) -> u64 {
    (0..STEPS).fold(seed, |value, step| mix(value.wrapping_add(u64::from(step))))
}
