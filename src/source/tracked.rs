//! Whether git tracks something where only this program should write: whoever can commit it could decide a verdict with it.

use std::path::{Component, Path, PathBuf};

use git2::{ErrorCode, ObjectType, Repository, Tree};

use super::error::SourceError;

/// How many repositories around each other are looked at: a submodule lies in one that lies in one.
const DEPTH: usize = 8;

/// The path, relative to its repository, of something that git tracks at `path`, below it, or in the place of a folder
/// on the way to it. `None` where git tracks nothing of the kind, and where there is no repository.
///
/// The index and HEAD count, of every repository around `path`, whether the path is taken as it is spelled or with its
/// links followed. What also leads to `workspace` (a submodule that the user works in) does not.
fn tracked(path: &Path, workspace: &Path) -> Option<PathBuf> {
    let spelled = spelled(path, workspace);
    let resolved = super::place::real(&spelled);
    let workspace = super::place::real(workspace);
    let found = in_repositories(&spelled, &workspace);
    if resolved == spelled { found } else { found.or_else(|| in_repositories(&resolved, &workspace)) }
}

/// Refuses a path of ours where git [tracks](tracked) something.
///
/// # Errors
/// It does.
pub fn require_untracked(path: &Path, workspace: &Path) -> Result<(), SourceError> {
    match tracked(path, workspace) {
        Some(tracked) => Err(SourceError::Tracked { path: path.to_owned(), tracked }),
        None => Ok(()),
    }
}

/// A path with the links followed that lead to the workspace or to the working directory, and no other.
fn spelled(path: &Path, workspace: &Path) -> PathBuf {
    let workspace = std::path::absolute(workspace).unwrap_or_else(|_| workspace.to_owned());
    let path = plain(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    let here = std::env::current_dir().ok();
    for anchor in std::iter::once(&workspace).chain(&here) {
        if let Ok(rest) = path.strip_prefix(anchor) {
            return super::place::real(anchor).join(rest);
        }
    }
    path
}

/// A path without `.` and `..`, as far as that can be told from its text.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

fn in_repositories(path: &Path, workspace: &Path) -> Option<PathBuf> {
    // No link on the way: what a repository links to need not lie in it.
    let is_real =
        |folder: &&Path| folder.canonicalize().is_ok_and(|real| real == **folder) && folder.is_dir();
    let mut start = path.parent()?.ancestors().find(is_real)?.to_owned();
    for _ in 0..DEPTH {
        let repository = Repository::discover(&start).ok()?;
        let root: PathBuf = repository.workdir()?.components().collect();
        if let Some(found) = in_one(&repository, &root, path, workspace) {
            return Some(found);
        }
        root.parent()?.clone_into(&mut start);
    }
    None
}

fn in_one(repository: &Repository, root: &Path, path: &Path, workspace: &Path) -> Option<PathBuf> {
    let inner = path.strip_prefix(root).ok().filter(|inner| !inner.as_os_str().is_empty())?;
    let foreign = |way: &&Path| !workspace.starts_with(root.join(way));
    let ways = || inner.ancestors().skip(1).filter(|way| !way.as_os_str().is_empty()).filter(foreign);
    let mut index = repository.index().ok()?;
    // What is in memory may be older than the file.
    let _ = index.read(true);
    if let Some(found) = below(&index, inner) {
        return Some(found);
    }
    if let Some(way) = ways().find(|way| index.get_path(way, 0).is_some()) {
        return Some(way.to_owned());
    }
    let head = repository.head().and_then(|head| head.peel_to_tree()).ok()?;
    if has(&head, inner).is_some() {
        return Some(inner.to_owned());
    }
    ways().find(|way| has(&head, way).is_some_and(|kind| kind != ObjectType::Tree)).map(Path::to_owned)
}

/// The first entry of an index at a path or below it.
fn below(index: &git2::Index, path: &Path) -> Option<PathBuf> {
    let wanted = slashed(path)?;
    let first = index.find_prefix(path).ok()?;
    let entries = (first..index.len()).map_while(|at| index.get(at));
    let mut same = entries.map(|entry| entry.path).take_while(|entry| entry.starts_with(&wanted));
    let found = same.find(|entry| entry.get(wanted.len()).is_none_or(|&next| next == b'/'))?;
    Some(PathBuf::from(String::from_utf8_lossy(&found).into_owned()))
}

/// A relative path as git spells it.
fn slashed(path: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for part in path.components() {
        let Component::Normal(name) = part else { return None };
        if !text.is_empty() {
            text.push(b'/');
        }
        text.extend_from_slice(name.as_encoded_bytes());
    }
    Some(text)
}

/// What a tree has at a path.
fn has(tree: &Tree<'_>, path: &Path) -> Option<ObjectType> {
    match tree.get_path(path) {
        Ok(entry) => Some(entry.kind().unwrap_or(ObjectType::Any)),
        // A tree that cannot be read may hold anything.
        Err(error) if error.code() != ErrorCode::NotFound => Some(ObjectType::Any),
        Err(_) => None,
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let output = Command::new("git")
            .current_dir(folder)
            .args(["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(folder: &Path) {
        git(folder, &["add", "--all", "--force"]);
        git(folder, &["commit", "--quiet", "--message", "x"]);
    }

    /// A repository with one committed file.
    fn repository() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("repo");
        fs::create_dir(&root).unwrap();
        git(&root, &["init", "--quiet"]);
        fs::write(root.join("file"), "x").unwrap();
        commit(&root);
        (folder, root)
    }

    fn found(root: &Path, path: &str) -> Option<PathBuf> {
        tracked(&root.join(path), root)
    }

    #[test]
    fn what_is_committed_or_staged_there_below_or_on_the_way_is_found() {
        let (_folder, root) = repository();
        assert_eq!(found(&root, ".perfguard"), None);
        fs::create_dir_all(root.join(".perfguard/deep")).unwrap();
        fs::write(root.join(".perfguard-other"), "x").unwrap();
        commit(&root);
        assert_eq!(found(&root, ".perfguard"), None, "another name that begins alike");
        fs::write(root.join(".perfguard/deep/store.db"), "x").unwrap();
        assert_eq!(found(&root, ".perfguard"), None, "git does not know it");
        git(&root, &["add", "--force", ".perfguard"]);
        assert_eq!(found(&root, ".perfguard"), Some(".perfguard/deep/store.db".into()));
        assert_eq!(found(&root, ".perfguard/deep/store.db"), Some(".perfguard/deep/store.db".into()));
        assert_eq!(found(&root, ".perfguard/deep/store.db-wal"), None);
        commit(&root);
        git(&root, &["rm", "--quiet", "--cached", "-r", ".perfguard"]);
        assert_eq!(found(&root, ".perfguard"), Some(".perfguard".into()), "HEAD has it");
        assert_eq!(found(&root, "file/perfguard"), Some("file".into()));
    }

    #[test]
    fn a_committed_link_is_found_by_the_way_through_it_and_by_where_it_leads() {
        let (_folder, root) = repository();
        symlink("../elsewhere", root.join("target")).unwrap();
        fs::create_dir(root.join("kept")).unwrap();
        fs::write(root.join("kept/store.db"), "x").unwrap();
        commit(&root);
        assert_eq!(found(&root, "target/perfguard"), Some("target".into()));
        fs::create_dir(root.parent().unwrap().join("elsewhere")).unwrap();
        assert_eq!(found(&root, "target/perfguard/trees"), Some("target".into()), "it leads out");
        symlink("kept", root.join("mine")).unwrap();
        assert_eq!(found(&root, "mine/store.db"), Some("kept/store.db".into()), "the user's own link");
        symlink(&root, root.parent().unwrap().join("way")).unwrap();
        let by_another_way = root.parent().unwrap().join("way");
        assert_eq!(tracked(&by_another_way.join("mine/new.db"), &by_another_way), None);
        assert_eq!(
            tracked(&by_another_way.join("mine/store.db"), &by_another_way),
            Some("kept/store.db".into())
        );
    }

    #[test]
    fn a_submodule_in_the_place_is_found_and_one_that_the_user_works_in_is_none() {
        let (_inner_folder, inner) = repository();
        let (_folder, root) = repository();
        for path in [".perfguard", "app"] {
            git(&root, &["submodule", "--quiet", "add", inner.to_str().unwrap(), path]);
        }
        commit(&root);
        assert_eq!(found(&root, ".perfguard/store.db"), Some(".perfguard".into()));
        assert_eq!(tracked(&root.join("app/target/perfguard"), &root.join("app")), None);
        assert_eq!(tracked(&root.join("app/file"), &root.join("app")), Some("file".into()));
        assert_eq!(tracked(Path::new("/nowhere/at all"), &root), None);
    }
}
