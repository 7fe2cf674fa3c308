//! What is stored: a key, raw samples, and how they came about.

use super::artifact::{BuildFingerprint, Digest};
use super::machine::MachineKey;
use super::metric::Metric;
use super::name::BenchmarkName;
use super::revision::Revision;
use super::run_id::Provenance;
use super::sample::{SampleSet, median};
use super::series::SeriesKey;

/// What a stored result is keyed by. Results that differ in anything but the revision are never compared silently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasurementKey {
    /// Which code.
    pub revision: Revision,
    /// Which machine.
    pub machine: MachineKey,
    /// Which build.
    pub build: BuildFingerprint,
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// Which figure.
    pub metric: Metric,
}

impl MeasurementKey {
    /// The key without the revision: the line of results it is a point of.
    pub fn series(&self) -> SeriesKey {
        SeriesKey {
            machine: self.machine.clone(),
            build: self.build.clone(),
            benchmark: self.benchmark.clone(),
            metric: self.metric,
        }
    }
}

/// One start of a process that measured the benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// Raw samples, in the order they were taken.
    pub samples: SampleSet,
    /// The CPU it was pinned to, if it was.
    pub cpu: Option<u32>,
    /// How long the whole launch took, in seconds.
    pub seconds: f64,
}

/// One benchmark measured on one run: at least one launch, all of one executable.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What it is a measurement of.
    pub key: MeasurementKey,
    /// The executable.
    pub executable: Digest,
    /// Whether it is evidence.
    pub provenance: Provenance,
    /// The launches, in order.
    pub launches: Vec<Launch>,
    /// What the machine code that every launch executed comes to, where that was counted and is the same.
    pub code: Option<Digest>,
}

impl Measurement {
    /// The median over launches of each launch's median: what a table shows. `None` without launches.
    pub fn summary(&self) -> Option<f64> {
        median(self.launches.iter().map(|launch| launch.samples.median()).collect())
    }
}
