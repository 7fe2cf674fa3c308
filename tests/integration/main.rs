//! The stages against real parts, and the program as a user runs it.

#[cfg(unix)]
#[cfg(test)]
mod criterion_versions;
mod measure;
#[cfg(unix)]
#[cfg(test)]
mod turns;
