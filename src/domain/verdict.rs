//! Verdicts: values, never errors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was found about one metric, one benchmark or a whole run.
///
/// Ordered from the least to the most telling for somebody who reads a report: folding with [`Verdict::join`] keeps
/// the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Shown not to be worse than the threshold.
    Unchanged,
    /// Shown to be better.
    Improved,
    /// Only the candidate has it.
    New,
    /// Only the baseline has it.
    Missing,
    /// The two sides differ in something other than the code, so no judgement would be honest.
    NotComparable,
    /// The budget ended before either could be shown.
    Inconclusive,
    /// It crashed, hung or gave nonsense.
    Failed,
    /// Shown to be worse than the threshold, twice.
    Regressed,
}

impl Verdict {
    /// Every verdict, from the least to the most telling.
    pub const ALL: [Self; 8] = [
        Self::Unchanged,
        Self::Improved,
        Self::New,
        Self::Missing,
        Self::NotComparable,
        Self::Inconclusive,
        Self::Failed,
        Self::Regressed,
    ];

    /// The name in JSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Improved => "improved",
            Self::New => "new",
            Self::Missing => "missing",
            Self::NotComparable => "not-comparable",
            Self::Inconclusive => "inconclusive",
            Self::Failed => "failed",
            Self::Regressed => "regressed",
        }
    }

    /// The more telling of two: a least upper bound, so folds do not depend on order.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether the comparison itself came to a result.
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Unchanged | Self::Improved | Self::Regressed)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How a verdict was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Both sides measured in turns, now, on this machine.
    Paired,
    /// One measurement against stored runs of the baseline.
    Stored,
    /// Identical executables, or counts that repeat exactly.
    Exact,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Paired => "paired",
            Self::Stored => "stored",
            Self::Exact => "exact",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_is_a_least_upper_bound() {
        for a in Verdict::ALL {
            assert_eq!(a.join(a), a);
            for b in Verdict::ALL {
                assert_eq!(a.join(b), b.join(a));
                assert!(a.join(b) >= a);
                for c in Verdict::ALL {
                    assert_eq!(a.join(b).join(c), a.join(b.join(c)));
                }
            }
        }
    }

    #[test]
    fn a_regression_outshouts_everything() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::Regressed.join(verdict), Verdict::Regressed);
        }
    }
}
