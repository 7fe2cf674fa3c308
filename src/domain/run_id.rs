//! One run of the program, as the store knows it, and what its figures are evidence of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a run of the program in its store. Everything measured in one shares the machine's state of that hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Whether a figure is evidence about this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// Taken on the processor itself.
    Native,
    /// Timed under an emulator: stored and shown, never judged.
    Emulated,
}

impl Provenance {
    /// The name in JSON and the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Emulated => "emulated",
        }
    }
}
