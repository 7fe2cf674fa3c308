//! Why a verdict is what it is, and what else a reader should know: facts. Only `report` puts them into words.

use serde::{Deserialize, Serialize};

use super::artifact::BuildDifference;
use super::command::UnitKind;
use super::count::{NotCounted, Variation};
use super::creep::Creep;
use super::failure::Failure;
use super::function::TopFunction;
use super::instrument::Instrument;
use super::layout::LayoutFallback;
use super::metric::Metric;
use super::name::BenchmarkName;
use super::output::OutputDifference;
use super::partition::Partition;
use super::revision::Revision;
use super::side::Side;

/// Why a paired test ended without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// No pair said anything.
    NoPairs,
    /// The budget ended first.
    Budget,
    /// Worse at first, not worse when measured again.
    NotRepeated,
    /// Worse at first; measured again, neither could be shown.
    RepeatUndecided,
    /// Worse at first; there was no time to measure again.
    RepeatOutstanding,
}

impl Doubt {
    /// Whether the benchmark looked worse at first: a suspect that was not proven.
    pub fn is_suspicion(self) -> bool {
        matches!(self, Self::NotRepeated | Self::RepeatUndecided | Self::RepeatOutstanding)
    }
}

/// Why counts do not decide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CountDoubt {
    /// A side was counted once, and came to something else than the other.
    CountedOnce,
    /// A count that is negative or not finite.
    NotANumber,
    /// The runs of the two sides overlap the threshold: the lowest and highest count of the candidate.
    Overlap(f64, f64),
}

/// What measuring a build against itself seemed to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seemed {
    /// Worse than itself.
    Worse,
    /// Better than itself.
    Better,
}

/// Why a metric's verdict is what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Only this side has the benchmark.
    OnlyOn(Side),
    /// The executable of a side could not list its benchmarks.
    CannotList(Side, Failure),
    /// A launch of a side gave nothing.
    Failed(Side, Failure),
    /// Both sides of a command do not print the same: what does something else is neither faster nor slower.
    OutputDiffers(OutputDifference),
    /// A side of a command prints something else at every launch.
    OutputVaries(Side),
    /// A side of a command prints more than is compared.
    OutputTooLong(Side),
    /// Both executables have the same bytes.
    Identical,
    /// None of the functions that differ is run, which are so many.
    Unreached(usize),
    /// Both sides execute the same machine code equally often, and a quick check by the clock agrees.
    SameCode,
    /// The builds differ in what no comparison can bridge.
    BuildsDiffer(Vec<BuildDifference>),
    /// The executable runs under an emulator, so its time is no evidence.
    Emulated,
    /// The pairs do not decide. With the seconds of one pair and of the budget where that has room for too few.
    Undecided {
        /// Why.
        doubt: Doubt,
        /// Seconds of one pair, and of the whole budget.
        short_of: Option<(f64, f64)>,
    },
    /// Better at first, not when measured again.
    ImprovementNotRepeated,
    /// The quick check differs by the threshold at hand, and no pairs were measured.
    QuickCheckDiffers,
    /// The user stopped the run before this was decided.
    Interrupted,
    /// The value exceeds its cap, in the metric's unit.
    AboveCap(f64),
    /// It is accepted only up to a bound, and is beyond it.
    AboveAccepted {
        /// By which files, or by the flag.
        file: String,
        /// The bound, as it is written.
        up_to: String,
    },
    /// This change is slower, and with it the benchmark is slower than a release by more than may creep.
    Crept {
        /// The release.
        since: String,
        /// candidate/release − 1, measured now.
        change: f64,
        /// What it may come to, a fraction.
        limit: f64,
    },
    /// The counts vary. With the doubt where they do not decide.
    CountsVary {
        /// Where that probably comes from; unknown where a count is no number.
        source: Option<Variation>,
        /// Why they do not decide, if they do not.
        doubt: Option<CountDoubt>,
        /// The cap that is exceeded, if one is.
        above_cap: Option<f64>,
    },
    /// There is no count of a side.
    NotCounted(Side, NotCounted),
    /// Slower, with the same code doing the same things: only where the code lies is left to explain it.
    CodeLayout,
    /// The A/A test found a build that seemed to differ from itself.
    UnfitMachine(Objection),
    /// Measured and stored without a judgement.
    Stored,
    /// As the report of another run says it.
    Quoted {
        /// Its name for programs.
        code: String,
        /// Its words.
        text: String,
    },
}

impl Reason {
    /// A name for programs: `reason_code` in JSON. Stable within a schema.
    pub fn code(&self) -> &str {
        match self {
            Self::OnlyOn(Side::Candidate) => "only-on-candidate",
            Self::OnlyOn(Side::Baseline) => "only-on-baseline",
            Self::CannotList(..) => "cannot-list",
            Self::Failed(..) => "failed",
            Self::OutputDiffers(_) => "output-differs",
            Self::OutputVaries(_) => "output-varies",
            Self::OutputTooLong(_) => "output-too-long",
            Self::Identical => "identical-executables",
            Self::Unreached(_) => "unreached",
            Self::SameCode => "same-code",
            Self::BuildsDiffer(_) => "builds-differ",
            Self::Emulated => "emulated",
            Self::Undecided { doubt, .. } => match doubt {
                Doubt::NoPairs => "no-pairs",
                Doubt::Budget => "budget-ended",
                Doubt::NotRepeated => "not-repeated",
                Doubt::RepeatUndecided => "repeat-undecided",
                Doubt::RepeatOutstanding => "repeat-outstanding",
            },
            Self::ImprovementNotRepeated => "improvement-not-repeated",
            Self::QuickCheckDiffers => "quick-check-differs",
            Self::Interrupted => "interrupted",
            Self::AboveCap(_) => "above-cap",
            Self::AboveAccepted { .. } => "above-accepted",
            Self::Crept { .. } => "crept",
            Self::CountsVary { doubt, .. } => match doubt {
                None => "counts-vary",
                Some(CountDoubt::CountedOnce) => "counted-once",
                Some(CountDoubt::NotANumber) => "not-a-number",
                Some(CountDoubt::Overlap(..)) => "counts-overlap",
            },
            Self::NotCounted(..) => "not-counted",
            Self::CodeLayout => "code-layout",
            Self::UnfitMachine(_) => "unfit-machine",
            Self::Stored => "stored",
            Self::Quoted { code, .. } => code,
        }
    }

    /// Whether it says that a benchmark looked worse at first, which could not be proven.
    pub fn is_suspicion(&self) -> bool {
        match self {
            Self::Undecided { doubt, .. } => doubt.is_suspicion(),
            Self::Quoted { code, .. } => SUSPICIONS.contains(&code.as_str()),
            _ => false,
        }
    }
}

/// The codes of suspects that were not proven.
const SUSPICIONS: [&str; 3] = ["not-repeated", "repeat-undecided", "repeat-outstanding"];

/// What a regression comes from, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The two builds differ in more than the code.
    Build(BuildDifference),
    /// A function executes more instructions.
    Function(TopFunction),
    /// As the report of another run says it.
    Quoted {
        /// The field in which the builds differ.
        build_field: Option<String>,
        /// Its words.
        text: String,
    },
}

/// What a reader should know besides the verdicts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// A bench target that is not measured, or one benchmark of it.
    LeftOut {
        /// Its package.
        package: String,
        /// Its name; of a benchmark with its id behind it.
        target: String,
        /// Why, in words that say what would change it.
        reason: String,
    },
    /// Where the functions are written that regressions come from is not known.
    NoPlaces(String),
    /// A side does not have a package that was asked for.
    NoPackage(Side, String),
    /// A side does not have a bench target that was asked for.
    NoBenchTarget(Side, String),
    /// The built-in suite does not build on a side, with the error.
    SuiteLeftOut(Side, String),
    /// So many bench targets have no baseline: what is stored of it says enough.
    BaselineKnown(usize),
    /// The built-in suite is not measured: nothing that it depends on differs between the sides.
    SuiteSame,
    /// The built-in suite is not measured: nobody asked for it, and there is one side.
    SuiteUnasked,
    /// The benches of this library are measured one process after the other, and why.
    Sequential(Instrument, String),
    /// A benchmark is measured one process after the other, because the second failed beside the first, with this message.
    OneAtATime(BenchmarkName, String),
    /// A benchmark runs nothing that differs, as traps show, and was counted to do something else.
    ReachRefuted(BenchmarkName),
    /// What stored results add up to since a release.
    Creep(Box<Creep>),
    /// Executables for this target triple run under an emulator, this program: their times are left out.
    Emulated {
        /// The triple.
        target: String,
        /// The emulator's name.
        by: String,
    },
    /// There is no such release before this commit.
    NoAnchor(String),
    /// The release cannot be built or asked any more, with the error: whether a change crosses the limit is not known.
    AnchorBroken(String, String),
    /// `--locked` holds for everything but these crates, of which a copy is built.
    Copied(Vec<String>),
    /// A metric was not counted: of one benchmark on one side, or of any.
    NotCounted {
        /// Which metric.
        metric: Metric,
        /// Of which benchmark, where it ails that alone.
        benchmark: Option<BenchmarkName>,
        /// On which side.
        side: Side,
        /// Why.
        why: NotCounted,
    },
    /// What a back-fill found of one commit: how many benchmarks are to be measured, and how many are stored.
    Backfill {
        /// The commit.
        revision: String,
        /// To be measured.
        new: usize,
        /// Stored already.
        stored: usize,
    },
    /// A benchmark has another name on the baseline.
    Renamed {
        /// The baseline's name.
        from: BenchmarkName,
        /// The candidate's name.
        to: BenchmarkName,
    },
    /// What the A/A test found: how many benchmarks, and how many of them were shown unchanged.
    AaTest {
        /// How many were measured against themselves.
        measured: usize,
        /// How many of these were shown unchanged.
        unchanged: usize,
        /// One that seemed to differ from itself.
        objection: Option<Objection>,
    },
    /// A lock file cannot be read, with the error.
    DependenciesUnknown(Side, String),
    /// The pairs of a bench target had the layout of its build.
    NotDrawn {
        /// The bench target, as `package::target`.
        target: String,
        /// Why no layout was drawn.
        reason: LayoutFallback,
    },
    /// No more layouts could be drawn for a bench target, so that later pairs had those of earlier ones.
    LayoutsRepeated {
        /// The bench target, as `package::target`.
        target: String,
        /// Why no more were drawn.
        reason: LayoutFallback,
    },
    /// A part of the work was measured more than once: what the earlier attempts ended with.
    Repeated {
        /// Which part.
        part: Partition,
        /// The exit codes of the attempts that do not count.
        earlier: Vec<u8>,
    },
    /// An acceptance that accepts nothing.
    UnusedAcceptance {
        /// The file, or the flag.
        file: String,
        /// Whether there is a benchmark that it is about.
        matched: bool,
    },
    /// As the report of another run says it.
    Quoted(String),
}

impl Note {
    /// A bench target that is left out of a run.
    pub fn left_out(package: &str, target: &str, reason: &str) -> Self {
        Self::LeftOut { package: package.to_owned(), target: target.to_owned(), reason: reason.to_owned() }
    }
}

/// A benchmark that seemed to differ from itself: nothing that was timed in that run counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Objection {
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// What it seemed to be.
    pub seemed: Seemed,
    /// How many more did.
    pub others: usize,
}

/// Something that could not be completed. Never a regression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// An executable could not list its benchmarks.
    CannotList {
        /// The bench target, as `package::target`.
        target: String,
        /// What of its package was compiled.
        #[serde(default)]
        unit: UnitKind,
        /// Whose executable, where there are two sides.
        side: Option<Side>,
        /// Why.
        failure: Failure,
    },
    /// A benchmark could not be measured.
    Failed {
        /// Which one.
        benchmark: BenchmarkName,
        /// What of its package was compiled.
        #[serde(default)]
        unit: UnitKind,
        /// On which side, where there are two.
        side: Option<Side>,
        /// Why.
        failure: Failure,
    },
    /// The user stopped the run.
    Interrupted,
    /// A revision could not be built or measured, with the error and what to do.
    Revision(Revision, String, Option<String>),
    /// An error ended the run half-way, with what to do. What was measured before is stored.
    BrokenOff(String, Option<String>),
    /// An error kept the whole run from being made, with what to do.
    Ended(String, Option<String>),
    /// There is no report of a part of the work.
    Missing(Partition),
    /// As the report of another run says it.
    Quoted {
        /// What it concerns; empty for the whole run.
        subject: String,
        /// What happened.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
}
