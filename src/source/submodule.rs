//! Submodules: a tree names a commit of another repository, which may be on this machine in two places.

use std::path::{Path, PathBuf};

use git2::{Oid, Repository};

/// The repository of the submodule at `path` that has `commit`: checked out in the work tree of the repository around
/// it, or kept in that repository's git directory.
///
/// `tree` is the tree in which the submodule lies; its `.gitmodules` tells the name, which may differ from the path.
pub(super) fn find(
    around: &Repository,
    tree: Option<Oid>,
    work_tree: Option<&Path>,
    path: &Path,
    commit: Oid,
) -> Option<Repository> {
    let checked_out = work_tree.and_then(|root| Repository::open(root.join(path)).ok());
    let name = tree.and_then(|tree| name(around, tree, path)).unwrap_or_else(|| path.to_owned());
    let kept = [around.path(), around.commondir()]
        .into_iter()
        .filter_map(|folder| Repository::open_bare(folder.join("modules").join(&name)).ok());
    checked_out.into_iter().chain(kept).find(|candidate| candidate.find_commit(commit).is_ok())
}

/// The name of the submodule at `path`, as the tree's `.gitmodules` has it.
fn name(repository: &Repository, tree: Oid, path: &Path) -> Option<PathBuf> {
    let tree = repository.find_tree(tree).ok()?;
    let file = repository.find_blob(tree.get_name(".gitmodules")?.id()).ok()?;
    let text = String::from_utf8_lossy(file.content()).into_owned();
    let name = named_at(&text, path.to_str()?)?;
    let safe = Path::new(&name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    safe.then(|| PathBuf::from(name))
}

/// Looks a path up in the text of a `.gitmodules`.
fn named_at(text: &str, path: &str) -> Option<String> {
    let mut section = None;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix("[submodule") {
            section = header.trim().strip_suffix(']').map(|name| unquoted(name.trim()));
        } else if let Some((key, value)) = line.split_once('=')
            && key.trim() == "path"
            && unquoted(value.trim()) == path
        {
            return section;
        }
    }
    None
}

fn unquoted(word: &str) -> String {
    let inner = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| word.to_owned(), |inner| inner.replace("\\\"", "\"").replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_need_not_be_the_path() {
        let text = "[submodule \"one\"]\n\tpath = vendor/one\n\turl = x\n[submodule \"a \\\"b\\\"\"]\n\tpath = \"my ü\"\n";
        assert_eq!(named_at(text, "vendor/one").unwrap(), "one");
        assert_eq!(named_at(text, "my ü").unwrap(), "a \"b\"");
        assert_eq!(named_at(text, "one"), None);
    }
}
