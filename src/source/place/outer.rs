//! What the folders above a repository say to Cargo and rustup, for trees that live elsewhere.
//!
//! Cargo reads configuration in every folder upwards, the nearest first. What the folders above the repository say is
//! joined to one file at the place of the trees: weaker than a tree's own configuration, stronger than Cargo's home.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::domain::Variables;

/// How deep files may include files: an end for a circle.
const INCLUDE_DEPTH: usize = 8;
/// The names of a toolchain file.
const TOOLCHAIN: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];

/// Settings whose value is a path, relative to the folder that holds `.cargo`; `*` stands for any name.
const PATHS: [&[&str]; 8] = [
    &["paths"],
    &["build", "target-dir"],
    &["build", "build-dir"],
    &["http", "cainfo"],
    &["install", "root"],
    &["source", "*", "directory"],
    &["source", "*", "local-registry"],
    &["patch", "*", "*", "path"],
];

/// Settings whose value is a program, a path only where it holds a slash.
const PROGRAMS: [&[&str]; 6] = [
    &["build", "rustc"],
    &["build", "rustc-wrapper"],
    &["build", "rustc-workspace-wrapper"],
    &["build", "rustdoc"],
    &["target", "*", "linker"],
    &["target", "*", "runner"],
];

/// Writes what the folders above `repository` say to `place`, unless they are above it as well.
pub(super) fn hand_down(repository: &Path, place: &Path, environment: &Variables) -> io::Result<()> {
    let folders: Vec<&Path> =
        repository.ancestors().skip(1).filter(|folder| !place.starts_with(folder)).collect();
    let home = cargo_home(environment);
    let mut joined = Table::new();
    for folder in &folders {
        let inner = folder.join(".cargo");
        let names = ["config", "config.toml"].map(|name| inner.join(name));
        if Some(&inner) == home.as_ref() {
            continue;
        }
        if let Some(path) = names.iter().find(|path| path.is_file()) {
            fill(&mut joined, read(path, folder, INCLUDE_DEPTH)?);
        }
    }
    let config = (!joined.is_empty()).then(|| joined.to_string());
    put(&place.join(".cargo/config.toml"), config.as_deref())?;
    let toolchain = folders.iter().flat_map(|folder| TOOLCHAIN.map(|name| folder.join(name)));
    let toolchain = toolchain.into_iter().find_map(|path| fs::read_to_string(path).ok());
    put(&place.join("rust-toolchain"), toolchain.as_deref())
}

/// Writes a file that differs, or removes one that should not be there.
fn put(path: &Path, text: Option<&str>) -> io::Result<()> {
    match text {
        Some(text) if fs::read_to_string(path).is_ok_and(|there| there == text) => Ok(()),
        Some(text) => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, text)
        }
        None => match fs::remove_file(path) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(error)
            }
            _ => Ok(()),
        },
    }
}

fn cargo_home(environment: &Variables) -> Option<PathBuf> {
    let variable = |name: &str| environment.get(OsStr::new(name)).filter(|value| !value.is_empty());
    variable("CARGO_HOME").map(PathBuf::from).or_else(|| Some(Path::new(variable("HOME")?).join(".cargo")))
}

/// Reads a file with what it includes, all paths made absolute.
fn read(path: &Path, base: &Path, depth: usize) -> io::Result<Table> {
    let text = fs::read_to_string(path)?;
    let invalid = |error: toml::de::Error| {
        let text = format!("{}: {}", path.display(), error.message());
        io::Error::new(io::ErrorKind::InvalidData, text)
    };
    let mut table: Table = text.parse().map_err(invalid)?;
    let included = table.remove("include");
    for keys in PATHS {
        change(&mut table, keys, &|value| each_text(value, &|text| absolute(base, text)));
    }
    for keys in PROGRAMS {
        change(&mut table, keys, &|value| program(value, base));
    }
    change(&mut table, &["build", "target"], &|value| {
        each_text(value, &|text| {
            if Path::new(text).extension().is_some_and(|end| end == "json") {
                absolute(base, text)
            } else {
                text.to_owned()
            }
        });
    });
    change(&mut table, &["env", "*"], &|value| variable(value, base));
    if depth > 0 {
        let names: Vec<String> = match included {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(items)) => {
                let name =
                    |item: &Value| Some(item.as_str().or_else(|| item.get("path")?.as_str())?.to_owned());
                items.iter().filter_map(name).collect()
            }
            _ => Vec::new(),
        };
        let folder = path.parent().unwrap_or(base);
        for name in names.iter().rev().map(|name| folder.join(name)).filter(|path| path.is_file()) {
            fill(&mut table, read(&name, base, depth - 1)?);
        }
    }
    Ok(table)
}

/// Adds what a weaker file says: tables are joined, lists put before the stronger one's.
fn fill(strong: &mut Table, weak: Table) {
    for (key, value) in weak {
        match (strong.get_mut(&key), value) {
            (Some(Value::Table(strong)), Value::Table(weak)) => fill(strong, weak),
            (Some(Value::Array(strong)), Value::Array(mut weak)) => {
                weak.append(strong);
                *strong = weak;
            }
            (Some(_), _) => {}
            (None, value) => {
                strong.insert(key, value);
            }
        }
    }
}

/// Changes every value that the keys lead to.
fn change(table: &mut Table, keys: &[&str], how: &dyn Fn(&mut Value)) {
    let Some((key, rest)) = keys.split_first() else { return };
    let meant = table.iter_mut().filter(|(name, _)| *key == "*" || name == key);
    for (_, value) in meant {
        match (rest, value) {
            ([], value) => how(value),
            (rest, Value::Table(inner)) => change(inner, rest, how),
            _ => {}
        }
    }
}

fn each_text(value: &mut Value, how: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = how(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, how)),
        _ => {}
    }
}

/// A program with its arguments, as one text or a list: only the first word is a path.
fn program(value: &mut Value, base: &Path) {
    let located = |word: &str| if word.contains('/') { absolute(base, word) } else { word.to_owned() };
    match value {
        Value::String(text) => {
            let (word, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
            *text = format!("{}{rest}", located(word));
        }
        Value::Array(items) => {
            if let Some(Value::String(word)) = items.first_mut() {
                *word = located(word);
            }
        }
        _ => {}
    }
}

/// A variable of `[env]` whose value is relative to its file.
fn variable(value: &mut Value, base: &Path) {
    let Value::Table(table) = value else { return };
    if table.get("relative").and_then(Value::as_bool) == Some(true)
        && let Some(Value::String(text)) = table.get_mut("value")
    {
        *text = absolute(base, text);
        table.remove("relative");
    }
}

fn absolute(base: &Path, text: &str) -> String {
    base.join(text).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder_wins_lists_are_joined_and_paths_made_absolute() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["far/near/.cargo", "far/.cargo", "far/near/repo", "place"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        let near = "include = 'more.toml'\nbuild.rustflags = ['-n']\nbuild.rustc-wrapper = './wrap'\n\
                    [env]\nA = { value = 'x', relative = true }\n";
        fs::write(root.join("far/near/.cargo/config.toml"), near).unwrap();
        fs::write(root.join("far/near/.cargo/more.toml"), "build.rustflags = ['-m']\nbuild.jobs = 3\n")
            .unwrap();
        let far =
            "build.rustflags = ['-f']\nbuild.jobs = 1\n[target.x]\nrunner = 'bin/run -a'\nlinker = 'cc'\n";
        fs::write(root.join("far/.cargo/config"), far).unwrap();
        fs::write(root.join("far/rust-toolchain"), "1.0\n").unwrap();
        let place = root.join("place");
        hand_down(&root.join("far/near/repo"), &place, &Variables::new()).unwrap();
        let config: Table = fs::read_to_string(place.join(".cargo/config.toml")).unwrap().parse().unwrap();
        let flags: Vec<_> =
            config["build"]["rustflags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(flags, ["-f", "-m", "-n"]);
        assert_eq!(config["build"]["jobs"].as_integer(), Some(3));
        assert_eq!(config["build"]["rustc-wrapper"].as_str(), root.join("far/near/./wrap").to_str());
        assert_eq!(config["env"]["A"]["value"].as_str(), root.join("far/near/x").to_str());
        assert!(config["env"]["A"].get("relative").is_none());
        let runner = format!("{} -a", root.join("far/bin/run").display());
        assert_eq!(config["target"]["x"]["runner"].as_str(), Some(&*runner));
        assert_eq!(config["target"]["x"]["linker"].as_str(), Some("cc"));
        assert_eq!(fs::read_to_string(place.join("rust-toolchain")).unwrap(), "1.0\n");
        // Gone when the user's are.
        fs::remove_dir_all(root.join("far/near/.cargo")).unwrap();
        fs::remove_dir_all(root.join("far/.cargo")).unwrap();
        fs::remove_file(root.join("far/rust-toolchain")).unwrap();
        hand_down(&root.join("far/near/repo"), &place, &Variables::new()).unwrap();
        assert!(!place.join(".cargo/config.toml").exists() && !place.join("rust-toolchain").exists());
    }

    #[test]
    fn what_is_above_both_is_found_anyway() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join(".cargo")).unwrap();
        fs::create_dir_all(root.join("repo")).unwrap();
        fs::create_dir_all(root.join("place")).unwrap();
        fs::write(root.join(".cargo/config.toml"), "build.jobs = 1").unwrap();
        hand_down(&root.join("repo"), &root.join("place"), &Variables::new()).unwrap();
        assert!(!root.join("place/.cargo").exists());
    }
}
