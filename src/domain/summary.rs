//! What is known of a bench target of a commit once its executable is gone: enough to tell what another one does otherwise.

use serde::{Deserialize, Serialize};

use super::artifact::{BuildFingerprint, Digest, Surroundings};
use super::command::UnitKind;

/// What an executable was linked from, summed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSummary {
    /// The linker's flags and scripts, shared libraries, and what the linker found by itself.
    pub besides: Digest,
    /// Code without a name, and lists that are walked from end to end.
    pub nameless: Digest,
    /// One number below 2^48 for each function, each named variable and each name that shared libraries give: of the name and
    /// of all that has it. Sorted, each once.
    pub parts: Vec<u64>,
}

impl LinkSummary {
    /// How many bytes of a number count.
    const WIDTH: usize = 6;

    /// The numbers as bytes: six each, the most significant first.
    pub fn bytes(&self) -> Vec<u8> {
        self.parts.iter().flat_map(|part| part.to_be_bytes().into_iter().skip(8 - Self::WIDTH)).collect()
    }

    /// Reads them again; `None` where they are cut off, or not in order.
    pub fn parts_of(bytes: &[u8]) -> Option<Vec<u64>> {
        let numbers = bytes.chunks_exact(Self::WIDTH);
        let is_whole = numbers.remainder().is_empty();
        let parts: Vec<u64> = numbers
            .map(|bytes| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            .collect();
        (is_whole && parts.is_sorted_by(|one, next| one < next)).then_some(parts)
    }

    /// Whether it has what this number stands for.
    pub fn has(&self, part: u64) -> bool {
        self.parts.binary_search(&part).is_ok()
    }
}

/// One bench target of a commit, as a machine built it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchSummary {
    /// The package that owns it.
    pub package: String,
    /// Its name.
    pub target: String,
    /// Everything but the source that decides how fast it is.
    pub fingerprint: BuildFingerprint,
    /// The executable.
    pub executable: Digest,
    /// What else there was besides the code.
    pub facts: SummaryFacts,
    /// What it was linked from, where that could be read.
    pub link: Option<LinkSummary>,
}

/// What a bench target finds when it runs, and which benchmarks it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryFacts {
    /// What decided what it is: the tree, the compiler, flags, the benches that were built with it, versions of dependencies.
    pub key: Digest,
    /// What of the package was compiled.
    pub unit: UnitKind,
    /// What surrounds it when it runs.
    pub surroundings: Surroundings,
    /// What the variables that Cargo sets for it come to.
    pub variables: Digest,
    /// Its benchmarks, in the order in which it runs them.
    pub ids: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_by_its_number() {
        let link =
            LinkSummary { besides: Digest::new("1"), nameless: Digest::new("2"), parts: vec![1, 5, 1 << 40] };
        assert!([1, 5, 1 << 40].into_iter().all(|part| link.has(part)));
        assert!(![0, 2, 6].into_iter().any(|part| link.has(part)));
    }

    #[test]
    fn numbers_come_back_from_bytes_that_are_whole_and_in_order() {
        let parts = vec![0, 258, (1 << 48) - 1];
        let link =
            LinkSummary { besides: Digest::new("1"), nameless: Digest::new("2"), parts: parts.clone() };
        let bytes = link.bytes();
        assert_eq!((bytes.len(), LinkSummary::parts_of(&bytes)), (18, Some(parts)));
        assert_eq!(LinkSummary::parts_of(&bytes[..17]), None);
        assert_eq!(LinkSummary::parts_of(&[&bytes[6..], &bytes[..6]].concat()), None);
        assert_eq!(LinkSummary::parts_of(&bytes[..6].repeat(2)), None);
        assert_eq!(LinkSummary::parts_of(&[]), Some(Vec::new()));
    }
}
