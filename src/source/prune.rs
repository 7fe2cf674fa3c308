//! Old source trees make room: those used longest ago go first.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::SourceError;
use crate::domain::TreeId;

/// In a home: its time says when the tree was last asked for.
const STAMP: &str = ".perfguard-used";
/// How a home is called while it is being removed, so that half of one is never taken for a whole.
const GONE: &str = ".gone-";
/// How old a draft must be before it counts as left behind by a kill.
const STALE: Duration = Duration::from_hours(1);

/// Removes the source trees below `trees` that were used longest ago, until at most `keep` are left; those in `spare`
/// are never removed. Drafts that a killed run left behind go too. Says which folders were removed.
///
/// # Errors
/// A folder that cannot be listed or removed.
pub fn prune(trees: &Path, keep: usize, spare: &[TreeId]) -> Result<Vec<PathBuf>, SourceError> {
    let Ok(entries) = fs::read_dir(trees) else { return Ok(Vec::new()) };
    let mut homes = Vec::new();
    let mut leftovers = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| SourceError::Read { path: trees.to_owned(), error })?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        match TreeId::from_hex(&name) {
            Some(id) if spare.contains(&id) => homes.push((None, path)),
            Some(_) => homes.push((Some(last_used(&path)), path)),
            None if name.starts_with(GONE) => leftovers.push(path),
            None if name.starts_with('.') && is_stale(&path) => leftovers.push(path),
            None => {}
        }
    }
    for path in leftovers {
        remove(&path)?;
    }
    let surplus = homes.len().saturating_sub(keep);
    let mut old: Vec<(SystemTime, PathBuf)> =
        homes.into_iter().filter_map(|(used, path)| Some((used?, path))).collect();
    old.sort();
    let mut removed = Vec::new();
    for (_, home) in old.into_iter().take(surplus) {
        let gone = home.file_name().map(|name| trees.join(format!("{GONE}{}", name.to_string_lossy())));
        let gone = gone.unwrap_or_else(|| home.clone());
        fs::rename(&home, &gone).map_err(|error| SourceError::Write { path: home.clone(), error })?;
        remove(&gone)?;
        removed.push(home);
    }
    Ok(removed)
}

/// The target folder of the tree that was used last, besides `except`: what its build made of the dependencies need not
/// be compiled again for the next tree.
pub fn latest_target(trees: &Path, except: &TreeId) -> Option<PathBuf> {
    let homes = fs::read_dir(trees).ok()?.flatten().filter_map(|entry| {
        let id = TreeId::from_hex(&entry.file_name().to_string_lossy())?;
        let target = entry.path().join("target");
        (id != *except && target.is_dir()).then(|| (last_used(&entry.path()), target))
    });
    homes.max().map(|(_, target)| target)
}

/// Notes that a tree was asked for. Best effort: without it the tree only looks older.
pub(super) fn stamp(home: &Path) {
    let _ = fs::write(home.join(STAMP), "");
}

fn last_used(home: &Path) -> SystemTime {
    let time = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    time(&home.join(STAMP)).or_else(|_| time(home)).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn is_stale(path: &Path) -> bool {
    last_used(path).elapsed().is_ok_and(|age| age > STALE)
}

fn remove(path: &Path) -> Result<(), SourceError> {
    fs::remove_dir_all(path).map_err(|error| SourceError::Write { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::files::set_times;

    fn home(trees: &Path, digit: char, age: u64) -> TreeId {
        let id = TreeId::from_hex(&digit.to_string().repeat(40)).unwrap();
        let home = trees.join(id.as_str());
        fs::create_dir_all(home.join("src")).unwrap();
        stamp(&home);
        age_by(&home.join(STAMP), age);
        id
    }

    fn age_by(path: &Path, seconds: u64) {
        let time = SystemTime::now() - Duration::from_secs(seconds);
        set_times(path, fs::FileTimes::new().set_modified(time)).unwrap();
    }

    #[test]
    fn the_last_one_that_was_built_is_what_to_start_from() {
        let folder = tempfile::tempdir().unwrap();
        let trees = folder.path();
        let [a, b, c] = [('a', 300), ('b', 200), ('c', 100)].map(|(digit, age)| home(trees, digit, age));
        assert_eq!(latest_target(trees, &c), None, "nothing is built");
        for id in [&a, &b] {
            fs::create_dir(trees.join(id.as_str()).join("target")).unwrap();
        }
        assert_eq!(latest_target(trees, &c), Some(trees.join(b.as_str()).join("target")));
        assert_eq!(latest_target(trees, &b), Some(trees.join(a.as_str()).join("target")));
        assert_eq!(latest_target(&trees.join("nowhere"), &a), None);
    }

    #[test]
    fn the_longest_unused_go_first_and_the_named_stay() {
        let folder = tempfile::tempdir().unwrap();
        let trees = folder.path();
        let [a, b, c, d] =
            [('a', 400), ('b', 300), ('c', 200), ('d', 100)].map(|(digit, age)| home(trees, digit, age));
        fs::create_dir(trees.join(".draft-old")).unwrap();
        age_by(&trees.join(".draft-old"), 7200);
        fs::create_dir(trees.join(".draft-new")).unwrap();
        fs::create_dir(trees.join(".gone-x")).unwrap();
        fs::create_dir(trees.join("not ours")).unwrap();
        assert_eq!(
            prune(trees, 2, std::slice::from_ref(&a)).unwrap(),
            [&b, &c].map(|id| trees.join(id.as_str()))
        );
        let mut left: Vec<_> =
            fs::read_dir(trees).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, [".draft-new", a.as_str(), d.as_str(), "not ours"]);
        assert!(prune(trees, 2, &[]).unwrap().is_empty());
        assert!(prune(&trees.join("nowhere"), 0, &[]).unwrap().is_empty());
    }
}
