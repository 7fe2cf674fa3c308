//! Criterion as seen from outside: its versions, its protocol, its files and its filters.
//!
//! Wire types live here and are converted once.

pub mod error;
pub mod files;
pub mod harness;
pub mod naming;
pub mod protocol;
pub mod transcript;
pub mod version;
pub mod wire;

pub use error::ProtocolError;
pub use protocol::{Connection, Polled, Server};
pub use transcript::{Reported, Transcript};
pub use version::Version;
