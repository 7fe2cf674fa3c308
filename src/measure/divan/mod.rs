//! divan as seen from outside: what its copy tells of its benchmarks and samples.

pub mod harness;
mod told;
