//! `custom_pool`: the same parallel work in the global pool, or in a pool of four threads.
//!
//! The guide: "custom thread pool for control". It speaks of control, not of speed; the claim is that the control costs
//! nothing. The guide's code builds the pool for each use: that is [`rebuilt`]; a pool that is kept is [`optimized`].
//! (It also calls `par_iter` on a range, which has only `into_par_iter`.)

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::input::mix;

/// Threads in the pool.
pub const THREADS: usize = 4;
/// Numbers per call.
pub const COUNT: u64 = 100_000;

/// A pool of [`THREADS`] threads.
///
/// # Errors
/// When the system refuses a thread.
pub fn pool() -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(THREADS).build()
}

/// The global pool.
pub fn naive(count: u64) -> Vec<u64> {
    mapped(count)
}

/// A pool that was built before.
pub fn optimized(pool: &ThreadPool, count: u64) -> Vec<u64> {
    pool.install(|| mapped(count))
}

/// A pool built for this call, as the guide writes it.
///
/// # Errors
/// When the system refuses a thread.
pub fn rebuilt(count: u64) -> Result<Vec<u64>, ThreadPoolBuildError> {
    Ok(pool()?.install(|| mapped(count)))
}

fn mapped(count: u64) -> Vec<u64> {
    (0..count).into_par_iter().map(mix).collect()
}
