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
