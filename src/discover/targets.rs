//! Telling Criterion benches from everything else.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, Node, Package, Resolve, Target, TargetKind};

use super::features;
use super::manifest::{Benches, Harness};
use super::metadata::manifest_dir;
use super::{DiscoverError, LeftOut, Selection, pattern, variables};
use crate::domain::{BenchTarget, CrateOrigin, CriterionSource, Features, Namesake};
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

/// Criterion as a package sees it.
struct Linked {
    source: CriterionSource,
    /// The name its code uses.
    import: String,
}

/// Other measuring libraries, by what their users write.
const OTHER_LIBRARIES: [&str; 6] = ["divan", "gungraun", "iai_callgrind", "iai", "tango_bench", "bencher"];

/// Looks at every bench target of the packages, in order of package and name.
pub(super) fn classify(
    packages: &[&Package],
    metadata: &Metadata,
    graph: &Resolve,
    selection: &Selection,
) -> Result<Vec<Classified>, DiscoverError> {
    // Cargo resolves features for the selected packages together; the answer at hand is for all members.
    let whole = packages.len() == metadata.workspace_members.len();
    let mut classified = Vec::new();
    for package in packages {
        let benches = Benches::read(package.manifest_path.as_std_path())?;
        let node = graph.nodes.iter().find(|node| node.id == package.id);
        let linked = node.and_then(|node| criterion(node, metadata));
        let mut on = features::turned_on(package.name.as_str(), &package.features, &selection.features);
        if whole {
            on.extend(node.into_iter().flat_map(|node| node.features.iter().map(ToString::to_string)));
        }
        let mut targets: Vec<&Target> = package.targets.iter().filter(|target| is_bench(target)).collect();
        targets.sort_by(|a, b| a.name.cmp(&b.name));
        for target in targets {
            let named = pattern::is_named(&target.name, &selection.benches)?;
            let reason = reason(target, &benches, linked.as_ref(), &on, named);
            classified.push(match (reason, &linked) {
                (None, Some(linked)) => {
                    Classified::Bench(Box::new(bench(package, target, linked, &selection.features)))
                }
                (reason, _) => left_out(package, &target.name, reason.unwrap_or_else(no_criterion)),
            });
        }
        let library = package.targets.iter().find(|target| benches.library() && is_library(target));
        if let Some(library) = library {
            classified.push(left_out(package, &library.name, libtest()));
        }
    }
    Ok(classified)
}

/// Why a target is left out; `None` when it is a Criterion bench that can be built.
fn reason(
    target: &Target,
    benches: &Benches,
    linked: Option<&Linked>,
    on: &BTreeSet<String>,
    named: bool,
) -> Option<String> {
    if benches.harness(&target.name) == Harness::Libtest {
        return Some(libtest());
    }
    if benches.switched_off(&target.name) && !named {
        return Some(format!("its manifest says `bench = false`; name it with `--bench {}`", target.name));
    }
    let text = bounded::read_text(target.src_path.as_std_path(), LARGEST, Links::Follow).unwrap_or_default();
    let other = OTHER_LIBRARIES.iter().find(|name| names_crate(&text, name));
    let Some(linked) = linked else {
        return Some(match other {
            Some(name) => format!("measures with `{name}`; only Criterion benches are measured"),
            None => no_criterion(),
        });
    };
    // `criterion_main!` may be hidden in a macro, a `main` in plain sight that never names Criterion is no Criterion's.
    if text.contains("fn main(") && !names_crate(&text, &linked.import) {
        return Some(match other {
            Some(name) => format!("measures with `{name}`; only Criterion benches are measured"),
            None => "has a `main` of its own that does not name Criterion".to_owned(),
        });
    }
    let missing: Vec<&str> =
        target.required_features.iter().filter(|name| !on.contains(*name)).map(String::as_str).collect();
    (!missing.is_empty()).then(|| {
        let list = missing.join(",");
        format!("needs features that are off; add `--features {list}`")
    })
}

fn libtest() -> String {
    "uses libtest's #[bench], which needs a nightly compiler and has no raw samples; \
     write it with Criterion and `harness = false`"
        .to_owned()
}

fn no_criterion() -> String {
    "does not use Criterion: `harness = false`, but its package has no dependency on `criterion`".to_owned()
}

fn left_out(package: &Package, target: &str, reason: String) -> Classified {
    Classified::LeftOut(LeftOut { package: package.name.to_string(), target: target.to_owned(), reason })
}

fn bench(package: &Package, target: &Target, linked: &Linked, asked: &Features) -> BenchTarget {
    BenchTarget {
        package: package.name.to_string(),
        package_version: package.version.to_string(),
        package_id: package.id.repr.clone(),
        manifest_dir: manifest_dir(package).to_owned(),
        target: target.name.clone(),
        source: target.src_path.clone().into_std_path_buf(),
        required_features: target.required_features.clone(),
        known_features: features::known(package, asked),
        criterion: linked.source.clone(),
        variables: variables::of(package),
        namesake: Namesake::None,
    }
}

/// The Criterion that a package is resolved to: the crate of that name, whatever the manifest calls it; else a stand-in
/// that the manifest calls `criterion`.
fn criterion(node: &Node, metadata: &Metadata) -> Option<Linked> {
    let usable = node.deps.iter().filter(|dependency| {
        let mut kinds = dependency.dep_kinds.iter();
        kinds.any(|kind| matches!(kind.kind, DependencyKind::Normal | DependencyKind::Development))
    });
    let linked: Vec<Linked> = usable
        .filter_map(|dependency| {
            let package = metadata.packages.iter().find(|package| package.id == dependency.pkg)?;
            let named = package.name.as_str() == "criterion" || dependency.name == "criterion";
            named.then(|| Linked { source: source(package), import: dependency.name.clone() })
        })
        .collect();
    // Two at once (an old and a new one under another name): the one that is called `criterion`.
    linked.into_iter().max_by_key(|one| (one.import == "criterion", one.source.name == "criterion"))
}

fn source(package: &Package) -> CriterionSource {
    let origin = match &package.source {
        None => CrateOrigin::Path,
        Some(source) if source.is_crates_io() || source.repr == "sparse+https://index.crates.io/" => {
            CrateOrigin::CratesIo
        }
        Some(source) if source.repr.starts_with("git+") => CrateOrigin::Git,
        Some(_) => CrateOrigin::Registry,
    };
    CriterionSource {
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
