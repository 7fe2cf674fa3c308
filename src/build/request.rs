//! What to build, where, and how.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::domain::{
    BenchTarget, CargoFlags, Features, Layout, LocalPackage, Side, TreeId, Variables, Variant,
};
use crate::support::records::Records;

/// A release of a crate of crates.io that is replaced by a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The crate.
    pub name: String,
    /// Which release of it: several may be replaced at once.
    pub version: String,
    /// The folder: outside of every source tree, and never changed once it is there.
    pub path: PathBuf,
    /// What the folder's content comes to: executables are kept by it.
    pub digest: String,
}

/// A target folder to start from.
#[derive(Debug, Clone, Copy)]
pub enum Seed<'a> {
    /// Another tree's of this workspace, built at the same path.
    Tree(&'a Path),
    /// The user's own. Whatever is not among these downloads stays there.
    Own {
        /// The folder.
        target: &'a Path,
        /// Names of packages, and of their targets.
        downloads: &'a BTreeSet<String>,
    },
}

/// What to build, where, and how.
#[derive(Debug, Clone, Copy)]
pub struct BuildRequest<'a> {
    /// Whose build it is.
    pub side: Side,
    /// The content of the source tree.
    pub tree: &'a TreeId,
    /// The root of the workspace, below the common build folder.
    pub workspace: &'a Path,
    /// The target folder, below the common build folder: its parent is the common build folder.
    pub target_dir: &'a Path,
    /// Where the folder lives when it is not at the common build folder.
    pub home: &'a Path,
    /// Where executables are kept.
    pub artifacts: &'a Path,
    /// What is known of executables that were kept.
    pub records: &'a Records,
    /// The Cargo to run.
    pub cargo: &'a Path,
    /// The whole environment, as it was found.
    pub environment: &'a Variables,
    /// Cargo's flags.
    pub flags: &'a CargoFlags,
    /// Cargo's feature flags.
    pub features: &'a Features,
    /// The bench targets to build.
    pub benches: &'a [BenchTarget],
    /// Others that they were selected with, and that are not built. Their packages and features take part in what Cargo resolves, as
    /// they do where all are built.
    pub beside: &'a [BenchTarget],
    /// Crates to replace.
    pub patches: &'a [Patch],
    /// What the executables are for. The copies of Criterion among the patches must be for the same.
    pub variant: Variant,
    /// How functions are laid out where pairs are measured: what it takes is kept, or compiled in.
    pub layout: Layout,
    /// Where compiled dependencies are when this side's target folder holds nothing yet.
    pub seed: Option<Seed<'a>>,
    /// The packages whose files may differ from those of the seed: they are not carried over.
    pub local: &'a [LocalPackage],
    /// The workspace's own packages that are compiled from the same files as in the seed.
    pub unchanged: &'a [LocalPackage],
}
