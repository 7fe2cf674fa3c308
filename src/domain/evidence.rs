//! What was found out about a benchmark before anybody judges it: the judge's one input, filled by `pipeline::collect`, kept in
//! the store, and read back from there for the verdict. Nothing here is a judgement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::acceptance::Acceptance;
use super::artifact::{BuildFingerprint, Digest, Toolchain};
use super::asked::Asked;
use super::claim::{Claim, ClaimSetback, ClaimWeight, Claimed, Expectation, Instructions, LayoutFact};
use super::comparison::{ComparisonId, Pair};
use super::count::{CountKind, Counted, Counts, NotCounted};
use super::creep::Creep;
use super::failure::Failure;
use super::function::TopFunction;
use super::layout::LayoutsUsed;
use super::limit::Limit;
use super::machine::MachineFacts;
use super::metric::Metric;
use super::name::BenchmarkName;
use super::outcome::ReportKind;
use super::output::OutputComparison;
use super::presence::Presence;
use super::reach::Reach;
use super::reason::{Note, Trouble};
use super::revision::Revision;
use super::sample::Sample;
use super::side::{Side, Sides};
use super::stage::StageTime;
use super::throughput::Throughput;

/// Why no more pairs were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The test is decided.
    Decided,
    /// The budget is gone, or what is left of it cannot decide.
    Exhausted,
    /// A launch gave nothing: whose, and what happened.
    Failed(Side, Failure),
    /// The user wants to stop.
    Interrupted,
}

/// Pairs of launches that were measured for one purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedEvidence {
    /// Under which number the store keeps them.
    pub comparison: ComparisonId,
    /// Why there are no more.
    pub ended: Ended,
    /// The pairs, in order. Kept apart from the rest, raw samples included.
    #[serde(skip)]
    pub pairs: Vec<Pair>,
}

/// One fresh measurement of the candidate beside what is stored of the baseline. Values are logarithms of medians in ns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvidence {
    /// The stored runs of the baseline, all of one key.
    pub runs: Vec<f64>,
    /// Differences between runs of neighbouring commits of the same key but the commit.
    pub differences: Vec<f64>,
    /// The candidate, and the standard error of that within its run.
    pub fresh: (f64, f64),
    /// How long the fresh measurement took, in seconds.
    pub seconds: f64,
    /// The pair that was measured where history alone would clear it.
    pub confirming: Option<PairedEvidence>,
}

/// What one side does in one iteration under a simulated processor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulated {
    /// What the executed machine code comes to.
    pub code: Option<Digest>,
    /// The iterations that were counted, and their instructions.
    pub sample: Sample,
    /// Simulated events of one iteration, by Callgrind's names.
    pub events: BTreeMap<String, f64>,
    /// Whether every iteration has a set-up of its own.
    pub set_up: bool,
    /// How many threads there were.
    pub threads: u32,
}

/// What is known of a benchmark since a release.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreepEvidence {
    /// What the stored steps up to the baseline come to, and may come to, for each metric of which there are any.
    pub sums: Vec<Creep>,
    /// Fresh pairs of both sides, to show that this change makes it slower at all.
    pub change: Option<PairedEvidence>,
    /// The release in place of the baseline, held to what may creep: measured where this change crosses that.
    pub anchor: Option<Box<BenchmarkEvidence>>,
}

/// All that is known about one benchmark of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkEvidence {
    /// Its name: the candidate's, where that has it.
    pub name: BenchmarkName,
    /// Its name on the baseline, where that is another.
    pub renamed_from: Option<BenchmarkName>,
    /// Where it is found.
    pub presence: Presence,
    /// Whether both sides of a command print the same, where that was looked into.
    #[serde(default)]
    pub output: Option<OutputComparison>,
    /// Whether it runs what differs between its executables, where that was looked into.
    #[serde(default)]
    pub reach: Option<Reach>,
    /// Instructions (and what is counted with them) of both sides.
    pub instructions: Option<Sides<Counted>>,
    /// Allocations of both sides.
    pub allocations: Option<Sides<Counted>>,
    /// A few pairs of what executes the same code.
    pub quick: Option<PairedEvidence>,
    /// The candidate beside stored runs of the baseline.
    pub history: Option<HistoryEvidence>,
    /// The paired measurement.
    pub pairs: Option<PairedEvidence>,
    /// Fresh pairs of what looked worse, or better.
    pub remeasured: Option<PairedEvidence>,
    /// What both sides do under a simulated processor, where that was looked into.
    pub simulated: Option<Sides<Simulated>>,
    /// The functions that gained most instructions, the first the most.
    pub top_functions: Vec<TopFunction>,
    /// The file of its bench target, from the repository's root; `None` where it is no file of the candidate's repository.
    #[serde(default)]
    pub source: Option<String>,
    /// What one iteration works on on each side, where its bench declares that.
    #[serde(default)]
    pub throughput: Sides<Vec<Throughput>>,
    /// What it is held to in place of thresholds: limits of a comparison with a release.
    #[serde(default)]
    pub limits: BTreeMap<Metric, Limit>,
    /// What crept since a release, where that is watched.
    #[serde(default)]
    pub creep: Option<CreepEvidence>,
}

impl BenchmarkEvidence {
    /// A benchmark of which nothing is known but where it is.
    pub fn new(name: BenchmarkName, presence: Presence) -> Self {
        Self {
            name,
            renamed_from: None,
            presence,
            output: None,
            reach: None,
            instructions: None,
            allocations: None,
            quick: None,
            history: None,
            pairs: None,
            remeasured: None,
            simulated: None,
            top_functions: Vec::new(),
            source: None,
            throughput: Sides::default(),
            limits: BTreeMap::new(),
            creep: None,
        }
    }

    /// The architecture it was compiled for.
    pub fn arch(&self) -> &str {
        self.presence.build().fingerprint.arch()
    }

    /// Its name on a side.
    pub fn name_on(&self, side: Side) -> &BenchmarkName {
        match (side, &self.renamed_from) {
            (Side::Baseline, Some(from)) => from,
            _ => &self.name,
        }
    }

    /// The counts of both sides that give a metric.
    pub fn counts_of(&self, metric: Metric) -> Option<&Sides<Counted>> {
        match CountKind::of(metric) {
            CountKind::Instructions => self.instructions.as_ref(),
            CountKind::Allocations => self.allocations.as_ref(),
        }
    }

    /// The counts of both sides of one kind, to fill in.
    pub fn counts_mut(&mut self, kind: CountKind) -> &mut Option<Sides<Counted>> {
        match kind {
            CountKind::Instructions => &mut self.instructions,
            CountKind::Allocations => &mut self.allocations,
        }
    }

    /// Everything that was measured in pairs.
    pub fn paired_mut(&mut self) -> Vec<&mut PairedEvidence> {
        let confirming = self.history.as_mut().and_then(|history| history.confirming.as_mut());
        let own = [self.quick.as_mut(), confirming, self.pairs.as_mut(), self.remeasured.as_mut()];
        let mut all: Vec<&mut PairedEvidence> = own.into_iter().flatten().collect();
        if let Some(CreepEvidence { change, anchor, .. }) = &mut self.creep {
            all.extend(change);
            all.extend(anchor.iter_mut().flat_map(|anchor| anchor.paired_mut()));
        }
        all
    }

    /// Whether it is known that it runs nothing that differs between its executables.
    pub fn is_unreached(&self) -> bool {
        self.reach.as_ref().is_some_and(Reach::is_unreached)
    }

    /// Whether both sides execute the same machine code equally often, and ask for as much memory, as far as that was counted;
    /// or run nothing that differs.
    pub fn executes_same_code(&self) -> bool {
        let Some(instructions) = self.instructions.as_ref().and_then(both_counted) else {
            return self.is_unreached() && self.instructions.is_none() && self.allocations.is_none();
        };
        let same_code =
            instructions.baseline.code.is_some() && instructions.baseline.code == instructions.candidate.code;
        let agree = |both: Sides<&Counts>| both.baseline.agrees(both.candidate);
        let allocations = self.allocations.as_ref().map(both_counted);
        same_code
            && agree(instructions)
            // What was to be counted and was not is no agreement.
            && allocations.is_none_or(|both| both.is_some_and(agree))
    }
}

/// The counts of both sides, where there are both.
pub fn both_counted(sides: &Sides<Counted>) -> Option<Sides<&Counts>> {
    let Sides { baseline: Ok(baseline), candidate: Ok(candidate) } = sides else { return None };
    Some(Sides { baseline, candidate })
}

/// The side without a count, and why. The candidate first: without its count the baseline's is not taken.
pub fn not_counted(sides: &Sides<Counted>) -> Option<(Side, &NotCounted)> {
    [Side::Candidate, Side::Baseline]
        .into_iter()
        .find_map(|side| sides.get(side).as_ref().err().map(|why| (side, why)))
}

/// A benchmark that was measured against itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AaControl {
    /// Which one.
    pub name: BenchmarkName,
    /// The target triple, by which its threshold is found.
    pub target: String,
    /// Its pairs.
    pub pairs: PairedEvidence,
}

/// The A/A test of a run: builds measured against themselves, by the schedule of the comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AaTest {
    /// Whether it was asked for.
    pub asked: bool,
    /// The benchmarks that were measured against themselves.
    pub controls: Vec<AaControl>,
}

/// How a claim can be looked into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimCase {
    /// Pairs decide: the ratio slower/faster is at least this.
    AtLeast(f64),
    /// Pairs decide: the two are equal within this fraction.
    EqualWithin(f64),
    /// Counts of allocations decide.
    Counted,
    /// The layout of these types decides.
    Layout(Vec<String>),
    /// It cannot be looked into here.
    Impossible(ClaimSetback),
}

impl ClaimCase {
    /// Whether pairs decide it.
    pub fn is_timed(&self) -> bool {
        matches!(self, Self::AtLeast(_) | Self::EqualWithin(_))
    }
}

/// All that is known about one claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimEvidence {
    /// What is claimed, as it was written.
    pub claim: Claim<String>,
    /// What that says on the target at hand.
    pub claimed: Claimed,
    /// The benchmarks it is about: of a claim about time the faster one first.
    pub benchmarks: Vec<BenchmarkName>,
    /// The build that what is found belongs to.
    pub build: Option<BuildFingerprint>,
    /// Whether a refuted claim fails the gate.
    pub weight: ClaimWeight,
    /// How it can be looked into.
    pub case: ClaimCase,
    /// The paired measurement. The faster benchmark is the baseline.
    pub pairs: Option<PairedEvidence>,
    /// Fresh pairs of what was refuted.
    pub remeasured: Option<PairedEvidence>,
    /// Allocations of one iteration of each benchmark, in their order.
    pub allocations: Vec<Counted>,
    /// Instructions of each benchmark, in their order, where they are part of the claim.
    pub instructions: Vec<Counted>,
    /// What the built-in suite says about the layout of types, or why it does not.
    pub layout: Option<Result<Vec<LayoutFact>, String>>,
}

impl ClaimEvidence {
    /// Whether instructions are part of the claim.
    pub fn counts_instructions(&self) -> bool {
        matches!(self.claim.expectation, Expectation::Equal { instructions: Instructions::AsWell, .. })
    }

    /// The benchmark that is measured on a side: the faster one is the baseline.
    pub fn benchmark_on(&self, side: Side) -> Option<&BenchmarkName> {
        self.benchmarks.get(usize::from(side == Side::Candidate))
    }

    /// Everything that was measured in pairs.
    pub fn paired_mut(&mut self) -> impl Iterator<Item = &mut PairedEvidence> {
        [self.pairs.as_mut(), self.remeasured.as_mut()].into_iter().flatten()
    }
}

/// What is known about a run as a whole, besides its benchmarks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEvidence {
    /// What was asked for.
    pub kind: ReportKind,
    /// What was compared.
    pub revisions: Sides<Revision>,
    /// Where.
    pub machine: MachineFacts,
    /// With what.
    pub toolchain: Option<Toolchain>,
    /// How many tests share the error of the run, once that is known.
    pub tests: Option<usize>,
    /// What was asked for.
    pub asked: Asked,
    /// Paired time for each benchmark, in seconds.
    pub budget: f64,
    /// The A/A test.
    pub aa: AaTest,
    /// The claims.
    pub claims: Vec<ClaimEvidence>,
    /// The acceptances that are in force. Runs that were stored before there were any have none.
    #[serde(default)]
    pub acceptances: Vec<Acceptance>,
    /// In what layouts pairs were measured. Runs that were stored before this was kept have none.
    #[serde(default)]
    pub layouts: Option<LayoutsUsed>,
    /// What a reader should know besides.
    pub notes: Vec<Note>,
    /// What could not be completed, failed benchmarks aside.
    pub troubles: Vec<Trouble>,
    /// How long the run took, in seconds.
    pub seconds: f64,
    /// With what it spent that. Runs that were stored before this was kept have none.
    #[serde(default)]
    pub stages: Vec<StageTime>,
}

impl RunEvidence {
    /// Everything that was measured in pairs.
    pub fn paired_mut(&mut self) -> impl Iterator<Item = &mut PairedEvidence> {
        let claims = self.claims.iter_mut().flat_map(ClaimEvidence::paired_mut);
        self.aa.controls.iter_mut().map(|control| &mut control.pairs).chain(claims)
    }
}
