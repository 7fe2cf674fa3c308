//! From a source tree to executables, through Cargo.

pub mod criterion_copy;
