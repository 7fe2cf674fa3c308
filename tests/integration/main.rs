//! The stages against real parts, and the program as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

mod architecture;
mod build;
mod contract;
mod criterion_versions;
mod discover;
#[cfg(target_os = "linux")]
mod faults;
mod fixture;
mod measure;
mod sandbox;
mod turns;
