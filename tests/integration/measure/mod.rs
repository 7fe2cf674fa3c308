//! Launches of real executables: benches that behave, on every published Criterion, and ones that do not.

mod bad;
mod good;
mod versions;
mod zoo;
