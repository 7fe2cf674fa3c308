//! The current build folder: one absolute path at which every source tree is built.
//!
//! A build bakes absolute paths into executables, so both sides are built at the same one: a source tree's home is
//! *renamed* to `build` for the time of its build, and back. Afterwards `build` is a symbolic link to the home of the
//! side that runs, so that the paths in its executable lead to its own files. Two runs must not do this at once: the
//! caller holds a [lock](super::lock).

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::domain::SourceTree;

/// The name of the folder in which trees are built.
const BUILD: &str = "build";
/// In a home: where it belongs, in case it is found as `build` after a kill.
const MARKER: &str = ".perfguard-home";

/// Why the current build folder could not be set.
#[derive(Debug, thiserror::Error)]
pub enum CurrentError {
    /// A folder could not be moved.
    #[error("move {from} to {to}: {error}")]
    Move {
        /// From where.
        from: PathBuf,
        /// To where.
        to: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file, folder or link could not be read, written or removed.
    #[error("prepare {path}: {error}")]
    Prepare {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The source tree has no files: it was removed, or never extracted.
    #[error("find the source tree in {0}")]
    NoHome(PathBuf),
}

impl CurrentError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Move { error, .. } if error.kind() == io::ErrorKind::CrossesDevices => {
                Some("the target folder must lie on one file system".to_owned())
            }
            Self::Move { .. } | Self::Prepare { .. } => {
                Some("is another program using this folder? It may be deleted as a whole".to_owned())
            }
            Self::NoHome(_) => None,
        }
    }
}

/// The place where source trees are built, below the program's area in the target folder.
#[derive(Debug, Clone)]
pub struct BuildSite {
    area: PathBuf,
}

impl BuildSite {
    /// The site in `area` (`target/perfguard`), which must be an absolute path.
    pub fn new(area: &Path) -> Self {
        Self { area: area.to_owned() }
    }

    /// The folder in which trees are built: the same for every side.
    pub fn build(&self) -> PathBuf {
        self.area.join(BUILD)
    }

    /// Moves the home of `tree` to the build folder until the returned guard is dropped.
    ///
    /// # Errors
    /// No home, or folders that cannot be moved.
    pub fn occupy(&self, tree: &SourceTree) -> Result<Occupied, CurrentError> {
        self.recover()?;
        let build = self.build();
        if !tree.files().is_dir() {
            return Err(CurrentError::NoHome(tree.home.clone()));
        }
        let marker = tree.home.join(MARKER);
        fs::write(&marker, self.address(&tree.home)).map_err(prepare(&marker))?;
        self.clear_link()?;
        fs::rename(&tree.home, &build).map_err(moving(&tree.home, &build))?;
        Ok(Occupied {
            place: SourceTree { home: build, ..tree.clone() },
            home: tree.home.clone(),
            held: true,
        })
    }

    /// Makes the build folder lead to `home`, for a launch of what was built from it.
    ///
    /// Does nothing where it does already, and where the system has no symbolic links to offer.
    ///
    /// # Errors
    /// A link that cannot be made.
    pub fn point_at(&self, home: &Path) -> Result<(), CurrentError> {
        let build = self.build();
        let target = home.strip_prefix(&self.area).unwrap_or(home);
        if fs::read_link(&build).is_ok_and(|now| now == target) {
            return Ok(());
        }
        self.recover()?;
        if !home.is_dir() {
            return Err(CurrentError::NoHome(home.to_owned()));
        }
        link(target, &build, &self.area)
    }

    /// Puts a home that a killed run left in the build folder back to where it belongs.
    ///
    /// To be called before source trees are looked for. Says whether there was one.
    ///
    /// # Errors
    /// A folder that cannot be moved or removed.
    pub fn recover(&self) -> Result<bool, CurrentError> {
        let build = self.build();
        match fs::symlink_metadata(&build) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(prepare(&build)(error)),
        }
        match self.belongs(&build) {
            // Its home was extracted anew: equal names mean equal files, so nothing is lost.
            Some(home) if !home.exists() => {
                if let Some(parent) = home.parent() {
                    fs::create_dir_all(parent).map_err(prepare(parent))?;
                }
                fs::rename(&build, &home).map_err(moving(&build, &home))?;
            }
            _ => fs::remove_dir_all(&build).map_err(prepare(&build))?,
        }
        Ok(true)
    }

    /// A home as the marker names it: relative to the area, so that a workspace may be moved.
    fn address(&self, home: &Path) -> Vec<u8> {
        home.strip_prefix(&self.area).unwrap_or(home).as_os_str().as_encoded_bytes().to_vec()
    }

    /// Where the folder says that it belongs. `None` for no answer, or one that leads out of where homes can be.
    fn belongs(&self, build: &Path) -> Option<PathBuf> {
        let address = path_of(fs::read(build.join(MARKER)).ok()?)?;
        let plain =
            address.components().all(|part| !matches!(part, Component::ParentDir | Component::CurDir));
        let whole = plain && !address.as_os_str().is_empty() && build.join("src").is_dir();
        let home = self.area.join(address);
        (whole && home != build).then_some(home)
    }

    fn clear_link(&self) -> Result<(), CurrentError> {
        let build = self.build();
        match fs::remove_file(&build) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(prepare(&build)(error)),
            _ => Ok(()),
        }
    }
}

/// A source tree in the build folder; moved back to its home when dropped.
#[derive(Debug)]
pub struct Occupied {
    place: SourceTree,
    home: PathBuf,
    held: bool,
}

impl Occupied {
    /// The root of the Cargo workspace, while it is in the build folder.
    pub fn workspace(&self) -> PathBuf {
        self.place.workspace()
    }

    /// The target folder of this tree, while it is in the build folder.
    pub fn target(&self) -> PathBuf {
        self.place.target()
    }

    /// The folder the tree came from and goes back to.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Where a path inside the build folder will be once the tree is back at home; other paths as they are.
    pub fn at_home(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.place.home).map_or_else(|_| path.to_owned(), |inner| self.home.join(inner))
    }

    /// Moves the tree back, as a drop does, and says when that fails.
    ///
    /// # Errors
    /// A folder that cannot be moved.
    pub fn release(mut self) -> Result<(), CurrentError> {
        self.leave()
    }

    fn leave(&mut self) -> Result<(), CurrentError> {
        if !std::mem::replace(&mut self.held, false) {
            return Ok(());
        }
        fs::rename(&self.place.home, &self.home).map_err(moving(&self.place.home, &self.home))
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        // What stays behind is recovered by the next run.
        let _ = self.leave();
    }
}

/// Replaces `build` by a link to `target`, in one step.
#[cfg(unix)]
fn link(target: &Path, build: &Path, area: &Path) -> Result<(), CurrentError> {
    let draft = area.join(format!(".{BUILD}-{}", std::process::id()));
    let _ = fs::remove_file(&draft);
    std::os::unix::fs::symlink(target, &draft).map_err(prepare(&draft))?;
    fs::rename(&draft, build).map_err(|error| {
        let _ = fs::remove_file(&draft);
        moving(&draft, build)(error)
    })
}

/// Links to folders need a right that users seldom have: paths in executables then lead nowhere, which most survive.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path, _: &Path) -> Result<(), CurrentError> {
    Ok(())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not all bytes are a path")]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    Some(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

fn prepare(path: &Path) -> impl FnOnce(io::Error) -> CurrentError + '_ {
    |error| CurrentError::Prepare { path: path.to_owned(), error }
}

fn moving<'a>(from: &'a Path, to: &'a Path) -> impl FnOnce(io::Error) -> CurrentError + 'a {
    |error| CurrentError::Move { from: from.to_owned(), to: to.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CommitId, Revision, TreeId};

    struct Area {
        _folder: tempfile::TempDir,
        path: PathBuf,
        site: BuildSite,
    }

    impl Area {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a workspace ü/target/perfguard");
            fs::create_dir_all(&path).unwrap();
            let site = BuildSite::new(&path);
            Self { _folder: folder, path, site }
        }

        fn tree(&self, digit: char) -> SourceTree {
            let hex = digit.to_string().repeat(40);
            let home = self.path.join("trees").join(&hex);
            fs::create_dir_all(home.join("src/the crate")).unwrap();
            fs::write(home.join("src/the crate/who"), digit.to_string()).unwrap();
            let revision = Revision {
                label: "HEAD".into(),
                commit: CommitId::from_hex(&hex).unwrap(),
                dirty: false,
                tree: TreeId::from_hex(&hex).unwrap(),
            };
            SourceTree { revision, home, prefix: "the crate".into() }
        }
    }

    #[test]
    fn two_sides_are_built_at_one_path_and_go_home() {
        let area = Area::new();
        let trees = [area.tree('a'), area.tree('b')];
        let mut places = Vec::new();
        for (tree, who) in trees.iter().zip(["a", "b"]) {
            let occupied = area.site.occupy(tree).unwrap();
            assert!(!tree.home.exists());
            assert_eq!(fs::read_to_string(occupied.workspace().join("who")).unwrap(), who);
            fs::create_dir_all(occupied.target()).unwrap();
            fs::write(occupied.target().join("built"), who).unwrap();
            assert_eq!(occupied.at_home(&occupied.target().join("x")), tree.target().join("x"));
            assert_eq!(occupied.at_home(Path::new("/usr/bin/x")), Path::new("/usr/bin/x"));
            places.push((occupied.workspace(), occupied.target()));
            if who == "a" {
                drop(occupied)
            } else {
                occupied.release().unwrap()
            }
            assert_eq!(fs::read_to_string(tree.target().join("built")).unwrap(), who);
        }
        assert_eq!(places[0], places[1]);
        assert!(!area.site.build().exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_build_folder_leads_to_the_side_that_runs() {
        let area = Area::new();
        let (a, b) = (area.tree('a'), area.tree('b'));
        let who = || fs::read_to_string(area.site.build().join("src/the crate/who")).unwrap();
        area.site.point_at(&a.home).unwrap();
        assert_eq!(who(), "a");
        area.site.point_at(&a.home).unwrap();
        area.site.point_at(&b.home).unwrap();
        assert_eq!(who(), "b");
        let occupied = area.site.occupy(&a).unwrap();
        assert_eq!(who(), "a");
        drop(occupied);
        area.site.point_at(&b.home).unwrap();
        assert_eq!(who(), "b");
        assert!(!area.site.recover().unwrap(), "a link is no stranded home");
        let left: Vec<_> =
            fs::read_dir(&area.path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "only the trees and the link: {left:?}");
    }

    #[test]
    fn a_home_stranded_by_a_kill_is_put_back() {
        let area = Area::new();
        let (a, b) = (area.tree('a'), area.tree('b'));
        std::mem::forget(area.site.occupy(&a).unwrap());
        assert!(!a.home.exists());
        // The next run of the other side finds the place taken.
        let occupied = area.site.occupy(&b).unwrap();
        assert_eq!(fs::read_to_string(a.workspace().join("who")).unwrap(), "a");
        std::mem::forget(occupied);
        assert!(area.site.recover().unwrap());
        assert_eq!(fs::read_to_string(b.workspace().join("who")).unwrap(), "b");
        assert!(!area.site.recover().unwrap());
    }

    #[test]
    fn a_stranded_home_gives_way_to_one_extracted_anew() {
        let area = Area::new();
        let a = area.tree('a');
        std::mem::forget(area.site.occupy(&a).unwrap());
        area.tree('a');
        assert!(area.site.recover().unwrap());
        assert!(a.home.exists());
        assert!(!area.site.build().exists());
    }

    #[test]
    fn a_folder_that_leads_elsewhere_or_is_half_deleted_is_removed() {
        let area = Area::new();
        let outside = area.path.join("trees/../../elsewhere");
        for marker in [Some("../elsewhere"), Some(""), Some("build"), None] {
            fs::create_dir_all(area.site.build().join("src")).unwrap();
            if let Some(text) = marker {
                fs::write(area.site.build().join(MARKER), text).unwrap();
            }
            assert!(area.site.recover().unwrap());
            assert!(!area.site.build().exists());
            assert!(!outside.exists());
        }
    }

    #[test]
    fn a_tree_without_files_is_named() {
        let area = Area::new();
        let a = area.tree('a');
        fs::remove_dir_all(&a.home).unwrap();
        assert!(matches!(area.site.occupy(&a).unwrap_err(), CurrentError::NoHome(home) if home == a.home));
        #[cfg(unix)]
        assert!(matches!(area.site.point_at(&a.home).unwrap_err(), CurrentError::NoHome(_)));
    }
}
