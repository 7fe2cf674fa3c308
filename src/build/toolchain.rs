//! Which compiler builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::domain::Variables;
use crate::support::process;

use super::BuildError;
use super::config::CargoConfig;

/// What `rustc -vV` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Toolchain {
    /// The version, with commit where it is no release.
    pub(super) version: String,
    /// The triple it runs on.
    pub(super) host: String,
    /// The whole answer.
    pub(super) answer: String,
}

impl Toolchain {
    /// Asks the compiler that Cargo would use in the workspace.
    pub(super) fn read(
        workspace: &Path,
        config: &CargoConfig,
        environment: &Variables,
    ) -> Result<Self, BuildError> {
        let program = program(config);
        let mut command = Command::new(&program);
        command.arg("-vV").current_dir(workspace).env_clear().envs(environment);
        let finished = process::run(command, None, |_, _| ())?;
        let answer = finished.stdout.text().into_owned();
        Self::parse(&answer).filter(|_| finished.status.success()).ok_or_else(|| BuildError::Version {
            program,
            answer: format!("{answer}{}", finished.stderr.text()).trim().to_owned(),
        })
    }

    /// The folder of Rust's shared libraries for a target; `None` when the compiler does not say.
    pub(super) fn libraries(
        workspace: &Path,
        config: &CargoConfig,
        environment: &Variables,
        target: &str,
    ) -> Option<PathBuf> {
        let mut command = Command::new(program(config));
        command.args(["--print", "target-libdir", "--target", target]);
        command.current_dir(workspace).env_clear().envs(environment);
        let finished = process::run(command, None, |_, _| ()).ok()?;
        finished.status.success().then(|| PathBuf::from(finished.stdout.text().trim()))
    }

    fn parse(answer: &str) -> Option<Self> {
        let field = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name));
        let release = field("release: ")?;
        // A release's number says which commit it is; a nightly's, or a home-made compiler's, does not.
        let version = if release.contains('-') {
            let commit = field("commit-hash: ").map_or("unknown", |hash| hash.get(..9).unwrap_or(hash));
            format!("{release} ({commit} {})", field("commit-date: ").unwrap_or("unknown"))
        } else {
            release.to_owned()
        };
        Some(Self { version, host: field("host: ")?.to_owned(), answer: answer.to_owned() })
    }
}

/// The compiler's program, as Cargo chooses it.
fn program(config: &CargoConfig) -> PathBuf {
    match config.value(&["build", "rustc"], "RUSTC") {
        Some((toml::Value::String(text), base)) if text.contains('/') => base.join(text),
        Some((toml::Value::String(text), _)) => text.into(),
        _ => "rustc".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nightly_is_told_by_its_commit() {
        let text = "rustc 1.97.0-nightly\nbinary: rustc\ncommit-hash: 0123456789abcdef\ncommit-date: 2026-04-01\n\
                    host: x86_64-unknown-linux-gnu\nrelease: 1.97.0-nightly\nLLVM version: 22.1.2\n";
        let toolchain = Toolchain::parse(text).unwrap();
        assert_eq!(toolchain.version, "1.97.0-nightly (012345678 2026-04-01)");
        assert_eq!(toolchain.host, "x86_64-unknown-linux-gnu");
        let release = Toolchain::parse(&text.replace("-nightly", "")).unwrap();
        assert_eq!(release.version, "1.97.0");
        assert_eq!(Toolchain::parse("hello"), None);
    }
}
