//! Which bench targets there are; the only user of `cargo_metadata`.

mod locate;

pub use locate::{LocateError, Located, locate};
