//! Builds of two sides that differ on purpose.
//!
//! Each side has a project and a scope of its own. What a side is given that its fingerprint does not tell is put there,
//! so that no stored result of another build is ever set beside it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::axes::SideSettings;
use super::builder::Builder;
use super::prepared::Prepared;
use super::request::{Project, Scope};
use crate::domain::{Sides, Variables};

/// How much of a digest tells lock files apart, in hexadecimal digits.
const DIGITS: usize = 16;

/// What holds for this side, made of what holds for both.
pub(crate) fn apply(side: &SideSettings, project: &Project, scope: &Scope) -> (Project, Scope) {
    let (mut project, mut scope) = (project.clone(), scope.clone());
    let environment = &mut project.environment;
    if let Some(toolchain) = &side.toolchain {
        environment.insert("RUSTUP_TOOLCHAIN".into(), toolchain.into());
        // Whoever asks now is not the user's folder.
        environment.remove(OsStr::new("RUSTUP_TOOLCHAIN_SOURCE"));
        if let Some(proxy) = proxy(environment) {
            project.cargo = proxy;
        }
    }
    if let Some(flags) = &side.rustflags {
        environment.remove(OsStr::new("CARGO_ENCODED_RUSTFLAGS"));
        environment.insert("RUSTFLAGS".into(), flags.into());
    }
    if !side.features.is_empty() {
        scope.selection.features.list.clone_from(&side.features);
        scope.selection.features.all = false;
    }
    scope.selection.features.no_default |= side.no_default_features;
    if let Some(profile) = &side.profile {
        scope.flags.profile = Some(profile.clone());
    }
    for (name, value) in &side.env {
        if is_of_cargo(name) {
            environment.insert(name.into(), OsString::from(value));
        } else {
            let value = toml::Value::String(value.clone());
            // Cargo takes no table here, and each setting by itself.
            scope.flags.config.push(format!("env.{name}.value={value}"));
            scope.flags.config.push(format!("env.{name}.force=true"));
        }
    }
    scope.flags.config.extend(side.config.iter().cloned());
    (project, scope)
}

/// The builder of each side. `settings` is what [`apply`] made.
pub(crate) fn builders<'a>(
    builder: &Builder<'a>,
    settings: &'a Sides<(Project, Scope)>,
    axes: &'a Sides<SideSettings>,
) -> Sides<Builder<'a>> {
    Sides::from_fn(|side| {
        let (project, scope) = settings.get(side);
        Builder { project, scope, lock: axes.get(side).lockfile.as_ref(), ..*builder }
    })
}

/// Puts into fingerprints what they do not tell by themselves.
pub(crate) fn mark(side: &SideSettings, prepared: &mut Prepared) {
    let env = side.env.iter().map(|(name, value)| format!(" env {name}={value}"));
    let config = side.config.iter().map(|config| format!(" config {config}"));
    // By its content: a file of the same name may hold another one tomorrow.
    let lock = side.lockfile.iter().map(|lock| format!(" lockfile {}", &lock.digest()[..DIGITS]));
    let mark: String = env.chain(config).chain(lock).collect();
    for bench in &mut prepared.benches {
        bench.fingerprint.settings.push_str(&mark);
    }
}

/// What Cargo and rustc read themselves, before any table of variables.
fn is_of_cargo(name: &str) -> bool {
    ["CARGO", "RUST"].iter().any(|start| name.starts_with(start))
}

/// rustup's Cargo, which starts that of the toolchain it is told.
fn proxy(environment: &Variables) -> Option<PathBuf> {
    let folder = |name: &str| environment.get(OsStr::new(name)).map(PathBuf::from);
    let home = folder("CARGO_HOME").or_else(|| Some(folder("HOME")?.join(".cargo")))?;
    let proxy = home.join("bin").join(format!("cargo{}", std::env::consts::EXE_SUFFIX));
    proxy.is_file().then_some(proxy)
}
