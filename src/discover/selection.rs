//! Which bench targets are meant, and which of them are not measured.

use crate::domain::{CommandSpec, Features};

/// Which bench targets are meant, in Cargo's words. The default is every bench of every workspace member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// `--package`: names, `name@version`, or globs. Empty means every member.
    pub packages: Vec<String>,
    /// `--exclude`: names, `name@version`, or globs.
    pub exclude: Vec<String>,
    /// `--bench`: names or globs. Empty means every bench target.
    pub benches: Vec<String>,
    /// Whole commands.
    pub commands: Vec<CommandSpec>,
    /// The features to build with.
    pub features: Features,
}

/// A target that is not measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The package that owns it.
    pub package: String,
    /// The target.
    pub target: String,
    /// Why, in words that say what would change it.
    pub reason: String,
}
