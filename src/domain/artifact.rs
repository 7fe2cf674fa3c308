//! What a build yields: executables, and everything besides the code that decides how fast they are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The SHA-256 of an executable's bytes, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// The measuring library the bench is linked to, for example `criterion 0.8.2`: other versions sample otherwise.
    pub instrument: String,
}

impl BuildFingerprint {
    /// The fields by name, in a stable order.
    pub fn fields(&self) -> [(&'static str, &str); 8] {
        [
            ("rustc", &self.rustc),
            ("host", &self.host),
            ("target", &self.target),
            ("profile", &self.profile),
            ("settings", &self.settings),
            ("features", &self.features),
            ("rustflags", &self.rustflags),
            ("instrument", &self.instrument),
        ]
    }

    /// The names of the fields in which two builds differ, with both values.
    pub fn differences<'a>(&'a self, other: &'a Self) -> Vec<(&'static str, &'a str, &'a str)> {
        let pairs = self.fields().into_iter().zip(other.fields());
        pairs.filter(|((_, a), (_, b))| a != b).map(|((name, a), (_, b))| (name, a, b)).collect()
    }

    /// The architecture in the target triple.
    pub fn arch(&self) -> &str {
        self.target.split('-').next().unwrap_or(&self.target)
    }
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
}

/// What stands behind the measuring library's name in an executable whose samples can take turns with another's.
const TURNS_MARK: &str = " + turns";

impl BuildFingerprint {
    /// The name of a measuring library that was replaced by a copy whose samples take turns.
    pub fn instrument_in_turns(instrument: &str) -> String {
        format!("{instrument}{TURNS_MARK}")
    }

    /// Whether samples of the executable can take turns with another's.
    pub fn takes_turns(&self) -> bool {
        self.instrument.ends_with(TURNS_MARK)
    }

    /// The fingerprint of figures that were taken by whole processes: the copy then works as the original does.
    #[must_use]
    pub fn by_whole_processes(&self) -> Self {
        let instrument = self.instrument.strip_suffix(TURNS_MARK).unwrap_or(&self.instrument).to_owned();
        Self { instrument, ..self.clone() }
    }
}

impl BuiltBench {
    /// `package::target`, as messages name it.
    pub fn label(&self) -> String {
        format!("{}::{}", self.package, self.target)
    }

    /// The package and the target: what pairs the benches of two sides.
    pub fn identity(&self) -> (&str, &str) {
        (&self.package, &self.target)
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
            instrument: "criterion 0.8.2".into(),
        }
    }

    #[test]
    fn differences_name_the_field_and_both_values() {
        let one = fingerprint();
        let two = BuildFingerprint { rustc: "1.96.0".into(), ..one.clone() };
        assert_eq!(one.differences(&two), [("rustc", "1.95.0", "1.96.0")]);
        assert!(one.differences(&one).is_empty());
        assert_eq!(one.arch(), "aarch64");
    }

    #[test]
    fn figures_of_whole_processes_are_a_series_of_their_own() {
        let instrument = BuildFingerprint::instrument_in_turns("criterion 0.8.2");
        let linked = BuildFingerprint { instrument, ..fingerprint() };
        assert!(linked.takes_turns());
        assert!(!linked.by_whole_processes().takes_turns());
        assert_eq!(linked.by_whole_processes(), fingerprint());
        assert_eq!(fingerprint().by_whole_processes(), fingerprint());
    }
}
