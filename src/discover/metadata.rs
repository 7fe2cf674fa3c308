//! Asking Cargo about a workspace.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};

use crate::domain::{CargoFlags, LocalPackage, Variables, without_leftovers};
use crate::support::process::{self, ProcessError, Stream};

use super::{DiscoverError, Selection};

/// Runs `cargo metadata` with the features and flags of the build to come.
///
/// Cargo asks the compiler what it is, and keeps the answer (`.rustc_info.json`) in the workspace's target folder. A tree that was
/// just extracted has none, so it is told to use `known`: a third of the time that it takes is that question.
pub(super) fn read(
    cargo: &Path,
    workspace: &Path,
    selection: &Selection,
    flags: &CargoFlags,
    environment: &Variables,
    known: &Path,
) -> Result<Metadata, DiscoverError> {
    if !workspace.join("Cargo.toml").is_file() {
        return Err(DiscoverError::NoManifest { folder: workspace.to_owned() });
    }
    let mut command = command(cargo, workspace, selection, flags);
    command.env_clear().envs(without_leftovers(environment)).env("CARGO_TARGET_DIR", known);
    match answer(command)? {
        Answer::Metadata(metadata) => Ok(*metadata),
        Answer::Refused(output) => Err(DiscoverError::Metadata { output }),
        Answer::Nonsense(error) => Err(DiscoverError::Answer(error)),
    }
}

/// What `cargo metadata` answers.
pub(super) enum Answer {
    Metadata(Box<Metadata>),
    /// It failed, with these words.
    Refused(String),
    /// It said something else.
    Nonsense(serde_json::Error),
}

/// Runs `cargo metadata`.
///
/// # Errors
/// It could not be run to its end.
pub(super) fn answer(command: Command) -> Result<Answer, ProcessError> {
    let mut json = String::new();
    let finished = process::run(command, None, |stream, line| {
        if stream == Stream::Stdout && line.starts_with('{') {
            line.clone_into(&mut json);
        }
    })?;
    if !finished.status.success() {
        return Ok(Answer::Refused(finished.stderr.text().trim().to_owned()));
    }
    Ok(match serde_json::from_str(&json) {
        Ok(metadata) => Answer::Metadata(Box::new(metadata)),
        Err(error) => Answer::Nonsense(error),
    })
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

/// Whether a package's files are no immutable download. A vendored source counts: it lies in the tree and changes with it.
fn is_local(package: &Package, metadata: &Metadata, workspace: &Path) -> bool {
    let root = metadata.workspace_root.as_std_path();
    let manifest = package.manifest_path.as_std_path();
    package.source.is_none() || manifest.starts_with(root) || manifest.starts_with(workspace)
}

/// The packages whose files are immutable downloads, by their names and those of their targets.
pub(super) fn downloads(metadata: &Metadata, workspace: &Path) -> BTreeSet<String> {
    let downloaded = metadata.packages.iter().filter(|package| !is_local(package, metadata, workspace));
    let names = |package: &Package| {
        let targets = package.targets.iter().map(|target| target.name.clone());
        targets.chain([package.name.to_string()]).collect::<Vec<_>>()
    };
    downloaded.flat_map(names).collect()
}

/// The packages whose files are no immutable download.
pub(super) fn local_packages(metadata: &Metadata, workspace: &Path) -> Vec<LocalPackage> {
    let mut local: Vec<LocalPackage> = metadata
        .packages
        .iter()
        .filter(|package| is_local(package, metadata, workspace))
        .map(|package| LocalPackage {
            name: package.name.to_string(),
            manifest_dir: manifest_dir(package).to_owned(),
            targets: package.targets.iter().map(|target| target.name.clone()).collect(),
            has_build_script: package.targets.iter().any(cargo_metadata::Target::is_custom_build),
        })
        .collect();
    local.sort();
    local
}

/// The folder of a package's manifest.
pub(super) fn manifest_dir(package: &Package) -> &Path {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest)
}
