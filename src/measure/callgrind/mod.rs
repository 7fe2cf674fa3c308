//! What Callgrind writes, read into a [`Profile`](crate::domain::Profile). Pure.
//!
//! The format is the one of the "Callgrind Format Specification" in Valgrind's manual, version 1, as far as Callgrind
//! itself writes it. [`parse`](parse()) makes a [`Dump`] of a file's text; two dumps of one launch can be subtracted,
//! which takes out what happens once per sample.

mod dump;
mod parse;

pub use dump::{Dump, Function, Instruction};
pub use parse::parse;

/// Why a file of Callgrind's is of no use. Worded to follow the name of the file and a colon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallgrindError {
    /// It ends before its end: its writer was killed, or the disk is full.
    #[error("it ends before its totals")]
    Truncated,
    /// What its lines add up to is not what it says they do.
    #[error("its lines add up to {sum} {event}, its totals say {total}")]
    Disagrees {
        /// What was counted.
        event: String,
        /// What the lines add up to.
        sum: u64,
        /// What the totals say.
        total: u64,
    },
    /// A line is not as specified.
    #[error("line {number} is `{line}`")]
    Line {
        /// Its number, from 1.
        number: usize,
        /// Its beginning.
        line: String,
    },
    /// Instructions (`Ir`) are not among what it counted.
    #[error("it has no instructions")]
    NoInstructions,
}

#[cfg(test)]
mod tests;
