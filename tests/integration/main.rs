//! The stages against real parts, and the program as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

mod architecture;
mod build;
mod claims;
mod contract;
mod criterion_versions;
mod discover;
mod fixture;
mod measure;
mod sandbox;
mod turns;
