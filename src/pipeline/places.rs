//! Where the functions are written that regressions come from. Benches that are timed have no line tables, so the targets
//! of what regressed are built once more, with them; nothing is run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::builder::Builder;
use super::prepared::{Prepared, TargetName};
use super::request::Project;
use super::workspace::Workspace;
use crate::blame::shortened;
use crate::build::lines::{Written, written_at};
use crate::domain::{
    BenchmarkEvidence, BuiltBench, Note, Place, Side, SourceTree, TopFunction, Variant, is_below,
};
use crate::source::SUITE_PACKAGE;

/// Where the workspace lies below a tree's files: the harness's is at their root.
pub(crate) fn prefix_in<'a>(bench: &BuiltBench, prefix: &'a Path) -> &'a Path {
    if bench.package == SUITE_PACKAGE { Path::new("") } else { prefix }
}

/// The folders that stand before a side's own files in what was compiled, the deepest first: the one build path, and
/// the home that is moved there.
pub(crate) fn roots(project: &Project, bench: &BuiltBench, prefix: &Path) -> Vec<String> {
    let prefix = prefix_in(bench, prefix);
    let mut roots = Vec::new();
    for files in files(project, bench) {
        if prefix != Path::new("") {
            roots.push(format!("{files}/{}", prefix.display()));
        }
        roots.push(files);
    }
    roots
}

/// The folder of a tree's files, as it may be spelled in what was compiled.
fn files(project: &Project, bench: &BuiltBench) -> Vec<String> {
    let mut files = Vec::new();
    for home in [project.trees.join("build"), bench.home.clone()] {
        let real = home.parent().and_then(|parent| Some(parent.canonicalize().ok()?.join(home.file_name()?)));
        let homes = [Some(home), real].into_iter().flatten();
        files.extend(homes.map(|home| home.join(SourceTree::FILES).to_string_lossy().into_owned()));
    }
    files
}

/// Finds the places of the top functions of these benchmarks, which regressed. That they are not found is no reason to fail:
/// the note says why.
///
/// The workspace's own packages are built with line tables first: a few seconds. The dependencies follow only where the function
/// that accounts for most is one of theirs.
pub(crate) fn find(
    workspace: &Workspace<'_>,
    builder: &Builder<'_>,
    candidate: &Prepared,
    benchmarks: &mut [&mut BenchmarkEvidence],
) -> Option<Note> {
    let prefix = match workspace.prefix() {
        Ok(prefix) => prefix,
        Err(error) => return Some(Note::NoPlaces(error.to_string())),
    };
    for variant in [Variant::Places, Variant::Lines] {
        let unknown = benchmarks.iter().filter(|evidence| is_wanted(variant, &evidence.top_functions));
        let targets: BTreeSet<TargetName> = unknown.map(|evidence| evidence.name.target_name()).collect();
        if variant == Variant::Lines && targets.is_empty() {
            break;
        }
        let built = if targets.is_empty() {
            Ok(Vec::new())
        } else {
            let builder = Builder { variant, only: Some(&targets), ..*builder };
            builder.prepare(Side::Candidate, &candidate.revision, None).map(|prepared| prepared.benches)
        };
        let (built, mut why) = match built {
            Ok(built) => (built, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let tables = tables(&built, benchmarks, &mut why);
        for evidence in benchmarks.iter_mut() {
            let target = evidence.name.target_name();
            let benches = candidate.benches.iter();
            let Some(bench) = benches.chain(&built).find(|bench| bench.target_name() == target) else {
                continue;
            };
            let files = Files {
                spelled: files(workspace.project, bench),
                home: bench.home.join(SourceTree::FILES),
                prefix: prefix_in(bench, &prefix),
                shipped: !candidate.sources.contains_key(&target),
            };
            // A place that was made once is no longer the path that the executable has.
            let unmade = |function: &&mut TopFunction| variant == Variant::Places || function.place.is_none();
            for function in evidence.top_functions.iter_mut().filter(unmade) {
                put(function, tables.get(&target), &files);
            }
        }
        if why.is_some() {
            return why.map(Note::NoPlaces);
        }
    }
    None
}

/// Whether executables of this variant may tell more of where these functions are written, the one that accounts for most
/// first. The standard library has its line tables already.
fn is_wanted(variant: Variant, functions: &[TopFunction]) -> bool {
    match variant {
        Variant::Places => functions.iter().any(|function| function.place.is_none()),
        _ => functions.first().is_some_and(|first| first.place.is_none() && first.krate.is_some()),
    }
}

/// What the line tables of each executable say about the functions of its benchmarks.
fn tables(
    built: &[BuiltBench],
    benchmarks: &[&mut BenchmarkEvidence],
    why: &mut Option<String>,
) -> BTreeMap<TargetName, BTreeMap<String, Written>> {
    let mut tables = BTreeMap::new();
    for bench in built {
        let target = bench.target_name();
        let of_target = benchmarks.iter().filter(|evidence| evidence.name.target_name() == target);
        let functions = of_target.flat_map(|evidence| &evidence.top_functions);
        let names: BTreeSet<String> = functions.map(|function| function.function.clone()).collect();
        match written_at(&bench.executable, &names) {
            Ok(written) => {
                tables.insert(target, written);
            }
            Err(error) => *why = Some(error),
        }
    }
    tables
}

/// Gives a function its place, or makes one that it has tell whether it lies in the repository.
fn put(function: &mut TopFunction, table: Option<&BTreeMap<String, Written>>, files: &Files<'_>) {
    let known = function.place.take().map(|place| (place.file, place.line));
    let written = known.or_else(|| table?.get(&function.function).cloned());
    function.place = written.map(|(file, line)| files.place(&file, line));
}

/// The files of a tree that an executable was compiled from.
struct Files<'a> {
    /// Their folder, as it may stand in the executable.
    spelled: Vec<String>,
    /// Where they are now.
    home: PathBuf,
    /// Where the workspace lies below them.
    prefix: &'a Path,
    /// Whether they are this program's own, and no files of the user's.
    shipped: bool,
}

impl Files<'_> {
    fn place(&self, file: &str, line: Option<u32>) -> Place {
        let strip = |root: &String| file.strip_prefix(root.as_str())?.strip_prefix('/').map(str::to_owned);
        let absolute = self.spelled.iter().find_map(strip);
        // A path that was shortened by whoever built it may be one of the workspace's.
        let below = absolute.clone().or_else(|| Some(self.prefix.join(file).to_str()?.to_owned()));
        let below = below.filter(|path| is_below(path) && self.home.join(path).is_file());
        let short = match (&absolute, &below) {
            (Some(path), _) => {
                let own = Path::new(path).strip_prefix(self.prefix).ok().and_then(Path::to_str);
                own.unwrap_or(path).to_owned()
            }
            (None, Some(_)) => file.to_owned(),
            (None, None) => shortened(file, &[]),
        };
        Place { path: below.filter(|_| !self.shipped), ..Place::new(short, line) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_place_tells_whether_it_lies_in_the_repository() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("app/src")).unwrap();
        fs::create_dir_all(home.path().join("shared")).unwrap();
        fs::write(home.path().join("app/src/lib.rs"), "").unwrap();
        fs::write(home.path().join("shared/lib.rs"), "").unwrap();
        let files = |shipped| Files {
            spelled: vec!["/t/build/src".to_owned()],
            home: home.path().to_owned(),
            prefix: Path::new("app"),
            shipped,
        };
        let of = |file: &str| {
            let Place { file, path, .. } = files(false).place(file, Some(3));
            (file, path)
        };
        let own = |file: &str, path: &str| (file.to_owned(), Some(path.to_owned()));
        assert_eq!(of("/t/build/src/app/src/lib.rs"), own("src/lib.rs", "app/src/lib.rs"));
        assert_eq!(of("/t/build/src/shared/lib.rs"), own("shared/lib.rs", "shared/lib.rs"));
        assert_eq!(of("src/lib.rs"), own("src/lib.rs", "app/src/lib.rs"));
        let outside = |file: &str| (file.to_owned(), None);
        assert_eq!(of("/t/build/src/app/src/gone.rs"), outside("src/gone.rs"));
        assert_eq!(of("/t/build/src/../secret.rs").1, None);
        assert_eq!(of("/rustc/abc/library/core/src/iter.rs"), outside("library/core/src/iter.rs"));
        assert_eq!(files(true).place("/t/build/src/app/src/lib.rs", None).path, None);
    }

    #[test]
    fn dependencies_are_built_again_only_for_the_function_that_accounts_for_most() {
        let function = |krate: Option<&str>, place: Option<&str>| TopFunction {
            function: "a::b".into(),
            krate: krate.map(str::to_owned),
            place: place.map(|file| Place::new(file, Some(1))),
            difference: 1.0,
        };
        let (own, other, std) =
            (function(Some("own"), Some("src/lib.rs")), function(Some("other"), None), function(None, None));
        let wanted = |functions: &[&TopFunction]| {
            let functions: Vec<TopFunction> = functions.iter().map(|&function| function.clone()).collect();
            [Variant::Places, Variant::Lines].map(|variant| is_wanted(variant, &functions))
        };
        assert_eq!(wanted(&[]), [false, false]);
        assert_eq!(wanted(&[&own]), [false, false]);
        assert_eq!(wanted(&[&own, &other]), [true, false]);
        assert_eq!(wanted(&[&other, &own]), [true, true]);
        assert_eq!(wanted(&[&std, &other]), [true, false]);
    }

    #[test]
    fn a_function_that_nothing_is_known_of_stays_without_a_place() {
        let function = TopFunction { function: "a::b".into(), krate: None, place: None, difference: 1.0 };
        let files = Files { spelled: Vec::new(), home: "/".into(), prefix: Path::new(""), shipped: false };
        let table = BTreeMap::from([("a::c".to_owned(), ("x.rs".to_owned(), Some(1)))]);
        let mut found = function.clone();
        put(&mut found, Some(&table), &files);
        put(&mut found, None, &files);
        assert_eq!(found, function);
    }
}
