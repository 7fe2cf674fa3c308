//! What the build of a source tree starts from: another tree's target folder, or the user's own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::PipelineError;
use super::request::Project;
use crate::build::{Seed, unchanged};
use crate::domain::{LocalPackage, SourceTree};
use crate::source::{SourceError, inherit_times, require_untracked};
use crate::support::area;
use crate::support::records::Records;

/// What the build of a tree starts from.
pub(super) struct Start {
    /// The target folder of another tree.
    other: Option<PathBuf>,
    /// The files that differ from that tree's, where that is known.
    differing: Option<Vec<PathBuf>>,
}

impl Start {
    /// The target folder of another tree, where there is one. In a tree that was never built, files that are the same as there
    /// get the time stamps that Cargo knows.
    pub(super) fn from(
        tree: &SourceTree,
        other: Option<PathBuf>,
        records: &Records,
    ) -> Result<Self, PipelineError> {
        let built = other.as_deref().and_then(Path::parent).filter(|_| !tree.target().exists());
        let inherited = built.map(|built| inherit_times(&tree.home, built, records));
        let differing = inherited.transpose().map_err(SourceError::from)?.flatten();
        tracing::debug!(
            home = %tree.home.display(),
            ?other,
            differing = ?differing.as_ref().map(Vec::len),
            "knows what to start a build from"
        );
        Ok(Self { other, differing })
    }

    /// Looks at the lock file again once Cargo has read the workspace. Libraries seldom have one in git: Cargo writes it, and
    /// what it writes is most often what it wrote for the other tree.
    pub(super) fn know_lock(&mut self, prefix: &Path, files: &Path) {
        let (Some(differing), Some(target)) = (&mut self.differing, &self.other) else { return };
        let lock = prefix.join("Cargo.lock");
        let there = target.parent().map(|home| home.join(SourceTree::FILES).join(&lock));
        let same = || Some(fs::read(files.join(&lock)).ok()? == fs::read(there?).ok()?);
        if differing.contains(&lock) && same() == Some(true) {
            differing.retain(|path| *path != lock);
        }
    }

    /// The workspace's own packages: those that are compiled from the same files as there, and all others.
    pub(super) fn apart(
        &self,
        local: &[LocalPackage],
        files: &Path,
    ) -> (Vec<LocalPackage>, Vec<LocalPackage>) {
        // Cargo may spell a folder behind a link otherwise.
        let real = files.canonicalize().unwrap_or_else(|_| files.to_owned());
        let same = |differing: &Vec<PathBuf>| unchanged(local, &real, differing);
        let same = self.differing.as_ref().map(same).unwrap_or_default();
        local.iter().cloned().partition(|package| same.contains(package))
    }

    /// What Cargo is given before it begins: what was compiled for the other tree, or by the user.
    pub(super) fn seed<'a>(
        &'a self,
        project: &'a Project,
        downloads: &'a BTreeSet<String>,
    ) -> Option<Seed<'a>> {
        match &self.other {
            Some(target) => Some(Seed::Tree(target)),
            None => own_target(project).map(|target| Seed::Own { target, downloads }),
        }
    }
}

/// The target folder of the user's own builds, unless others may write there or git put something into it.
fn own_target(project: &Project) -> Option<&Path> {
    let Project { area, root, .. } = project;
    let target = area.parent()?;
    let own = !area::is_shared(target, root).unwrap_or(true) && require_untracked(target, root).is_ok();
    own.then_some(target)
}
