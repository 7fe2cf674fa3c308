//! Every error as a user meets it: what happened, what to do, and the exit code.

use std::io;
use std::path::PathBuf;

use super::config::ConfigError;
use crate::discover::{FilterError, LocateError};
use crate::domain::LimitError;
use crate::judge::TargetError;
use crate::judge::policy::PolicyError;
use crate::pipeline::{Fault, PipelineError};
use crate::report::UnsupportedFormat;
use crate::report::explain::FlameError;
use crate::store::{BaselineFileError, FolderError, StoreError};

/// Why a command ended without a report. Worded to follow "failed to".
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("find the current folder: {0}")]
    NoFolder(io::Error),
    #[error(transparent)]
    Locate(#[from] LocateError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("read a filter: {0}")]
    Filter(#[from] FilterError),
    #[error("understand a threshold: {0}")]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("understand {flag}: {reason}")]
    Value { flag: &'static str, reason: String },
    #[error("obey both {0}: they exclude each other")]
    Conflict(&'static str),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Format(#[from] UnsupportedFormat),
    #[error(transparent)]
    Flame(#[from] FlameError),
    #[error("find anything stored about `{0}`")]
    NothingStored(String),
    #[error("measure: {0}")]
    Runner(io::Error),
    #[error(transparent)]
    BaselineFile(#[from] FolderError),
    #[error("use {path}: failed to {error}")]
    OtherArch { path: PathBuf, error: BaselineFileError },
    #[error("export anything: the store holds no results of clean commits on this machine")]
    NothingToExport,
    #[error("write {path}: {error}")]
    Output { path: PathBuf, error: io::Error },
    #[error("write to standard output: {0}")]
    Stdout(io::Error),
}

impl CliError {
    /// The exit code. Exhaustive on purpose: a new error does not compile until somebody has chosen what CI sees.
    pub(crate) fn code(&self) -> u8 {
        const USAGE: u8 = 2;
        const TROUBLE: u8 = 101;
        match self {
            Self::Locate(LocateError::Cargo(_) | LocateError::Process(_))
            | Self::Config(ConfigError::Read { .. })
            | Self::NoFolder(_)
            | Self::Store(_)
            | Self::BaselineFile(_)
            | Self::Runner(_)
            | Self::Flame(_)
            | Self::Output { .. }
            | Self::Stdout(_) => TROUBLE,
            Self::Locate(_)
            | Self::Config(_)
            | Self::Filter(_)
            | Self::Limit(_)
            | Self::Target(_)
            | Self::Policy(_)
            | Self::Value { .. }
            | Self::Conflict(_)
            | Self::NothingStored(_)
            | Self::OtherArch { .. }
            | Self::NothingToExport
            | Self::Format(_) => USAGE,
            Self::Pipeline(error) => match error.fault() {
                Fault::Usage => USAGE,
                Fault::Trouble => TROUBLE,
            },
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Locate(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::Pipeline(error) => error.hint(),
            Self::Store(error) => error.hint().map(str::to_owned),
            Self::NothingStored(_) => Some(
                "`cargo perfguard report` shows what is stored; `cargo perfguard run` adds to it".to_owned(),
            ),
            Self::Output { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                Some("make the folder first, or name another file with --output".to_owned())
            }
            Self::BaselineFile(error) => error.hint().map(str::to_owned),
            Self::OtherArch { .. } => {
                Some("--arch names the architecture of files that come from other machines".to_owned())
            }
            Self::NothingToExport => Some(
                "commit, then `cargo perfguard run` or `cargo perfguard claims`; --all exports every machine"
                    .to_owned(),
            ),
            Self::NoFolder(_)
            | Self::Filter(_)
            | Self::Limit(_)
            | Self::Target(_)
            | Self::Policy(_)
            | Self::Value { .. }
            | Self::Conflict(_)
            | Self::Format(_)
            | Self::Runner(_)
            | Self::Flame(_)
            | Self::Output { .. }
            | Self::Stdout(_) => None,
        }
    }

    /// What another program said about it, as it said it.
    pub(crate) fn output(&self) -> Option<&str> {
        match self {
            Self::Pipeline(PipelineError::Build(error)) => error.output(),
            _ => None,
        }
    }
}
