//! What a target folder held when the last build in it was done.
//!
//! Cargo goes by its own notes: it does not see that a library which it compiled is gone or empty, as a cache leaves it that was
//! restored in part. The build would fail then, and look as if the user's code did. So what is there is written down after every
//! build and looked over before the next: names and lengths, a few milliseconds. Who wrote a file anew, with as many bytes, is
//! not found out.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::domain::{Event, Progress};
use crate::support::files;

use super::relink::capture;
use super::{BuildError, Seed, seed};

/// The lengths of files, by their paths in the target folder.
const FILE: &str = ".perfguard-inventory";
/// Is there while something is built. What a build left that was killed is Cargo's to know.
const OPEN: &str = ".perfguard-building";
/// Where Cargo keeps what it compiled, in the folder of a profile, and what it knows of it.
const FOLDERS: [&str; 3] = ["deps", "build", ".fingerprint"];

type Lengths = BTreeMap<PathBuf, u64>;

/// Empties a target folder of which something is missing or has another length, and says so.
pub(super) fn heal(target_dir: &Path, progress: &dyn Progress) -> Result<(), BuildError> {
    let Some(damaged) = damage(target_dir) else { return Ok(()) };
    tracing::debug!(target_dir = %target_dir.display(), damaged = %damaged.display(), "empties a damaged target folder");
    let what = "What was compiled before is not whole any more: all of it is compiled anew";
    progress.event(Event::Task(what));
    let emptied = fs::remove_dir_all(target_dir).and_then(|()| fs::create_dir(target_dir));
    emptied.map_err(BuildError::file("empty", target_dir))
}

/// Whether a build may start from what another left. The user's own folder is Cargo's alone.
pub(super) fn is_whole(seed: Seed<'_>) -> bool {
    match seed {
        Seed::Tree(target) => damage(target).is_none(),
        Seed::Own { .. } => true,
    }
}

/// Runs Cargo, and writes down what is there when it is done, whatever came of it.
pub(super) fn around<T>(target_dir: &Path, work: impl FnOnce() -> T) -> T {
    let open = target_dir.join(OPEN);
    let begun = fs::create_dir_all(target_dir).and_then(|()| fs::write(&open, ""));
    let done = work();
    // Where the disk is full, say, it stays open, and nobody knows.
    let noted = begun.and_then(|()| write(target_dir)).and_then(|()| fs::remove_file(&open));
    if let Err(error) = noted {
        tracing::debug!(%error, target_dir = %target_dir.display(), "cannot write down what was built");
    }
    done
}

fn write(target_dir: &Path) -> io::Result<()> {
    files::replace(&target_dir.join(FILE), &serde_json::to_vec(&lengths(target_dir)?)?)
}

/// The first file that is not as a build left it. `None` where all are, where nothing was built, or nobody knows.
fn damage(target_dir: &Path) -> Option<PathBuf> {
    if target_dir.join(OPEN).exists() {
        return None;
    }
    let list = target_dir.join(FILE);
    let Some(known) = fs::read(&list).ok().and_then(|bytes| serde_json::from_slice::<Lengths>(&bytes).ok())
    else {
        return (!seed::is_unused(target_dir)).then_some(list);
    };
    let is_as_left = |path: &Path, length: u64| {
        let now = fs::metadata(target_dir.join(path)).map(|data| data.len());
        now.is_ok_and(|now| now == length || (now > 0 && is_output(path)))
    };
    known.into_iter().find(|(path, length)| !is_as_left(path, *length)).map(|(path, _)| path)
}

/// Whether a file is one that a build script made: what is run may write into it.
fn is_output(path: &Path) -> bool {
    let mut names = path.components().map(Component::as_os_str);
    names.any(|name| name == "build") && names.nth(1).is_some_and(|name| name == "out")
}

fn lengths(target_dir: &Path) -> io::Result<Lengths> {
    let mut found = Lengths::new();
    for folder in seed::unit_folders(target_dir)? {
        for name in FOLDERS {
            add(target_dir, &folder.join(name), &mut found)?;
        }
    }
    add(target_dir, &capture::folder_in(target_dir), &mut found)?;
    Ok(found)
}

/// Adds every file below a folder, if there is one. Links are not followed.
fn add(target_dir: &Path, folder: &Path, found: &mut Lengths) -> io::Result<()> {
    for path in seed::entries(folder)? {
        let data = fs::symlink_metadata(&path)?;
        if data.is_dir() {
            add(target_dir, &path, found)?;
        } else if data.is_file() {
            found.insert(path.strip_prefix(target_dir).unwrap_or(&path).to_owned(), data.len());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::domain::Silent;

    use super::*;

    const LIBRARY: &str = "release/deps/libone-0123456789abcdef.rlib";

    fn built() -> tempfile::TempDir {
        let target = tempfile::tempdir().unwrap();
        around(target.path(), || {
            for path in
                [LIBRARY, "release/.fingerprint/one-0123456789abcdef/lib-one", "release/build/two/out/x"]
            {
                let path = target.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "text").unwrap();
            }
            fs::write(target.path().join("release/other"), "text").unwrap();
        });
        target
    }

    #[test]
    fn what_is_missing_or_has_another_length_empties_the_folder() {
        let damages: [fn(&Path); 4] = [
            |target| fs::write(target.join("release/build/two/out/x"), "").unwrap(),
            |target| fs::remove_file(target.join(LIBRARY)).unwrap(),
            |target| fs::write(target.join(LIBRARY), "").unwrap(),
            |target| fs::remove_file(target.join(FILE)).unwrap(),
        ];
        for spoil in damages {
            let target = built();
            assert!(is_whole(Seed::Tree(target.path())));
            spoil(target.path());
            assert!(!is_whole(Seed::Tree(target.path())));
            heal(target.path(), &Silent).unwrap();
            assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
            assert!(is_whole(Seed::Tree(target.path())), "there is nothing in it");
        }
    }

    #[test]
    fn what_is_no_work_of_the_compiler_may_change() {
        let target = built();
        fs::remove_file(target.path().join("release/other")).unwrap();
        fs::write(target.path().join("release/deps/more"), "").unwrap();
        fs::write(target.path().join("release/build/two/out/x"), "more text").unwrap();
        heal(target.path(), &Silent).unwrap();
        assert!(target.path().join(LIBRARY).exists());
    }

    #[test]
    fn of_what_a_killed_build_left_nobody_knows() {
        let target = built();
        fs::write(target.path().join(OPEN), "").unwrap();
        fs::remove_file(target.path().join(LIBRARY)).unwrap();
        heal(target.path(), &Silent).unwrap();
        assert!(target.path().join("release/other").exists());
    }
}
