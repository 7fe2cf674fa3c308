//! Every error as a user meets it: what happened, what to do, and the exit code.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use super::config::ConfigError;
use super::values::ValueError;
use crate::discover::{FilterError, LocateError};
use crate::domain::Exit;
use crate::forge::ForgeError;
use crate::judge::policy::PolicyError;
use crate::judge::{MergeError, TargetError};
use crate::pipeline::{Fault, PipelineError};
use crate::report::UnsupportedFormat;
use crate::report::explain::FlameError;
use crate::report::read::ReadError;
use crate::store::acceptance_file::AcceptanceFileError;
use crate::store::{BaselineFileError, FolderError, StoreError};

/// How many benchmarks a hint names.
const SHOWN: usize = 5;

/// How many lines of another program's errors a report holds.
const SHOWN_LINES: usize = 20;

/// Why a command ended without a report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("cannot find the current folder")]
    NoFolder(#[source] io::Error),
    #[error(transparent)]
    Locate(#[from] LocateError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("invalid value for --metrics: {0}")]
    Metrics(ValueError),
    #[error("`{glob}` in `builtin.select` matches no benchmark of the built-in suite")]
    NothingSelected { glob: String, near: Option<String> },
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Format(#[from] UnsupportedFormat),
    #[error(transparent)]
    Flame(#[from] FlameError),
    #[error("--creep needs a `[creep]` in the configuration, which says since when, and how much")]
    NoCreep,
    #[error("nothing is stored about `{0}`")]
    NothingStored(String),
    /// No run was ever completed here.
    #[error("the store holds no completed run of `check` or `compare`")]
    NoRun,
    /// No check was ever completed here.
    #[error("the store holds no completed check, so there is nothing to accept")]
    NoCheck,
    #[error("nothing that matches `{pattern}` regressed in the last check, or it is accepted already")]
    NothingToAccept { pattern: String, regressed: Vec<String> },
    #[error("`{pattern}` means {count} benchmarks that regressed, which are too many to list")]
    ManyToAccept { pattern: String, count: usize },
    #[error(transparent)]
    Acceptance(#[from] AcceptanceFileError),
    #[error("`{text}` matches {count} stored benchmarks")]
    SeveralStored { text: String, count: usize, names: Vec<String> },
    #[error("benchmarks cannot be started here")]
    Runner(#[source] io::Error),
    #[error(transparent)]
    BaselineFile(#[from] FolderError),
    #[error("cannot import {}", path.display())]
    OtherArch { path: PathBuf, source: BaselineFileError },
    #[error("nothing to export: the store holds no results of clean commits on this machine")]
    NothingToExport,
    #[error("failed to read {}", path.display())]
    ReadReport { path: PathBuf, source: io::Error },
    #[error("{} is not a report of `cargo perfguard --format json`", path.display())]
    NoReport { path: PathBuf, source: ReadError },
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error("cannot read the event that started this job from {}", path.display())]
    ReadEvent { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Forge(#[from] ForgeError),
    #[error("failed to write {}", path.display())]
    Output { path: PathBuf, source: io::Error },
    /// Nothing is written through a link that a repository may have brought along.
    #[error("refusing to write through {}: it is a link, and may lead anywhere", .0.display())]
    Linked(PathBuf),
    #[error("refusing to write into {}: it is not empty, and no earlier `site` wrote it", .0.display())]
    NoSite(PathBuf),
    #[error("failed to write to standard output")]
    Stdout(#[source] io::Error),
}

impl CliError {
    /// How the program ends. Exhaustive on purpose: a new error does not compile until somebody has chosen what CI sees.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Locate(LocateError::Cargo(_) | LocateError::Process(_))
            | Self::Config(ConfigError::Read { .. })
            | Self::NoFolder(_)
            | Self::Store(_)
            | Self::BaselineFile(_)
            | Self::Runner(_)
            | Self::Flame(_)
            | Self::ReadReport { .. }
            | Self::ReadEvent { .. }
            | Self::Forge(_)
            | Self::Output { .. }
            | Self::Linked(_)
            | Self::Stdout(_) => Exit::Incomplete,
            Self::NoSite(_)
            | Self::Locate(_)
            | Self::Config(_)
            | Self::Filter(_)
            | Self::Target(_)
            | Self::Policy(_)
            | Self::Metrics(_)
            | Self::NothingSelected { .. }
            | Self::NoCreep
            | Self::NothingStored(_)
            | Self::NoRun
            | Self::NoCheck
            | Self::NothingToAccept { .. }
            | Self::ManyToAccept { .. }
            | Self::Acceptance(_)
            | Self::SeveralStored { .. }
            | Self::OtherArch { .. }
            | Self::NothingToExport
            | Self::NoReport { .. }
            | Self::Merge(_)
            | Self::Format(_) => Exit::Usage,
            Self::Pipeline(error) => match error.fault() {
                Fault::Usage => Exit::Usage,
                Fault::Trouble => Exit::Incomplete,
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
            Self::Forge(error) => error.hint(),
            Self::NothingSelected { near, .. } => near.as_ref().map(|name| format!("did you mean `{name}`?")),
            Self::NothingToAccept { regressed, .. } if !regressed.is_empty() => {
                let shown: Vec<&str> = regressed.iter().take(SHOWN).map(String::as_str).collect();
                Some(format!("what regressed: {}", shown.join(", ")))
            }
            Self::ManyToAccept { .. } => Some("give a glob, such as `parser::*`".to_owned()),
            Self::NoCheck | Self::NoRun => Some("measure one with `cargo perfguard check`".to_owned()),
            Self::NoCreep => {
                Some("write `since = \"v*\"` and `limit = { wall-time = \"10%\" }` there".to_owned())
            }
            Self::NothingStored(_) => Some(
                "`cargo perfguard report` shows what is stored; `cargo perfguard run` adds to it".to_owned(),
            ),
            Self::SeveralStored { names, .. } => Some(format!("name one of them: {}", names.join(", "))),
            Self::Output { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("make the folder first, or name another file with --output".to_owned())
            }
            Self::BaselineFile(error) => error.hint().map(str::to_owned),
            Self::OtherArch { .. } => {
                Some("--arch names the architecture of files that come from other machines".to_owned())
            }
            Self::NoSite(_) => Some("name a new folder with --output".to_owned()),
            Self::Linked(_) => Some("remove it, or put a folder in its place".to_owned()),
            Self::NothingToExport => Some(
                "commit, then `cargo perfguard run` or `cargo perfguard claims`; --all exports every machine"
                    .to_owned(),
            ),
            Self::Merge(MergeError::Whole(_)) => Some(
                "measure each part with `cargo perfguard check --partition hash:1/4 --format json`"
                    .to_owned(),
            ),
            Self::NoFolder(_)
            | Self::NothingToAccept { .. }
            | Self::Acceptance(_)
            | Self::Merge(_)
            | Self::ReadReport { .. }
            | Self::ReadEvent { .. }
            | Self::NoReport { .. }
            | Self::Filter(_)
            | Self::Target(_)
            | Self::Policy(_)
            | Self::Metrics(_)
            | Self::Format(_)
            | Self::Runner(_)
            | Self::Flame(_)
            | Self::Output { .. }
            | Self::Stdout(_) => None,
        }
    }

    /// The messages of what caused it, the nearest first.
    pub(crate) fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = Error::source(self);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }

    /// The whole of it on one line, for programs.
    pub(crate) fn in_one_line(&self) -> String {
        let mut parts = vec![self.to_string()];
        parts.extend(self.causes());
        parts.join(": ")
    }

    /// The whole of it for programs that did not see what another program said: on one line, then where that begins to tell
    /// of errors.
    pub(crate) fn with_output(&self) -> String {
        let lines = self.output().unwrap_or_default().lines();
        let errors = lines.skip_while(|line| !line.starts_with("error"));
        // Comes or not, as jobs happen to end.
        let errors = errors.filter(|line| !line.starts_with("warning: build failed")).take(SHOWN_LINES);
        [self.in_one_line()].into_iter().chain(errors.map(str::to_owned)).collect::<Vec<_>>().join("\n")
    }

    /// What another program said about it, as it said it.
    pub(crate) fn output(&self) -> Option<&str> {
        match self {
            Self::Pipeline(PipelineError::Build(error)) => error.output(),
            _ => None,
        }
    }
}
