//! A run as machines share it: what it measured, summed up, without what only its own machine needs.

use std::fmt;

use super::artifact::Digest;
use super::comparison::{Phase, Schedule};
use super::layout::LayoutSeed;
use super::machine::MachineFacts;
use super::measurement::MeasurementKey;
use super::revision::Revision;
use super::run_id::Provenance;
use super::sample::SampleSet;
use super::side::{Side, Sides};
use super::summary::BenchSummary;

/// What a run is called outside of its store: 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunUid([u8; 16]);

impl RunUid {
    /// Takes the bytes of a store.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 lower-case hexadecimal digits; `None` for anything else, so that each id has one spelling.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return None;
        }
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for RunUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One run of the program, as it is sent and received.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedRun {
    /// What it is called everywhere.
    pub uid: RunUid,
    /// The command's name.
    pub command: String,
    /// When it began, in milliseconds since the Unix epoch, by its own machine's clock.
    pub started_ms: i64,
    /// Where it ran.
    pub machine: MachineFacts,
    /// The version of the program.
    pub program_version: String,
    /// What its random choices grew from.
    pub seed: u64,
    /// What it measured.
    pub measurements: Vec<SharedMeasurement>,
    /// What it measured in pairs.
    pub comparisons: Vec<SharedComparison>,
    /// The bench targets that it built. Revisions have no labels.
    pub benches: Vec<(Revision, BenchSummary)>,
}

impl SharedRun {
    /// The same without what executables were linked from.
    #[must_use]
    pub fn without_links(mut self) -> Self {
        for (_, bench) in &mut self.benches {
            bench.link = None;
        }
        self
    }

    /// The same without what need not go along: raw samples, and what executables were linked from.
    #[must_use]
    pub fn summary(self) -> Self {
        let mut summary = self.without_links();
        let launches = summary.measurements.iter_mut().filter(|found| !found.key.metric.is_count());
        for launch in launches.flat_map(|found| &mut found.launches) {
            launch.samples = None;
        }
        summary
    }
}

/// One benchmark's metric of one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedMeasurement {
    /// What it is a measurement of. The revision has no label.
    pub key: MeasurementKey,
    /// Whether it is evidence about the machine.
    pub provenance: Provenance,
    /// The launches, in order; at least one.
    pub launches: Vec<SharedLaunch>,
}

/// One launch.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedLaunch {
    /// What was started.
    pub executable: Digest,
    /// The CPU it was pinned to, if it was.
    pub cpu: Option<u32>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The median of its samples per iteration, in the metric's unit.
    pub median: f64,
    /// The samples: of counts always, of times where they were asked for.
    pub samples: Option<SampleSet>,
    /// What the machine code that it executed comes to, where that was counted.
    pub code: Option<Digest>,
}

/// Two sides that were measured in pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedComparison {
    /// Why.
    pub phase: Phase,
    /// The place of each side's measurement in [`SharedRun::measurements`].
    pub measurements: Sides<usize>,
    /// What each side ran.
    pub executables: Sides<Digest>,
    /// What the pairs came to.
    pub pairs: Vec<SharedPair>,
}

/// What one pair came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharedPair {
    /// Which pair of its comparison, from 0.
    pub index: u32,
    /// Which side started first.
    pub first: Side,
    /// How the two took turns.
    pub schedule: Schedule,
    /// What the layout of both was drawn from.
    pub layout: Option<LayoutSeed>,
    /// ln(candidate/baseline).
    pub log_ratio: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let hex = "00ff0123456789abcdef0123456789ab";
        assert_eq!(RunUid::from_hex(hex).unwrap().to_string(), hex);
        for other in
            [&hex[1..], &hex.to_uppercase(), &format!("{hex}0"), "../../../../etc/passwd-0123456789", "ß"]
        {
            assert_eq!(RunUid::from_hex(other), None, "{other}");
        }
        assert_eq!(RunUid::from_hex(&"/".repeat(32)), None);
    }
}
