//! What a run spends its time with.

use serde::{Deserialize, Serialize};

/// A stage of a run. Each second belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Finding out what is compared, and everything that has no stage of its own before measuring begins.
    Preparing,
    /// Waiting for another run in the workspace.
    Waiting,
    /// Putting the files of revisions in place.
    SourceTrees,
    /// Asking Cargo for packages and their targets.
    BenchTargets,
    /// Building the baseline.
    BaselineBuild,
    /// Building the candidate, or the only side there is.
    CandidateBuild,
    /// Building executables that count allocations.
    AllocationBuilds,
    /// Removing what was not used for long.
    Tidying,
    /// Asking executables for their benchmarks.
    Listing,
    /// Counting instructions and allocations.
    Counting,
    /// Linking both sides in drawn layouts.
    Layouts,
    /// Timing, in pairs or alone.
    Measuring,
    /// Finding out where a regression comes from, judging, and storing.
    Judging,
}

impl Stage {
    /// All, in the order in which a run comes to them.
    pub const ALL: [Self; 13] = [
        Self::Preparing,
        Self::Waiting,
        Self::SourceTrees,
        Self::BenchTargets,
        Self::BaselineBuild,
        Self::CandidateBuild,
        Self::AllocationBuilds,
        Self::Tidying,
        Self::Listing,
        Self::Counting,
        Self::Layouts,
        Self::Measuring,
        Self::Judging,
    ];

    /// Its name in JSON, which never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Waiting => "waiting",
            Self::SourceTrees => "source-trees",
            Self::BenchTargets => "bench-targets",
            Self::BaselineBuild => "baseline-build",
            Self::CandidateBuild => "candidate-build",
            Self::AllocationBuilds => "allocation-builds",
            Self::Tidying => "tidying",
            Self::Listing => "listing",
            Self::Counting => "counting",
            Self::Layouts => "layouts",
            Self::Measuring => "measuring",
            Self::Judging => "judging",
        }
    }

    /// The stage of a name; `None` for one that this version does not know.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// How long a run was in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// Which stage.
    pub stage: Stage,
    /// How long, in seconds.
    pub seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_is_stored_and_lead_back() {
        assert!(Stage::ALL.is_sorted());
        for stage in Stage::ALL {
            assert_eq!(Stage::from_name(stage.name()), Some(stage));
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
        }
        assert_eq!(Stage::from_name("dancing"), None);
    }
}
