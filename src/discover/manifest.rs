//! What only a manifest says: which targets do without libtest's harness.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::DiscoverError;
use crate::support::bounded::{self, Links};

/// How large a manifest may be, in bytes.
const LARGEST: u64 = 4 << 20;

/// What runs a bench target's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Harness {
    /// libtest, Cargo's default.
    Libtest,
    /// The target's own `main`.
    Own,
}

/// The part of a manifest that tells how its benches are run.
#[derive(Debug, Default)]
pub(super) struct Benches {
    harnesses: BTreeMap<String, Harness>,
    /// Targets with `bench = false`.
    switched_off: BTreeSet<String>,
    library: Option<bool>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    bench: Vec<Bench>,
    lib: Option<Library>,
}

#[derive(Deserialize)]
struct Bench {
    name: Option<String>,
    harness: Option<bool>,
    #[serde(rename = "bench")]
    on: Option<bool>,
}

#[derive(Deserialize)]
struct Library {
    bench: Option<bool>,
}

impl Harness {
    fn new(harness: Option<bool>) -> Self {
        if harness == Some(false) { Self::Own } else { Self::Libtest }
    }
}

impl Benches {
    /// Reads a package's manifest.
    pub(super) fn read(path: &Path) -> Result<Self, DiscoverError> {
        let text = bounded::read_text(path, LARGEST, Links::Follow)
            .map_err(|source| DiscoverError::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|source| DiscoverError::Manifest { path: path.to_owned(), source })
    }

    fn parse(text: &str) -> Result<Self, Box<toml::de::Error>> {
        let manifest: Manifest = toml::from_str(text)?;
        let off = manifest.bench.iter().filter(|bench| bench.on == Some(false));
        let switched_off = off.filter_map(|bench| bench.name.clone()).collect();
        let named = manifest.bench.into_iter();
        let harnesses = named.filter_map(|bench| Some((bench.name?, Harness::new(bench.harness)))).collect();
        Ok(Self { harnesses, switched_off, library: manifest.lib.and_then(|lib| lib.bench) })
    }

    /// What runs a bench target. One that Cargo found by its place alone has no entry, and runs under libtest.
    pub(super) fn harness(&self, target: &str) -> Harness {
        self.harnesses.get(target).copied().unwrap_or(Harness::Libtest)
    }

    /// Whether a bench target says `bench = false`: Cargo builds it only when it is named.
    pub(super) fn switched_off(&self, target: &str) -> bool {
        self.switched_off.contains(target)
    }

    /// Whether the manifest asks in so many words for benches inside the library. (Cargo's default is to build the
    /// library for them too, which nobody means who has none.)
    pub(super) fn library(&self) -> bool {
        self.library == Some(true)
    }

    /// Whether the manifest says that the library has no benches.
    pub(super) fn library_is_off(&self) -> bool {
        self.library == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harness_false_is_a_main_of_its_own() {
        let text = "[package]\nname = 'p'\n[[bench]]\nname = 'own'\nharness = false\n\
                    [[bench]]\nname = 'lib'\n[[bench]]\nname = 'said'\nharness = true\nbench = false\n";
        let benches = Benches::parse(text).unwrap();
        assert_eq!(benches.harness("own"), Harness::Own);
        assert_eq!(benches.harness("lib"), Harness::Libtest);
        assert_eq!(benches.harness("said"), Harness::Libtest);
        assert_eq!(benches.harness("found_by_its_place"), Harness::Libtest);
        assert!(!benches.library());
        assert!(benches.switched_off("said") && !benches.switched_off("own"));
    }

    #[test]
    fn a_library_counts_only_when_asked_for() {
        assert!(!Benches::parse("[lib]\nbench = false").unwrap().library());
        assert!(!Benches::parse("[lib]\nname = 'x'").unwrap().library());
        assert!(Benches::parse("[lib]\nbench = true").unwrap().library());
    }

    #[test]
    fn broken_toml_is_an_error() {
        assert!(Benches::parse("[[bench").is_err());
    }
}
