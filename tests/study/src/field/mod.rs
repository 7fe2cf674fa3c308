//! The field study: every commit of a year of other people's repositories against the one before it.
//!
//! | module | does |
//! |---|---|
//! | here | what is recorded of a commit (data) |
//! | [`history`] | the commits of a period, in a clone of the study's own |
//! | [`walk`] | one comparison for each commit, and a second one of what was named |
//! | [`findings`] | what was named, and which witnesses agree (pure) |
//! | [`document`] | markdown |

pub mod document;
pub mod findings;
pub mod history;
pub mod walk;

use serde::{Deserialize, Serialize};

/// One metric of one benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The benchmark's whole name.
    pub benchmark: String,
    /// `wall-time`, `instructions` or `allocations`.
    pub metric: String,
    /// `unchanged`, `regressed`, `improved`, …
    pub verdict: String,
    /// `paired`, `exact` or `identical`.
    pub method: String,
    /// Why, where the program gives a reason.
    pub reason: Option<String>,
    /// candidate/baseline − 1.
    pub change: Option<f64>,
    /// The interval of the change.
    pub interval: Option<(f64, f64)>,
}

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Both commits were built and compared.
    Compared(Vec<Judged>),
    /// They could not be: the end of what the program said.
    Failed(String),
}

/// One commit of one repository, compared with the commit before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// The repository's name.
    pub repository: String,
    /// The commit before.
    pub baseline: String,
    /// The commit.
    pub candidate: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether this is the second look at what the first one named: in other layouts, by the clock alone.
    pub again: bool,
    /// When it ended, in seconds since the Unix epoch.
    pub ended: u64,
    /// How long it took, in seconds, builds included.
    pub seconds: f64,
    /// What came of it.
    pub outcome: Outcome,
}

impl Visit {
    /// What was judged; nothing where the comparison failed.
    pub fn judged(&self) -> &[Judged] {
        match &self.outcome {
            Outcome::Compared(judged) => judged,
            Outcome::Failed(_) => &[],
        }
    }

    /// Whether both are looks at one commit.
    pub fn is_of(&self, other: &Self) -> bool {
        self.repository == other.repository && self.candidate == other.candidate
    }
}

impl Judged {
    /// Whether the clock called it slower or faster.
    pub fn is_named(&self) -> bool {
        self.metric == "wall-time" && matches!(self.verdict.as_str(), "regressed" | "improved")
    }
}
