//! What the user told Cargo, and what discovery found for the build: the words that both stages share.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::command::Unit;
use super::instrument::{CrateOrigin, Instrument};

/// Environment variables, handed down by whoever may read the environment.
pub type Variables = BTreeMap<OsString, OsString>;

/// The prefixes of variables that a surrounding `cargo run`, `cargo test` or build script left behind.
const LEFT_BEHIND: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// Variables that would make Cargo build somewhere else, share another build's jobs, or read another repository.
const MISLEADING: [&str; 17] = [
    "CARGO",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "OUT_DIR",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    "MFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_BUILD_INCREMENTAL",
    "RUST_RECURSION_COUNT",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
];

/// The environment without what misleads a Cargo that is started from within another Cargo, or from a git hook. The
/// toolchain (`RUSTUP_TOOLCHAIN`), wrappers and flags stay, so that both sides are built alike.
pub fn without_leftovers(environment: &Variables) -> Variables {
    let misleads =
        |name: &str| MISLEADING.contains(&name) || LEFT_BEHIND.iter().any(|prefix| name.starts_with(prefix));
    let kept = environment.iter().filter(|(name, _)| !name.to_str().is_some_and(misleads));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Cargo's feature flags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Features {
    /// `--features`, each as given: `name` or `package/name`.
    pub list: Vec<String>,
    /// `--all-features`.
    pub all: bool,
    /// `--no-default-features`.
    pub no_default: bool,
}

impl Features {
    /// Each name of the list on its own.
    pub fn names(&self) -> BTreeSet<&str> {
        self.list.iter().flat_map(|item| item.split([',', ' '])).filter(|name| !name.is_empty()).collect()
    }

    /// The arguments that say the same to Cargo, in an order that does not depend on the user's.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if self.all {
            arguments.push("--all-features".to_owned());
        }
        if self.no_default {
            arguments.push("--no-default-features".to_owned());
        }
        let names = self.names();
        if !names.is_empty() {
            arguments.push("--features".to_owned());
            arguments.push(names.into_iter().collect::<Vec<_>>().join(","));
        }
        arguments
    }
}

impl fmt::Display for Features {
    /// The flags as the user would type them; empty for the defaults.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arguments().join(" "))
    }
}

/// Whether Cargo colours what it says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Coloring {
    /// Plain text.
    #[default]
    Never,
    /// Escape sequences, for a terminal.
    Always,
}

/// Cargo's flags other than the selection, in Cargo's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CargoFlags {
    /// `--locked`.
    pub locked: bool,
    /// `--offline`.
    pub offline: bool,
    /// `--frozen`.
    pub frozen: bool,
    /// `--profile`; Cargo's `bench` when not given.
    pub profile: Option<String>,
    /// `--target`, a triple.
    pub target: Option<String>,
    /// `--jobs`.
    pub jobs: Option<String>,
    /// `--config`, each as given.
    pub config: Vec<String>,
    /// `--color`.
    pub color: Coloring,
}

/// The crate that a bench target measures with, which need not be the one that its manifest names: some only hand it on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CrateSource {
    /// The name of its package: `criterion`, that of a fork, or that of a stand-in.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it comes from.
    pub origin: CrateOrigin,
    /// The folder of its manifest.
    pub root: PathBuf,
}

impl CrateSource {
    /// It as an instrument. `interleaved` says whether the copy is linked whose samples can be interleaved.
    pub fn instrument(&self, interleaved: bool) -> Instrument {
        Instrument {
            library: self.name.clone(),
            version: self.version.clone(),
            origin: self.origin,
            interleaved,
            counter: None,
        }
    }
}

/// A bench target of a workspace member that can be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchTarget {
    /// The package that owns it.
    pub package: String,
    /// The package's version.
    pub package_version: String,
    /// Cargo's name for the package, as its messages spell it.
    pub package_id: String,
    /// The folder of the package's manifest.
    pub manifest_dir: PathBuf,
    /// The target's name.
    pub target: String,
    /// Its file.
    pub source: PathBuf,
    /// The features without which Cargo does not build it.
    pub required_features: Vec<String>,
    /// Those of the features asked for that the package knows: Cargo refuses any other when the package is built alone.
    pub known_features: Vec<String>,
    /// What of the package it is.
    pub unit: Unit,
    /// What it measures with.
    pub library: CrateSource,
    /// What Cargo tells a running bench about its package: `CARGO_MANIFEST_DIR`, `CARGO_PKG_…`.
    pub variables: BTreeMap<String, String>,
    /// Whether another bench target of the same name exists that must not be built: the package then needs a Cargo
    /// invocation of its own.
    pub namesake: Namesake,
}

impl BenchTarget {
    /// The package and the bench target: what several of a workspace are told apart by.
    pub fn target_name(&self) -> (String, String) {
        (self.package.clone(), self.target.clone())
    }

    /// The name of the crate that its executable is compiled from.
    pub fn crate_name(&self) -> String {
        self.unit.command().map_or(&self.target, |command| &command.bin).replace('-', "_")
    }

    /// The package, the target and what of it is compiled: one executable each.
    pub fn compiled(&self) -> (&str, &str, String) {
        (&self.package, &self.target, self.unit.compiled())
    }
}

/// Whether a bench target's name also means a target that was left out, in another selected package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Namesake {
    /// The name is free.
    #[default]
    None,
    /// Another package's target of that name was left out.
    LeftOut,
}

/// A package whose files may change from one source tree to the next: what it compiles to is carried over only where they did not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalPackage {
    /// The package.
    pub name: String,
    /// The folder of its manifest.
    pub manifest_dir: PathBuf,
    /// The names of its targets.
    pub targets: BTreeSet<String>,
    /// Whether a script of its own decides what is compiled.
    pub has_build_script: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_said_in_one_way() {
        let features = Features { list: vec!["b,a".into(), "a c".into()], all: false, no_default: true };
        assert_eq!(features.arguments(), ["--no-default-features", "--features", "a,b,c"]);
        assert_eq!(Features::default().to_string(), "");
        assert_eq!(Features { all: true, ..Features::default() }.to_string(), "--all-features");
    }

    #[test]
    fn a_surrounding_cargo_leaves_no_trace() {
        let environment: Variables =
            ["CARGO_PKG_NAME", "OUT_DIR", "GIT_DIR", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "PATH"]
                .into_iter()
                .map(|name| (name.into(), "x".into()))
                .collect();
        let kept = without_leftovers(&environment);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["PATH", "RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN"]);
    }

    #[test]
    fn an_instrument_tells_a_fork_from_a_release() {
        let mut source = CrateSource {
            name: "criterion".into(),
            version: "0.8.2".into(),
            origin: CrateOrigin::CratesIo,
            root: PathBuf::new(),
        };
        assert_eq!(source.instrument(false).to_string(), "criterion 0.8.2");
        source.origin = CrateOrigin::Git;
        assert_eq!(source.instrument(false).to_string(), "criterion 0.8.2 (git)");
    }
}
