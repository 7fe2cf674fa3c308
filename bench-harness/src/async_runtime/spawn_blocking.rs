//! `spawn_blocking`: heavy work inside a task, or handed to the threads for blocking work.
//!
//! The guide: "CPU-intensive work here won't block other tasks". So what counts is not how long the heavy work takes but how
//! long the *other* tasks wait: [`Delay::waited`] runs from the start until the last light task is done. Both variants run on
//! [`super::runtimes::current_thread`], where there is nobody else to pick the other tasks up.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::{JoinError, JoinHandle, spawn_blocking, yield_now};

use super::cpu_bound::compute;
use crate::input::mix;

/// Light tasks that wait beside the heavy one.
pub const LIGHT_TASKS: u64 = 8;
/// Times the work of one CPU-bound task.
const HEAVINESS: u64 = 5;

/// What one call found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// How long the light tasks took, first to last.
    pub waited: Duration,
    /// What all tasks computed.
    pub answer: u64,
}

/// The heavy work runs inside a task.
///
/// # Errors
/// When a task panicked, which the work does not.
pub fn naive(runtime: &Runtime, seed: u64) -> Result<Delay, JoinError> {
    runtime.block_on(async {
        let start = Instant::now();
        let heavy = tokio::spawn(async move { heavy_computation(seed) });
        beside(heavy, start, seed).await
    })
}

/// The heavy work runs by `spawn_blocking`.
///
/// # Errors
/// When a task panicked, which the work does not.
pub fn optimized(runtime: &Runtime, seed: u64) -> Result<Delay, JoinError> {
    runtime.block_on(async {
        let start = Instant::now();
        let heavy = spawn_blocking(move || heavy_computation(seed));
        beside(heavy, start, seed).await
    })
}

/// Runs the light tasks, stops the clock, then waits for the heavy one.
async fn beside(heavy: JoinHandle<u64>, start: Instant, seed: u64) -> Result<Delay, JoinError> {
    let light: Vec<_> =
        (0..LIGHT_TASKS).map(|task| tokio::spawn(light_answer(mix(seed).wrapping_add(task)))).collect();
    let mut answer = 0u64;
    for task in light {
        answer = answer.wrapping_add(task.await?);
    }
    let waited = start.elapsed();
    answer = answer.wrapping_add(heavy.await?);
    Ok(Delay { waited, answer })
}

async fn light_answer(question: u64) -> u64 {
    yield_now().await;
    mix(question)
}

fn heavy_computation(seed: u64) -> u64 {
    (0..HEAVINESS).fold(seed, |value, part| compute(value ^ part))
}
