//! Holds the table of layers: a lower one never imports a higher one, siblings never import each other, and each
//! outside dependency has one owner.

use std::fs;
use std::path::{Path, PathBuf};

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
    ("measure", &["domain", "support"]),
    ("store", &["domain", "support"]),
    (
        "pipeline",
        &[
            "domain", "stats", "judge", "blame", "report", "support", "source", "discover", "build",
            "measure", "store",
        ],
    ),
    (
        "cli",
        &[
            "domain", "stats", "judge", "blame", "report", "support", "source", "discover", "build",
            "measure", "store", "pipeline",
        ],
    ),
];

/// Who alone may use a dependency.
const OWNED: &[(&str, &[&str])] = &[
    ("git2", &["source"]),
    ("cargo_metadata", &["discover"]),
    ("rusqlite", &["store"]),
    ("comfy_table", &["report"]),
    ("quick_junit", &["report"]),
    ("inferno", &["report"]),
    ("ciborium", &["measure"]),
    ("rustc_demangle", &["measure"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Every `crate::<module>` path in the code of a file (comments and strings that merely mention one are no imports).
fn crate_paths(code: &str) -> Vec<String> {
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .filter(|module: &String| !module.is_empty())
        .collect()
}

fn modules() -> Vec<(String, Vec<(PathBuf, String)>)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    MAY_IMPORT
        .iter()
        .map(|(module, _)| {
            let files = sources(&src.join(module));
            assert!(!files.is_empty(), "src/{module}/ holds no source");
            let files =
                files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
            ((*module).to_owned(), files)
        })
        .collect()
}

#[test]
fn no_layer_imports_a_higher_one_or_a_sibling() {
    let mut wrong = Vec::new();
    for (module, files) in modules() {
        let (_, allowed) = MAY_IMPORT.iter().find(|(name, _)| *name == module).unwrap();
        for (path, code) in files {
            for import in crate_paths(&code) {
                let known = MAY_IMPORT.iter().any(|(name, _)| *name == import);
                if known && import != module && !allowed.contains(&import.as_str()) {
                    wrong.push(format!("{} imports crate::{import}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dependency_has_one_owner() {
    let mut wrong = Vec::new();
    for (module, files) in modules() {
        for (path, code) in files {
            for (dependency, owners) in OWNED {
                let uses = code
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .any(|line| line.contains(&format!("{dependency}::")));
                if uses && !owners.contains(&module.as_str()) {
                    wrong.push(format!("{} uses {dependency}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_is_in_the_table() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(src).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(
                MAY_IMPORT.iter().any(|(module, _)| *module == name),
                "src/{name}/ has no place in the table"
            );
        }
    }
}

#[test]
fn only_the_console_prints() {
    let mut wrong = Vec::new();
    for (module, files) in modules() {
        for (path, code) in files {
            // A module of its own for tests is declared `#[cfg(test)] mod …;` elsewhere.
            let of_tests = ["tests", "simulation", "fixtures"];
            if path.iter().any(|part| {
                of_tests.iter().any(|name| part.to_string_lossy().trim_end_matches(".rs") == *name)
            }) {
                continue;
            }
            let code = code.split("#[cfg(test)]").next().unwrap();
            let prints = ["println!(", "eprintln!(", "print!(", "eprint!(", "std::process::exit("]
                .iter()
                .any(|word| {
                    code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word))
                });
            if prints && module != "cli" {
                wrong.push(path.display().to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "these print or exit: {}", wrong.join(", "));
}

#[test]
fn only_support_starts_processes() {
    // Facts about a machine are asked of a system's own small tools, which end at once.
    let exempt = ["src/measure/machine/macos.rs", "src/measure/machine/windows.rs"];
    let mut wrong = Vec::new();
    for (module, files) in modules() {
        for (path, code) in files {
            let is_test =
                path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
            let code = code.split("#[cfg(test)]").next().unwrap();
            let starts = (code.contains("Command::new(") || code.contains("MetadataCommand"))
                && [".spawn()", ".output()", ".status()", ".exec()"].iter().any(|call| code.contains(call));
            if starts && !is_test && module != "support" && !exempt.iter().any(|file| path.ends_with(file)) {
                wrong.push(path.display().to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "these start processes that may outlive us: {}", wrong.join(", "));
}
