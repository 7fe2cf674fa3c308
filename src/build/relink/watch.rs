//! Cargo's build with our own program as its linker.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use toml::Value;

use crate::build::config::CargoConfig;
use crate::build::environment::variable_part;
use crate::build::{BuildRequest, digest};
use crate::domain::{BenchTarget, LayoutFallback, Variables, Variant};

use super::arguments;
use super::capture::{self, Source};
use super::wrapper::{self, Settings};

/// The linker that rustc calls where it is told no other.
const DEFAULT: &str = "cc";

/// A build whose links are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::build) struct Watched {
    /// Where they are kept until they are moved to their executables.
    captures: PathBuf,
}

impl Watched {
    /// The capture of an executable that Cargo made.
    pub(in crate::build) fn capture_of(&self, executable: &Path) -> PathBuf {
        self.captures.join(executable.file_name().unwrap_or_default())
    }
}

/// What a build kept of an executable.
pub(in crate::build) fn source(watched: Result<&Watched, &LayoutFallback>, executable: &Path) -> Source {
    match watched {
        Ok(watched) => Source::Capture(watched.capture_of(executable)),
        Err(reason) => Source::Refused(reason.to_string()),
    }
}

/// Makes Cargo link with our own program, by its environment.
///
/// # Errors
/// Why it cannot: then the build goes on without.
pub(in crate::build) fn watch(
    request: &BuildRequest<'_>,
    config: &CargoConfig,
    target: &str,
    rustflags: &[String],
    environment: &mut Variables,
) -> Result<Watched, LayoutFallback> {
    let program = wrapper::program()
        .ok_or_else(|| LayoutFallback::NotKept("this program cannot serve as a linker".to_owned()))?;
    if let Some(linker) = named(rustflags) {
        return Err(LayoutFallback::NamedLinker(linker));
    }
    let chosen = linker(config, target, request.workspace)?;
    let linker = match &chosen {
        Some(linker) => linker.clone(),
        None => environment
            .get(OsStr::new("PATH"))
            .and_then(|path| arguments::on_path(DEFAULT, path))
            .ok_or_else(|| LayoutFallback::NotKept(format!("there is no `{DEFAULT}` on the PATH")))?,
    };
    let name = linker.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let captures = capture::folder_in(request.target_dir);
    let within = request.target_dir.parent().unwrap_or(request.target_dir);
    let settings = Settings {
        name,
        linker: linker.clone(),
        captures: captures.clone(),
        // The path of the linker is the same whatever is built, but only what is timed is linked again.
        crates: request
            .benches
            .iter()
            .filter(|_| request.variant == Variant::Timed)
            .map(BenchTarget::crate_name)
            .collect(),
        within: within.to_owned(),
    };
    // The true linker is part of the path: when it is another that the user chose, Cargo has to link again.
    let part = digest::of_text(&linker.to_string_lossy());
    let folder = within.with_file_name("linker").join(&part.as_str()[..16]);
    let link = wrapper::install(&folder, program, &settings)
        .map_err(|error| LayoutFallback::NotKept(error.to_string()))?;
    if chosen.is_some() {
        let variable = format!("CARGO_TARGET_{}_LINKER", variable_part(target));
        environment.insert(variable.into(), link.into());
    } else {
        // Cargo's fingerprints hold a linker that it is told, of everything that is compiled; one that rustc finds is none of
        // its business. So what others compiled, the user's own `cargo bench` among them, fits.
        lead(environment, &folder);
        environment.insert(wrapper::FOLDER.into(), folder.into());
    }
    Ok(Watched { captures })
}

/// Puts a folder in front of the PATH.
fn lead(environment: &mut Variables, folder: &Path) {
    let old = environment.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&old));
    if let Ok(new) = std::env::join_paths(folders) {
        environment.insert("PATH".into(), new);
    }
}

/// Whether executables for a target can be linked again here, in another order.
pub(in crate::build) fn is_drawable(target: &str) -> bool {
    let is_known = target.contains("-linux-") && (target.contains("gnu") || target.contains("musl"));
    is_known && cfg!(target_os = "linux")
}

/// The linker that the user chose for a target; `None` for the one that rustc finds by itself.
fn linker(config: &CargoConfig, target: &str, workspace: &Path) -> Result<Option<PathBuf>, LayoutFallback> {
    if !is_drawable(target) {
        return Err(LayoutFallback::Target(target.to_owned()));
    }
    let variable = format!("CARGO_TARGET_{}_LINKER", variable_part(target));
    let found = config.value(&["target", target, "linker"], &variable).or_else(|| {
        config.matching_cfgs(target).iter().find_map(|cfg| config.value(&["target", cfg, "linker"], ""))
    });
    Ok(match found {
        Some((Value::String(text), base)) if text.contains('/') => Some(workspace.join(base).join(text)),
        Some((Value::String(text), _)) => Some(text.into()),
        _ => None,
    })
}

/// The linker that the compiler's flags name: they come behind Cargo's own, and win.
fn named(rustflags: &[String]) -> Option<String> {
    let mut found = None;
    let mut before = "";
    for flag in rustflags {
        let inline = flag.strip_prefix("-C").or_else(|| flag.strip_prefix("--codegen="));
        let codegen = if before == "-C" || before == "--codegen" { Some(flag.as_str()) } else { inline };
        if let Some(linker) = codegen.and_then(|codegen| codegen.strip_prefix("linker=")) {
            found = Some(linker.to_owned());
        }
        before = flag;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::config::tests::loaded as config;

    const HOST: &str = "x86_64-unknown-linux-gnu";

    #[test]
    fn a_linker_in_the_flags_is_seen_however_it_is_written() {
        let named = |flags: &[&str]| {
            let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
            named(&flags)
        };
        assert_eq!(named(&["-Clinker=clang"]).as_deref(), Some("clang"));
        assert_eq!(named(&["-C", "linker=clang"]).as_deref(), Some("clang"));
        assert_eq!(named(&["--codegen", "linker=x"]).as_deref(), Some("x"));
        assert_eq!(named(&["--codegen=linker=x"]).as_deref(), Some("x"));
        assert_eq!(named(&["-Clinker-flavor=gcc", "-Clink-arg=-Wl,-linker=x", "linker=x"]), None);
    }

    #[test]
    fn the_users_linker_is_found_where_cargo_finds_it() {
        let found = |flags: &[&str], variables: &[(&str, &str)]| {
            let linker = linker(&config(flags, variables), HOST, Path::new("/w")).unwrap();
            linker.map_or_else(String::new, |linker| linker.display().to_string())
        };
        assert_eq!(found(&[], &[]), "", "rustc's own");
        assert_eq!(found(&[], &[("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "clang")]), "clang");
        assert_eq!(found(&["target.x86_64-unknown-linux-gnu.linker='gcc-13'"], &[]), "gcc-13");
        assert_eq!(found(&["target.'cfg(unix)'.linker='./my.sh'"], &[]), "/no/such/folder/./my.sh");
        for target in ["x86_64-pc-windows-msvc", "aarch64-apple-darwin", "wasm32-wasip1"] {
            assert!(linker(&config(&[], &[]), target, Path::new("/w")).is_err(), "{target}");
        }
    }
}
