//! Why there is no executable.

use std::io;
use std::path::PathBuf;

use crate::domain::Side;
use crate::support::process::ProcessError;

/// Why a build ended without its executables.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo or the compiler ended with an error.
    #[error("failed to build the {side}: cargo ended with {status}")]
    Failed {
        /// Whose build.
        side: Side,
        /// How Cargo ended, in the system's words.
        status: String,
        /// The last lines, as Cargo showed them.
        output: String,
    },
    /// Cargo succeeded without an executable for a bench that was asked for.
    #[error("failed to build the {side}: cargo made no executable of `{bench}`")]
    NoExecutable {
        /// Whose build.
        side: Side,
        /// The bench, as `package::target`.
        bench: String,
    },
    /// Cargo or the compiler could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The compiler does not tell its version.
    #[error("failed to read the version of `{}`: {answer}", program.display())]
    Version {
        /// The compiler.
        program: PathBuf,
        /// What it said instead.
        answer: String,
    },
    /// The compiler does not tell which CPU is at hand, and flags ask for it.
    #[error("failed to ask `{}` for the CPU that `native` means: {answer}", program.display())]
    Native {
        /// The compiler.
        program: PathBuf,
        /// What it said instead.
        answer: String,
    },
    /// A file could not be read, written or removed.
    #[error("failed to {action} `{}`", path.display())]
    File {
        /// What was attempted: `read`, `write` …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of Cargo's, or a `--config`, is no TOML.
    #[error("failed to parse {origin}")]
    Toml {
        /// The file or flag.
        origin: String,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// A setting has a value that cannot be used.
    #[error("Cargo's setting `{key}` cannot be used: {reason}")]
    Setting {
        /// The setting.
        key: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A foreign target has nothing to run it.
    #[error("executables for {target} cannot run on {host}: no runner is set")]
    NoRunner {
        /// The target triple.
        target: String,
        /// The triple of this machine.
        host: String,
    },
}

impl BuildError {
    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoRunner { target, .. } => Some(format!(
                "set `target.{target}.runner` in .cargo/config.toml, or CARGO_TARGET_{}_RUNNER",
                super::environment::variable_part(target)
            )),
            Self::Failed { side: Side::Baseline, .. } => Some(
                "the baseline does not build here; name another with --baseline, or fit its toolchain"
                    .to_owned(),
            ),
            Self::Setting { key, .. } if key == "build.target" => {
                Some("name one target with --target".to_owned())
            }
            Self::Process(error) => error.hint(),
            Self::Failed { side: Side::Candidate, .. }
            | Self::NoExecutable { .. }
            | Self::Version { .. }
            | Self::Native { .. }
            | Self::File { .. }
            | Self::Toml { .. }
            | Self::Setting { .. } => None,
        }
    }

    /// What Cargo said last, for a build that failed.
    pub fn output(&self) -> Option<&str> {
        match self {
            Self::Failed { output, .. } => Some(output),
            _ => None,
        }
    }

    /// For `map_err` after an operation on a file.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
