//! Why bench targets could not be found.

use std::io;
use std::path::PathBuf;

use crate::support::process::ProcessError;

/// Why discovery ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The folder has no manifest.
    #[error("no Cargo.toml in `{}`", folder.display())]
    NoManifest {
        /// Where one was expected.
        folder: PathBuf,
    },
    /// Cargo could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Cargo refused.
    #[error("failed to read the workspace's packages: cargo metadata failed\n{output}")]
    Metadata {
        /// What Cargo said.
        output: String,
    },
    /// Cargo's answer is no metadata.
    #[error("unexpected answer of cargo metadata")]
    Answer(#[source] serde_json::Error),
    /// Cargo's answer leaves out the resolved dependencies.
    #[error("unexpected answer of cargo metadata: the dependencies are missing")]
    NoResolve,
    /// A manifest could not be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The manifest.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A manifest is no TOML.
    #[error("failed to parse `{}`", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// `--package` or `--exclude` names no member.
    #[error("no package `{name}` in the workspace{}", suggestion(near))]
    UnknownPackage {
        /// The name as given.
        name: String,
        /// Members with a name like it.
        near: Vec<String>,
        /// Every member.
        members: Vec<String>,
    },
    /// `--bench` names no bench target of the selected packages.
    #[error("no bench target named `{name}` in the selected packages{}", suggestion(near))]
    UnknownBench {
        /// The name as given.
        name: String,
        /// Targets with a name like it.
        near: Vec<String>,
        /// Every bench target of the selected packages.
        targets: Vec<String>,
    },
    /// A command names a program that is no binary target of the workspace.
    #[error("no binary target named `{program}` for the command `{command}`{}", suggestion(near))]
    UnknownProgram {
        /// The command.
        command: String,
        /// The program as given.
        program: String,
        /// Binaries with a name like it.
        near: Vec<String>,
        /// Every binary that it could be.
        programs: Vec<String>,
    },
    /// A command names a program that several packages have.
    #[error("the program `{program}` of the command `{command}` is a binary of several packages: {}", packages.join(", "))]
    AmbiguousProgram {
        /// The command.
        command: String,
        /// The program as given.
        program: String,
        /// The packages that have it.
        packages: Vec<String>,
    },
    /// A bench target has the name that is the second part of every command's.
    #[error("package `{package}` has commands and a bench target named `command`: both would have one name")]
    CommandTarget {
        /// The package.
        package: String,
    },
    /// A name is a pattern that cannot be read.
    #[error("invalid pattern `{name}`")]
    Pattern {
        /// The pattern as given.
        name: String,
        /// What is wrong with it.
        source: globset::Error,
    },
}

impl DiscoverError {
    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoManifest { .. } => {
                Some("run inside a Cargo workspace, or name one with --manifest-path".to_owned())
            }
            Self::UnknownPackage { near, members, .. } if near.is_empty() => {
                Some(format!("the members are: {}", members.join(", ")))
            }
            Self::UnknownBench { near, targets, .. } if near.is_empty() && !targets.is_empty() => {
                Some(format!("the bench targets are: {}", targets.join(", ")))
            }
            Self::UnknownBench { targets, .. } if targets.is_empty() => {
                Some("the selected packages have no bench target".to_owned())
            }
            Self::UnknownProgram { near, programs, .. } if near.is_empty() && !programs.is_empty() => {
                Some(format!("the binary targets are: {}", programs.join(", ")))
            }
            Self::UnknownProgram { programs, .. } if programs.is_empty() => {
                Some("the packages in question have no binary target".to_owned())
            }
            Self::AmbiguousProgram { .. } => Some("name one of them with `package`".to_owned()),
            Self::CommandTarget { .. } => Some("give the bench target another name".to_owned()),
            Self::Process(error) => error.hint(),
            Self::Metadata { .. }
            | Self::Answer(_)
            | Self::NoResolve
            | Self::Read { .. }
            | Self::Manifest { .. }
            | Self::UnknownPackage { .. }
            | Self::UnknownBench { .. }
            | Self::UnknownProgram { .. }
            | Self::Pattern { .. } => None,
        }
    }
}

/// The end of a message that offers names.
fn suggestion(near: &[String]) -> String {
    match near {
        [] => String::new(),
        names => {
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!(" (did you mean {}?)", quoted.join(" or "))
        }
    }
}
