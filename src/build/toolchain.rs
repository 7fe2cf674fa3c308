//! Which compiler builds.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::domain::{self, CargoFlags, Variables};
use crate::support::process::{self, Finished, ProcessError};

use super::BuildError;
use super::config::CargoConfig;
use super::profile;

/// The names of the file in which a folder asks for a toolchain.
const FILES: [&str; 2] = ["rust-toolchain.toml", "rust-toolchain"];
/// In which rustup says by what it chose the toolchain.
const SOURCE: &str = "RUSTUP_TOOLCHAIN_SOURCE";

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
        let finished = ask(workspace, config, environment, &["-vV"])?;
        let found = Self::parse(&finished.stdout.text()).filter(|_| finished.status.success());
        found.ok_or_else(|| BuildError::Version { program: program(config), answer: said(&finished) })
    }

    /// The folder of Rust's shared libraries for a target; `None` when the compiler does not say.
    pub(super) fn libraries(
        workspace: &Path,
        config: &CargoConfig,
        environment: &Variables,
        target: &str,
    ) -> Option<PathBuf> {
        let wanted = ["--print", "target-libdir", "--target", target];
        let finished = ask(workspace, config, environment, &wanted).ok()?;
        finished.status.success().then(|| PathBuf::from(finished.stdout.text().trim()))
    }

    /// The triple that executables are compiled for.
    pub(super) fn target(&self, config: &CargoConfig, flags: &CargoFlags) -> Result<String, BuildError> {
        match &flags.target {
            Some(target) => Ok(target.clone()),
            None => Ok(config.build_target()?.unwrap_or_else(|| self.host.clone())),
        }
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

/// The `cargo` to call in a tree and the environment to call it with.
///
/// rustup pins whatever it starts to the toolchain of the folder that it was started in: the user's. Where that was chosen
/// by default or by a file, and not by a flag, a variable or an override, each tree has the toolchain that its own files ask
/// for, as if it were checked out there. `place` is the outermost folder whose files count.
pub fn tools(cargo: &Path, environment: &Variables, workspace: &Path, place: &Path) -> (PathBuf, Variables) {
    let variable = |name: &str| environment.get(OsStr::new(name)).and_then(|value| value.to_str());
    let names_one = || {
        let folders = workspace.ancestors().take_while(|folder| folder.starts_with(place));
        folders.into_iter().any(|folder| FILES.iter().any(|name| folder.join(name).is_file()))
    };
    let free = match variable(SOURCE) {
        Some("toolchain-file") => true,
        Some("default") => names_one(),
        _ => false,
    };
    let home = variable("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(variable("HOME")?).join(".cargo")));
    let proxy = home.map(|home| home.join("bin").join(format!("cargo{}", std::env::consts::EXE_SUFFIX)));
    match proxy.filter(|proxy| free && proxy.is_file()) {
        None => (cargo.to_owned(), environment.clone()),
        Some(proxy) => {
            let mut environment = environment.clone();
            for name in [SOURCE, "RUSTUP_TOOLCHAIN"] {
                environment.remove(OsStr::new(name));
            }
            (proxy, environment)
        }
    }
}

/// What the benches of a workspace are compiled with. Nothing is built.
///
/// # Errors
/// A compiler or configuration that cannot be used.
pub fn toolchain(
    workspace: &Path,
    flags: &CargoFlags,
    environment: &Variables,
) -> Result<domain::Toolchain, BuildError> {
    let config = CargoConfig::load(workspace, environment, &flags.config)?;
    let toolchain = Toolchain::read(workspace, &config, environment)?;
    Ok(domain::Toolchain {
        target: toolchain.target(&config, flags)?,
        rustc: toolchain.version,
        profile: profile::of(flags),
    })
}

/// Asks the compiler that Cargo would use in a workspace.
pub(super) fn ask(
    workspace: &Path,
    config: &CargoConfig,
    environment: &Variables,
    arguments: &[&str],
) -> Result<Finished, ProcessError> {
    let mut command = Command::new(program(config));
    command.args(arguments).current_dir(workspace).env_clear().envs(environment);
    process::run(command, None, |_, _| ())
}

/// All that it said.
pub(super) fn said(finished: &Finished) -> String {
    format!("{}{}", finished.stdout.text(), finished.stderr.text()).trim().to_owned()
}

/// The compiler's program, as Cargo chooses it.
pub(super) fn program(config: &CargoConfig) -> PathBuf {
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
    fn a_tree_has_its_own_toolchain_unless_the_user_chose_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["place/tree/src", "home/bin"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        let proxy = root.join("home/bin").join(format!("cargo{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&proxy, "").unwrap();
        let (place, tree) = (root.join("place"), root.join("place/tree/src"));
        let with = |source: Option<&str>| {
            let mut environment: Variables = [
                ("RUSTUP_TOOLCHAIN".into(), "user's".into()),
                ("CARGO_HOME".into(), root.join("home").into()),
            ]
            .into();
            environment.extend(source.map(|source| (SOURCE.into(), source.into())));
            let (cargo, environment) = tools(Path::new("pinned"), &environment, &tree, &place);
            assert_eq!(cargo == proxy, !environment.contains_key(OsStr::new("RUSTUP_TOOLCHAIN")));
            cargo == proxy
        };
        std::fs::write(root.join("rust-toolchain"), "outside").unwrap();
        assert!(!with(Some("default")) && with(Some("toolchain-file")));
        std::fs::write(tree.join("rust-toolchain.toml"), "[toolchain]").unwrap();
        assert!(with(Some("default")) && with(Some("toolchain-file")));
        for chosen in [Some("cli"), Some("env"), Some("path-override"), None] {
            assert!(!with(chosen), "{chosen:?}");
        }
    }

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
