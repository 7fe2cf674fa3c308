//! Whether a benchmark runs what a change changed.

use serde::{Deserialize, Serialize};

/// How many functions, and how many files, are named of those that a benchmark runs.
pub const MOST_NAMED: usize = 20;

/// Whether a benchmark runs any of the functions that do not do the same on both sides, or opens a file that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// None, and it opens no file that differs: what it executes is the same code with the same data on both sides.
    Unreached {
        /// How many functions differ.
        changed: usize,
        /// How many paths and variables differ that it may ask after without opening anything: whether they are there, how
        /// long they are. Of what the build made on both sides nobody does.
        #[serde(default = "unknown")]
        unopened: usize,
    },
    /// Some.
    Reached {
        /// Their names, of at most [`MOST_NAMED`].
        functions: Vec<String>,
        /// How many it runs.
        run: usize,
        /// Files that differ and that it opens, to read them or to run them, of at most [`MOST_NAMED`].
        #[serde(default)]
        files: Vec<String>,
        /// How many functions differ.
        changed: usize,
    },
    /// It is not known, and why: a fragment such as `no layout can be drawn`.
    Unknown(String),
}

/// How many paths differ, for all that was once written down.
fn unknown() -> usize {
    usize::MAX
}

impl Reach {
    /// Whether it is known that it runs nothing that differs.
    pub fn is_unreached(&self) -> bool {
        matches!(self, Self::Unreached { .. })
    }
}

/// What becomes of benchmarks that a change does not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReachUse {
    /// They are unchanged without being counted or measured; where files of the tree differ that they do not open, they are checked
    /// quickly by the clock.
    #[default]
    Trust,
    /// They are counted and checked quickly by the clock all the same, and where counts say otherwise that is told.
    Check,
    /// Nobody looks which benchmarks a change reaches.
    Off,
}
