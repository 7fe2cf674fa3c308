//! The words of the project as types.
//!
//! Everything that one stage hands to the next lives here, so that stages need no imports of each other and the
//! graph of modules cannot have a cycle. Only `std` and `serde` are used; nothing here does I/O.

pub mod artifact;
pub mod baseline;
pub mod cargo;
pub mod claim;
pub mod comparison;
pub mod count;
pub mod evidence;
pub mod exit;
pub mod explanation;
pub mod fitness;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod history;
pub mod instrument;
pub mod limit;
pub mod machine;
pub mod measurement;
pub mod metric;
pub mod name;
pub mod near;
pub mod occasion;
pub mod outcome;
pub mod profile;
pub mod progress;
pub mod random;
pub mod reason;
pub mod revision;
pub mod sample;
pub mod series;
pub mod side;
pub mod verdict;

pub use artifact::{BuildFingerprint, BuiltBench, Digest, Execution, Variant};
pub use baseline::{BaselineEntry, BaselineReport};
pub use cargo::{
    BenchTarget, CargoFlags, Coloring, CrateOrigin, CriterionSource, Features, LocalPackage, Namesake,
    Variables, without_leftovers,
};
pub use claim::{
    AllocationBound, AtLeast, Claim, ClaimOrigin, ClaimOutcome, ClaimReason, ClaimSetback, ClaimVerdict,
    ClaimWeight, Claimed, Expectation, Instructions,
};
pub use comparison::{ComparisonId, Pair, PairedLaunch, Phase, Schedule};
pub use count::{AllocationCount, CountKind, Counted, Counts, InstructionCount, NotCounted};
pub use evidence::{
    AaControl, AaTest, BenchmarkEvidence, ClaimCase, ClaimEvidence, Ended, HistoryEvidence, LayoutFact,
    PairedEvidence, Presence, RunEvidence, SideBuild, Simulated,
};
pub use exit::Exit;
pub use explanation::{
    Account, AllocatingCaller, BuildDifference, DependencyDifference, EventDifference, Evidence,
    ExplainReport, Explanation, FunctionDifference, Inlined, LockedPackage, Occurrence, Others, Place, Spent,
    StackCost, TopFunction,
};
pub use fitness::{
    BuildFacts, Condition, DoctorReport, Finding, Fitness, Load, Memory, Quota, SelfComparison, SelfDoubt,
    Topic,
};
pub use history::{HistoryPoint, HistoryReport};
pub use instrument::{Instrument, NoInstrument};
pub use limit::{Limit, LimitError};
pub use machine::{CacheLevel, CpuIdentity, MachineFacts, MachineKey};
pub use measurement::{Launch, Measurement, MeasurementKey};
pub use metric::Metric;
pub use name::{BenchmarkName, NameError};
pub use occasion::{Occasion, OccasionId, Provenance};
pub use outcome::{BenchmarkOutcome, MetricOutcome, Report, ReportKind, Toolchain};
pub use profile::{CallCost, FunctionCost, LineCost, Profile};
pub use progress::{Event, Progress, Silent};
pub use reason::{Cause, CountDoubt, Doubt, Failure, Note, Objection, Reason, Seemed, Trouble, Variation};
pub use revision::{CommitId, Revision, SourceTree, TreeId};
pub use sample::{Sample, SampleError, SampleSet, median};
pub use series::{LatestValue, OccasionValue, SeriesHistory, SeriesKey, SeriesPoint};
pub use side::{Side, Sides};
pub use verdict::{Method, Verdict};
