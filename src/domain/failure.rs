//! What went wrong with one launch.

use serde::{Deserialize, Serialize};

/// What went wrong with one launch of a bench.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failure {
    /// What happened, as one sentence.
    pub message: String,
    /// The last lines the process printed; empty when it printed nothing.
    pub output: String,
}
