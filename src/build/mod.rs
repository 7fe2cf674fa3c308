//! From a source tree to executables, through Cargo.
