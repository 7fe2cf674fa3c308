//! How a bench breaks the rules of Criterion's protocol.

use std::io;

/// How a bench broke the protocol's rules.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The connection broke.
    #[error("the connection broke ({0})")]
    Io(#[from] io::Error),
    /// It speaks a version of the protocol that we do not.
    #[error("it speaks version {version}, format {format} of it")]
    Version {
        /// The protocol's version.
        version: u16,
        /// How messages are encoded.
        format: u16,
    },
    /// A message announced an absurd length.
    #[error("a message announced {0} bytes")]
    TooLong(usize),
    /// A message is no CBOR.
    #[error("a message is no CBOR")]
    NotCbor,
    /// A message does not have the fields of its kind.
    #[error("a `{kind}` message does not have its fields")]
    Fields {
        /// The kind of message.
        kind: &'static str,
    },
}
