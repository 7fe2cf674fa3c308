//! Claims: what is said to hold between benchmarks of one build, and what was found about it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::count::NotCounted;
use super::name::BenchmarkName;
use super::reason::Objection;
use super::side::Sides;

/// Who makes a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClaimOrigin {
    /// The built-in suite.
    BuiltIn,
    /// The user's configuration.
    User,
}

/// Something that is said to hold, about benchmarks called `N`: text as it was written, a full name once it is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim<N> {
    /// `group/pattern`, or the user's name for it.
    pub name: String,
    /// Who makes it.
    pub origin: ClaimOrigin,
    /// The heading it stands under.
    pub section: Option<String>,
    /// The words it is made in.
    pub statement: Option<String>,
    /// What it says.
    pub expectation: Expectation<N>,
}

/// What a claim says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expectation<N> {
    /// time(slower) / time(faster) is at least so much.
    Faster {
        /// The one that is faster.
        faster: N,
        /// The one that is slower.
        slower: N,
        /// How many times.
        at_least: AtLeast,
    },
    /// The times of the two differ by at most a fraction.
    Equal {
        /// One of them.
        one: N,
        /// The other.
        other: N,
        /// The fraction: 0.02 for 2 %.
        within: f64,
        /// Whether as much holds for the instructions executed.
        instructions: Instructions,
    },
    /// So many heap allocations in one iteration.
    Allocations {
        /// Of which benchmark.
        of: N,
        /// How many.
        bound: AllocationBound<N>,
    },
    /// Types that are no larger than the harness expects.
    Layout(Vec<String>),
}

/// Whether a claim about time is also one about instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instructions {
    /// No.
    Open,
    /// Yes.
    AsWell,
}

/// How many allocations are claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AllocationBound<N> {
    /// So many.
    Exactly(u64),
    /// So many or fewer.
    AtMost(u64),
    /// Fewer than another benchmark makes.
    FewerThan(N),
}

/// The least ratio that is claimed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AtLeast {
    /// On every architecture.
    Everywhere(f64),
    /// On the architectures named; nothing is claimed of others.
    PerArchitecture(BTreeMap<String, f64>),
}

impl AtLeast {
    /// What is claimed on one architecture.
    pub fn on(&self, arch: &str) -> Option<f64> {
        match self {
            Self::Everywhere(ratio) => Some(*ratio),
            Self::PerArchitecture(ratios) => ratios.get(arch).copied(),
        }
    }

    /// Every number that is claimed anywhere.
    pub fn ratios(&self) -> Vec<f64> {
        match self {
            Self::Everywhere(ratio) => vec![*ratio],
            Self::PerArchitecture(ratios) => ratios.values().copied().collect(),
        }
    }
}

impl<N> Expectation<N> {
    /// The benchmarks it is about, in the order they are written.
    pub fn benchmarks(&self) -> Vec<&N> {
        match self {
            Self::Faster { faster, slower, .. } => vec![faster, slower],
            Self::Equal { one, other, .. } => vec![one, other],
            Self::Allocations { of, bound: AllocationBound::FewerThan(other) } => vec![of, other],
            Self::Allocations { of, .. } => vec![of],
            Self::Layout(_) => Vec::new(),
        }
    }

    /// Turns each benchmark into another, or stops at the first error.
    ///
    /// # Errors
    /// The first error of `f`.
    pub fn try_map<M, E>(&self, mut f: impl FnMut(&N) -> Result<M, E>) -> Result<Expectation<M>, E> {
        Ok(match self {
            Self::Faster { faster, slower, at_least } => {
                Expectation::Faster { faster: f(faster)?, slower: f(slower)?, at_least: at_least.clone() }
            }
            Self::Equal { one, other, within, instructions } => Expectation::Equal {
                one: f(one)?,
                other: f(other)?,
                within: *within,
                instructions: *instructions,
            },
            Self::Allocations { of, bound } => Expectation::Allocations {
                of: f(of)?,
                bound: match bound {
                    AllocationBound::Exactly(count) => AllocationBound::Exactly(*count),
                    AllocationBound::AtMost(count) => AllocationBound::AtMost(*count),
                    AllocationBound::FewerThan(other) => AllocationBound::FewerThan(f(other)?),
                },
            },
            Self::Layout(types) => Expectation::Layout(types.clone()),
        })
    }
}

/// What was found about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// Shown to hold.
    Confirmed,
    /// Shown not to hold.
    Refuted,
    /// Neither, within the budget.
    Undecided,
}

impl ClaimVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::Refuted, Self::Undecided];

    /// The name in JSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Undecided => "undecided",
        }
    }
}

/// What a claim says on the target at hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Claimed {
    /// slower/faster is at least this.
    AtLeast(f64),
    /// slower/faster is 1 within this fraction.
    EqualWithin(f64),
    /// So many allocations.
    Allocations(AllocationBound<BenchmarkName>),
    /// So many types are as small as expected.
    Layout(usize),
    /// As the report of another run says it.
    Quoted {
        /// The least ratio, where one is claimed.
        at_least: Option<f64>,
        /// Its words.
        text: String,
    },
}

impl Claimed {
    /// The ratio that is claimed, where one is: 1 of an equality.
    pub fn at_least(&self) -> Option<f64> {
        match self {
            Self::AtLeast(ratio) => Some(*ratio),
            Self::EqualWithin(_) => Some(1.0),
            Self::Quoted { at_least, .. } => *at_least,
            Self::Allocations(_) | Self::Layout(_) => None,
        }
    }
}

impl fmt::Display for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(ratio) => write!(f, "at least {ratio:.2}x"),
            Self::EqualWithin(fraction) => write!(f, "equal within {}%", (fraction * 1e4).round() / 1e2),
            Self::Allocations(AllocationBound::Exactly(1)) => f.write_str("1 allocation"),
            Self::Allocations(AllocationBound::Exactly(count)) => write!(f, "{count} allocations"),
            Self::Allocations(AllocationBound::AtMost(count)) => write!(f, "at most {count} allocations"),
            Self::Allocations(AllocationBound::FewerThan(_)) => f.write_str("fewer allocations"),
            Self::Layout(1) => f.write_str("the size of 1 type"),
            Self::Layout(count) => write!(f, "the sizes of {count} types"),
            Self::Quoted { text, .. } => f.write_str(text),
        }
    }
}

/// What it means for the gate that a claim is refuted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClaimWeight {
    /// The gate fails: the user wrote it down, or it was confirmed on this architecture.
    Binding,
    /// It is told, and no more.
    Informative,
}

/// What the built-in suite says about the size of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayoutFact {
    /// The type.
    #[serde(rename = "type")]
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The size it is expected to have.
    pub expected_size: u64,
    /// Whether it is as small as expected.
    pub holds: bool,
}

/// Why a claim cannot be looked into here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimSetback {
    /// This name is not among the benchmarks at hand.
    Unknown(String),
    /// Its benchmarks are not there.
    NoBenchmarks,
    /// Times under an emulator are no evidence.
    Emulated,
}

/// Why a claim's verdict is what it is, and what else is worth knowing about it.
#[derive(Debug, Clone, PartialEq)]
pub enum ClaimReason {
    /// It cannot be looked into here.
    Impossible(ClaimSetback),
    /// Nothing was measured for it.
    NotMeasured,
    /// A benchmark of it failed.
    Failed(BenchmarkName),
    /// The user stopped the run before it was decided.
    Interrupted,
    /// No pair could be measured.
    NoPairs,
    /// So many pairs decide nothing.
    Undecided(usize),
    /// It does not hold: the first benchmark is so many times as fast as the second.
    DoesNotHold(Option<f64>),
    /// What was refuted at first was not when it was measured again.
    NotRepeated(ClaimVerdict),
    /// The instructions of its two benchmarks.
    Instructions(f64, f64),
    /// Instructions are part of the claim, and were not counted.
    InstructionsNotCounted(NotCounted),
    /// Allocations were not counted, of this benchmark.
    AllocationsNotCounted(BenchmarkName, NotCounted),
    /// It takes two counts of each to know whether they repeat.
    CountedOnce,
    /// The lowest and highest count of the benchmark, and of the one it is compared with.
    Counted((f64, f64), Option<(f64, f64)>),
    /// Nothing is known about the layout of types, and why where that is known.
    LayoutUnavailable(Option<String>),
    /// The suite says nothing about these types.
    LayoutUnknown(Vec<String>),
    /// These types are larger than expected.
    Larger(Vec<LayoutFact>),
    /// The A/A test found the machine unfit.
    Unfit(Objection),
    /// As the report of another run says it.
    Quoted(String),
}

/// A claim and what was found about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimOutcome {
    /// `group/pattern`, or the user's name for it.
    pub name: String,
    /// The heading it stands under.
    pub section: Option<String>,
    /// The words it is made in.
    pub statement: Option<String>,
    /// What was found.
    pub verdict: ClaimVerdict,
    /// slower/faster: how many times faster the faster one is.
    pub ratio: Option<f64>,
    /// The interval of `ratio`.
    pub interval: Option<(f64, f64)>,
    /// What was claimed.
    pub claimed: Claimed,
    /// Allocations of one iteration before (the slower, or the one compared with) and after (the faster, or the one
    /// spoken of), where they were counted.
    pub allocations: Option<Sides<Option<f64>>>,
    /// What it means for the gate.
    pub weight: ClaimWeight,
    /// The benchmarks it is about, the faster one (or the one spoken of) first.
    pub benchmarks: Vec<BenchmarkName>,
    /// Why, when undecided or refuted; otherwise what else is worth knowing.
    pub reasons: Vec<ClaimReason>,
}

impl ClaimOutcome {
    /// An outcome without figures.
    pub fn undecided(name: impl Into<String>, claimed: Claimed, reasons: Vec<ClaimReason>) -> Self {
        Self {
            name: name.into(),
            section: None,
            statement: None,
            verdict: ClaimVerdict::Undecided,
            ratio: None,
            interval: None,
            claimed,
            allocations: None,
            weight: ClaimWeight::Binding,
            benchmarks: Vec::new(),
            reasons,
        }
    }

    /// Whether it fails the gate.
    pub fn fails(&self) -> bool {
        self.verdict == ClaimVerdict::Refuted && self.weight == ClaimWeight::Binding
    }

    /// Whether anything was looked at.
    pub fn was_examined(&self) -> bool {
        self.verdict != ClaimVerdict::Undecided || self.ratio.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_claimed_reads_as_it_is_said() {
        let fewer = AllocationBound::FewerThan(BenchmarkName::new("a", "b", "c"));
        for (claimed, words) in [
            (Claimed::AtLeast(1.1), "at least 1.10x"),
            (Claimed::EqualWithin(0.02), "equal within 2%"),
            (Claimed::Allocations(AllocationBound::Exactly(0)), "0 allocations"),
            (Claimed::Allocations(AllocationBound::AtMost(3)), "at most 3 allocations"),
            (Claimed::Allocations(fewer), "fewer allocations"),
            (Claimed::Layout(16), "the sizes of 16 types"),
        ] {
            assert_eq!(claimed.to_string(), words);
        }
    }

    #[test]
    fn an_architecture_that_is_not_named_has_no_claim() {
        let at_least = AtLeast::PerArchitecture(BTreeMap::from([("x86_64".to_owned(), 1.5)]));
        assert_eq!((at_least.on("x86_64"), at_least.on("riscv64")), (Some(1.5), None));
        assert_eq!(AtLeast::Everywhere(2.0).on("riscv64"), Some(2.0));
    }
}
