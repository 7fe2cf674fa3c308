//! The stages against real parts, and the program as a user runs it.

#[cfg(unix)]
mod criterion_versions;
#[cfg(unix)]
mod turns;
