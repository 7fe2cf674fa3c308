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
pub mod explanation;
pub mod fitness;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod history;
pub mod layout;
pub mod limit;
pub mod machine;
pub mod measurement;
pub mod metric;
pub mod name;
pub mod outcome;
pub mod profile;
pub mod progress;
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
    AllocationBound, AtLeast, Claim, ClaimOrigin, ClaimOutcome, ClaimVerdict, ClaimWeight, Claimed,
    Expectation, Instructions,
};
pub use comparison::{Pair, PairedLaunch, Phase, Schedule};
pub use count::{AllocationCount, InstructionCount};
pub use explanation::{
    AllocatingCaller, BuildDifference, Cause, DependencyDifference, EventDifference, Evidence, ExplainReport,
    Explanation, FunctionDifference, Inlined, LockedPackage, Occurrence, Others, Place, Spent, StackCost,
};
pub use fitness::{
    BuildFacts, Condition, DoctorReport, Finding, Fitness, Load, Memory, Quota, SelfComparison, Topic,
};
pub use history::{HistoryPoint, HistoryReport};
pub use layout::{Layout, LayoutFallback, LayoutSeed, LayoutUse, UnknownLayout};
pub use limit::{Limit, LimitError};
pub use machine::{CacheLevel, CpuIdentity, MachineFacts, MachineKey};
pub use measurement::{Launch, Measurement, MeasurementKey, Occasion, OccasionId, Provenance};
pub use metric::Metric;
pub use name::{BenchmarkName, NameError};
pub use outcome::{BenchmarkOutcome, MetricOutcome, PLACEMENT, Report, ReportedError, Toolchain};
pub use profile::{CallCost, FunctionCost, LineCost, Profile};
pub use progress::{Event, Progress, Silent};
pub use revision::{CommitId, Revision, SourceTree, TreeId};
pub use sample::{Sample, SampleError, SampleSet, median};
pub use series::{LatestValue, OccasionValue, SeriesHistory, SeriesKey, SeriesPoint};
pub use side::{Side, Sides};
pub use verdict::{Method, Verdict};
