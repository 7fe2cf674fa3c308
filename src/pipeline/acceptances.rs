//! Which acceptances are in force: the flags', and those in files that the candidate has and the baseline does not.

use std::path::Path;

use super::error::PipelineError;
use super::request::{AcceptFrom, Accepting};
use crate::domain::{Acceptance, Revision, Sides};
use crate::judge::check_patterns;
use crate::source::{AddedBounds, Repository};
use crate::store::acceptance_file::{self, AcceptanceFileError};

/// The folder of acceptances, below the workspace root.
pub const FOLDER: &str = "baselines/accepted";

/// What is read of it.
const BOUNDS: AddedBounds = AddedBounds { extension: "toml", files: 100, bytes: 64 << 10 };

/// The acceptances in force, files first. `prefix` is where the workspace lies below the root of the repository.
///
/// # Errors
/// A file that is no acceptance, with file and key; too many, too large, a link.
pub fn in_force(
    repository: &Repository,
    sides: &Sides<Revision>,
    prefix: &Path,
    accepting: &Accepting,
) -> Result<Vec<Acceptance>, PipelineError> {
    let mut all = match accepting.from {
        AcceptFrom::Files => in_files(repository, sides, prefix)?,
        AcceptFrom::Flags => Vec::new(),
        AcceptFrom::None => return Ok(Vec::new()),
    };
    all.extend(accepting.given.iter().cloned());
    Ok(all)
}

/// The acceptances that commits of a line brought along, each once, whatever became of their files later. A file that is none
/// was told by the check of its own change, and counts for nothing here.
pub fn since(
    repository: &Repository,
    line: &[Revision],
    prefix: &Path,
    accepting: &Accepting,
) -> Vec<Acceptance> {
    let mut all: Vec<Acceptance> = Vec::new();
    if accepting.from != AcceptFrom::Files {
        return all;
    }
    for two in line.windows(2) {
        let sides = Sides { baseline: two[0].clone(), candidate: two[1].clone() };
        let new = in_files(repository, &sides, prefix);
        let new =
            new.inspect_err(|error| tracing::debug!(commit = %two[1], %error, "reads no acceptances of"));
        for acceptance in new.into_iter().flatten() {
            // Removed and brought back, it is the same one.
            if !all.contains(&acceptance) {
                all.push(acceptance);
            }
        }
    }
    all
}

fn in_files(
    repository: &Repository,
    sides: &Sides<Revision>,
    prefix: &Path,
) -> Result<Vec<Acceptance>, PipelineError> {
    let mut all = Vec::new();
    for file in repository.added(sides, &prefix.join(FOLDER), BOUNDS)? {
        let path = format!("{FOLDER}/{}", file.name);
        let text = std::str::from_utf8(&file.bytes)
            .map_err(|_| AcceptanceFileError::value(&path, "the file", "it is no UTF-8 text"))?;
        let acceptance = acceptance_file::parse(&path, text)?;
        check_patterns(&acceptance.benchmarks)
            .map_err(|error| AcceptanceFileError::value(&path, "benchmark", error.to_string()))?;
        all.push(acceptance);
    }
    Ok(all)
}
