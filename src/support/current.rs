//! The current build folder: one absolute path at which every source tree is built.
//!
//! A build bakes absolute paths into executables, so both sides are built at the same one: a source tree's home is
//! *renamed* to `build` for the time of its build, and back. Afterwards `build` is a symbolic link to the home of the
//! side that runs, so that the paths in its executable lead to its own files. Two runs must not do this at once: the
//! caller holds a [lock](super::lock).

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::bounded::{self, Links};
use super::files;
use crate::domain::{SourceTree, TreeId};

/// The name of the folder in which trees are built.
const BUILD: &str = "build";
/// The link that the build folder was before, or will be next.
#[cfg(unix)]
const OTHER: &str = ".build-other";
/// In a home: where it belongs, in case it is found as `build` after a kill.
const MARKER: &str = ".perfguard-home";
/// The folder of homes, beside the build folder.
const TREES: &str = "trees";
/// The longest address of a home, in bytes.
const LONGEST: u64 = 512;
/// Tells backup programs, git and our own snapshots that nothing in the area is worth keeping.
const TAGS: [(&str, &str); 2] = [
    (
        "CACHEDIR.TAG",
        "Signature: 8a477f597d28d172789f06886806bc55\n# Made by cargo-perfguard; may be deleted at any time.\n",
    ),
    (".gitignore", "*\n"),
];

/// Why the current build folder could not be set.
#[derive(Debug, thiserror::Error)]
pub enum CurrentError {
    /// A folder could not be moved.
    #[error("failed to move {from} to {to}: {error}")]
    Move {
        /// From where.
        from: PathBuf,
        /// To where.
        to: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file, folder or link could not be read, written or removed.
    #[error("failed to prepare {path}: {error}")]
    Prepare {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What lies in the build folder is no source tree of ours.
    #[error("refusing to remove or move {0}: this program did not put it there")]
    Foreign(PathBuf),
    /// The source tree has no files: it was removed, or never extracted.
    #[error("no source tree in {0}")]
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
            Self::Foreign(_) => Some("move it out of the way, and see who put it there".to_owned()),
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
        files::replace(&marker, &self.address(&tree.home)).map_err(prepare(&marker))?;
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
        // Sides change places with every turn: where a link is, nothing was left behind that has to be put back.
        match fs::read_link(&build) {
            Ok(now) if now == target => return Ok(()),
            Ok(_) => {}
            Err(_) => drop(self.recover()?),
        }
        if !home.is_dir() {
            return Err(CurrentError::NoHome(home.to_owned()));
        }
        link(target, &build, &self.area)
    }

    /// Puts a home that a killed run left in the build folder back to where it belongs, and makes the area if need be.
    ///
    /// To be called before the work tree is looked at and source trees are looked for: it marks the area as no part
    /// of the user's sources. Says whether a home was put back (or removed, where it was not whole).
    ///
    /// # Errors
    /// A folder that cannot be moved or removed.
    pub fn recover(&self) -> Result<bool, CurrentError> {
        self.tag()?;
        let build = self.build();
        match fs::symlink_metadata(&build) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(prepare(&build)(error)),
        }
        match self.belongs(&build)? {
            // Its home was extracted anew: equal names mean equal files, so nothing is lost.
            home if !home.exists() && build.join(SourceTree::FILES).is_dir() => {
                if let Some(parent) = home.parent() {
                    fs::create_dir_all(parent).map_err(prepare(parent))?;
                }
                fs::rename(&build, &home).map_err(moving(&build, &home))?;
            }
            _ => fs::remove_dir_all(&build).map_err(prepare(&build))?,
        }
        Ok(true)
    }

    /// Makes the area, and marks it as no part of the user's sources.
    ///
    /// # Errors
    /// A file or folder that cannot be written.
    pub fn tag(&self) -> Result<(), CurrentError> {
        fs::create_dir_all(&self.area).map_err(prepare(&self.area))?;
        for (name, text) in TAGS {
            let path = self.area.join(name);
            if !path.is_file() {
                files::replace(&path, text.as_bytes()).map_err(prepare(&path))?;
            }
        }
        Ok(())
    }

    /// A home as the marker names it: relative to the area, so that a workspace may be moved.
    fn address(&self, home: &Path) -> Vec<u8> {
        home.strip_prefix(&self.area).unwrap_or(home).as_os_str().as_encoded_bytes().to_vec()
    }

    /// Where the folder says that it belongs: to a home among ours, and nowhere else.
    fn belongs(&self, build: &Path) -> Result<PathBuf, CurrentError> {
        let foreign = || CurrentError::Foreign(build.to_owned());
        let address =
            bounded::read_text(&build.join(MARKER), LONGEST, Links::Refuse).map_err(|_| foreign())?;
        let mut parts = Path::new(&address).components();
        match (parts.next(), parts.next(), parts.next()) {
            (Some(Component::Normal(trees)), Some(Component::Normal(id)), None)
                if trees == TREES && TreeId::from_hex(&id.to_string_lossy()).is_some() =>
            {
                Ok(self.area.join(TREES).join(id))
            }
            _ => Err(foreign()),
        }
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
    pub fn files(&self) -> PathBuf {
        self.place.files()
    }

    /// The root of the Cargo workspace.
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

/// Replaces `build` by a link to `target`, in one step. The link that it was stays beside it: most often it is wanted next.
#[cfg(unix)]
fn link(target: &Path, build: &Path, area: &Path) -> Result<(), CurrentError> {
    let other = area.join(OTHER);
    if fs::read_link(&other).map_or(true, |leads| leads != target) {
        let _ = fs::remove_file(&other);
        std::os::unix::fs::symlink(target, &other).map_err(prepare(&other))?;
    }
    if exchange(&other, build).is_ok() {
        return Ok(());
    }
    fs::rename(&other, build).map_err(|error| {
        let _ = fs::remove_file(&other);
        moving(&other, build)(error)
    })
}

/// Lets two files change their names, which makes and removes none. Not every file system can.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, two: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, two, RenameFlags::EXCHANGE)?)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Links to folders need a right that users seldom have: paths in executables then lead nowhere, which most survive.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path, _: &Path) -> Result<(), CurrentError> {
    Ok(())
}

fn prepare(path: &Path) -> impl FnOnce(io::Error) -> CurrentError + '_ {
    |error| CurrentError::Prepare { path: path.to_owned(), error }
}

fn moving<'a>(from: &'a Path, to: &'a Path) -> impl FnOnce(io::Error) -> CurrentError + 'a {
    |error| CurrentError::Move { from: from.to_owned(), to: to.to_owned(), error }
}

#[cfg(test)]
mod tests;
