//! The programs of the workspace that `[[command]]` names.

use std::path::PathBuf;

use cargo_metadata::{Metadata, Package, Target, TargetKind};

use super::targets::{Classified, bench};
use super::{DiscoverError, LeftOut, Selection, features};
use crate::domain::near::nearest;
use crate::domain::{
    BenchTarget, COMMAND_LIBRARY, COMMAND_TARGET, CommandSpec, CrateOrigin, CrateSource, Features, Unit,
};

/// Finds the program of every command of a selected package.
///
/// # Errors
/// A command whose program is no binary of the workspace, or of several packages; a bench target that has the name of
/// commands.
pub(super) fn classify(
    selected: &[&Package],
    metadata: &Metadata,
    selection: &Selection,
) -> Result<Vec<Classified>, DiscoverError> {
    let mut classified = Vec::new();
    for command in &selection.commands {
        let (package, target) = program(command, metadata)?;
        let Some(package) = selected.iter().find(|one| one.id == package.id) else { continue };
        let is_taken =
            |target: &Target| target.kind.contains(&TargetKind::Bench) && target.name == COMMAND_TARGET;
        if package.targets.iter().any(is_taken) {
            return Err(DiscoverError::CommandTarget { package: package.name.to_string() });
        }
        let on = features::turned_on(package.name.as_str(), &package.features, &selection.features);
        classified.push(match features::objection(target, &on) {
            None => Classified::Bench(Box::new(unit(package, target, command, &selection.features))),
            Some(objection) => Classified::LeftOut(LeftOut {
                package: package.name.to_string(),
                target: COMMAND_TARGET.to_owned(),
                reason: format!("`{}` {objection}", command.name),
            }),
        });
    }
    Ok(classified)
}

/// The one binary that a command names.
fn program<'a>(
    command: &CommandSpec,
    metadata: &'a Metadata,
) -> Result<(&'a Package, &'a Target), DiscoverError> {
    let is_meant =
        |package: &&Package| command.package.as_deref().is_none_or(|name| name == package.name.as_str());
    let packages = || metadata.workspace_packages().into_iter().filter(is_meant);
    let found: Vec<(&Package, &Target)> = packages()
        .flat_map(|package| binaries(package).map(move |target| (package, target)))
        .filter(|(_, target)| target.name == command.bin)
        .collect();
    match found[..] {
        [one] => Ok(one),
        [] => {
            let programs: Vec<String> =
                packages().flat_map(|package| binaries(package).map(|target| target.name.clone())).collect();
            Err(DiscoverError::UnknownProgram {
                command: command.name.clone(),
                program: command.bin.clone(),
                near: nearest(&programs, &command.bin),
                programs,
            })
        }
        _ => Err(DiscoverError::AmbiguousProgram {
            command: command.name.clone(),
            program: command.bin.clone(),
            packages: found.iter().map(|(package, _)| package.name.to_string()).collect(),
        }),
    }
}

fn binaries(package: &Package) -> impl Iterator<Item = &Target> {
    package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bin))
}

fn unit(package: &Package, target: &Target, command: &CommandSpec, asked: &Features) -> BenchTarget {
    // Nothing is linked: the process itself is what is measured.
    let library = CrateSource {
        name: COMMAND_LIBRARY.to_owned(),
        version: String::new(),
        origin: CrateOrigin::CratesIo,
        root: PathBuf::new(),
    };
    let unit = Unit::Program(Box::new(command.clone()));
    BenchTarget { target: COMMAND_TARGET.to_owned(), ..bench(package, target, unit, library, asked) }
}
