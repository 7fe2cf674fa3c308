//! Which tokio runtime for which work. The guide's section "Tokio Tuning".
//!
//! A runtime is built once and kept, as a program does; the benchmarks measure the work, not the building.

pub mod cpu_bound;
pub mod io_bound;
pub mod light;
pub mod runtimes;
pub mod spawn_blocking;
