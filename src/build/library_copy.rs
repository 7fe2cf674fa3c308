//! A copy of the very library a bench measures with, with a small edit that lets its samples take turns and be counted.
//!
//! The copy replaces the library through `--config 'patch.crates-io.…'`, so no file of the user's changes; of the lock file
//! of our own checkout only the library's `source` and `checksum` lines go. Without the environment that asks for
//! turns, the copy works as the original does. What cannot be edited with certainty is
//! [`Unsupported`](LibraryCopyError::Unsupported): then whole processes take turns instead.

mod criterion;
mod divan;
pub mod edit;
pub mod manifest;
mod recipes;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use self::edit::Replacement;
use self::manifest::ManifestError;
use crate::domain::{Variant, library};
use crate::support::bounded::{self, Links};
use crate::support::hex::hexadecimal;

/// An edited copy of a library, ready to be built against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryCopy {
    name: String,
    version: String,
    folder: PathBuf,
}

/// Why there is no copy of a library.
#[derive(Debug, thiserror::Error)]
pub enum LibraryCopyError {
    /// Nobody has read this version, or its text is not what was read: the edit would be a guess.
    #[error("{name} {version} cannot be copied: {what}")]
    Unsupported {
        /// The library.
        name: String,
        /// The version in question.
        version: String,
        /// What is not as expected.
        what: String,
    },
    /// The published manifest is of no use.
    #[error("the manifest {path} cannot be adapted: {error}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        error: ManifestError,
    },
    /// A file could not be read or written.
    #[error("failed to copy a measuring library: {path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl LibraryCopy {
    /// Makes (or finds) the edited copy of `version` of the library `name` below `parent`, from the folder of the original, which is
    /// only read. The copy's folder is named by library, version and content, and appears whole or not at all. Only the copy for
    /// [`Variant::Allocations`] is another.
    ///
    /// # Errors
    /// A version or text the edit was not made for, or files that cannot be read or written.
    pub fn prepare(
        name: &str,
        version: &str,
        original: &Path,
        parent: &Path,
        variant: Variant,
    ) -> Result<Self, LibraryCopyError> {
        let files = edited(name, version, original, variant)?;
        let folder = parent.join(format!("{name}-{version}-{}", fingerprint(&files)));
        let copy = Self { name: name.to_owned(), version: version.to_owned(), folder };
        if is_folder(&copy.folder) {
            heal(&files, &copy.folder)?;
        } else {
            clear(&copy.folder)?;
            write_whole(&files, parent, &copy.folder)?;
        }
        Ok(copy)
    }

    /// Where the copy lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The library it is a copy of.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version it is a copy of.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Arguments for Cargo that put the copy in the original's place. Several versions may be replaced at once.
    ///
    /// Cargo must be free to write the lock file (no `--locked`), so this belongs into our own checkout.
    pub fn cargo_arguments(&self) -> [String; 4] {
        let Self { name, version, .. } = self;
        let key = format!("patch.crates-io.{name}-{}", version.replace('.', "-"));
        // A TOML string in double quotes, with the escapes TOML knows.
        let folder = toml::Value::String(self.folder.display().to_string());
        [
            "--config".into(),
            format!("{key}.package=\"{name}\""),
            "--config".into(),
            format!("{key}.path={folder}"),
        ]
    }
}

/// The text of every file of the copy, by its path in it.
fn edited(
    name: &str,
    version: &str,
    original: &Path,
    variant: Variant,
) -> Result<BTreeMap<PathBuf, Vec<u8>>, LibraryCopyError> {
    let unsupported = |what: String| LibraryCopyError::Unsupported {
        name: name.to_owned(),
        version: version.to_owned(),
        what,
    };
    let recipe = edit::parse_version(version)
        .and_then(|version| recipes::recipe(name, version))
        .ok_or_else(|| unsupported("no edit is known for it".into()))?;
    let mut files = BTreeMap::new();
    collect(original, Path::new("src"), &mut files)?;
    for replacement in recipe {
        let (path, text) = replaced(&files, replacement).map_err(unsupported)?;
        files.insert(path, text.into_bytes());
    }
    for (_, text) in files.iter_mut().filter(|(path, _)| path.extension().is_some_and(|kind| kind == "rs")) {
        *text = edit::refusing_nothing(&String::from_utf8_lossy(text)).into_bytes();
    }
    let counts = match variant {
        Variant::Timed | Variant::Lines | Variant::Places => edit::INSTRUCTIONS,
        Variant::Allocations => edit::ALLOCATIONS,
    };
    let path = original.join("Cargo.toml");
    let published = fs::read_to_string(&path).map_err(io_error(&path))?;
    let manifest = manifest::stripped(&published, name, version)
        .map_err(|error| LibraryCopyError::Manifest { path, error })?;
    let modules = edit::modules(library::family(name)).iter().copied();
    for (file, text) in modules.chain([(edit::COUNTS_FILE, counts)]) {
        let text = edit::in_edition(text, manifest::edition(&published));
        if files.insert(PathBuf::from(file), text.into_owned().into_bytes()).is_some() {
            return Err(unsupported(format!("it already has a file {file}")));
        }
    }
    files.insert("Cargo.toml".into(), manifest.into_bytes());
    Ok(files)
}

/// One file with one replacement made, or what is wrong.
fn replaced(
    files: &BTreeMap<PathBuf, Vec<u8>>,
    replacement: &Replacement,
) -> Result<(PathBuf, String), String> {
    let Replacement { file, old, .. } = replacement;
    let path = PathBuf::from(file);
    let bytes = files.get(&path).ok_or_else(|| format!("it has no file {file}"))?;
    let text = std::str::from_utf8(bytes).map_err(|_| format!("{file} is no UTF-8"))?;
    let text = edit::apply(text, replacement)
        .ok_or_else(|| format!("`{}` does not occur exactly once in {file}", old.trim()))?;
    Ok((path, text))
}

/// Reads every file below a folder.
fn collect(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<PathBuf, Vec<u8>>,
) -> Result<(), LibraryCopyError> {
    let whole = root.join(folder);
    for entry in fs::read_dir(&whole).map_err(io_error(&whole))? {
        let entry = entry.map_err(io_error(&whole))?;
        let path = folder.join(entry.file_name());
        let whole = entry.path();
        if entry.file_type().map_err(io_error(&whole))?.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.insert(path, fs::read(&whole).map_err(io_error(&whole))?);
        }
    }
    Ok(())
}

/// The beginning of the SHA-256 of all files with their names: 64 bits are plenty to tell a handful of copies apart.
fn fingerprint(files: &BTreeMap<PathBuf, Vec<u8>>) -> String {
    let mut hash = Sha256::new();
    for (path, bytes) in files {
        for part in [path.as_os_str().as_encoded_bytes(), bytes] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hexadecimal(&hash.finalize()[..8])
}

/// Writes every file of a copy that is not what it should be, to the byte: a cache may lose or cut some, and others may
/// have edited it. The new time tells Cargo. What should not be there (a build script, a configuration) goes.
fn heal(files: &BTreeMap<PathBuf, Vec<u8>>, place: &Path) -> Result<(), LibraryCopyError> {
    remove_strangers(files, place, Path::new(""))?;
    for (path, bytes) in files {
        let whole = place.join(path);
        if bounded::read(&whole, bytes.len() as u64, Links::Refuse).is_ok_and(|there| there == *bytes) {
            continue;
        }
        tracing::debug!(path = %whole.display(), "restores a file of a copied library");
        let mut folder = place.to_owned();
        for part in path.parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            if !is_folder(&folder) {
                clear(&folder)?;
                fs::create_dir(&folder).map_err(io_error(&folder))?;
            }
        }
        clear(&whole)?;
        fs::write(&whole, bytes).map_err(io_error(&whole))?;
    }
    Ok(())
}

/// Removes what is in a copy and should not be, links included.
fn remove_strangers(
    files: &BTreeMap<PathBuf, Vec<u8>>,
    place: &Path,
    folder: &Path,
) -> Result<(), LibraryCopyError> {
    let whole = place.join(folder);
    for entry in fs::read_dir(&whole).map_err(io_error(&whole))? {
        let entry = entry.map_err(io_error(&whole))?;
        let path = folder.join(entry.file_name());
        let kind = entry.file_type().map_err(io_error(&whole))?;
        if kind.is_dir() && files.keys().any(|file| file.starts_with(&path) && *file != path) {
            remove_strangers(files, place, &path)?;
        } else if !(kind.is_file() && files.contains_key(&path)) {
            tracing::debug!(path = %entry.path().display(), "removes what is none of a copied library");
            clear(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether a path is a folder, and not a link to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_dir())
}

/// Removes what is in the place of a file or folder, and of a link only the link.
fn clear(path: &Path) -> Result<(), LibraryCopyError> {
    let result = if is_folder(path) { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path)(error)),
        _ => Ok(()),
    }
}

/// Writes the files to a folder beside their place, then moves it there in one step.
fn write_whole(
    files: &BTreeMap<PathBuf, Vec<u8>>,
    parent: &Path,
    place: &Path,
) -> Result<(), LibraryCopyError> {
    fs::create_dir_all(parent).map_err(io_error(parent))?;
    let draft = tempfile::Builder::new().prefix(".draft-").tempdir_in(parent).map_err(io_error(parent))?;
    for (path, bytes) in files {
        let whole = draft.path().join(path);
        if let Some(folder) = whole.parent() {
            fs::create_dir_all(folder).map_err(io_error(folder))?;
        }
        fs::write(&whole, bytes).map_err(io_error(&whole))?;
    }
    match fs::rename(draft.path(), place) {
        // Somebody else was faster with the same content.
        Err(_) if place.is_dir() => Ok(()),
        Err(error) => Err(LibraryCopyError::Io { path: place.to_owned(), error }),
        Ok(()) => {
            // It is no longer where it would be removed from.
            let _ = draft.keep();
            Ok(())
        }
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> LibraryCopyError {
    let path = path.to_owned();
    |error| LibraryCopyError::Io { path, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Just enough of a Criterion for the newest recipe.
    fn original(version: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src/analysis")).unwrap();
        let recipe = recipes::recipe("criterion", (0, 8, 2)).unwrap();
        for replacement in recipe {
            let path = folder.path().join(replacement.file);
            let text = fs::read_to_string(&path).unwrap_or_default();
            fs::write(&path, text + replacement.old).unwrap();
        }
        let manifest = format!("[package]\nname = \"criterion\"\nversion = \"{version}\"\n");
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        folder
    }

    #[test]
    fn a_copy_is_made_once_and_named_by_its_content() {
        let (original, parent) = (original("0.8.2"), tempfile::tempdir().unwrap());
        let copy = LibraryCopy::prepare("criterion", "0.8.2", original.path(), parent.path(), Variant::Timed)
            .unwrap();
        let module = copy.folder().join(edit::MODULE_FILE);
        assert_eq!(fs::read_to_string(&module).unwrap(), edit::MODULE);
        let sound = copy.folder().join("Cargo.toml");
        let written = fs::metadata(&sound).unwrap().modified().unwrap();
        fs::write(&module, "").unwrap();
        fs::remove_dir_all(copy.folder().join("src/analysis")).unwrap();
        let again =
            LibraryCopy::prepare("criterion", "0.8.2", original.path(), parent.path(), Variant::Timed)
                .unwrap();
        assert_eq!(again, copy);
        assert_eq!(fs::read_to_string(&module).unwrap(), edit::MODULE, "what was lost is written again");
        assert!(copy.folder().join("src/analysis/mod.rs").is_file());
        assert_eq!(fs::metadata(&sound).unwrap().modified().unwrap(), written, "and nothing else is");
        for stranger in ["build.rs", ".cargo/config.toml", "src/more.rs"] {
            let stranger = copy.folder().join(stranger);
            fs::create_dir_all(stranger.parent().unwrap()).unwrap();
            fs::write(&stranger, "evil").unwrap();
            LibraryCopy::prepare("criterion", "0.8.2", original.path(), parent.path(), Variant::Timed)
                .unwrap();
            assert!(!stranger.exists());
        }
        fs::write(original.path().join("src/new.rs"), "").unwrap();
        assert_ne!(
            LibraryCopy::prepare("criterion", "0.8.2", original.path(), parent.path(), Variant::Timed)
                .unwrap(),
            copy
        );
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2, "no draft is left");
    }

    #[test]
    fn only_the_variant_that_counts_allocations_has_another_copy() {
        let (original, parent) = (original("0.8.2"), tempfile::tempdir().unwrap());
        let copy = |variant| {
            let copy =
                LibraryCopy::prepare("criterion", "0.8.2", original.path(), parent.path(), variant).unwrap();
            let text = fs::read_to_string(copy.folder().join(edit::COUNTS_FILE)).unwrap();
            (copy, text)
        };
        assert_eq!(copy(Variant::Timed), copy(Variant::Lines));
        assert!(!copy(Variant::Timed).1.contains("#[global_allocator]"));
        assert!(copy(Variant::Allocations).1.contains("#[global_allocator]"));
        assert_ne!(copy(Variant::Timed).0, copy(Variant::Allocations).0);
    }

    #[test]
    fn an_unknown_version_or_text_is_not_guessed_at() {
        let parent = tempfile::tempdir().unwrap();
        let refused = |version: &str, original: &Path| {
            let result = LibraryCopy::prepare("criterion", version, original, parent.path(), Variant::Timed);
            assert!(matches!(result, Err(LibraryCopyError::Unsupported { .. })), "{result:?}");
        };
        refused("1.0.0", original("1.0.0").path());
        refused("0.8.2-rc1", original("0.8.2-rc1").path());
        let changed = original("0.8.2");
        let routine = changed.path().join("src/routine.rs");
        let text = fs::read_to_string(&routine).unwrap().replace("iters", "iterations");
        fs::write(&routine, text).unwrap();
        refused("0.8.2", changed.path());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn no_module_of_a_copy_refuses_what_a_newer_compiler_warns_of() {
        let parent = tempfile::tempdir().unwrap();
        let original = original("0.8.2");
        let module = original.path().join("src/plot.rs");
        fs::write(&module, "#![deny(warnings)]\n#[forbid(dead_code)]\npub fn f() {}\n").unwrap();
        let copy = LibraryCopy::prepare("criterion", "0.8.2", original.path(), parent.path(), Variant::Timed)
            .unwrap();
        let text = fs::read_to_string(copy.folder().join("src/plot.rs")).unwrap();
        assert_eq!(text, "#![allow(warnings)]\n#[allow(dead_code)]\npub fn f() {}\n");
    }

    #[test]
    fn cargo_is_told_where_the_copy_lies() {
        let copy =
            LibraryCopy { name: "criterion".into(), version: "0.8.2".into(), folder: "/a b/\"c\"".into() };
        let arguments = copy.cargo_arguments();
        let table: toml::Table = format!("{}\n{}", arguments[1], arguments[3]).parse().unwrap();
        let patch = &table["patch"]["crates-io"]["criterion-0-8-2"];
        assert_eq!(patch["package"].as_str(), Some("criterion"));
        assert_eq!(patch["path"].as_str(), Some("/a b/\"c\""));
    }
}
