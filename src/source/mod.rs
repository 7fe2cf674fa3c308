//! Revisions and their files; the only user of git2.
//!
//! Reads the user's repository and never writes to it: no object, reference, index or configuration is touched. What
//! is extracted goes to folders of our own, named by content.

mod added;
mod baseline;
mod checkout;
mod error;
mod extensions;
mod extract;
mod files;
mod gitdir;
mod given_lock;
mod harness;
mod lfs;
mod line;
mod locked;
mod place;
mod pristine;
mod prune;
mod repository;
mod snapshot;
mod submodule;
mod tracked;

pub use added::{AddedBounds, AddedFile};
pub use baseline::CommitInfo;
pub use error::SourceError;
pub use given_lock::{GivenLock, GivenLockError};
pub use harness::{HarnessError, SUITE_PACKAGE, suite_names, suite_rust_version, suite_tree};
pub use locked::locked_packages;
pub use place::{place_lock, prepare_place, records_of, tree_place};
pub use pristine::error::PristineError;
pub use pristine::{inherit_times, note, note_begin, restore};
pub use prune::{nearest_target, prune, sweep};
pub use repository::Repository;
pub use tracked::require_untracked;

#[cfg(test)]
#[cfg(unix)]
mod tests;
