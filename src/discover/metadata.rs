//! Asking Cargo about a workspace.

use std::path::Path;
use std::process::{Command, Stdio};

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand};

use crate::domain::{CargoFlags, LocalPackage, Variables, without_leftovers};

use super::{DiscoverError, Selection};

/// Runs `cargo metadata` with the features and flags of the build to come.
pub(super) fn read(
    cargo: &Path,
    workspace: &Path,
    selection: &Selection,
    flags: &CargoFlags,
    environment: &Variables,
) -> Result<Metadata, DiscoverError> {
    if !workspace.join("Cargo.toml").is_file() {
        return Err(DiscoverError::NoManifest { folder: workspace.to_owned() });
    }
    let mut command = command(cargo, workspace, selection, flags);
    command.env_clear().envs(without_leftovers(environment)).stdin(Stdio::null());
    let output =
        command.output().map_err(|source| DiscoverError::Start { cargo: cargo.to_owned(), source })?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        return Err(DiscoverError::Metadata { output });
    }
    let answer = String::from_utf8_lossy(&output.stdout);
    let json = answer.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    serde_json::from_str(json).map_err(DiscoverError::Answer)
}

/// The command, without its environment.
fn command(cargo: &Path, workspace: &Path, selection: &Selection, flags: &CargoFlags) -> Command {
    let mut options = Vec::new();
    let switches = [("--locked", flags.locked), ("--offline", flags.offline), ("--frozen", flags.frozen)];
    options.extend(switches.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()));
    for config in &flags.config {
        options.extend(["--config".to_owned(), config.clone()]);
    }
    if let Some(target) = &flags.target {
        options.extend(["--filter-platform".to_owned(), target.clone()]);
    }
    let mut metadata = MetadataCommand::new();
    metadata.cargo_path(cargo).current_dir(workspace).other_options(options);
    if selection.features.all {
        metadata.features(CargoOpt::AllFeatures);
    }
    if selection.features.no_default {
        metadata.features(CargoOpt::NoDefaultFeatures);
    }
    if !selection.features.list.is_empty() {
        metadata.features(CargoOpt::SomeFeatures(selection.features.list.clone()));
    }
    metadata.cargo_command()
}

/// The packages whose files are no immutable download. A vendored source counts: it lies in the tree and changes with it.
pub(super) fn local_packages(metadata: &Metadata, workspace: &Path) -> Vec<LocalPackage> {
    let root = metadata.workspace_root.as_std_path();
    let mut local: Vec<LocalPackage> = metadata
        .packages
        .iter()
        .filter(|package| {
            let manifest = package.manifest_path.as_std_path();
            package.source.is_none() || manifest.starts_with(root) || manifest.starts_with(workspace)
        })
        .map(|package| LocalPackage {
            name: package.name.to_string(),
            manifest_dir: manifest_dir(package).to_owned(),
            targets: package.targets.iter().map(|target| target.name.clone()).collect(),
        })
        .collect();
    local.sort();
    local
}

/// The folder of a package's manifest.
pub(super) fn manifest_dir(package: &cargo_metadata::Package) -> &Path {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest)
}
