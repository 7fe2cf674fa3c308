//! Telling benches of the libraries that are known from everything else.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, Node, Package, PackageId, Resolve, Target, TargetKind};

use super::features;
use super::libtest::{self, Compiler};
use super::manifest::{Benches, Harness};
use super::metadata::manifest_dir;
use super::{DiscoverError, LeftOut, Selection, pattern, variables};
use crate::domain::library::{self, Family};
use crate::domain::{BenchTarget, CrateOrigin, CrateSource, Features, Namesake, Unit};
use crate::support::bounded::{self, Links};

/// How large the source of a bench target may be for us to look into it, in bytes.
const LARGEST: u64 = 16 << 20;

/// What a target turned out to be.
pub(super) enum Classified {
    Bench(Box<BenchTarget>),
    LeftOut(LeftOut),
}

impl Classified {
    /// The name of the target.
    pub(super) fn target(&self) -> &str {
        match self {
            Self::Bench(bench) => &bench.target,
            Self::LeftOut(out) => &out.target,
        }
    }
}

/// A measuring library as a package sees it.
#[derive(Debug)]
struct Linked {
    /// What measures.
    source: CrateSource,
    family: Family,
    /// The name that the package's code uses for it, or for the crate that hands it on.
    import: String,
}

/// Other measuring libraries, by what their users write.
const OTHER_LIBRARIES: [&str; 6] = ["divan", "gungraun", "iai_callgrind", "iai", "tango_bench", "bencher"];

/// What a manifest calls a stand-in for Criterion.
const STAND_IN: &str = "criterion";

/// The families whose benches are measured, in prose.
const SUPPORTED: &str = "Criterion or divan";

/// Looks at every bench target of the packages, in order of package and name.
pub(super) fn classify(
    packages: &[&Package],
    metadata: &Metadata,
    graph: &Resolve,
    selection: &Selection,
    compiler: &Compiler<'_>,
) -> Result<Vec<Classified>, DiscoverError> {
    // Cargo resolves features for the selected packages together; the answer at hand is for all members.
    let whole = packages.len() == metadata.workspace_members.len();
    let mut classified = Vec::new();
    for package in packages {
        let benches = Benches::read(package.manifest_path.as_std_path())?;
        let node = graph.nodes.iter().find(|node| node.id == package.id);
        let linked = node.map_or_else(Vec::new, |node| linked(node, metadata, graph));
        let mut on = features::turned_on(package.name.as_str(), &package.features, &selection.features);
        if whole {
            on.extend(node.into_iter().flat_map(|node| node.features.iter().map(ToString::to_string)));
        }
        let mut targets: Vec<&Target> = package.targets.iter().filter(|target| is_bench(target)).collect();
        targets.sort_by(|a, b| a.name.cmp(&b.name));
        for target in targets {
            let named = pattern::is_named(&target.name, &selection.benches)?;
            classified.push(match examine(target, &benches, &linked, &on, named, compiler) {
                Ok(library) => {
                    let (unit, features) = (Unit::Bench, &selection.features);
                    Classified::Bench(Box::new(bench(package, target, unit, library, features)))
                }
                Err(reason) => left_out(package, &target.name, reason),
            });
        }
        if let Some(library) = package.targets.iter().find(|target| is_library(target)) {
            classified.extend(of_library(package, library, &benches, selection, compiler));
        }
        classified.extend(package.targets.iter().filter_map(|target| of_program(package, target)));
    }
    Ok(classified)
}

/// What a target measures with, or why it is left out.
fn examine(
    target: &Target,
    benches: &Benches,
    linked: &[Linked],
    on: &BTreeSet<String>,
    named: bool,
    compiler: &Compiler<'_>,
) -> Result<CrateSource, String> {
    if benches.switched_off(&target.name) && !named {
        return Err(format!("its manifest says `bench = false`; name it with `--bench {}`", target.name));
    }
    let library = if benches.harness(&target.name) == Harness::Libtest {
        let imports: Vec<&str> = linked.iter().map(|one| one.import.as_str()).collect();
        match libtest::objection(target.src_path.as_std_path(), &imports) {
            Some(objection) => return Err(objection),
            None => compiler.libtest()?,
        }
    } else {
        library_of(target, linked)?
    };
    features::objection(target, on).map_or(Ok(library), Err)
}

/// The library's own `#[bench]` functions, where it has any.
fn of_library(
    package: &Package,
    library: &Target,
    benches: &Benches,
    selection: &Selection,
    compiler: &Compiler<'_>,
) -> Option<Classified> {
    let folder = library.src_path.as_std_path().parent()?;
    let has_bench = libtest::has_bench(folder, &others(package, library));
    if !has_bench {
        let reason = "its manifest says `bench = true`, and its sources have no #[bench]";
        return benches.library().then(|| left_out(package, &library.name, reason.to_owned()));
    }
    if benches.library_is_off() {
        let reason = "has #[bench] in its sources, and its manifest says `bench = false`";
        return Some(left_out(package, &library.name, reason.to_owned()));
    }
    Some(match compiler.libtest() {
        Ok(source) => {
            let (unit, features) = (Unit::Library, &selection.features);
            Classified::Bench(Box::new(bench(package, library, unit, source, features)))
        }
        Err(reason) => left_out(package, &library.name, reason),
    })
}

/// The `#[bench]` functions of a program, where it has any: they are not measured, and nobody should have to guess why.
fn of_program(package: &Package, target: &Target) -> Option<Classified> {
    let is_program = target.kind.contains(&TargetKind::Bin);
    let has_bench = || libtest::program_has_bench(target.src_path.as_std_path(), &others(package, target));
    (is_program && has_bench()).then(|| {
        let reason = "has #[bench] in the sources of a program, where it is not looked for; move what it measures into \
                      the library, or write it in `benches/`";
        left_out(package, &target.name, reason.to_owned())
    })
}

/// The files of a package's other targets.
fn others<'a>(package: &'a Package, target: &Target) -> Vec<&'a Path> {
    let targets = package.targets.iter().filter(|other| other.src_path != target.src_path);
    targets.map(|other| other.src_path.as_std_path()).collect()
}

/// The library that a target with a `main` of its own measures with, or why none.
fn library_of(target: &Target, linked: &[Linked]) -> Result<CrateSource, String> {
    let text = bounded::read_text(target.src_path.as_std_path(), LARGEST, Links::Follow).unwrap_or_default();
    measures_with(&text, linked).map(|one| one.source.clone())
}

/// Which of a package's libraries the source of a target measures with, or why none.
fn measures_with<'a>(text: &str, linked: &'a [Linked]) -> Result<&'a Linked, String> {
    let mut named: Vec<&Linked> = linked.iter().filter(|one| names_crate(text, &one.import)).collect();
    // `criterion_main!` alone may be that of a fork, where something else is imported.
    if named.iter().any(|one| imports(text, &one.import)) {
        named.retain(|one| imports(text, &one.import));
    }
    if let Some(first) = named.first() {
        if named.iter().all(|one| one.family == first.family) {
            return Ok(first);
        }
        // One may lend the other a function; only one can be its `main`.
        let mut mains = named.iter().filter(|one| is_main(text, one));
        return match (mains.next(), mains.next()) {
            (Some(main), None) => Ok(main),
            _ => Err(two_libraries(&named)),
        };
    }
    let other = OTHER_LIBRARIES.iter().find(|name| names_crate(text, name));
    let Some(first) = linked.first() else {
        return Err(other.map_or_else(no_library, |name| foreign(name)));
    };
    // `criterion_main!` may be hidden in a macro, a `main` in plain sight that never names Criterion is no Criterion's.
    if text.contains("fn main(") {
        return Err(match other {
            Some(name) => foreign(name),
            None => format!("has a `main` of its own that does not name {}", first.family.title()),
        });
    }
    Ok(first)
}

/// Whether a source's `main` is that of a library.
fn is_main(text: &str, linked: &Linked) -> bool {
    match linked.family {
        Family::Criterion => text.contains("criterion_main!"),
        Family::Divan => text.contains(&format!("{}::main()", linked.import)) || text.contains("Divan::"),
        Family::Command | Family::Libtest => false,
    }
}

fn two_libraries(named: &[&Linked]) -> String {
    let imports: Vec<String> = named.iter().map(|one| format!("`{}`", one.import)).collect();
    format!(
        "uses {}, and which of them is its `main` is not plain; give each a bench target",
        imports.join(" and ")
    )
}

fn foreign(name: &str) -> String {
    format!("measures with `{name}`; only {SUPPORTED} benches are measured")
}

fn no_library() -> String {
    format!("does not use {SUPPORTED}: `harness = false`, but its package depends on neither")
}

fn left_out(package: &Package, target: &str, reason: String) -> Classified {
    Classified::LeftOut(LeftOut { package: package.name.to_string(), target: target.to_owned(), reason })
}

/// A target as it is measured.
pub(super) fn bench(
    package: &Package,
    target: &Target,
    unit: Unit,
    library: CrateSource,
    asked: &Features,
) -> BenchTarget {
    BenchTarget {
        package: package.name.to_string(),
        package_version: package.version.to_string(),
        package_id: package.id.repr.clone(),
        manifest_dir: manifest_dir(package).to_owned(),
        target: target.name.clone(),
        source: target.src_path.clone().into_std_path_buf(),
        required_features: target.required_features.clone(),
        known_features: features::known(package, asked),
        unit,
        library,
        variables: variables::of(package),
        namesake: Namesake::None,
    }
}

/// The measuring libraries that a package is resolved to, whatever its manifest calls them, and stand-ins that it calls
/// `criterion`. The one that a bench means if it names none comes first.
fn linked(node: &Node, metadata: &Metadata, graph: &Resolve) -> Vec<Linked> {
    let usable = node.deps.iter().filter(|dependency| {
        let mut kinds = dependency.dep_kinds.iter();
        kinds.any(|kind| matches!(kind.kind, DependencyKind::Normal | DependencyKind::Development))
    });
    let mut linked: Vec<Linked> = usable
        .filter_map(|dependency| {
            let package = package_of(&dependency.pkg, metadata)?;
            let (measuring, family) = match library::handed_on(package.name.as_str()) {
                Some(family) => (behind(package, family, metadata, graph).unwrap_or(package), family),
                None => (package, known(package, &dependency.name)?),
            };
            Some(Linked { source: source(measuring), family, import: dependency.name.clone() })
        })
        .collect();
    // Two at once (an old and a new one under another name): the one that is called `criterion`.
    linked.sort_by_key(|one| (one.import != "criterion", one.source.name != "criterion"));
    linked
}

/// The family of a package that may be a measuring library, or a stand-in for one.
fn known(package: &Package, import: &str) -> Option<Family> {
    let library = library::library(package.name.as_str()).map(|library| library.family);
    library.or_else(|| (import == STAND_IN).then_some(Family::Criterion))
}

/// The library of a family that a package hands on.
fn behind<'a>(
    front: &Package,
    family: Family,
    metadata: &'a Metadata,
    graph: &Resolve,
) -> Option<&'a Package> {
    let node = graph.nodes.iter().find(|node| node.id == front.id)?;
    let mut packages = node.deps.iter().filter_map(|dependency| package_of(&dependency.pkg, metadata));
    packages
        .find(|package| library::library(package.name.as_str()).is_some_and(|known| known.family == family))
}

fn package_of<'a>(id: &PackageId, metadata: &'a Metadata) -> Option<&'a Package> {
    metadata.packages.iter().find(|package| package.id == *id)
}

fn source(package: &Package) -> CrateSource {
    let origin = match &package.source {
        None => CrateOrigin::Path,
        Some(source) if source.is_crates_io() || source.repr == "sparse+https://index.crates.io/" => {
            CrateOrigin::CratesIo
        }
        Some(source) if source.repr.starts_with("git+") => CrateOrigin::Git,
        Some(_) => CrateOrigin::Registry,
    };
    CrateSource {
        name: package.name.to_string(),
        version: package.version.to_string(),
        origin,
        root: manifest_dir(package).to_owned(),
    }
}

fn is_bench(target: &Target) -> bool {
    target.kind.contains(&TargetKind::Bench)
}

fn is_library(target: &Target) -> bool {
    use TargetKind::{CDyLib, DyLib, Lib, ProcMacro, RLib, StaticLib};
    target.kind.iter().any(|kind| matches!(kind, Lib | RLib | DyLib | CDyLib | StaticLib | ProcMacro))
}

/// Whether a source text takes something from a crate.
fn imports(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let word = |character: char| character.is_alphanumeric() || character == '_';
    let taken = |at: usize| !text[..at].chars().next_back().is_some_and(word);
    text.contains(&format!("extern crate {name}")) || text.match_indices(&path).any(|(at, _)| taken(at))
}

/// Whether a source text names a crate as a word of its own.
fn names_crate(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let word = |character: char| character.is_alphanumeric() || character == '_';
        let before = text[..at].chars().next_back().is_some_and(word);
        let after = &text[at + name.len()..];
        // `criterion_main!` and `criterion_group!` name it as well.
        !before && (!after.starts_with(word) || after.starts_with("_main") || after.starts_with("_group"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(import: &str, library: &str) -> Linked {
        let source = CrateSource {
            name: library.to_owned(),
            version: "1.0.0".to_owned(),
            origin: CrateOrigin::CratesIo,
            root: std::path::PathBuf::new(),
        };
        Linked { source, family: library::family(library), import: import.to_owned() }
    }

    #[test]
    fn a_target_measures_with_what_it_names() {
        let both = [linked("criterion", "criterion"), linked("criterion_old", "criterion2")];
        let name = |text: &str| measures_with(text, &both).map(|one| one.source.name.as_str());
        assert_eq!(name("use criterion_old::Criterion;"), Ok("criterion2"));
        assert_eq!(name("use criterion::Criterion;"), Ok("criterion"));
        assert_eq!(name("my_macro!();"), Ok("criterion"), "a macro may name it");
        let forks = [linked("criterion", "criterion2"), linked("fork", "codspeed-criterion-compat-walltime")];
        let fork = measures_with("use fork::{criterion_main};\ncriterion_main!(all);", &forks).unwrap();
        assert_eq!(fork.import, "fork");
        let reason = name("fn main() { divan::main() }").unwrap_err();
        assert!(reason.contains("`main`") || reason.contains("`divan`"), "{reason}");
        assert!(measures_with("criterion_main!(a);", &[]).unwrap_err().contains("depends on neither"));
    }

    #[test]
    fn of_two_libraries_in_a_target_the_one_with_the_main_measures() {
        let both = [linked("criterion", "criterion"), linked("divan", "divan")];
        let name = |text: &str| measures_with(text, &both).map(|one| one.import.as_str());
        let lends = "use criterion::Criterion;\nuse divan::black_box;\n";
        assert_eq!(name(&format!("{lends}criterion_main!(all);")), Ok("criterion"));
        assert_eq!(name("use criterion::black_box;\nfn main() { divan::main(); }"), Ok("divan"));
        let reason =
            name(&format!("{lends}criterion_main!(all);\nfn other() {{ divan::main() }}")).unwrap_err();
        assert!(reason.contains("`criterion` and `divan`"), "{reason}");
        assert_eq!(name("fn main() { divan::main(); }"), Ok("divan"));
    }

    #[test]
    fn a_crate_is_named_as_a_word_of_its_own() {
        assert!(names_crate("use criterion::Criterion;", "criterion"));
        assert!(names_crate("criterion_main!(benches);", "criterion"));
        assert!(!names_crate("mod my_criterion;", "criterion"));
        assert!(!names_crate("let criterions = 1;", "criterion"));
        assert!(!names_crate("use divans::x;", "divan"));
        assert!(names_crate("fn main() { divan::main() }", "divan"));
    }
}
