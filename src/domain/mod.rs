//! The words of the project as types.
//!
//! Everything that one stage hands to the next lives here, so that stages need no imports of each other and the
//! graph of modules cannot have a cycle. Only `std` and `serde` are used; nothing here does I/O.

pub mod acceptance;
pub mod artifact;
pub mod asked;
pub mod axis;
pub mod baseline;
pub mod bisect;
pub mod cargo;
pub mod claim;
pub mod command;
pub mod comparison;
pub mod count;
pub mod creep;
pub mod evidence;
pub mod exit;
pub mod explanation;
pub mod failure;
pub mod fitness;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod fnv;
pub mod function;
pub mod harmless;
pub mod history;
pub mod instrument;
pub mod layout;
pub mod library;
pub mod limit;
pub mod machine;
pub mod measurement;
pub mod metric;
pub mod name;
pub mod near;
pub mod outcome;
pub mod output;
pub mod partition;
pub mod presence;
pub mod profile;
pub mod progress;
pub mod random;
pub mod reach;
pub mod reason;
pub mod revision;
pub mod run_id;
pub mod sample;
pub mod series;
pub mod shared;
pub mod side;
pub mod stage;
pub mod summary;
pub mod throughput;
mod trend;
pub mod verdict;

pub use acceptance::{Acceptance, AcceptanceOutcome, AcceptanceSource, AcceptanceUse, Accepted};
pub use artifact::{
    BuildDifference, BuildFingerprint, BuiltBench, Digest, Execution, MadeFile, Surroundings, Toolchain,
    Variant, arch_of,
};
pub use asked::{Asked, Confirm, HistoryCheck, Identical, Insistence};
pub use axis::{Axis, AxisName};
pub use baseline::{BaselineEntry, BaselineReport, Kept};
pub use bisect::{BisectPart, BisectReport, NamedCommit};
pub use cargo::{
    BenchTarget, CargoFlags, Coloring, CrateSource, Features, LocalPackage, Namesake, Variables,
    without_leftovers,
};
pub use claim::{
    AllocationBound, AtLeast, Claim, ClaimOrigin, ClaimOutcome, ClaimReason, ClaimSetback, ClaimVerdict,
    ClaimWeight, Claimed, Expectation, Instructions, LayoutFact,
};
pub use command::{COMMAND_LIBRARY, COMMAND_TARGET, CommandSpec, LIBTEST_LIBRARY, Unit, UnitKind};
pub use comparison::{ComparisonId, Pair, PairedLaunch, Phase, SLOWED_IN_TURNS, Schedule};
pub use count::{AllocationCount, CountKind, Counted, Counts, InstructionCount, NotCounted, Variation};
pub use creep::{Creep, CreepWatch};
pub use evidence::{
    AaControl, AaTest, BenchmarkEvidence, ClaimCase, ClaimEvidence, CreepEvidence, Ended, HistoryEvidence,
    PairedEvidence, RunEvidence, Simulated,
};
pub use exit::Exit;
pub use explanation::{
    Account, AllocatingCaller, DependencyDifference, EventDifference, Evidence, ExplainReport, Explanation,
    FunctionDifference, Inlined, LockedPackage, Occurrence, Others, Spent, StackCost,
};
pub use failure::Failure;
pub use fitness::{
    BuildFacts, Condition, DoctorReport, Finding, Fitness, Load, Memory, Quota, SelfComparison, SelfDoubt,
    Topic,
};
pub use fnv::{fnv, fnv_of_bytes};
pub use function::{Place, TopFunction, is_below};
pub use history::{HistoryPoint, HistoryReport, Mark};
pub use instrument::{CrateOrigin, Instrument, NoInstrument};
pub use layout::{ALIGNED, Layout, LayoutFallback, LayoutSeed, LayoutUse, LayoutsUsed, UnknownLayout};
pub use limit::{Limit, LimitError};
pub use machine::{CacheLevel, CpuIdentity, MachineFacts, MachineKey};
pub use measurement::{Launch, Measurement, MeasurementKey};
pub use metric::Metric;
pub use name::{BenchmarkName, NameError};
pub use outcome::{BenchmarkOutcome, JudgedBy, MetricOutcome, Report, ReportKind};
pub use output::{OutputComparison, OutputDifference, OutputLine};
pub use partition::{NoPartition, Partition, PartitionKind};
pub use presence::{Presence, SideBuild};
pub use profile::{CallCost, FunctionCost, LineCost, Profile};
pub use progress::{Event, Progress, Silent};
pub use reach::{Reach, ReachUse};
pub use reason::{Cause, CountDoubt, Doubt, Note, Objection, Reason, Seemed, Trouble};
pub use revision::{CommitId, Revision, SourceTree, TreeId};
pub use run_id::{Provenance, RunId};
pub use sample::{Sample, SampleError, SampleSet, median};
pub use series::{LatestValue, RunValue, SeriesHistory, SeriesKey, SeriesPoint};
pub use shared::{RunUid, SharedComparison, SharedLaunch, SharedMeasurement, SharedPair, SharedRun};
pub use side::{Side, Sides};
pub use stage::{Stage, StageTime};
pub use summary::{BenchSummary, LinkSummary, SummaryFacts};
pub use throughput::{Throughput, Work, WorkUnit};
pub use trend::Trend;
pub use verdict::{Method, Verdict};
