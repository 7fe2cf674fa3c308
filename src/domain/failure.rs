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

impl Failure {
    /// The same of a benchmark whose other side can be measured: that it no longer can is something broken.
    #[must_use]
    pub fn of_what_was_measurable(self) -> Self {
        let Self { message, output, .. } = self;
        Self { message: format!("{message}; the baseline can be measured"), output, unsuitable: false }
    }
}
