//! Where source trees live and are built: a place above which Cargo, rustup and git find nothing of the user's repository.
//!
//! Cargo looks for configuration, rustup for a toolchain file, and Cargo for the workspace in every folder above the one
//! they work in. A tree inside the user's repository would get all three from the user's work tree, whatever its commit
//! says. What lies above the repository itself holds for the user and so for both sides: where the place lies elsewhere,
//! it is handed down.

mod outer;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::domain::Variables;
use crate::support::area::{AreaError, enter, is_ours};
use crate::support::bounded::{self, Links};
use crate::support::files;
use crate::support::lock::FileLock;
use crate::support::records::Records;

/// What Cargo and rustup look for in every folder above.
const LOOKED_FOR: [&str; 5] =
    ["Cargo.toml", ".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];
/// The folder of ours in the user's cache.
const OURS: &str = "cargo-perfguard";
/// In a place outside the target folder: for which area it is.
const OWNER: &str = ".perfguard-area";
/// In an area: where its trees are, so that `cargo clean` clears them as well.
const LEADS_TO: &str = ".perfguard-trees";
/// The longest path that is read from a file, in bytes.
const LONGEST: u64 = 1 << 16;

/// The folder in which the source trees of the workspace at `workspace` live and are built: `area`, which is the
/// program's folder below the target folder, where that lies open; otherwise a folder in the user's cache, or among
/// temporary files, that belongs to this area alone.
pub fn tree_place(area: &Path, workspace: &Path, environment: &Variables) -> PathBuf {
    let area = real(area);
    let Some(repository) = repository_around(&real(workspace)) else { return area };
    let key = key(&area);
    let elsewhere = caches(environment).into_iter().map(|folder| real(&folder).join(OURS).join(&key));
    let mut candidates = std::iter::once(area.clone()).chain(elsewhere);
    candidates.find(|place| lies_open(place, &repository) && is_writable(place)).unwrap_or(area)
}

/// Makes the place ready: what the folders above the repository say is written down where trees find it, places of areas
/// that are gone are removed, and so is what lies at a place whose area was cleaned.
///
/// # Errors
/// A file or folder that cannot be written or removed, or that this program did not make.
pub fn prepare_place(
    place: &Path,
    area: &Path,
    workspace: &Path,
    environment: &Variables,
) -> Result<(), AreaError> {
    let fail = |error| AreaError::Io { folder: place.to_owned(), error };
    let area = real(area);
    if place != area {
        let named = place.as_os_str().as_encoded_bytes();
        let known =
            bounded::read(&area.join(LEADS_TO), LONGEST, Links::Refuse).is_ok_and(|found| found == named);
        if !known {
            // Only what is ours: a link goes by itself, and what somebody else put there stays.
            let link = fs::symlink_metadata(place).is_ok_and(|data| data.is_symlink());
            if link || is_ours(place) {
                remove(place).map_err(fail)?;
            }
        }
        if let Some(parent) = place.parent() {
            create_private(parent).map_err(fail)?;
        }
        enter(place, workspace)?;
        files::replace(&place.join(OWNER), area.as_os_str().as_encoded_bytes()).map_err(fail)?;
        files::replace(&area.join(LEADS_TO), named).map_err(fail)?;
        if let Some(siblings) = place.parent() {
            forget_orphans(siblings, place);
        }
    }
    if let Some(repository) = repository_around(&real(workspace)) {
        outer::hand_down(&repository, place, environment).map_err(fail)?;
    }
    Ok(())
}

/// What is known of what lies in the program's folder: kept in the user's cache, never in the repository.
pub fn records_of(area: &Path, workspace: &Path, environment: &Variables) -> Records {
    let repository = repository_around(&real(workspace));
    let mut folders = caches(environment).into_iter().map(|folder| real(&folder).join(OURS));
    let outside = |folder: &PathBuf| repository.as_ref().is_none_or(|inner| !folder.starts_with(inner));
    let folder = folders.find(|folder| outside(folder) && is_writable(folder));
    folder.map_or_else(Records::none, |folder| Records::at(records_file(&folder, &key(&real(area)))))
}

fn records_file(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!("{key}.records"))
}

/// The lock that a run holds on a place outside of its area.
pub fn place_lock(place: &Path) -> PathBuf {
    place.join("lock")
}

/// Whether whoever looks upward from a place finds nothing but what the user finds above the repository.
fn lies_open(place: &Path, repository: &Path) -> bool {
    if place.starts_with(repository) {
        return false;
    }
    let shared = |folder: &Path| folder != repository && repository.starts_with(folder);
    let own = |folder: &Path| LOOKED_FOR.iter().any(|name| folder.join(name).exists());
    place.ancestors().skip(1).all(|folder| shared(folder) || !own(folder))
}

/// The root of the repository around a folder, by the sign that git itself goes by.
fn repository_around(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}

/// A path with its links followed, as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(real), _, _) => real,
        (Err(_), Some(parent), Some(name)) => real(parent).join(name),
        (Err(_), _, _) => path.to_owned(),
    }
}

/// What tells the places of areas apart.
fn key(area: &Path) -> String {
    let hash = Sha256::digest(area.as_os_str().as_encoded_bytes());
    let first = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}

/// Where caches belong on this system, the best first.
fn caches(environment: &Variables) -> Vec<PathBuf> {
    let variable = |name: &str| environment.get(OsStr::new(name)).filter(|value| !value.is_empty());
    let named = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let below_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let home = named("HOME").map(|home| home.join(below_home));
    let local = if cfg!(windows) { named("LOCALAPPDATA") } else { None };
    let shared = named("TMPDIR").unwrap_or_else(std::env::temp_dir).join(format!("{OURS}-{}", user()));
    named("XDG_CACHE_HOME").into_iter().chain(local).chain(home).chain([shared]).collect()
}

/// Who this is, for a folder that all users share.
#[cfg(unix)]
fn user() -> String {
    rustix::process::geteuid().as_raw().to_string()
}

#[cfg(not(unix))]
fn user() -> String {
    "user".to_owned()
}

/// Whether a folder can be made (or is there) and belongs to this user: nobody else may prepare it for us.
#[cfg(unix)]
fn is_writable(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let Some(there) = folder.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok()) else {
        return false;
    };
    let ours = folder.ancestors().take_while(|folder| folder.file_name().is_some()).all(|part| {
        let ours = part.file_name().is_some_and(|name| name.to_string_lossy().starts_with(OURS));
        let me = || fs::metadata(part).map_or(true, |data| data.uid() == rustix::process::geteuid().as_raw());
        !ours || me()
    });
    ours && there.is_dir() && rustix::fs::access(there, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(_: &Path) -> bool {
    true
}

/// Makes a folder that only this user may enter.
#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Removes a folder, and of a link only the link.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(folder),
        Ok(_) => fs::remove_file(folder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes the places of areas that do not exist any more. Best effort: another run tries again.
fn forget_orphans(places: &Path, except: &Path) {
    for entry in fs::read_dir(places).into_iter().flatten().flatten() {
        let place = entry.path();
        // A path that is no text is left alone.
        let Ok(owner) = bounded::read_text(&place.join(OWNER), LONGEST, Links::Refuse) else { continue };
        // A run in another container may see what we do not: it holds the lock.
        let is_orphan = place != except && !Path::new(&owner).exists() && is_ours(&place);
        if is_orphan && FileLock::try_acquire(&place_lock(&place)).is_ok_and(|lock| lock.is_some()) {
            let _ = remove(&place);
            let _ = fs::remove_file(place.with_extension("records"));
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    struct Setting {
        _folder: tempfile::TempDir,
        root: PathBuf,
        environment: Variables,
    }

    /// A repository with a workspace in a sub-folder, and a home with a cache.
    fn setting() -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for path in ["home/code/repo/.git", "home/code/repo/ws", "elsewhere"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        let environment = [("HOME", root.join("home")), ("TMPDIR", root.join("tmp"))];
        let environment = environment.map(|(name, value)| (name.into(), value.into())).into();
        Setting { _folder: folder, root, environment }
    }

    impl Setting {
        fn place(&self, area: &str) -> PathBuf {
            let workspace = self.root.join("home/code/repo/ws");
            tree_place(&self.root.join(area), &workspace, &self.environment)
        }

        fn prepare(&self, area: &str, place: &Path) {
            let workspace = self.root.join("home/code/repo/ws");
            enter(&self.root.join(area), &workspace).unwrap();
            prepare_place(place, &self.root.join(area), &workspace, &self.environment).unwrap();
        }
    }

    #[test]
    fn trees_stay_in_a_target_folder_outside_the_repository() {
        let setting = setting();
        for area in ["elsewhere/perfguard", "home/code/target/perfguard"] {
            assert_eq!(setting.place(area), setting.root.join(area));
        }
        // What lies above the repository holds for the user, too.
        fs::create_dir_all(setting.root.join("home/code/.cargo")).unwrap();
        fs::write(setting.root.join("home/code/.cargo/config.toml"), "").unwrap();
        assert_eq!(setting.place("home/code/target/x"), setting.root.join("home/code/target/x"));
        fs::write(setting.root.join("elsewhere/Cargo.toml"), "").unwrap();
        assert!(setting.place("elsewhere/x/y").starts_with(setting.root.join("home/.cache")));
    }

    #[test]
    fn a_target_folder_in_the_repository_sends_them_to_the_cache_or_to_temporary_files() {
        let setting = setting();
        let cache = setting.root.join("home/.cache/cargo-perfguard");
        let place = setting.place("home/code/repo/target/perfguard");
        assert_eq!(place.parent(), Some(&*cache));
        assert_ne!(place, setting.place("home/code/repo/other/perfguard"), "one place for each area");
        // A home that holds somebody's configuration is no place for them.
        fs::write(setting.root.join("home/rust-toolchain"), "x").unwrap();
        assert_eq!(setting.place("home/code/repo/target/perfguard"), place, "it is above the repository");
        fs::create_dir_all(cache.parent().unwrap()).unwrap();
        fs::write(cache.parent().unwrap().join("rust-toolchain"), "x").unwrap();
        fs::create_dir(setting.root.join("tmp")).unwrap();
        assert!(setting.place("home/code/repo/target/perfguard").starts_with(setting.root.join("tmp")));
    }

    #[test]
    fn a_cleaned_area_and_a_removed_one_take_their_trees_along() {
        let setting = setting();
        let (one, two) = ("home/code/repo/target/perfguard", "home/code/repo/other/perfguard");
        let (first, second) = (setting.place(one), setting.place(two));
        setting.prepare(one, &first);
        fs::create_dir(first.join("trees")).unwrap();
        setting.prepare(one, &first);
        assert!(first.join("trees").is_dir(), "nothing was cleaned");
        fs::remove_dir_all(setting.root.join(one)).unwrap();
        setting.prepare(one, &first);
        assert!(first.is_dir() && !first.join("trees").exists());
        fs::remove_dir_all(setting.root.join(one)).unwrap();
        setting.prepare(two, &second);
        assert!(!first.exists(), "its area is gone");
        assert!(second.is_dir());
    }

    #[test]
    fn a_link_at_the_place_is_removed_and_not_followed() {
        let setting = setting();
        let area = "home/code/repo/target/perfguard";
        let place = setting.place(area);
        let precious = setting.root.join("elsewhere/precious");
        fs::write(&precious, "x").unwrap();
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(setting.root.join("elsewhere"), &place).unwrap();
        setting.prepare(area, &place);
        assert!(precious.exists());
        assert!(fs::symlink_metadata(&place).unwrap().is_dir());
    }
}
