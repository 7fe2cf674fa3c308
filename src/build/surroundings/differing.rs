//! What surrounds the two sides of a bench and is not the same, file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{compiled, content, readable};
use crate::domain::{BuiltBench, Digest, Side, Sides, SourceTree};

/// Where the target folder is, beside the source tree.
const TARGET: &str = "target";
/// Where in the target folder benches may keep files of their own.
const KEPT: &str = "target/tmp";

/// Files below a home, with what they come to.
pub(crate) type Files = BTreeMap<PathBuf, Digest>;

/// Why it cannot be seen who reads what differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unwatchable {
    #[error("variables of `[env]` differ")]
    Variables,
    #[error("`{}` leads to another folder", .0.display())]
    Link(PathBuf),
    #[error("benches keep files in `{KEPT}`, which may hold what differs")]
    Kept,
}

/// The files of a home's source tree that can be read at run time.
///
/// # Errors
/// One cannot be read.
pub(crate) fn data_of(home: &Path) -> io::Result<Files> {
    files_of(home, readable)
}

/// The files of a home's source tree that only compilers and tools read, as a rule: Rust sources, manifests and their like.
///
/// # Errors
/// One cannot be read.
pub(crate) fn sources_of(home: &Path) -> io::Result<Files> {
    files_of(home, compiled)
}

/// Those of a home's source tree that `list` names.
fn files_of(home: &Path, list: fn(&Path) -> io::Result<Vec<PathBuf>>) -> io::Result<Files> {
    let sources = Path::new(SourceTree::FILES);
    let root = home.join(sources);
    let read = list(&root)?.into_iter().map(|path| Ok((sources.join(&path), content(&root.join(&path))?)));
    read.collect()
}

/// On each side, the files that the other has otherwise or not at all.
pub(crate) fn otherwise(files: Sides<&Files>) -> Sides<Vec<PathBuf>> {
    Sides::from_fn(|side| {
        let other = files.get(side.other());
        let own = files.get(side).iter().filter(|(path, digest)| other.get(*path) != Some(*digest));
        own.map(|(path, _)| path.clone()).collect()
    })
}

/// What surrounds both sides and is not the same: in each side's home, files that are missing or other in the other's, and
/// folders that list others. `data` is what [`data_of`] tells of each home.
///
/// # Errors
/// Whoever reads what differs would not be seen.
pub(crate) fn apart(
    benches: Sides<&BuiltBench>,
    data: Sides<&Files>,
) -> Result<Sides<BTreeSet<PathBuf>>, Unwatchable> {
    let Sides { baseline, candidate } = benches.map(|bench| &bench.surroundings);
    if baseline.variables != candidate.variables {
        return Err(Unwatchable::Variables);
    }
    let files = Sides::from_fn(|side| files(benches.get(side), data.get(side)));
    let at = |side: Side, path: &Path| benches.get(side).home.join(path);
    let found = differing(files.as_ref(), |side, path| at(side, path).is_dir());
    for side in Side::BOTH {
        let leads = |path: &&PathBuf| at(side, path).is_symlink() && at(side, path).is_dir();
        if let Some(link) = found.get(side).iter().find(leads) {
            return Err(Unwatchable::Link(link.clone()));
        }
        let holds = |mut entries: fs::ReadDir| entries.next().is_some();
        if !found.get(side).is_empty() && fs::read_dir(at(side, Path::new(KEPT))).is_ok_and(holds) {
            return Err(Unwatchable::Kept);
        }
    }
    Ok(found)
}

/// All that one side's bench can read, and programs that it can start.
fn files(bench: &BuiltBench, data: &Files) -> Files {
    let made = bench.surroundings.made.iter();
    let made = made.map(|made| (Path::new(TARGET).join(&made.path), made.digest.clone()));
    made.chain(data.iter().map(|(path, digest)| (path.clone(), digest.clone()))).collect()
}

/// What differs on each side. Where only one has a file, the folders that lead to it list it, up to the first that both have.
fn differing(files: Sides<&Files>, is_folder: impl Fn(Side, &Path) -> bool) -> Sides<BTreeSet<PathBuf>> {
    let mut found = Sides::<BTreeSet<PathBuf>>::default();
    for side in Side::BOTH {
        for (path, digest) in *files.get(side) {
            let other = files.get(side.other()).get(path);
            if other == Some(digest) {
                continue;
            }
            found.get_mut(side).insert(path.clone());
            if other.is_some() {
                continue;
            }
            for folder in path.ancestors().skip(1) {
                found.get_mut(side).insert(folder.to_owned());
                if is_folder(side.other(), folder) {
                    found.get_mut(side.other()).insert(folder.to_owned());
                    break;
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files_of(of: &[(&str, &str)]) -> Files {
        of.iter().map(|(path, digest)| (path.into(), Digest::new(*digest))).collect()
    }

    fn paths(of: &[&str]) -> BTreeSet<PathBuf> {
        of.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn sources_that_differ_are_told_without_the_folders_around_them() {
        let baseline = files_of(&[("src/a.rs", "1"), ("src/b.rs", "1"), ("src/gone.rs", "1")]);
        let candidate = files_of(&[("src/a.rs", "1"), ("src/b.rs", "2")]);
        let found = otherwise(Sides { baseline: &baseline, candidate: &candidate });
        assert_eq!(found.baseline, ["src/b.rs", "src/gone.rs"].map(PathBuf::from));
        assert_eq!(found.candidate, ["src/b.rs"].map(PathBuf::from));
    }

    #[test]
    fn files_of_one_side_are_listed_by_the_folders_that_lead_to_them() {
        let baseline = files_of(&[("src/a", "1"), ("src/b", "1"), ("target/release/tool", "1")]);
        let candidate = files_of(&[
            ("src/a", "1"),
            ("src/b", "2"),
            ("src/new/deep/c", "1"),
            ("target/release/tool", "2"),
        ]);
        let found = differing(Sides { baseline: &baseline, candidate: &candidate }, |side, path| {
            side == Side::Candidate || !path.starts_with("src/new")
        });
        assert_eq!(found.baseline, paths(&["src", "src/b", "target/release/tool"]));
        let expected = ["src", "src/b", "src/new", "src/new/deep", "src/new/deep/c", "target/release/tool"];
        assert_eq!(found.candidate, paths(&expected));
        let found = differing(Sides { baseline: &baseline, candidate: &baseline }, |_, _| true);
        assert_eq!(found, Sides::default(), "equal files are not told");
    }

    #[cfg(unix)]
    #[test]
    fn what_would_not_be_seen_is_refused() {
        use crate::domain::MadeFile;
        use crate::domain::fixtures::bench;

        let homes = Sides::from_fn(|_| tempfile::tempdir().unwrap());
        let benches = homes.as_ref().map(|home| BuiltBench { home: home.path().to_owned(), ..bench("1") });
        let told = |benches: &Sides<BuiltBench>| {
            let data = benches.as_ref().map(|bench| data_of(&bench.home).unwrap());
            apart(benches.as_ref(), data.as_ref()).map(|found| found.candidate)
        };
        for side in Side::BOTH {
            for folder in ["src/v1", "src/v2", "target/tmp"] {
                fs::create_dir_all(benches.get(side).home.join(folder)).unwrap();
            }
            fs::write(benches.get(side).home.join("src/text"), side.to_string()).unwrap();
        }
        assert_eq!(told(&benches), Ok(paths(&["src/text"])));

        let mut other = benches.clone();
        other.candidate.surroundings.made = vec![MadeFile { path: "tool".into(), digest: Digest::new("2") }];
        assert_eq!(told(&other), Ok(paths(&["src/text", "target", "target/tool"])));
        other.candidate.surroundings.variables = Digest::new("other");
        assert_eq!(told(&other), Err(Unwatchable::Variables));

        let kept = benches.baseline.home.join("target/tmp/parsed");
        fs::write(&kept, "what was read once").unwrap();
        assert_eq!(told(&benches), Err(Unwatchable::Kept));
        fs::remove_file(&kept).unwrap();

        for (side, version) in [(Side::Baseline, "v1"), (Side::Candidate, "v2")] {
            std::os::unix::fs::symlink(version, benches.get(side).home.join("src/data")).unwrap();
        }
        assert_eq!(told(&benches), Err(Unwatchable::Link("src/data".into())));
    }
}
