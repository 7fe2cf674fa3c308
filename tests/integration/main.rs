//! The stages against real parts, and the program as a user runs it.

mod architecture;
mod criterion_versions;
mod measure;
mod turns;
