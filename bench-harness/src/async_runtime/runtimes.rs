//! The guide's three runtimes.
//!
//! The guide calls `num_cpus::get()`; the standard library has had `available_parallelism` since Rust 1.59, which also
//! obeys CPU affinity and control groups.

use std::io;
use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// "Single-threaded for light workloads."
///
/// # Errors
/// When the system refuses what the runtime needs.
pub fn current_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_io().build()
}

/// "CPU-bound work": as many workers as cores.
///
/// # Errors
/// When the system refuses what the runtime needs.
pub fn worker_per_core() -> io::Result<Runtime> {
    let workers = available_parallelism().map_or(1, NonZero::get);
    Builder::new_multi_thread().worker_threads(workers).enable_io().build()
}

/// "I/O-bound work (default is good for this)."
///
/// # Errors
/// When the system refuses what the runtime needs.
pub fn default_runtime() -> io::Result<Runtime> {
    Runtime::new()
}
