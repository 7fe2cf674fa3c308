//! Old source trees make room: those used longest ago go first.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::SourceError;
use super::pristine;
use crate::domain::TreeId;
use crate::support::records::Records;

/// In a home: its time says when the tree was last asked for.
const STAMP: &str = ".perfguard-used";
/// How a home is called while it is being removed, so that half of one is never taken for a whole.
const GONE: &str = ".gone-";
/// How many removed trees may wait for the next run to sweep them away: a tree of thousands of files takes seconds on a busy
/// disk, which a build has room for and a check that builds nothing has not.
const MOST_GONE: usize = 2;
/// How old a draft must be before it counts as left behind by a kill.
const STALE: Duration = Duration::from_hours(1);

/// Removes the source trees below `trees` that were used longest ago, until at most `keep` are left; those in `spare`
/// are never removed. Drafts that a killed run left behind go too. Says which folders were removed; the last of them are
/// only put aside, for [`sweep`].
///
/// # Errors
/// A folder that cannot be listed or removed.
pub fn prune(trees: &Path, keep: usize, spare: &[TreeId]) -> Result<Vec<PathBuf>, SourceError> {
    let Ok(entries) = fs::read_dir(trees) else { return Ok(Vec::new()) };
    let mut homes = Vec::new();
    let (mut gone, mut drafts) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.map_err(|error| SourceError::Read { path: trees.to_owned(), error })?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        match TreeId::from_hex(&name) {
            Some(id) if spare.contains(&id) => homes.push((None, path)),
            Some(_) => homes.push((Some(last_used(&path)), path)),
            None if name.starts_with(GONE) => gone.push(path),
            None if name.starts_with('.') && is_stale(&path) => drafts.push(path),
            None => {}
        }
    }
    let surplus = homes.len().saturating_sub(keep);
    let mut old: Vec<(SystemTime, PathBuf)> =
        homes.into_iter().filter_map(|(used, path)| Some((used?, path))).collect();
    old.sort();
    let mut removed = Vec::new();
    for (_, home) in old.into_iter().take(surplus) {
        let aside = home.file_name().map(|name| trees.join(format!("{GONE}{}", name.to_string_lossy())));
        let aside = aside.unwrap_or_else(|| home.clone());
        if fs::symlink_metadata(&aside).is_ok() {
            // What was left of the same tree when it was removed before.
            remove(&aside, &|| true).map_err(|error| SourceError::Write { path: aside.clone(), error })?;
            gone.retain(|path| *path != aside);
        }
        fs::rename(&home, &aside).map_err(|error| SourceError::Write { path: home.clone(), error })?;
        gone.push(aside);
        removed.push(home);
    }
    let surplus = gone.len().saturating_sub(MOST_GONE);
    for path in gone.drain(..surplus).chain(drafts) {
        remove(&path, &|| true).map_err(|error| SourceError::Write { path, error })?;
    }
    Ok(removed)
}

/// Removes what was put aside below `trees`, as long as it may go on. The caller holds the lock.
///
/// # Errors
/// A folder that cannot be listed or removed.
pub fn sweep(trees: &Path, goes_on: &impl Fn() -> bool) -> io::Result<()> {
    for entry in fs::read_dir(trees)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(GONE.as_bytes())
            && !remove(&entry.path(), goes_on)?
        {
            break;
        }
    }
    Ok(())
}

/// The target folder of the tree that differs in the fewest files from the one of `home`, and of several the one that was used
/// last: what its build made need not be compiled again. Trees of which it is not known how they were come last.
pub fn nearest_target(trees: &Path, home: &Path, records: &Records) -> Option<PathBuf> {
    let homes = fs::read_dir(trees).ok()?.flatten().filter_map(|entry| {
        TreeId::from_hex(&entry.file_name().to_string_lossy())?;
        let (other, target) = (entry.path(), entry.path().join("target"));
        if other == home || !target.is_dir() {
            return None;
        }
        let distance = pristine::distance(home, &other, records).unwrap_or(usize::MAX);
        Some((Reverse(distance), last_used(&other), target))
    });
    homes.max().map(|(.., target)| target)
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

/// Removes a file, a link or a folder with everything in it, links not followed, or as much of it as is allowed. Says whether all is gone.
fn remove(path: &Path, goes_on: &impl Fn() -> bool) -> io::Result<bool> {
    if !fs::symlink_metadata(path)?.is_dir() {
        fs::remove_file(path)?;
        return Ok(true);
    }
    for entry in fs::read_dir(path)? {
        if !goes_on() || !remove(&entry?.path(), goes_on)? {
            return Ok(false);
        }
    }
    fs::remove_dir(path)?;
    Ok(true)
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
    fn a_build_starts_from_the_tree_that_is_most_alike_and_then_from_the_last_one() {
        let folder = tempfile::tempdir().unwrap();
        let trees = folder.path();
        let records = Records::none();
        let [a, b, c, own] = [('a', 400), ('b', 300), ('c', 200), ('d', 100)].map(|(digit, age)| {
            let id = home(trees, digit, age);
            trees.join(id.as_str())
        });
        let nearest = || nearest_target(trees, &own, &records);
        assert_eq!(nearest(), None, "nothing is built");
        for home in [&a, &b, &c] {
            fs::create_dir(home.join("target")).unwrap();
        }
        assert_eq!(nearest(), Some(c.join("target")), "nothing is known of them");
        for (home, text) in [(&a, "same"), (&b, "same"), (&c, "other"), (&own, "same")] {
            fs::write(home.join("src/lib.rs"), text).unwrap();
            pristine::note(home, &records).unwrap();
        }
        assert_eq!(nearest(), Some(b.join("target")));
        assert_eq!(nearest_target(trees, &b, &records), Some(a.join("target")));
        assert_eq!(nearest_target(&trees.join("nowhere"), &own, &records), None);
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
        sweep(trees, &|| true).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(trees).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, [".draft-new", a.as_str(), d.as_str(), "not ours"]);
        assert!(prune(trees, 2, &[]).unwrap().is_empty());
    }

    #[test]
    fn the_last_trees_wait_to_be_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let trees = folder.path();
        let hidden = || {
            let names = fs::read_dir(trees).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.as_encoded_bytes().starts_with(GONE.as_bytes())).count()
        };
        for (digit, left) in [('a', 1), ('b', 2), ('c', MOST_GONE), ('c', MOST_GONE)] {
            home(trees, digit, 100);
            assert_eq!((prune(trees, 0, &[]).unwrap().len(), hidden()), (1, left), "{digit}");
        }
        sweep(trees, &|| false).unwrap();
        assert_eq!(hidden(), MOST_GONE);
        #[cfg(unix)]
        let elsewhere = {
            let elsewhere = tempfile::tempdir().unwrap();
            fs::write(elsewhere.path().join("file"), "").unwrap();
            std::os::unix::fs::symlink(elsewhere.path(), trees.join(format!("{GONE}link"))).unwrap();
            elsewhere
        };
        sweep(trees, &|| true).unwrap();
        assert_eq!(hidden(), 0);
        #[cfg(unix)]
        assert!(elsewhere.path().join("file").exists(), "links are not followed");
    }
}
