//! Whether a machine, a profile and a toolchain are fit to measure: what `doctor` reads, finds and measures.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::artifact::Toolchain;
use super::instrument::Instrument;
use super::machine::MachineFacts;
use super::name::BenchmarkName;
use super::reason::{Note, Seemed, Trouble};
use super::revision::Revision;

/// How fit something is to measure with. Ordered from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fitness {
    /// As it should be.
    Fit,
    /// The system does not tell.
    Unknown,
    /// It costs time or precision, but no verdict is wrong for it.
    Caution,
    /// What is measured like this means little.
    Unfit,
}

impl Fitness {
    /// The name in JSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Unknown => "unknown",
            Self::Caution => "caution",
            Self::Unfit => "unfit",
        }
    }
}

impl fmt::Display for Fitness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The machine and what else it does.
    Machine,
    /// The profile, the flags, the toolchain and the measuring library.
    Build,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// What was looked at, in a word or two: `load`, `frequency`, `opt-level`.
    pub subject: &'static str,
    /// What was found.
    pub found: String,
    /// How fit that is.
    pub fitness: Fitness,
    /// What it means for measuring.
    pub meaning: String,
    /// What to do about it, where something can be done.
    pub advice: Option<String>,
}

/// How much of the processors other processes use.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// All of them together, in CPUs: 1.5 is one and a half.
    pub cpus: f64,
    /// The heaviest few, by name, with what each uses in CPUs.
    pub heaviest: Vec<(String, f64)>,
}

/// What the memory is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Memory {
    /// The share that a new program could use.
    pub available: f64,
    /// How much of what is used lies in swap space, in bytes.
    pub swapped: u64,
    /// The share of the last ten seconds in which something waited for memory.
    pub pressure: Option<f64>,
}

/// How much of the processors a container may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quota {
    /// All there is.
    Unlimited,
    /// So many CPUs; its processes are stopped when that is used up.
    Cpus(f64),
}

/// What a machine is like right now: what flickers, and so is not part of its key. `None` is what the system does not
/// tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Condition {
    /// What other processes use.
    pub load: Option<Load>,
    /// The share of processor time that a hypervisor gave to others.
    pub stolen: Option<f64>,
    /// The frequency scaling governors of all CPUs, without repetitions.
    pub governors: Option<Vec<String>>,
    /// Whether the clock may rise above its base.
    pub turbo: Option<bool>,
    /// How many CPUs this process may use.
    pub allowed: Option<u32>,
    /// Whether a process can be bound to one CPU, or why not.
    pub pinning: Option<Result<(), String>>,
    /// Whether it runs on battery.
    pub on_battery: Option<bool>,
    /// What the memory is like.
    pub memory: Option<Memory>,
    /// Whether addresses are laid out at random.
    pub random_addresses: Option<bool>,
    /// valgrind's version; `None` where it cannot be started.
    pub valgrind: Option<String>,
    /// Whether the system offers the processor's own counters.
    pub counters: Option<bool>,
    /// How much of the processors our control group may use.
    pub quota: Option<Quota>,
}

/// What is known about a build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildFacts {
    /// rustc's version.
    pub rustc: String,
    /// The Cargo profile.
    pub profile: String,
    /// What its settings come to: `opt-level=3 lto=false …`.
    pub settings: String,
    /// RUSTFLAGS and what the configuration adds to them.
    pub rustflags: String,
    /// The measuring libraries.
    pub instruments: Vec<Instrument>,
    /// Libraries whose benches are measured one process after the other, and why.
    pub sequential: Vec<(Instrument, String)>,
    /// Whether an emulator runs the executables.
    pub emulated: bool,
}

/// A benchmark that was measured against itself.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfComparison {
    /// Which.
    pub name: BenchmarkName,
    /// The interval of the change that was seen; the true one is 0.
    pub interval: Option<(f64, f64)>,
    /// The probability with which the interval holds the truth.
    pub confidence: Option<f64>,
    /// How many pairs of launches were measured.
    pub pairs: u32,
    /// How long that took, in seconds.
    pub seconds: f64,
    /// How fit the machine is, by this benchmark.
    pub fitness: Fitness,
    /// Why, when it is not fit.
    pub doubt: Option<SelfDoubt>,
}

/// Why a benchmark that was measured against itself does not show that a machine is fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfDoubt {
    /// It seemed to differ from itself.
    Seemed(Seemed),
    /// The budget is too small to show it unchanged.
    Budget,
    /// It could not be measured.
    NotMeasured,
}

impl SelfComparison {
    /// Half the width of the interval: how precisely a change is known (a fraction).
    pub fn half_width(&self) -> Option<f64> {
        self.interval.map(|(low, high)| (high - low) / 2.0)
    }

    /// The smallest threshold that the interval supports (a fraction): the largest change that it does not rule out.
    pub fn smallest_threshold(&self) -> Option<f64> {
        self.interval.map(|(low, high)| high.max(-low).max(0.0)).filter(|threshold| threshold.is_finite())
    }
}

/// What `doctor` found.
#[derive(Debug, Clone, PartialEq)]
pub struct DoctorReport {
    /// The code the program will exit with.
    pub exit_code: u8,
    /// What was built.
    pub candidate: Option<Revision>,
    /// The machine.
    pub machine: MachineFacts,
    /// What its key is made of, by name.
    pub key_fields: Vec<(&'static str, String)>,
    /// What builds.
    pub toolchain: Option<Toolchain>,
    /// What was looked at.
    pub findings: Vec<Finding>,
    /// Time per benchmark that was measured against itself, in seconds.
    pub budget: f64,
    /// Benchmarks that were measured against themselves.
    pub controls: Vec<SelfComparison>,
    /// What could not be completed.
    pub troubles: Vec<Trouble>,
    /// What a reader should know besides.
    pub notes: Vec<Note>,
    /// How long it all took, in seconds.
    pub seconds: f64,
}

impl DoctorReport {
    /// The worst of everything that was found. What is not known does not count against a machine.
    pub fn fitness(&self) -> Fitness {
        let findings = self.findings.iter().map(|finding| finding.fitness);
        let all = findings.chain(self.controls.iter().map(|control| control.fitness));
        all.filter(|fitness| *fitness != Fitness::Unknown).max().unwrap_or(Fitness::Unknown)
    }

    /// The smallest threshold that holds for every benchmark that was measured: the worst one's (a fraction).
    pub fn smallest_threshold(&self) -> Option<f64> {
        let each: Option<Vec<f64>> = self.controls.iter().map(SelfComparison::smallest_threshold).collect();
        each?.into_iter().reduce(f64::max)
    }

    /// The median of the smallest thresholds (a fraction).
    pub fn median_threshold(&self) -> Option<f64> {
        super::median(self.controls.iter().filter_map(SelfComparison::smallest_threshold).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(interval: Option<(f64, f64)>) -> SelfComparison {
        SelfComparison {
            name: BenchmarkName::new("p", "t", "b"),
            interval,
            confidence: Some(0.98),
            pairs: 20,
            seconds: 10.0,
            fitness: Fitness::Fit,
            doubt: None,
        }
    }

    #[test]
    fn a_threshold_is_what_the_worse_end_of_an_interval_does_not_rule_out() {
        assert_eq!(control(Some((-0.01, 0.02))).smallest_threshold(), Some(0.02));
        assert_eq!(control(Some((-0.03, 0.02))).smallest_threshold(), Some(0.03));
        assert_eq!(control(Some((0.01, 0.02))).smallest_threshold(), Some(0.02));
        assert_eq!(control(Some((-0.03, f64::INFINITY))).smallest_threshold(), None);
        assert_eq!(control(None).smallest_threshold(), None);
        assert!((control(Some((-0.03, 0.02))).half_width().unwrap() - 0.025).abs() < 1e-12);
    }
}
