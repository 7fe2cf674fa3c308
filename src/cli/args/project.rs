//! Where the project and its results are: flags of nearly every command.

#![expect(clippy::doc_markdown, reason = "doc comments of arguments are help texts, shown as they stand")]

use std::path::PathBuf;

use clap::Args;

/// Where the project is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Project")]
pub(crate) struct ProjectArgs {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Folder for everything that is built
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) target_dir: Option<PathBuf>,
}

/// Where results are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Store")]
pub(crate) struct StoreArgs {
    /// The SQLite file that keeps every result [default: .perfguard/store.db at the workspace root]
    #[arg(long, value_name = "PATH")]
    pub(crate) store: Option<PathBuf>,
    /// Use this machine key instead of this machine's own
    #[arg(long, value_name = "KEY")]
    pub(crate) machine: Option<String>,
}
