//! Which sides have a benchmark, and in which builds.

use serde::{Deserialize, Serialize};

use super::artifact::{BuildFingerprint, Digest};
use super::command::UnitKind;
use super::failure::Failure;
use super::run_id::Provenance;
use super::side::{Side, Sides};

/// The build of one side of a benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideBuild {
    /// Everything besides the source that decides how fast it is.
    pub fingerprint: BuildFingerprint,
    /// The executable's bytes.
    pub executable: Digest,
    /// What surrounds it when it runs.
    #[serde(default, rename = "reach")]
    pub surroundings: Digest,
    /// Whether its time is evidence.
    pub provenance: Provenance,
    /// What of its package was compiled.
    #[serde(default)]
    pub unit: UnitKind,
}

/// Where a benchmark is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// On both sides.
    Both(Box<Sides<SideBuild>>),
    /// On one side only.
    Only(Side, Box<SideBuild>),
    /// A side's executable could not even list its benchmarks.
    Unlisted(Side, Box<SideBuild>, Failure),
}

impl Presence {
    /// A build of it: the candidate's, where there is one.
    pub fn build(&self) -> &SideBuild {
        match self {
            Self::Both(sides) => &sides.candidate,
            Self::Only(_, build) | Self::Unlisted(_, build, _) => build,
        }
    }

    /// Both builds.
    pub fn both(&self) -> Option<&Sides<SideBuild>> {
        if let Self::Both(sides) = self { Some(sides) } else { None }
    }

    /// Whether both sides have it, in executables of the same bytes with the same around them when they run.
    pub fn is_identical(&self) -> bool {
        let what = |side: &SideBuild| (side.executable.clone(), side.surroundings.clone());
        self.both().is_some_and(|sides| what(&sides.baseline) == what(&sides.candidate))
    }
}
