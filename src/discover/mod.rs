//! Which bench targets there are; the only user of `cargo_metadata`.
//!
//! Cargo's metadata says which packages, targets and resolved dependencies there are; the manifests say which targets
//! do without libtest's harness. Only targets that measure with a library that is known come out as benches. Every other target
//! comes out too, with the reason why it is left out: a benchmark never disappears in silence.

mod commands;
mod error;
mod features;
mod filter;
mod libtest;
mod locate;
mod manifest;
mod metadata;
mod pattern;
mod select;
mod selection;
mod targets;
mod variables;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::domain::{BenchTarget, CargoFlags, LocalPackage, Variables};

pub use error::DiscoverError;
pub use filter::{Filter, FilterError, Reading, nearest, nearest_text};
pub use locate::{LocateError, Located, locate};
pub use selection::{LeftOut, Selection};

/// What a workspace has to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// The bench targets that can be measured, ordered by package and name.
    pub benches: Vec<BenchTarget>,
    /// The selected bench targets that are not measured, ordered by package and name.
    pub left_out: Vec<LeftOut>,
    /// Every workspace member, selected or not.
    pub members: Vec<String>,
    /// The root of the workspace.
    pub workspace_root: PathBuf,
    /// Every package whose files are no immutable download: members, other path dependencies, vendored sources.
    pub local: Vec<LocalPackage>,
    /// The names of all other packages, and of their targets.
    pub downloads: BTreeSet<String>,
}

/// Finds the benches of the workspace at (or above) `workspace`.
///
/// `cargo` is the program to ask, `environment` the whole environment it gets. Cargo may write a missing Cargo.lock,
/// so `workspace` must be a folder of our own. What it learns of the compiler it keeps in `known`, for the next time.
///
/// # Errors
/// No manifest, a refusal of Cargo, manifests that cannot be read, and names that mean no member or no bench target.
/// A workspace without any bench is no error: the list is empty.
pub fn discover(
    cargo: &Path,
    workspace: &Path,
    selection: &Selection,
    flags: &CargoFlags,
    environment: &Variables,
    known: &Path,
) -> Result<Discovered, DiscoverError> {
    let metadata = metadata::read(cargo, workspace, selection, flags, environment, known)?;
    let graph = metadata.resolve.as_ref().ok_or(DiscoverError::NoResolve)?;
    let packages = select::packages(&metadata, selection)?;
    let mut classified = targets::classify(
        &packages,
        &metadata,
        graph,
        selection,
        &libtest::Compiler::new(cargo, workspace, environment),
    )?;
    classified.extend(commands::classify(&packages, &metadata, selection)?);
    let (benches, left_out) = select::benches(classified, &selection.benches)?;
    Ok(Discovered {
        benches,
        left_out,
        members: metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect(),
        workspace_root: metadata.workspace_root.clone().into_std_path_buf(),
        local: metadata::local_packages(&metadata, workspace),
        downloads: metadata::downloads(&metadata, workspace),
    })
}
