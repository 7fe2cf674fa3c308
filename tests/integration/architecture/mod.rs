//! Holds the table of layers: a lower one never imports a higher one, siblings never import each other, no two files
//! need each other, and each outside dependency has one owner.
//!
//! `syn` reads the sources, so no way of writing an import escapes; `imports` follows it to the file that is meant.

mod imports;
mod syntax;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use imports::{Crate, Edge, circles};
use syntax::{File, Segments};

/// What each module may import of the crate, besides itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("stats", &["domain"]),
    ("judge", &["domain", "stats"]),
    ("blame", &["domain"]),
    ("report", &["domain"]),
    ("support", &["domain"]),
    ("source", &["domain", "support"]),
    ("discover", &["domain", "support"]),
    ("build", &["domain", "support"]),
    ("measure", &["domain", "stats", "support"]),
    ("store", &["domain", "support"]),
    ("exchange", &["domain", "support"]),
    ("forge", &["domain", "support"]),
    (
        "pipeline",
        &[
            "domain", "stats", "judge", "blame", "report", "support", "source", "discover", "build",
            "measure", "store", "exchange", "forge",
        ],
    ),
    (
        "cli",
        &[
            "domain", "stats", "judge", "blame", "report", "support", "source", "discover", "build",
            "measure", "store", "exchange", "forge", "pipeline",
        ],
    ),
];

/// Who alone may use a dependency.
const OWNED: &[(&str, &[&str])] = &[
    ("git2", &["source", "exchange"]),
    ("cargo_metadata", &["discover", "build"]),
    ("rusqlite", &["store"]),
    ("tokio_postgres", &["exchange"]),
    ("tokio_postgres_rustls", &["exchange"]),
    ("tokio", &["exchange"]),
    ("comfy_table", &["report"]),
    ("quick_junit", &["report"]),
    ("inferno", &["report"]),
    ("ciborium", &["measure"]),
    ("nix", &["measure"]),
    ("rustc_demangle", &["support"]),
    ("addr2line", &["build"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("anstream", &["cli", "measure", "report"]),
    ("jiff", &["cli", "report", "forge"]),
    ("ureq", &["forge"]),
    ("percent_encoding", &["forge"]),
    ("terminal_size", &["cli"]),
    ("tracing_subscriber", &["cli"]),
];

/// This crate, read once for all tests.
fn this_crate() -> &'static Crate {
    static CRATE: LazyLock<Crate> =
        LazyLock::new(|| Crate::new(syntax::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))));
    &CRATE
}

fn layer(module: &[String]) -> Option<&str> {
    module.first().map(String::as_str)
}

fn display(module: &[String]) -> String {
    module.join("::")
}

/// A crate made of files that stand here: each is a module and its text.
fn made_of(files: &[(&str, &str)]) -> Crate {
    let files = files.iter().map(|(module, text)| {
        let module: Segments =
            module.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        (module.clone(), syntax::parse(Path::new("made.rs"), text, module, false))
    });
    Crate::new(files.collect())
}

/// The ties between files as `from -> to (name)`, without those of tests.
fn ties(files: &[(&str, &str)]) -> Vec<String> {
    let edges = made_of(files).edges();
    let compiled = edges.iter().filter(|edge| !edge.in_tests);
    compiled.map(|edge| format!("{} -> {} ({})", display(&edge.from), display(&edge.to), edge.name)).collect()
}

#[test]
fn every_way_of_writing_an_import_is_seen() {
    let ways = [
        "use crate::{b::{self, Thing}, c};  fn f() { c::g(); }",
        "use crate::b::Thing as Other; use crate::c::g;",
        "fn f() -> crate::b::Thing { super::c::g() }",
        "use super::{b, c}; fn f() { assert_eq!(b::Thing, { c::g() }, \"{}\", 1); }",
        "use super::b::*; use crate::c::*;",
        "mod inner { use super::super::b::Thing; fn f() { crate::c::g() } }",
    ];
    for way in ways {
        let files = [("", ""), ("a", way), ("b", "pub struct Thing;"), ("c", "pub fn g() {}")];
        let ends: Vec<String> = made_of(&files).edges().iter().map(|edge| display(&edge.to)).collect();
        assert_eq!(ends, ["b", "c"], "{way}");
    }
}

#[test]
fn an_import_is_followed_to_the_file_that_defines_it() {
    let files = [
        ("", ""),
        ("a", "use crate::b::Thing; use crate::b::deep; fn f() { deep::g(); }"),
        ("b", "pub mod deep; mod hidden; pub use hidden::Thing;"),
        ("b::deep", "pub fn g() {}"),
        ("b::hidden", "pub struct Thing;"),
    ];
    assert_eq!(ties(&files), ["a -> b::deep (g)", "a -> b::hidden (Thing)"]);
}

#[test]
fn a_parent_and_a_child_that_need_each_other_are_a_circle() {
    let parent = "mod child; pub struct Thing; pub fn f() { child::g() }";
    let files = [("", ""), ("a", parent), ("a::child", "use super::Thing; pub fn g() {}")];
    assert_eq!(circles(&made_of(&files).edges()).len(), 1);

    let shows = "mod child; pub struct Thing; pub use child::g;";
    let files = [("", ""), ("a", shows), ("a::child", "use super::Thing; pub fn g() {}")];
    assert_eq!(circles(&made_of(&files).edges()).len(), 0, "to show is not to use");
}

#[test]
fn what_only_tests_import_is_marked() {
    let files = [
        ("", ""),
        ("a", "#[cfg(test)] mod tests { use crate::b::g; } #[cfg(all(test, unix))] use crate::b::h;"),
        ("b", "pub fn g() {} pub fn h() {}"),
    ];
    assert_eq!(ties(&files), Vec::<String>::new());
    assert_eq!(made_of(&files).edges().len(), 2);
}

#[test]
fn no_layer_imports_a_higher_one_or_a_sibling() {
    let mut wrong = Vec::new();
    for Edge { from, to, name, .. } in this_crate().edges() {
        let (Some(here), Some(there)) = (layer(&from), layer(&to)) else { continue };
        let (_, allowed) = MAY_IMPORT.iter().find(|(module, _)| *module == here).unwrap();
        if here != there && !allowed.contains(&there) {
            wrong.push(format!("{} imports {name} of {}", display(&from), display(&to)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_two_files_need_each_other() {
    let edges = this_crate().edges().into_iter().filter(|edge| !edge.in_tests).collect();
    let circles = circles(&edges);
    let mut text = String::new();
    for circle in &circles {
        writeln!(text, "circle of {} files:", circle.len()).unwrap();
        for Edge { from, to, name, .. } in &edges {
            if circle.contains(from) && circle.contains(to) {
                writeln!(text, "  {} imports {name} of {}", display(from), display(to)).unwrap();
            }
        }
    }
    assert!(circles.is_empty(), "{} circles of imports\n{text}", circles.len());
}

#[test]
fn every_dependency_has_one_owner() {
    let tree = this_crate();
    let mut wrong = Vec::new();
    for file in tree.files() {
        let outside = tree.outside(file);
        for (dependency, owners) in OWNED {
            if outside.contains(dependency) && !layer(&file.module).is_some_and(|name| owners.contains(&name))
            {
                wrong.push(format!("{} uses {dependency}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_owned_dependency_is_used_where_it_is_owned() {
    let tree = this_crate();
    for (dependency, owners) in OWNED {
        for owner in *owners {
            let used = tree
                .files()
                .filter(|file| layer(&file.module) == Some(*owner))
                .any(|file| tree.outside(file).contains(dependency));
            assert!(used, "src/{owner}/ owns {dependency} and does not use it");
        }
    }
}

#[test]
fn every_module_is_in_the_table() {
    let tree = this_crate();
    let layers: BTreeSet<&str> = tree.files().filter_map(|file| layer(&file.module)).collect();
    let table: BTreeSet<&str> = MAY_IMPORT.iter().map(|(module, _)| *module).collect();
    assert_eq!(layers, table);
}

/// The code of a file that is compiled into the program.
fn compiled(file: &File) -> Option<String> {
    let text = fs::read_to_string(&file.path).unwrap();
    (!file.of_tests).then(|| text.split("#[cfg(test)]").next().unwrap_or_default().to_owned())
}

#[test]
fn only_the_console_prints() {
    let mut wrong = Vec::new();
    for file in this_crate().files() {
        let Some(code) = compiled(file) else { continue };
        let prints = ["println!(", "eprintln!(", "print!(", "eprint!(", "std::process::exit("]
            .iter()
            .any(|word| code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word)));
        if prints && layer(&file.module) != Some("cli") {
            wrong.push(file.path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "these print or exit: {}", wrong.join(", "));
}

#[test]
fn only_support_starts_processes() {
    // Facts about a machine are asked of a system's own small tools, which end at once.
    let exempt = ["src/measure/machine/macos.rs", "src/measure/machine/windows.rs"];
    let mut wrong = Vec::new();
    for file in this_crate().files() {
        let Some(code) = compiled(file) else { continue };
        let starts = (code.contains("Command::new(") || code.contains("MetadataCommand"))
            && [".spawn()", ".output()", ".status()", ".exec()"].iter().any(|call| code.contains(call));
        let is_exempt = exempt.iter().any(|path| file.path.ends_with(path));
        if starts && !is_exempt && layer(&file.module) != Some("support") {
            wrong.push(file.path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "these start processes that may outlive us: {}", wrong.join(", "));
}

/// The names of the dependencies in a table of a manifest, as code writes them.
fn dependencies(manifest: &toml::Table, table: &str) -> BTreeSet<String> {
    let table = manifest.get(table).and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys()).map(|name| name.replace('-', "_")).collect()
}

/// The identifiers of every Rust file in some folders.
fn identifiers(folders: &[std::path::PathBuf]) -> BTreeSet<String> {
    fn collect(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let words = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
                found.extend(words.map(str::to_owned));
            }
        }
    }
    let mut found = BTreeSet::new();
    for folder in folders {
        collect(folder, &mut found);
    }
    found
}

#[test]
fn every_dependency_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut unused = Vec::new();
    for member in ["", "bench-harness", "tests/study", "tests/campaign"] {
        let member = root.join(member);
        let manifest: toml::Table = fs::read_to_string(member.join("Cargo.toml")).unwrap().parse().unwrap();
        let own = [member.join("src")];
        let tests = [member.join("src"), member.join("tests"), member.join("benches")];
        for (table, folders) in [("dependencies", &own[..]), ("dev-dependencies", &tests[..])] {
            let known = identifiers(folders);
            let idle = dependencies(&manifest, table).into_iter().filter(|name| !known.contains(name));
            unused.extend(idle.map(|name| format!("{name} of {}", member.display())));
        }
    }
    assert!(unused.is_empty(), "nothing uses these: {}", unused.join(", "));
}
