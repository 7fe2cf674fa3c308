//! The work tree as it is on disk, as a git tree that is never written to the repository.
//!
//! The result is what `git add -A && git write-tree` would give: tracked files as they are on disk, deleted ones left
//! out, untracked ones that are not ignored taken in. Two things differ, so that what is measured is what is on disk:
//! a submodule with uncommitted changes and a repository nested without being one count with their files, and line
//! ends are taken as they are. What a sparse checkout leaves out is as in the index.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use git2::{IndexEntryExtendedFlag, ObjectType, Oid, Repository, Status, StatusOptions, StatusShow};

use super::error::{SourceError, git};
use super::files::{self, Kind};
use super::lfs;

/// The first line of the file by which caches make themselves known to backup programs; Cargo writes one.
const CACHE_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// One file of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// The id of its content; of a submodule, the commit.
    pub(super) id: Oid,
    pub(super) origin: Origin,
}

/// Where the content of a file is to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// As in the index, so in the object database.
    Index,
    /// Only in the work tree.
    Disk,
}

/// All files of a work tree, by path.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) nodes: BTreeMap<Vec<u8>, Node>,
    /// The id of their tree.
    pub(super) id: Oid,
}

impl Snapshot {
    /// Looks at the work tree of `repository`.
    pub(super) fn take(repository: &Repository, root: &Path) -> Result<Self, SourceError> {
        let (nodes, left_out) = (BTreeMap::new(), HashSet::new());
        let mut taker = Taker { repository, root, nodes, left_out, filemode: keeps_modes(repository) };
        taker.read_index()?;
        taker.apply_changes()?;
        let nodes = taker.nodes;
        let flat: Vec<(&[u8], &Node)> = nodes.iter().map(|(path, node)| (path.as_slice(), node)).collect();
        let id = hash_tree(&flat)?;
        Ok(Self { nodes, id })
    }
}

/// Reads a file of the work tree, and says under which id a tree would hold it.
pub(super) fn read(
    repository: &Repository,
    file: &Path,
    path: &Path,
    kind: Kind,
) -> Result<(Vec<u8>, Oid), SourceError> {
    let content =
        files::content(file, kind).map_err(|error| SourceError::Read { path: file.to_owned(), error })?;
    let pointer =
        (kind != Kind::Link && lfs::is_filtered(repository, path) && lfs::Pointer::parse(&content).is_none())
            .then(|| lfs::Pointer::to(&content).text());
    let hashed = pointer.as_deref().map_or(content.as_slice(), str::as_bytes);
    let id = Oid::hash_object(ObjectType::Blob, hashed).map_err(git("hash a file"))?;
    Ok((content, id))
}

struct Taker<'a> {
    repository: &'a Repository,
    root: &'a Path,
    nodes: BTreeMap<Vec<u8>, Node>,
    /// Files of the index that a sparse checkout leaves out: they are absent, and not deleted.
    left_out: HashSet<Vec<u8>>,
    /// Whether the file system tells executables apart.
    filemode: bool,
}

impl Taker<'_> {
    fn read_index(&mut self) -> Result<(), SourceError> {
        let mut index = self.repository.index().map_err(git("read the index"))?;
        index.read(true).map_err(git("read the index"))?;
        for entry in index.iter() {
            let stage = entry.flags >> 12 & 3;
            if entry.flags_extended & IndexEntryExtendedFlag::SKIP_WORKTREE.bits() != 0 {
                self.left_out.insert(entry.path.clone());
            }
            if stage == 0 {
                let node = Node { kind: Kind::from_mode(entry.mode), id: entry.id, origin: Origin::Index };
                self.nodes.insert(entry.path, node);
            }
        }
        Ok(())
    }

    fn apply_changes(&mut self) -> Result<(), SourceError> {
        let mut options = StatusOptions::new();
        options.show(StatusShow::Workdir).include_untracked(true).recurse_untracked_dirs(true);
        options.include_ignored(false).exclude_submodules(false).include_unreadable(true);
        options.renames_head_to_index(false).renames_index_to_workdir(false);
        // The user's index stays as it is, its cached times included.
        options.update_index(false);
        let doing = git("compare the work tree with the index");
        let changes = self.repository.statuses(Some(&mut options)).map_err(doing)?;
        for change in changes.iter() {
            let status = change.status();
            let bytes = change.path_bytes();
            if status.is_wt_deleted() {
                if !self.left_out.contains(bytes) {
                    self.nodes.remove(bytes);
                }
            } else if status.intersects(
                Status::WT_NEW
                    | Status::WT_MODIFIED
                    | Status::WT_TYPECHANGE
                    | Status::WT_RENAMED
                    | Status::WT_UNREADABLE
                    | Status::CONFLICTED,
            ) {
                self.take_from_disk(bytes)?;
            }
        }
        Ok(())
    }

    fn take_from_disk(&mut self, bytes: &[u8]) -> Result<(), SourceError> {
        let bytes = bytes.strip_suffix(b"/").unwrap_or(bytes);
        let path = files::relative(bytes)?;
        let known = self.nodes.get(bytes).copied();
        if is_ours(self.root, &path, known.is_some()) {
            return Ok(());
        }
        let file = self.root.join(&path);
        let Ok(metadata) = fs::symlink_metadata(&file) else {
            self.nodes.remove(bytes);
            return Ok(());
        };
        if metadata.is_dir() {
            return self.take_repository(bytes, &file, known);
        }
        let kind = if metadata.is_symlink() {
            Kind::Link
        } else if !metadata.is_file() {
            // A socket or a pipe: git does not know them.
            return Ok(());
        } else {
            match known.map(|node| node.kind) {
                Some(kind @ (Kind::Plain | Kind::Executable | Kind::Link)) if !self.filemode => kind,
                _ if is_executable(&metadata) => Kind::Executable,
                _ => Kind::Plain,
            }
        };
        let (_, id) = read(self.repository, &file, &path, kind)?;
        // Not from the index even where the ids agree: a file merely announced (`add -N`) has no object.
        let origin = Origin::Disk;
        self.nodes.insert(bytes.to_vec(), Node { kind, id, origin });
        // A file in the place of a folder that a sparse checkout leaves out.
        for path in self.left_out.iter().filter(|path| is_below(path, bytes)) {
            self.nodes.remove(path);
        }
        Ok(())
    }

    /// A folder where git expects one file: a submodule, a repository nested without being one, or a file that gave
    /// way to a folder (whose files git reports by themselves).
    fn take_repository(
        &mut self,
        bytes: &[u8],
        folder: &Path,
        known: Option<Node>,
    ) -> Result<(), SourceError> {
        self.nodes.remove(bytes);
        let Ok(inner) = Repository::open(folder) else {
            if let Some(node) = known.filter(|node| node.kind == Kind::Submodule) {
                // Not checked out: as git sees it, unchanged.
                self.nodes.insert(bytes.to_vec(), node);
            }
            return Ok(());
        };
        let snapshot = Snapshot::take(&inner, folder)?;
        let head = inner.head().and_then(|head| head.peel_to_commit()).ok();
        let clean = head.filter(|commit| commit.tree_id() == snapshot.id);
        if let (Some(commit), Some(node)) = (clean, known.filter(|node| node.kind == Kind::Submodule)) {
            let node = Node { kind: Kind::Submodule, id: commit.id(), ..node };
            self.nodes.insert(bytes.to_vec(), node);
            return Ok(());
        }
        for (inside, node) in snapshot.nodes {
            let path = [bytes, b"/", &inside].concat();
            let node = if node.kind == Kind::Submodule {
                node
            } else {
                let relative = files::relative(&path)?;
                // What a sparse checkout leaves out of it is not here to be copied.
                if node.origin == Origin::Index && self.root.join(&relative).symlink_metadata().is_err() {
                    continue;
                }
                let (_, id) = read(self.repository, &self.root.join(&relative), &relative, node.kind)?;
                Node { id, origin: Origin::Disk, ..node }
            };
            self.nodes.insert(path, node);
        }
        Ok(())
    }
}

/// Whether a path lies in a folder.
fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
}

/// Whether a path belongs to what builds and this program leave in a work tree, even where nobody ignores it.
///
/// A tracked file is only ours in a folder that says it is a cache, or in `.perfguard`.
fn is_ours(root: &Path, path: &Path, tracked: bool) -> bool {
    let mut folder = PathBuf::new();
    for part in path.parent().into_iter().flat_map(Path::components) {
        let beside_manifest = part.as_os_str() == "target" && root.join(&folder).join("Cargo.toml").is_file();
        folder.push(part);
        if part.as_os_str() == ".perfguard" || (beside_manifest && !tracked) || is_cache(&root.join(&folder))
        {
            return true;
        }
    }
    false
}

fn is_cache(folder: &Path) -> bool {
    fs::read(folder.join("CACHEDIR.TAG")).is_ok_and(|tag| tag.starts_with(CACHE_TAG))
}

fn keeps_modes(repository: &Repository) -> bool {
    cfg!(unix) && repository.config().and_then(|config| config.get_bool("core.filemode")).unwrap_or(true)
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

/// The id of the tree that holds `nodes`, which are sorted by path.
fn hash_tree(nodes: &[(&[u8], &Node)]) -> Result<Oid, SourceError> {
    let mut entries: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut rest = nodes;
    while let Some(&(path, node)) = rest.first() {
        let (name, mode, id, taken) = match path.iter().position(|&byte| byte == b'/') {
            None => (path, node.kind.spelled(), node.id, 1),
            Some(slash) => {
                let inside = &path[..=slash];
                let taken = rest.iter().take_while(|(path, _)| path.starts_with(inside)).count();
                let inner: Vec<(&[u8], &Node)> =
                    rest[..taken].iter().map(|(path, node)| (&path[slash + 1..], *node)).collect();
                (&path[..slash], "40000", hash_tree(&inner)?, taken)
            }
        };
        let line = [mode.as_bytes(), b" ", name, b"\0", id.as_bytes()].concat();
        // Git sorts a folder as if its name ended with a slash.
        let key = if mode == "40000" { [name, b"/"].concat() } else { name.to_vec() };
        entries.push((key, line));
        rest = &rest[taken..];
    }
    entries.sort_unstable();
    let lines: Vec<u8> = entries.into_iter().flat_map(|(_, line)| line).collect();
    Oid::hash_object(ObjectType::Tree, &lines).map_err(git("hash a tree"))
}
