//! Dependencies are compiled once: a fresh target folder starts with what the other side's build made of them, or the
//! user's own `cargo bench`. Whether it fits is for Cargo to say, which looks for it by profile, features and flags.
//!
//! Packages that are immutable downloads are carried over, and those of the workspace that are compiled from the same
//! files (`carried`); whatever belongs to a package whose files may differ between the two trees is left out, so Cargo
//! compiles it. What Cargo or a build script may write again is really copied; compiled libraries and build scripts are
//! replaced as whole files, never written into, and are hard-linked. Time stamps go along, because Cargo compares them.
//! Another tree's folder must be used at the same absolute path.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, FileTimes};
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::LocalPackage;
use crate::support::files;

use super::relink::capture;
use super::{BuildError, Seed};

/// The packages that are no immutable downloads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packages<'a> {
    /// Those whose files may differ.
    pub(super) local: &'a [LocalPackage],
    /// Those whose files are the same.
    pub(super) unchanged: &'a [LocalPackage],
    /// Of the first, by name: folders outside both trees whose files never change.
    pub(super) constant: &'a BTreeSet<&'a str>,
}

/// The names that must not be carried over, and those that alone may be.
#[derive(Debug, Default)]
struct Local {
    /// Packages, as Cargo names their folders in `build` and `.fingerprint`.
    packages: BTreeSet<String>,
    /// Targets, as rustc names their files in `deps`.
    crates: BTreeSet<String>,
    /// Where not everything else may be carried over: what may, in both spellings.
    only: Option<BTreeSet<String>>,
    /// Targets whose executables are carried over, as rustc names them.
    executables: BTreeSet<String>,
    /// Hashes in the names of downloads that are called like a package which is left out: a library that its own benches
    /// depend on, through what they measure with.
    namesakes: BTreeSet<String>,
}

/// Whether a target folder holds no compiled code yet.
pub(super) fn is_unused(target_dir: &Path) -> bool {
    unit_folders(target_dir).is_ok_and(|folders| folders.is_empty())
}

/// Fills the target folder `to` with what may be carried over. Of the user's own folder only what builds of this profile left
/// is looked at.
pub(super) fn seed(
    from: Seed<'_>,
    to: &Path,
    packages: &Packages<'_>,
    profile: &str,
) -> Result<(), BuildError> {
    let Packages { local, unchanged, constant } = *packages;
    let mut local = Local::new(local.iter().filter(|package| !constant.contains(package.name.as_str())));
    let spelled = |name: &String| name.replace('-', "_");
    let same = unchanged.iter().flat_map(|package| &package.targets).map(spelled);
    local.executables = same.filter(|name| !local.crates.contains(name)).collect();
    let (from, own) = match from {
        Seed::Tree(from) => (from, false),
        Seed::Own { target, downloads } => {
            let spelled = |name: &String| [name.replace('-', "_"), name.clone()];
            local.only = Some(downloads.iter().flat_map(spelled).collect());
            (target, true)
        }
    };
    for name in [".rustc_info.json", "CACHEDIR.TAG"] {
        if !own && from.join(name).is_file() {
            create_parent(&to.join(name))
                .and_then(|()| copy(&from.join(name), &to.join(name)))
                .map_err(fail(from))?;
        }
    }
    for folder in unit_folders(from).map_err(fail(from))? {
        if own && !folder.ends_with(profile) {
            continue;
        }
        let below = folder.strip_prefix(from).unwrap_or(&folder);
        local.find_namesakes(&folder).map_err(fail(&folder))?;
        local.unit(&folder, &to.join(below)).map_err(fail(&folder))?;
    }
    let links = capture::folder_in(from);
    for link in folders(&links).map_err(fail(&links))? {
        let Some(name) = link.file_name().filter(|name| local.is_executable(name)) else { continue };
        capture::copy(&link, &capture::folder_in(to).join(name)).map_err(fail(&link))?;
    }
    Ok(())
}

/// For `map_err` after any step of it.
fn fail(path: &Path) -> impl FnOnce(io::Error) -> BuildError + use<> {
    BuildError::file("carry compiled dependencies over from", path.to_owned())
}

/// The folders of one profile (and triple) each: `release`, `aarch64-unknown-linux-gnu/release`.
pub(super) fn unit_folders(target_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for outer in folders(target_dir)? {
        if outer.join(".fingerprint").is_dir() {
            found.push(outer);
        } else {
            found.extend(folders(&outer)?.into_iter().filter(|inner| inner.join(".fingerprint").is_dir()));
        }
    }
    Ok(found)
}

impl Local {
    fn new<'a>(packages: impl Iterator<Item = &'a LocalPackage>) -> Self {
        let mut local = Self::default();
        for package in packages {
            local.packages.insert(package.name.clone());
            for name in package.targets.iter().chain([&package.name]) {
                local.crates.insert(name.replace('-', "_"));
                local.crates.insert(name.clone());
            }
        }
        local
    }

    /// Looks for downloads that have the name of a package which is left out. What rustc read tells them apart.
    fn find_namesakes(&mut self, folder: &Path) -> io::Result<()> {
        for path in entries(&folder.join("deps"))? {
            let stem = path.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_suffix(".d"));
            let Some((name, hash)) = stem.and_then(parts) else { continue };
            if self.crates.contains(name)
                && fs::read_to_string(&path).is_ok_and(|text| reads_downloads(&text))
            {
                self.namesakes.insert(hash.to_owned());
            }
        }
        Ok(())
    }

    /// Carries one profile's folder over. Fingerprints come last: without them Cargo trusts nothing else, should this
    /// be cut short.
    fn unit(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::create_dir_all(to.join("deps"))?;
        for path in entries(&from.join("deps"))? {
            let Some(name) = path.file_name() else { continue };
            if path.is_file() && (self.is_foreign_file(name) || self.is_executable(name)) {
                let target = to.join("deps").join(name);
                if is_library(&path) { link(&path, &target)? } else { copy(&path, &target)? }
            }
        }
        for part in ["build", ".fingerprint"] {
            fs::create_dir_all(to.join(part))?;
            for path in folders(&from.join(part))? {
                let Some(name) = path.file_name() else { continue };
                if self.is_foreign_folder(name) {
                    copy_folder(&path, &to.join(part).join(name))?;
                }
            }
        }
        Ok(())
    }

    /// Whether a name `crate-hash` is that of an executable which is carried over.
    fn is_executable(&self, name: &OsStr) -> bool {
        name.to_str().and_then(without_hash).is_some_and(|name| self.executables.contains(name))
    }

    /// Whether a folder `package-hash` belongs to a package that is carried over.
    fn is_foreign_folder(&self, name: &OsStr) -> bool {
        let parts = name.to_str().and_then(parts);
        parts.is_some_and(|(package, hash)| {
            (!self.packages.contains(package) || self.namesakes.contains(hash)) && self.may(package)
        })
    }

    fn may(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(name))
    }

    /// Whether a file `crate-hash.d`, `libcrate-hash.rlib` … belongs to a package that is carried over. Executables
    /// have no ending: downloads have none but build scripts, which live elsewhere.
    fn is_foreign_file(&self, name: &OsStr) -> bool {
        let parts = name.to_str().and_then(|name| name.split_once('.')).and_then(|(stem, _)| parts(stem));
        parts.is_some_and(|(stem, hash)| {
            let library = stem.strip_prefix("lib").unwrap_or(stem);
            let named = self.crates.contains(stem) || self.crates.contains(library);
            (!named || self.namesakes.contains(hash)) && (self.may(stem) || self.may(library))
        })
    }
}

/// What is before and behind the dash in `name-0123456789abcdef`; `None` for a name that does not end so.
fn parts(name: &str) -> Option<(&str, &str)> {
    let (stem, hash) = name.rsplit_once('-')?;
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some((stem, hash))
}

/// What is before the hash.
fn without_hash(name: &str) -> Option<&str> {
    parts(name).map(|(stem, _)| stem)
}

/// Whether rustc read nothing but what Cargo downloaded, as its list of dependencies says. The sources of a workspace's own
/// packages stand there from the root of the workspace, or lie elsewhere.
fn reads_downloads(list: &str) -> bool {
    let is_download = |source: &str| {
        let path = Path::new(source);
        let downloaded = ["registry/src", "git/checkouts"].map(Path::new);
        let holds = |inner: &Path| path.ancestors().any(|folder| folder.ends_with(inner));
        path.is_absolute() && downloaded.iter().any(|inner| holds(inner))
    };
    let read = list.lines().find_map(|line| line.split_once(": ")).map(|(_, read)| read).unwrap_or_default();
    // A blank in a path makes two words of it, of which one is no download: then it is compiled once more.
    !read.is_empty() && read.split_whitespace().all(is_download)
}

/// Whether a file is a compiled library, which is only ever replaced as a whole.
fn is_library(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "rlib" || end == "rmeta" || end == "so" || end == "dylib")
}

/// Whether a file is a compiled build script.
fn is_build_script(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    path.extension().is_none() && (name.starts_with("build-script-") || name.starts_with("build_script_"))
}

/// Copies a folder with everything in it.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for path in entries(from)? {
        let Some(name) = path.file_name() else { continue };
        let target = to.join(name);
        let kind = fs::symlink_metadata(&path)?.file_type();
        if kind.is_dir() {
            copy_folder(&path, &target)?;
        } else if kind.is_symlink() {
            clear(&target)?;
            files::symlink(&fs::read_link(&path)?, &target)?;
        } else if is_build_script(&path) {
            link(&path, &target)?;
        } else {
            copy(&path, &target)?;
        }
    }
    set_times(from, to)
}

/// Another name for the same file; a copy where the file system has no such thing.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    clear(to)?;
    fs::hard_link(from, to).or_else(|_| copy(from, to))
}

/// A file of its own, with the time stamps of the old one.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    clear(to)?;
    fs::copy(from, to)?;
    set_times(from, to)
}

fn set_times(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = fs::metadata(from)?;
    let times = FileTimes::new().set_accessed(metadata.accessed()?).set_modified(metadata.modified()?);
    files::set_times(to, times)
}

/// Removes a file that an earlier attempt left.
fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// What a folder holds; nothing when there is no such folder.
/// What is in a folder; nothing where there is none.
pub(super) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use std::os::unix::fs::MetadataExt;
    use std::time::{Duration, SystemTime};

    use super::*;

    const HASH: &str = "0123456789abcdef";

    fn local(name: &str, targets: &[&str]) -> LocalPackage {
        LocalPackage {
            name: name.to_owned(),
            manifest_dir: PathBuf::from("/w"),
            targets: targets.iter().map(ToString::to_string).collect(),
            has_build_script: false,
        }
    }

    /// Seeds with packages that may differ, those that are unchanged, and names that are constant.
    fn carry(
        from: Seed<'_>,
        to: &Path,
        local: &[LocalPackage],
        unchanged: &[LocalPackage],
        constant: &[&str],
    ) {
        let constant = constant.iter().copied().collect();
        let packages = Packages { local, unchanged, constant: &constant };
        seed(from, to, &packages, "release").unwrap();
    }

    fn assert_carried(to: &Path, carried: &[String], left: &[String]) {
        for (path, is_carried) in
            carried.iter().map(|path| (path, true)).chain(left.iter().map(|path| (path, false)))
        {
            assert_eq!(to.join(path).exists(), is_carried, "{path}");
        }
    }

    fn write(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        files::set_times(path, FileTimes::new().set_modified(old)).unwrap();
    }

    #[test]
    fn downloads_are_carried_over_and_local_packages_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        let carried = [
            format!("release/deps/libserde-{HASH}.rlib"),
            format!("release/deps/serde-{HASH}.d"),
            format!("release/.fingerprint/serde-{HASH}/lib-serde"),
            format!("release/build/serde-{HASH}/build-script-build"),
            format!("release/build/serde-{HASH}/output"),
            format!("x86_64-unknown-linux-musl/release/deps/libserde-{HASH}.rmeta"),
            format!("x86_64-unknown-linux-musl/release/.fingerprint/serde-{HASH}/lib-serde"),
            format!("release/deps/libmy_pkg_extra-{HASH}.rlib"),
        ];
        let left = [
            format!("release/deps/libmy_pkg-{HASH}.rlib"),
            format!("release/deps/sums-{HASH}"),
            format!("release/deps/sums-{HASH}.d"),
            format!("release/.fingerprint/my-pkg-{HASH}/bench-sums"),
            format!("release/build/my-pkg-{HASH}/output"),
            "release/incremental/x".to_owned(),
            "release/.cargo-lock".to_owned(),
            "release/examples/x".to_owned(),
        ];
        for path in carried.iter().chain(&left) {
            write(&from.join(path));
        }
        assert!(is_unused(&to) && !is_unused(&from));
        for _ in 0..2 {
            // A second attempt, after one that was cut short, does no harm.
            let local = [local("my-pkg", &["my-pkg", "sums"])];
            carry(Seed::Tree(&from), &to, &local, &[], &[]);
        }
        assert!(!is_unused(&to));
        for path in &carried {
            let (old, new) = (fs::metadata(from.join(path)).unwrap(), fs::metadata(to.join(path)).unwrap());
            assert_eq!(old.modified().unwrap(), new.modified().unwrap(), "{path}");
            #[cfg(unix)]
            {
                let kinds = ["rlib", "rmeta", "build-script-build"];
                let shared = kinds.iter().any(|kind| path.ends_with(kind));
                assert_eq!(old.ino() == new.ino(), shared, "{path}");
            }
        }
        for path in &left {
            assert!(!to.join(path).exists(), "{path}");
        }
    }

    #[test]
    fn what_is_compiled_from_the_same_files_comes_along_with_its_executables() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        let carried = [
            format!("release/deps/libsame-{HASH}.rlib"),
            format!("release/deps/same_bench-{HASH}"),
            format!("release/deps/same_bench-{HASH}.d"),
            format!("release/.fingerprint/same-{HASH}/bench-same-bench"),
            format!("{}/same_bench-{HASH}/capture.json", capture::folder_in(Path::new("")).display()),
        ];
        let left = [
            format!("release/deps/libother-{HASH}.rlib"),
            format!("release/deps/other_bench-{HASH}"),
            format!("release/deps/shared-{HASH}"),
            format!("{}/other_bench-{HASH}/capture.json", capture::folder_in(Path::new("")).display()),
        ];
        for path in carried.iter().chain(&left) {
            write(&from.join(path));
        }
        let changed = [local("other", &["other", "other-bench", "shared"])];
        let same = [local("same", &["same", "same-bench", "shared"])];
        carry(Seed::Tree(&from), &to, &changed, &same, &[]);
        assert_carried(&to, &carried, &left);
    }

    #[test]
    fn a_download_with_the_name_of_a_local_package_is_told_by_what_it_was_compiled_from() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        let own = "fedcba9876543210";
        let carried = [
            format!("release/deps/libmy_pkg-{HASH}.rlib"),
            format!("release/deps/my_pkg-{HASH}.d"),
            format!("release/.fingerprint/my-pkg-{HASH}/lib-my_pkg"),
        ];
        let left = [
            format!("release/deps/libmy_pkg-{own}.rlib"),
            format!("release/deps/my_pkg-{own}.d"),
            format!("release/.fingerprint/my-pkg-{own}/lib-my_pkg"),
        ];
        for path in carried.iter().chain(&left) {
            write(&from.join(path));
        }
        let list = |hash: &str, source: &str| {
            let text = format!("/t/my_pkg-{hash}.d: {source}\n\n{source}:\n");
            fs::write(from.join(format!("release/deps/my_pkg-{hash}.d")), text).unwrap();
        };
        list(HASH, "/home/x/.cargo/registry/src/index-1/my-pkg-1.0.0/src/lib.rs");
        list(own, "src/lib.rs");
        carry(Seed::Tree(&from), &to, &[local("my-pkg", &["my-pkg"])], &[], &[]);
        assert_carried(&to, &carried, &left);
    }

    #[test]
    fn only_what_cargo_downloaded_is_a_download() {
        let download = "/home/x/.cargo/registry/src/index-1/a-1.0.0/src/lib.rs";
        let of_git = "/home/x/.cargo/git/checkouts/a-1/2/src/lib.rs";
        assert!(reads_downloads(&format!("/t/a.d: {download} {of_git}\n")));
        for read in ["", "src/lib.rs", "/w/src/lib.rs", "registry/src/a.rs", "/home/a\\ b/registry/src/a.rs"]
        {
            assert!(!reads_downloads(&format!("/t/a.d: {read}\n")), "{read}");
            assert!(!reads_downloads(&format!("/t/a.d: {download} {read} x.rs\n")), "{read}");
        }
        assert!(!reads_downloads(""));
    }

    #[test]
    fn a_constant_folder_counts_as_a_download() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        let library = format!("release/deps/libcriterion-{HASH}.rlib");
        write(&from.join(&library));
        write(&from.join(format!("release/.fingerprint/criterion-{HASH}/lib-criterion")));
        let found = [local("criterion", &["criterion"])];
        carry(Seed::Tree(&from), &to, &found, &[], &[]);
        assert!(!to.join(&library).exists());
        carry(Seed::Tree(&from), &to, &found, &[], &["criterion"]);
        assert!(to.join(&library).exists());
    }

    #[test]
    fn of_the_users_own_folder_only_downloads_of_the_same_profile_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        let carried = [
            format!("release/deps/libserde_json-{HASH}.rlib"),
            format!("release/deps/serde_json-{HASH}.d"),
            format!("release/.fingerprint/serde-json-{HASH}/lib-serde_json"),
            format!("x86_64-unknown-linux-musl/release/deps/libserde_json-{HASH}.rmeta"),
            format!("x86_64-unknown-linux-musl/release/.fingerprint/serde-json-{HASH}/lib"),
        ];
        let left = [
            format!("release/deps/libother-{HASH}.rlib"),
            format!("release/.fingerprint/other-{HASH}/lib-other"),
            format!("debug/deps/libserde_json-{HASH}.rlib"),
            format!("debug/.fingerprint/serde-json-{HASH}/lib-serde_json"),
            format!("perfguard/deps/libserde_json-{HASH}.rlib"),
            ".rustc_info.json".to_owned(),
        ];
        for path in carried.iter().chain(&left) {
            write(&from.join(path));
        }
        let downloads = BTreeSet::from(["serde-json".to_owned()]);
        let own = Seed::Own { target: &from, downloads: &downloads };
        carry(own, &to, &[], &[], &[]);
        assert_carried(&to, &carried, &left);
    }
}
