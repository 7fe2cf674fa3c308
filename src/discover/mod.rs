//! Which bench targets there are; the only user of `cargo_metadata`.
