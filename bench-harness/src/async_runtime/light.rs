//! `light`: many tasks that hardly do anything, on several threads or on one.
//!
//! The guide: "single-threaded for light workloads". Each task yields once and does one step of work, so what is measured
//! is handing tasks around.
//! Naive: [`super::runtimes::worker_per_core`]; optimized: [`super::runtimes::current_thread`].

use tokio::runtime::Runtime;
use tokio::task::{JoinError, yield_now};

use crate::input::mix;

/// Tasks per call.
pub const TASKS: u64 = 32;

/// Runs all tasks and adds up their results.
///
/// # Errors
/// When a task panicked, which the work does not.
pub fn run(runtime: &Runtime, seed: u64) -> Result<u64, JoinError> {
    runtime.block_on(async {
        let tasks: Vec<_> =
            (0..TASKS).map(|task| tokio::spawn(answer(mix(seed).wrapping_add(task)))).collect();
        let mut total = 0u64;
        for task in tasks {
            total = total.wrapping_add(task.await?);
        }
        Ok(total)
    })
}

async fn answer(question: u64) -> u64 {
    yield_now().await;
    mix(question)
}
