//! The stages against real parts, and the program as a user runs it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on panics; a skipped one says so"
)]

mod architecture;
mod browser;
mod build;
mod claims;
mod clock;
mod contract;
mod counts;
mod criterion_versions;
#[cfg(all(unix, feature = "postgres"))]
mod database;
mod discover;
mod doctor;
mod explain;
mod faults;
mod fixture;
mod forge;
mod interleaved;
mod library_versions;
mod measure;
mod mounts;
mod relink;
#[cfg(unix)]
mod safety;
mod sandbox;
#[cfg(target_os = "linux")]
mod scripts;
mod site;
mod skip;
mod slots;
#[cfg(unix)]
mod trees;
