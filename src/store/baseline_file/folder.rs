//! The folder of baseline files: one file for each architecture and machine, named after what it holds.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{BaselineFile, BaselineFileError};
use crate::support::bounded::{self, Links};

/// How the name of a baseline file ends.
const EXTENSION: &str = "toml";

/// The largest file that is read, in bytes: a hundred thousand results.
const LARGEST: u64 = 32 << 20;

/// A baseline file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be read or written.
    #[error("cannot use {path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It makes no sense.
    #[error("cannot use {path}: {error}")]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        error: BaselineFileError,
    },
}

impl FolderError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { .. } => None,
            Self::Content { error, .. } => error.hint(),
        }
    }
}

impl BaselineFile {
    /// Reads one file.
    ///
    /// # Errors
    /// It cannot be read, or makes no sense.
    pub fn read(path: &Path) -> Result<Self, FolderError> {
        let text = bounded::read_text(path, LARGEST, Links::Follow)
            .map_err(|error| FolderError::Io { path: path.into(), error })?;
        Self::parse(&text).map_err(|error| FolderError::Content { path: path.into(), error })
    }

    /// Reads every file of a folder, in the order of their names. Each must be of the architecture its name begins with.
    /// Without the folder there are none.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn read_folder(folder: &Path) -> Result<Vec<(PathBuf, Self)>, FolderError> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(FolderError::Io { path: folder.into(), error }),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| FolderError::Io { path: folder.into(), error })?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                paths.push(path);
            }
        }
        paths.sort();
        paths.into_iter().map(|path| Ok((path.clone(), Self::read_named(&path)?))).collect()
    }

    fn read_named(path: &Path) -> Result<Self, FolderError> {
        let file = Self::read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let arch = name.split('-').next().unwrap_or_default();
        file.require_arch(arch).map_err(|error| FolderError::Content { path: path.into(), error })?;
        Ok(file)
    }

    /// Takes over from an older file what the newer results are silent about: a claim that could not be decided this
    /// time does not undo one that was.
    pub fn keep_decided_claims(&mut self, older: &Self) {
        for (name, claim) in &older.claims {
            let undecided = |claim: &super::BaselineClaim| claim.verdict == super::ClaimVerdict::Undecided;
            if self.claims.get(name).is_none_or(undecided) && !undecided(claim) {
                self.claims.insert(name.clone(), claim.clone());
            }
        }
    }
}
