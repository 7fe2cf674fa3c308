//! What went wrong with one launch.

use serde::{Deserialize, Serialize};

/// What went wrong with one launch of a bench.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failure {
    /// What happened, as one sentence.
    pub message: String,
    /// The last lines the process printed; empty when it printed nothing.
    pub output: String,
    /// Whether nothing is broken: the benchmark is one that cannot be compared by time. It is left out, and the run goes on.
    #[serde(default)]
    pub unsuitable: bool,
}
