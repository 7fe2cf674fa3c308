//! What a build yields: executables, and everything besides the code that decides how fast they are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::command::Unit;
use super::instrument::Instrument;
use super::layout::ALIGNED;
use super::name::BenchmarkName;
use super::side::Sides;

/// The SHA-256 of an executable's bytes, in hexadecimal.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Takes the hexadecimal digits.
    pub fn new(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything besides the source that changes what a build yields. Results that differ here are not comparable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BuildFingerprint {
    /// rustc's version, with its commit where it is no release: `1.95.0`.
    pub rustc: String,
    /// The triple the compiler runs on.
    pub host: String,
    /// The triple it compiles for.
    pub target: String,
    /// The Cargo profile.
    pub profile: String,
    /// What the profile's settings come to: `opt-level=3 lto=false codegen-units=16 …`.
    pub settings: String,
    /// The features asked for, as Cargo's flags say it.
    pub features: String,
    /// RUSTFLAGS and what the configuration adds to them.
    pub rustflags: String,
    /// What measures: other libraries and versions sample otherwise.
    pub instrument: Instrument,
}

impl BuildFingerprint {
    /// Whether every function begins at a multiple of 64 bytes.
    pub fn is_aligned(&self) -> bool {
        self.rustflags.contains(ALIGNED)
    }

    /// The fields by name, in a stable order.
    pub fn fields(&self) -> [(&'static str, String); 8] {
        [
            ("rustc", self.rustc.clone()),
            ("host", self.host.clone()),
            ("target", self.target.clone()),
            ("profile", self.profile.clone()),
            ("settings", self.settings.clone()),
            ("features", self.features.clone()),
            ("rustflags", self.rustflags.clone()),
            ("instrument", self.instrument.to_string()),
        ]
    }

    /// The fields in which two builds differ, with both values. `self` is the baseline's.
    pub fn differences(&self, candidate: &Self) -> Vec<BuildDifference> {
        let pairs = self.fields().into_iter().zip(candidate.fields());
        let differing = pairs.filter(|((_, baseline), (_, candidate))| baseline != candidate);
        differing
            .map(|((field, baseline), (_, candidate))| BuildDifference {
                field: field.to_owned(),
                values: Sides { baseline, candidate },
            })
            .collect()
    }

    /// The architecture in the target triple.
    pub fn arch(&self) -> &str {
        arch_of(&self.target)
    }
}

/// The architecture of a target triple: its first part.
pub fn arch_of(triple: &str) -> &str {
    triple.split('-').next().unwrap_or(triple)
}

/// A difference between two builds that is not in the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildDifference {
    /// The field of the build fingerprint: `rustc`, `features` …
    pub field: String,
    /// Its values.
    pub values: Sides<String>,
}

/// What the figures were taken with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toolchain {
    /// rustc's version.
    pub rustc: String,
    /// The target triple.
    pub target: String,
    /// The Cargo profile.
    pub profile: String,
}

/// How an executable is started on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Execution {
    /// Directly.
    Native,
    /// By a program given before it (Cargo's `runner`), of the same architecture.
    Runner(Vec<String>),
    /// By an emulator: its time is no evidence.
    Emulated(Vec<String>),
}

/// What an executable is built for. All variants come from the same source with the same settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// To be timed, and to have its instructions counted.
    #[default]
    Timed,
    /// To have its allocations counted, by a global allocator that comes in with the copied Criterion. Never timed.
    Allocations,
    /// To be explained: as [`Variant::Timed`], with symbols and line tables. Never timed.
    Lines,
    /// To be looked into for where functions are written: as [`Variant::Lines`], with the dependencies as they are timed, which
    /// need not be compiled again. Never run.
    Places,
}

/// What else runs, or can be read, when a bench runs: programs and shared libraries that the build made, what build scripts
/// left, the tree's data files, variables of `[env]`. Executables of the same bytes do the same only where this is the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Surroundings {
    /// What all of it comes to.
    pub digest: Digest,
    /// What the variables come to.
    pub variables: Digest,
    /// The files that the build made.
    pub made: Vec<MadeFile>,
}

/// A file that a build made, and that has to be there when its executables run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeFile {
    /// Where it is, below the target folder.
    pub path: String,
    /// What its content comes to.
    pub digest: Digest,
}

/// An executable of one bench target for one source tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltBench {
    /// The package that owns the target.
    pub package: String,
    /// The bench target.
    pub target: String,
    /// The executable.
    pub executable: PathBuf,
    /// What the executable's bytes come to.
    pub digest: Digest,
    /// What else runs, or can be read, when it runs.
    #[serde(default)]
    pub surroundings: Surroundings,
    /// The folder that belongs to the source tree it was built from: made current before a launch, so that paths
    /// compiled into the executable lead to this side's files.
    pub home: PathBuf,
    /// Where it is run, as Cargo would: the package's folder, in the source tree's own home.
    pub working_dir: PathBuf,
    /// Variables that Cargo sets for a running bench.
    pub environment: BTreeMap<String, String>,
    /// Everything but the source that decides how fast it is.
    pub fingerprint: BuildFingerprint,
    /// How it is started.
    pub execution: Execution,
    /// What of the package it was compiled from.
    #[serde(default)]
    pub unit: Unit,
}

impl BuildFingerprint {
    /// The fingerprint of figures that were taken one process after the other: the copy then works as the original does.
    #[must_use]
    pub fn sequential(&self) -> Self {
        let instrument = Instrument { interleaved: false, ..self.instrument.clone() };
        Self { instrument, ..self.clone() }
    }

    /// The fingerprint of counts that `counter` took.
    #[must_use]
    pub fn counted_by(&self, counter: Option<&str>) -> Self {
        let sequential = self.sequential();
        let instrument = Instrument { counter: counter.map(str::to_owned), ..sequential.instrument };
        Self { instrument, ..sequential }
    }
}

impl BuiltBench {
    /// The package and the bench target: what several of a workspace are told apart by.
    pub fn target_name(&self) -> (String, String) {
        (self.package.clone(), self.target.clone())
    }

    /// `package::target`, as messages name it.
    pub fn label(&self) -> String {
        format!("{}::{}", self.package, self.target)
    }

    /// The package, the target and what of it: what pairs the benches of two sides.
    pub fn identity(&self) -> (&str, &str, &str) {
        (&self.package, &self.target, self.unit.part())
    }

    /// Whether a benchmark of this name is looked for here. Of a bench target, it alone knows which it has.
    pub fn may_hold(&self, name: &BenchmarkName) -> bool {
        let command = self.unit.command();
        (self.package.as_str(), self.target.as_str()) == (name.package(), name.target())
            && command.is_none_or(|command| command.name == name.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint() -> BuildFingerprint {
        BuildFingerprint {
            rustc: "1.95.0".into(),
            host: "x86_64-unknown-linux-gnu".into(),
            target: "aarch64-unknown-linux-gnu".into(),
            profile: "bench".into(),
            settings: "opt-level=3".into(),
            features: String::new(),
            rustflags: String::new(),
            instrument: "criterion 0.8.2".parse().unwrap(),
        }
    }

    #[test]
    fn differences_name_the_field_and_both_values() {
        let one = fingerprint();
        let two = BuildFingerprint { rustc: "1.96.0".into(), ..one.clone() };
        let values = Sides { baseline: "1.95.0".to_owned(), candidate: "1.96.0".to_owned() };
        assert_eq!(one.differences(&two), [BuildDifference { field: "rustc".into(), values }]);
        assert!(one.differences(&one).is_empty());
        assert_eq!(one.arch(), "aarch64");
    }

    #[test]
    fn sequential_figures_are_a_series_of_their_own() {
        let instrument = Instrument { interleaved: true, ..fingerprint().instrument };
        let linked = BuildFingerprint { instrument, ..fingerprint() };
        assert!(!linked.sequential().instrument.interleaved);
        assert_eq!(linked.sequential(), fingerprint());
        assert_eq!(fingerprint().sequential(), fingerprint());
    }
}
