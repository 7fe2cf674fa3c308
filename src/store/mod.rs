//! Measurements kept in one `SQLite` file; the only user of rusqlite.
//!
//! Every finished measurement and every finished pair is one transaction, raw samples included: what was measured
//! before a crash, a kill or a full disk is still there, and can be judged again. docs/schema.md describes every table.
//!
//! Everything about a commit that may serve as a baseline comes from clean revisions and native figures alone.
//!
//! Many processes may use one store at once. Readers never wait; writers wait for each other for at most 30 s.

pub mod acceptance_file;
mod baseline;
mod baseline_file;
mod comparison;
mod encoding;
mod error;
mod evidence;
mod guard;
mod history;
mod migrations;
mod open;
mod prune;
mod rows;
mod shared;
mod steps;
mod summary;
#[cfg(test)]
mod tests;
mod write;

pub use baseline::ExecutableLaunches;
pub use baseline_file::{
    BaselineClaim, BaselineFile, BaselineFileError, BaselineProblem, BaselineResult, FolderError,
};
pub use comparison::{NewComparison, StoredComparison};
pub use error::{Oddity, Problem, Refusal, StoreError};
pub use evidence::StoredRun;
pub use history::{SeriesFilter, StoredCommit};
pub use open::Store;
pub use prune::{PruneRule, Pruned};
pub use shared::{RawSamples, Received};
pub use steps::StepRatio;
pub use write::{MeasurementId, NewRun};
