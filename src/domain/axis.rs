//! What two builds of a comparison differ in on purpose.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::side::Sides;

/// Something that both sides of a comparison can be built with otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AxisName {
    /// The toolchain, as rustup names it.
    Toolchain,
    /// `RUSTFLAGS`.
    Rustflags,
    /// Cargo features.
    Features,
    /// Whether the `default` feature is left out.
    NoDefaultFeatures,
    /// The Cargo profile.
    Profile,
    /// A Cargo.lock in the place of the revision's own.
    Lockfile,
    /// A variable of the environment, of the build and of benchmarks.
    Env,
    /// Cargo's `--config`.
    Config,
}

impl AxisName {
    /// Every axis, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Toolchain,
        Self::Rustflags,
        Self::Features,
        Self::NoDefaultFeatures,
        Self::Profile,
        Self::Lockfile,
        Self::Env,
        Self::Config,
    ];

    /// The name in flags and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Toolchain => "toolchain",
            Self::Rustflags => "rustflags",
            Self::Features => "features",
            Self::NoDefaultFeatures => "no-default-features",
            Self::Profile => "profile",
            Self::Lockfile => "lockfile",
            Self::Env => "env",
            Self::Config => "config",
        }
    }
}

impl fmt::Display for AxisName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that differs on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// What it is.
    pub axis: AxisName,
    /// What each side was given; nothing where it is as for any build.
    pub sides: Sides<Option<String>>,
    /// One by one, what each side was given of an axis that can be given several times. Runs and reports that were written before
    /// this was kept have none.
    #[serde(default)]
    pub given: Sides<Vec<String>>,
}
