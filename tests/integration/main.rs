//! The stages against real parts, and the program as a user runs it.

mod architecture;
mod build;
mod claims;
mod criterion_versions;
mod discover;
mod fixture;
mod measure;
mod sandbox;
mod turns;
