//! What a build is told by its environment, and a running bench by its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::{ALIGNED, BenchTarget, Layout, Variables, without_leftovers};

use super::messages::{Messages, Script};

/// A triple or profile as it appears in the names of Cargo's variables.
pub(super) fn variable_part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Beginnings of the names of variables that change what compilers make of the same source.
const DECISIVE: [&str; 12] = [
    "CARGO_",
    "RUST",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "AR_",
    "LDFLAGS",
    "TARGET_",
    "HOST_",
    "PKG_CONFIG",
];

/// Names with such a beginning that are secrets or switches of what is said, not of what is built.
const IRRELEVANT: [&str; 6] =
    ["CARGO_REGISTRY_", "CARGO_REGISTRIES_", "CARGO_TERM_", "CARGO_NET_", "CARGO_HTTP_", "RUST_BACKTRACE"];

/// The environment of Cargo: the same for both sides.
///
/// Incremental compilation would split crates otherwise than a release does. A `build.build-dir` of the user's would be
/// shared by both sides, so it is overruled.
pub(super) fn of_cargo(environment: &Variables, target_dir: &Path) -> Variables {
    let mut variables = without_leftovers(environment);
    variables.insert("CARGO_INCREMENTAL".into(), "0".into());
    variables.insert("CARGO_BUILD_BUILD_DIR".into(), target_dir.into());
    variables.insert("CARGO_TERM_PROGRESS_WHEN".into(), "never".into());
    variables
}

/// The flags of every compiler for a layout; what is added to them is said in the environment, which beats what they came from.
pub(super) fn with_layout(
    layout: Layout,
    mut flags: Vec<String>,
    environment: &mut Variables,
) -> Vec<String> {
    if layout == Layout::Aligned {
        flags.extend(["-C".to_owned(), ALIGNED.to_owned()]);
        environment.insert("CARGO_ENCODED_RUSTFLAGS".into(), flags.join("\u{1f}").into());
    }
    flags
}

/// The variables that an executable is kept by. Never those that may hold a secret.
pub(super) fn decisive(environment: &Variables) -> BTreeMap<String, String> {
    let named = without_leftovers(environment).into_iter().filter_map(|(name, value)| {
        let name = name.to_str()?.to_owned();
        let kept = DECISIVE.iter().any(|start| name.starts_with(start))
            && !IRRELEVANT.iter().any(|start| name.starts_with(start));
        kept.then(|| (name, value.to_string_lossy().into_owned()))
    });
    named.collect()
}

/// What Cargo sets for a running bench.
pub(super) fn of_bench(
    bench: &BenchTarget,
    cargo: &Path,
    configured: &BTreeMap<String, String>,
    messages: &Messages,
    libraries: Option<&str>,
) -> BTreeMap<String, String> {
    let mut variables = configured.clone();
    variables.extend(bench.variables.clone());
    variables.insert("CARGO".to_owned(), cargo.display().to_string());
    for script in messages.scripts.iter().filter(|script| script.package_id == bench.package_id) {
        variables.insert("OUT_DIR".to_owned(), script.out_dir.clone());
        variables.extend(script.variables.clone());
    }
    if let Some(libraries) = libraries {
        variables.insert("LD_LIBRARY_PATH".to_owned(), libraries.to_owned());
    }
    variables
}

/// The `LD_LIBRARY_PATH` that executables need to find shared libraries of the build itself: `None` when there are none.
///
/// `standard_library` is given when Rust's own library is linked dynamically, and other crates' with it.
pub(super) fn library_path(
    messages: &Messages,
    target_dir: &Path,
    standard_library: Option<PathBuf>,
    environment: &Variables,
) -> Option<String> {
    let mut folders: Vec<PathBuf> = messages
        .scripts
        .iter()
        .flat_map(|script: &Script| script.library_folders.iter())
        .filter(|folder| folder.starts_with(target_dir) && holds_shared_library(folder))
        .cloned()
        .collect();
    if let Some(folder) = standard_library {
        folders.push(folder);
        folders.extend(messages.executables.first().and_then(|one| one.path.parent()).map(Path::to_owned));
    }
    if folders.is_empty() {
        return None;
    }
    folders.sort();
    folders.dedup();
    let mut parts: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    let inherited = environment.get(OsStr::new("LD_LIBRARY_PATH")).filter(|value| !value.is_empty());
    parts.extend(inherited.map(|value| value.to_string_lossy().into_owned()));
    Some(parts.join(":"))
}

/// Whether a folder has a file that only the loader would look for.
fn holds_shared_library(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let versioned = name.contains(".so.");
        versioned || Path::new(&*name).extension().is_some_and(|end| end == "so" || end == "dylib")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(names: &[&str]) -> Variables {
        names.iter().map(|name| ((*name).into(), "x".into())).collect()
    }

    #[test]
    fn both_sides_get_an_environment_of_the_same_size() {
        let given = variables(&["PATH", "CARGO_TARGET_DIR", "CARGO_PKG_NAME", "CARGO_INCREMENTAL"]);
        let environment = of_cargo(&given, Path::new("/t"));
        assert_eq!(environment[OsStr::new("CARGO_INCREMENTAL")], "0");
        assert_eq!(environment[OsStr::new("CARGO_BUILD_BUILD_DIR")], "/t");
        assert!(!environment.contains_key(OsStr::new("CARGO_TARGET_DIR")));
        assert_eq!(environment.len(), 4);
        assert_eq!(of_cargo(&environment, Path::new("/t")), environment);
    }

    #[test]
    fn alignment_is_one_more_flag_behind_the_users() {
        let mut environment = variables(&["RUSTFLAGS"]);
        let flags = || vec!["-Ctarget-cpu=native".to_owned()];
        assert_eq!(with_layout(Layout::Drawn, flags(), &mut environment), flags());
        assert_eq!(environment.len(), 1);
        let flags = with_layout(Layout::Aligned, flags(), &mut environment);
        assert_eq!(flags, ["-Ctarget-cpu=native", "-C", "llvm-args=-align-all-functions=6"]);
        let said = environment[OsStr::new("CARGO_ENCODED_RUSTFLAGS")].to_str().unwrap();
        assert_eq!(said.split('\u{1f}').collect::<Vec<_>>(), flags);
    }

    #[test]
    fn executables_are_kept_by_flags_and_never_by_secrets() {
        let given = variables(&[
            "RUSTFLAGS",
            "CFLAGS_x86_64",
            "HOME",
            "CARGO_REGISTRY_TOKEN",
            "CARGO_PROFILE_BENCH_LTO",
        ]);
        let kept: Vec<String> = decisive(&given).into_keys().collect();
        assert_eq!(kept, ["CARGO_PROFILE_BENCH_LTO", "CFLAGS_x86_64", "RUSTFLAGS"]);
    }

    #[test]
    fn a_library_path_is_set_only_for_shared_libraries_of_the_build() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        let script = Script {
            package_id: "p".into(),
            variables: Vec::new(),
            out_dir: String::new(),
            library_folders: vec![out.clone(), "/usr/lib".into()],
        };
        let messages = Messages { scripts: vec![script], ..Messages::default() };
        let path = || library_path(&messages, folder.path(), None, &variables(&["LD_LIBRARY_PATH"]));
        fs::write(out.join("libstatic.a"), "").unwrap();
        assert_eq!(path(), None);
        fs::write(out.join("libshared.so.1"), "").unwrap();
        assert_eq!(path(), Some(format!("{}:x", out.display())));
    }
}
