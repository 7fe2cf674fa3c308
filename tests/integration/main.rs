//! The stages against real parts, and the program as a user runs it.

mod architecture;
mod build;
mod criterion_versions;
mod discover;
mod fixture;
mod measure;
mod turns;
