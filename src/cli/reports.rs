//! Reports that other runs wrote, from their files.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::error::CliError;
use crate::domain::Report;
use crate::report::read::{self, LARGEST};

/// Reads a report that was written as JSON. Links are not followed, and of a file that never ends only so much is read as a
/// report may have.
pub(super) fn read(path: &Path) -> Result<Report, CliError> {
    let text = text(path).map_err(|source| CliError::ReadReport { path: path.to_owned(), source })?;
    read::read(&text).map_err(|source| CliError::NoReport { path: path.to_owned(), source })
}

fn text(path: &Path) -> io::Result<String> {
    let refused = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what.to_owned()));
    if !fs::symlink_metadata(path)?.is_file() {
        return refused("it is a link, or no file");
    }
    let mut text = String::new();
    File::open(path)?.take(LARGEST as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
