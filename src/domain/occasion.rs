//! One run of the program, as the store knows it, and what its figures are evidence of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One run of the program: everything measured in it shares the machine's state of that hour.
///
/// The spread *between* occasions is what a stored baseline is judged with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// Its number in the store.
    pub id: OccasionId,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: i64,
}

/// The number of an occasion in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OccasionId(pub i64);

impl fmt::Display for OccasionId {
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
    /// Taken under an emulator: stored and shown, never judged.
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
