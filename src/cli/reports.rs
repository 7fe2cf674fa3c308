//! Reports that other runs wrote, from their files.

use std::path::Path;

use super::error::CliError;
use crate::domain::Report;
use crate::report::read::{self, LARGEST};
use crate::support::bounded::{self, Links};

/// Reads a report that was written as JSON. Links are not followed.
pub(super) fn read(path: &Path) -> Result<Report, CliError> {
    let text = bounded::read_text(path, LARGEST as u64, Links::Refuse)
        .map_err(|source| CliError::ReadReport { path: path.to_owned(), source })?;
    read::read(&text).map_err(|source| CliError::NoReport { path: path.to_owned(), source })
}
