//! A part of a run, where several machines share the work.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::fnv::fnv;
use super::name::BenchmarkName;

/// What is dealt out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionKind {
    /// Single benchmarks: parts of even size, each of which builds everything.
    Hash,
    /// Whole bench targets: a part builds only its own.
    Target,
}

/// Part `index` of `count`. Who belongs to it depends on names alone, so every machine deals out alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Partition {
    /// What is dealt out.
    pub kind: PartitionKind,
    /// Which part, from 1.
    pub index: u32,
    /// How many parts there are.
    pub count: u32,
}

/// The most parts: a mistyped number is no fleet.
const MOST: u32 = 1000;

impl Partition {
    /// Whether a benchmark belongs to this part.
    pub fn holds(&self, name: &BenchmarkName) -> bool {
        match self.kind {
            PartitionKind::Hash => self.is_dealt(&name.to_string()),
            PartitionKind::Target => self.holds_target(name.package(), name.target()),
        }
    }

    /// Whether a part may have benchmarks of a bench target, so that it has to be built.
    pub fn holds_target(&self, package: &str, target: &str) -> bool {
        match self.kind {
            PartitionKind::Hash => true,
            PartitionKind::Target => self.is_dealt(&format!("{package}::{target}")),
        }
    }

    /// Whether a claim belongs to this part, by its name: its benchmarks stay together.
    pub fn holds_claim(&self, name: &str) -> bool {
        self.is_dealt(name)
    }

    fn is_dealt(&self, text: &str) -> bool {
        spread(text) % u64::from(self.count.max(1)) == u64::from(self.index.saturating_sub(1))
    }
}

/// FNV-1a, then the finalizer of `MurmurHash3`, so that names that differ in one digit go to different parts.
fn spread(text: &str) -> u64 {
    let mut hash = fnv(text);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            PartitionKind::Hash => "hash",
            PartitionKind::Target => "target",
        };
        write!(f, "{kind}:{}/{}", self.index, self.count)
    }
}

/// A text that is no part of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPartition(&'static str);

impl fmt::Display for NoPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (try `target:1/4` or `hash:1/4`)", self.0)
    }
}

impl std::error::Error for NoPartition {}

impl FromStr for Partition {
    type Err = NoPartition;

    fn from_str(text: &str) -> Result<Self, NoPartition> {
        let (kind, part) = text.split_once(':').ok_or(NoPartition("it has no kind"))?;
        let kind = match kind {
            "hash" => PartitionKind::Hash,
            "target" => PartitionKind::Target,
            _ => return Err(NoPartition("its kind is neither `hash` nor `target`")),
        };
        let (index, count) = part.split_once('/').ok_or(NoPartition("it has no `/`"))?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| NoPartition("a part of it is no number"));
        let (index, count) = (number(index)?, number(count)?);
        if index == 0 || index > count {
            return Err(NoPartition("parts are numbered from 1 to their count"));
        }
        if count > MOST {
            return Err(NoPartition("it has more than 1000 parts"));
        }
        Ok(Self { kind, index, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Partition {
        text.parse().unwrap()
    }

    #[test]
    fn every_benchmark_is_in_one_part() {
        let names: Vec<BenchmarkName> = (0..1000)
            .map(|n| BenchmarkName::new("package", format!("target{}", n % 20), format!("case/{n}")))
            .collect();
        for kind in ["hash", "target"] {
            let parts: Vec<Partition> = (1..=7).map(|index| part(&format!("{kind}:{index}/7"))).collect();
            for name in &names {
                assert_eq!(parts.iter().filter(|part| part.holds(name)).count(), 1, "{name}");
                let built = |part: &&Partition| part.holds_target(name.package(), name.target());
                assert!(parts.iter().filter(|part| part.holds(name)).all(|part| built(&part)));
            }
            let claims = (0..100).map(|n| format!("claim {n}"));
            assert!(
                claims
                    .into_iter()
                    .all(|claim| { parts.iter().filter(|part| part.holds_claim(&claim)).count() == 1 })
            );
        }
        let sizes = (1..=4).map(|index| {
            let part = part(&format!("hash:{index}/4"));
            names.iter().filter(|name| part.holds(name)).count()
        });
        assert!(sizes.into_iter().all(|size| (200..300).contains(&size)), "parts are of even size");
    }

    #[test]
    fn texts_are_read_as_they_are_written_and_nonsense_is_named() {
        for text in ["hash:1/1", "target:3/4", "hash:1000/1000"] {
            assert_eq!(part(text).to_string(), text);
        }
        for text in
            ["", "1/2", "slice:1/2", "hash:0/2", "hash:3/2", "hash:1/1001", "hash:a/2", "hash:1", "hash:-1/2"]
        {
            let error = text.parse::<Partition>().unwrap_err().to_string();
            assert!(error.contains("target:1/4"), "{text}: {error}");
        }
    }

    #[test]
    fn who_belongs_where_does_not_change_between_versions() {
        let part = part("hash:2/4");
        let held: Vec<usize> =
            (0..12).filter(|n| part.holds(&BenchmarkName::new("a", "b", format!("{n}")))).collect();
        assert_eq!(held, [2, 6]);
    }
}
