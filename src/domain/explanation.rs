//! Which functions account for a difference in instructions, ready to be rendered.

use super::artifact::{BuildDifference, Toolchain};
use super::function::{Place, TopFunction};
use super::machine::MachineFacts;
use super::name::BenchmarkName;
use super::reason::Note;
use super::revision::Revision;
use super::side::Sides;

/// What one function costs in one iteration of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spent {
    /// Instructions in the function itself.
    pub own: f64,
    /// Instructions in it and in all that it called.
    pub inclusive: f64,
    /// How often it is called.
    pub called: f64,
}

/// Which of the two profiles know a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// Both.
    Both,
    /// Only the candidate's.
    New,
    /// Only the baseline's.
    Gone,
}

/// A function of one side that is part of another function on the other side.
#[derive(Debug, Clone, PartialEq)]
pub struct Inlined {
    /// The function that has none of its own any more, or had none before.
    pub name: String,
    /// Where it is a function of its own; on the other side it is part of the row's function.
    pub apart_in: super::Side,
    /// Its instructions there: the row's figures have them added.
    pub own: f64,
    /// What speaks for it.
    pub evidence: Evidence,
}

/// How sure it is that a function became part of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The line table has its lines in the other function.
    Lines,
    /// It was called by the other function, which grew when it vanished.
    Calls,
}

/// What a function costs on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionDifference {
    /// Its name: the candidate's, where there is one.
    pub name: String,
    /// Its name in the baseline, where that is another.
    pub was: Option<String>,
    /// The crate it belongs to, as far as the name tells.
    pub krate: Option<String>,
    /// Where it is written, where debug information tells.
    pub place: Option<Place>,
    /// Which sides have it.
    pub occurrence: Occurrence,
    /// What it costs.
    pub spent: Sides<Spent>,
    /// The caller whose calls of it changed most, where they did.
    pub called_by: Option<String>,
    /// Functions that are part of it on one side only.
    pub inlined: Vec<Inlined>,
}

impl FunctionDifference {
    /// By how many of its own instructions the candidate has more.
    pub fn own(&self) -> f64 {
        self.spent.candidate.own - self.spent.baseline.own
    }

    /// By how many instructions it and all that it calls have more.
    pub fn inclusive(&self) -> f64 {
        self.spent.candidate.inclusive - self.spent.baseline.inclusive
    }

    /// How much more often it is called.
    pub fn called(&self) -> f64 {
        self.spent.candidate.called - self.spent.baseline.called
    }
}

/// What is too small to be told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Others {
    /// How many functions differ by so little.
    pub functions: usize,
    /// By how many instructions they differ together.
    pub own: f64,
}

/// How many functions are named under a regression at most.
const TOP_FUNCTIONS: usize = 3;

/// A function that asks for memory more or less often.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocatingCaller {
    /// The function, outside the standard library where there is one.
    pub name: String,
    /// How often in each iteration.
    pub calls: Sides<f64>,
}

/// What accounts for the difference, in short.
#[derive(Debug, Clone, PartialEq)]
pub enum Account {
    /// There is none.
    None,
    /// One function, by its place in [`Explanation::functions`].
    One(usize),
    /// One function together with all that it calls, by its place: what costs more is the standard library's, the
    /// system's, or many functions' below it.
    Within(usize),
    /// A few functions together, by their places.
    Several(Vec<usize>),
    /// Many functions, none of which matters alone.
    Spread,
    /// Functions differ much, and the sum hardly at all: what cost more, and what cost less.
    Moved {
        /// What gained most.
        to: usize,
        /// What lost most.
        from: usize,
    },
    /// The instructions have no function to belong to.
    Nameless,
}

/// Which functions account for a difference. All figures are for one iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// All instructions.
    pub total: Sides<f64>,
    /// What explains most first.
    pub functions: Vec<FunctionDifference>,
    /// What is too small to be in `functions`.
    pub others: Others,
    /// Who asks for memory more or less often; who gained most first.
    pub allocating: Vec<AllocatingCaller>,
    /// The share of instructions in functions without a name, from 0 to 1.
    pub nameless: Sides<f64>,
    /// What it comes from.
    pub cause: Account,
}

impl Explanation {
    /// The functions that gained most, the first the most; at most three, none where nothing got worse.
    pub fn top_functions(&self) -> Vec<TopFunction> {
        let worse = self.functions.iter().filter(|function| function.own() > 0.0);
        worse
            .take(TOP_FUNCTIONS)
            .map(|function| TopFunction {
                function: function.name.clone(),
                krate: function.krate.clone(),
                place: function.place.clone(),
                difference: function.own(),
            })
            .collect()
    }

    /// By how many instructions the candidate has more.
    pub fn difference(&self) -> f64 {
        self.total.candidate - self.total.baseline
    }

    /// What share of the whole difference a part of it is; `None` without a difference.
    pub fn share(&self, part: f64) -> Option<f64> {
        let whole = self.difference();
        (whole.abs() >= 0.5).then(|| part / whole)
    }

    /// What neither a function nor the others account for.
    pub fn remainder(&self) -> f64 {
        let told: f64 = self.functions.iter().map(FunctionDifference::own).sum();
        self.difference() - told - self.others.own
    }
}

/// A package that Cargo.lock pins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedPackage {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// Where it comes from; nothing for a folder of the workspace.
    pub source: Option<String>,
}

/// A dependency that Cargo.lock pins otherwise on the two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyDifference {
    /// The package.
    pub name: String,
    /// Its versions; none where a side does without it.
    pub versions: Sides<Vec<String>>,
}

/// A call stack that was put together from who calls whom, with what it costs in one iteration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackCost {
    /// Functions, the outermost first.
    pub frames: Vec<String>,
    /// Instructions in the last of them.
    pub own: Sides<u64>,
}

/// What `explain` found about one benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainReport {
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// What was compared.
    pub revisions: Sides<Revision>,
    /// Where.
    pub machine: MachineFacts,
    /// With what the candidate was built.
    pub toolchain: Option<Toolchain>,
    /// What counted; nothing where nothing had to be counted.
    pub counter: Option<String>,
    /// How the builds differ besides the code.
    pub builds: Vec<BuildDifference>,
    /// How the dependencies differ.
    pub dependencies: Vec<DependencyDifference>,
    /// By how many instructions two counts of each side differed.
    pub varies: Sides<f64>,
    /// What accounts for the difference; nothing where both executables are identical.
    pub explanation: Option<Explanation>,
    /// Branches and simulated caches, where they were asked for.
    pub events: Vec<EventDifference>,
    /// Stacks for a flame graph.
    pub stacks: Vec<StackCost>,
    /// What a reader should know besides.
    pub notes: Vec<Note>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Something besides instructions that was counted, for one iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct EventDifference {
    /// The counter's name for it: `Bcm`, `D1mr`.
    pub event: String,
    /// How many there are in one iteration.
    pub values: Sides<f64>,
}
