//! What both sides of a command print, compared.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::side::Side;

/// A line of an output, as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutputLine {
    /// Its text, with what would move a cursor escaped. What is long is cut.
    pub text: String,
    /// Whether a line break ends it: a last line without one, where the other side has one, would look the same.
    pub has_end: bool,
}

/// The first line in which two outputs differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutputDifference {
    /// The line, from 1.
    pub line: usize,
    /// What the baseline printed there; `None` where it had ended.
    pub baseline: Option<OutputLine>,
    /// What the candidate printed there.
    pub candidate: Option<OutputLine>,
}

/// Whether both sides of a command do the same, by what they print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputComparison {
    /// They print the same.
    Equal,
    /// They may print what they like.
    Unasked,
    /// They do not print the same.
    Differs(OutputDifference),
    /// This side prints something else at every launch.
    Varies(Side),
    /// This side prints more than is compared.
    TooLong(Side),
    /// A launch of this side came to a bad end.
    Failed(Side, Failure),
}

impl OutputComparison {
    /// Whether it is worth measuring anything: nothing says that both sides do something else.
    pub fn allows_more(&self) -> bool {
        match self {
            Self::Equal | Self::Unasked => true,
            Self::Differs(_) | Self::Varies(_) | Self::TooLong(_) | Self::Failed(..) => false,
        }
    }
}
