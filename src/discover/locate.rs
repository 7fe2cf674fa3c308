//! Where the user's workspace is, and what its manifests say to us. Reads only; resolves nothing.

use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

use super::metadata::{Answer, answer};
use crate::support::process::ProcessError;

/// The user's workspace, as `cargo metadata --no-deps` tells it.
#[derive(Debug, Clone)]
pub struct Located {
    /// The folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target_directory: PathBuf,
    /// The `perfguard` table at the workspace's level: the table's name and its value.
    pub metadata: Option<(&'static str, serde_json::Value)>,
    /// The `perfguard` tables of member packages, by name.
    pub packages: Vec<(String, serde_json::Value)>,
    /// The names of all member packages.
    pub members: Vec<String>,
}

/// Why there is no workspace to work on.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// No Cargo.toml here or above.
    #[error("no Cargo.toml in {0} or any folder above it")]
    NoManifest(PathBuf),
    /// The manifest that was named is not there.
    #[error("there is no manifest {0}")]
    NoSuchManifest(PathBuf),
    /// Both levels of one Cargo.toml hold a table.
    #[error("[workspace.metadata.perfguard] cannot be used with [package.metadata.perfguard] in {0}")]
    TwoTables(PathBuf),
    /// Cargo could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Cargo could not read it.
    #[error("failed to read the workspace: {0}")]
    Cargo(String),
}

impl LocateError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoManifest(_) => {
                Some("run this inside a Cargo workspace, or name one with --manifest-path".to_owned())
            }
            Self::NoSuchManifest(_) => Some("--manifest-path takes the path of a Cargo.toml".to_owned()),
            Self::TwoTables(_) => Some("keep one of them".to_owned()),
            Self::Process(error) => error.hint(),
            Self::Cargo(_) => None,
        }
    }
}

/// Finds the workspace around `start`, or around `manifest` when one is named.
///
/// Dependencies are not resolved, so a missing Cargo.lock stays missing.
///
/// # Errors
/// No manifest, or one that Cargo cannot read.
pub fn locate(cargo: &Path, start: &Path, manifest: Option<&Path>) -> Result<Located, LocateError> {
    let manifest = match manifest {
        Some(path) => start.join(path),
        None => start
            .ancestors()
            .map(|folder| folder.join("Cargo.toml"))
            .find(|path| path.is_file())
            .ok_or_else(|| LocateError::NoManifest(start.to_owned()))?,
    };
    if !manifest.is_file() {
        return Err(LocateError::NoSuchManifest(manifest));
    }
    let command = MetadataCommand::new().cargo_path(cargo).manifest_path(&manifest).no_deps().cargo_command();
    let metadata = match answer(command)? {
        Answer::Metadata(metadata) => metadata,
        Answer::Refused(words) => return Err(LocateError::Cargo(words)),
        Answer::Nonsense(error) => return Err(LocateError::Cargo(error.to_string())),
    };
    let root = metadata.workspace_root.clone().into_std_path_buf();
    let root_manifest = root.join("Cargo.toml");
    let mut table =
        perfguard_table(&metadata.workspace_metadata).map(|value| ("workspace.metadata.perfguard", value));
    let mut packages = Vec::new();
    let mut members = Vec::new();
    for package in metadata.workspace_packages() {
        members.push(package.name.to_string());
        let Some(value) = perfguard_table(&package.metadata) else { continue };
        if package.manifest_path.as_std_path() == root_manifest {
            if table.is_some() {
                return Err(LocateError::TwoTables(root_manifest));
            }
            table = Some(("package.metadata.perfguard", value));
        } else {
            packages.push((package.name.to_string(), value));
        }
    }
    let target_directory = metadata.target_directory.clone().into_std_path_buf();
    Ok(Located { root, target_directory, metadata: table, packages, members })
}

fn perfguard_table(metadata: &serde_json::Value) -> Option<serde_json::Value> {
    metadata.get("perfguard").cloned()
}
