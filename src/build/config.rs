//! The few settings that are needed of Cargo's configuration, read as Cargo reads it.
//!
//! `--config` beats the environment, which beats the files; of the files the one nearest to the workspace wins, and
//! lists are joined. See the Cargo book, "Configuration".

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::domain::Variables;

use super::BuildError;
use super::environment::variable_part;

/// How deep files may include files: enough for any sane set-up, and an end for a circle.
const INCLUDE_DEPTH: usize = 8;

/// Tables that say nothing about what comes out of a compiler; some of them hold secrets that change.
const IRRELEVANT: [&str; 6] = ["alias", "credential-alias", "http", "net", "registry", "term"];

/// One source of settings.
#[derive(Debug, Clone)]
struct Layer {
    table: Table,
    /// What relative paths in it are relative to.
    base: PathBuf,
}

/// Cargo's configuration for one workspace.
#[derive(Debug, Clone)]
pub(super) struct CargoConfig {
    /// `--config`, the last first.
    overrides: Vec<Layer>,
    environment: Variables,
    /// Files, the nearest first.
    files: Vec<Layer>,
}

impl CargoConfig {
    /// Reads the `--config` flags and the files from the workspace upwards and in Cargo's home.
    pub(super) fn load(
        workspace: &Path,
        environment: &Variables,
        flags: &[String],
    ) -> Result<Self, BuildError> {
        let mut overrides = Vec::new();
        for flag in flags.iter().rev() {
            let file = workspace.join(flag);
            if file.is_file() {
                read(&file, workspace, INCLUDE_DEPTH, &mut overrides)?;
            } else {
                let table = parse(flag, || format!("`--config {flag}`"))?;
                overrides.push(Layer { table, base: workspace.to_owned() });
            }
        }
        let mut files = Vec::new();
        let home = home(environment);
        let folders = workspace.ancestors().map(|folder| folder.join(".cargo"));
        let mut seen = Vec::new();
        for folder in folders.chain(home) {
            if seen.contains(&folder) {
                continue;
            }
            let named = ["config", "config.toml"].map(|name| folder.join(name));
            if let Some(path) = named.iter().find(|path| path.is_file()) {
                read(path, folder.parent().unwrap_or(&folder), INCLUDE_DEPTH, &mut files)?;
            }
            seen.push(folder);
        }
        Ok(Self { overrides, environment: environment.clone(), files })
    }

    /// A variable of the environment; an empty one counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(OsStr::new(name))
            .and_then(|value| value.to_str())
            .filter(|text| !text.is_empty())
    }

    /// The value of a setting and the folder its relative paths start at; the environment twin comes between flags and files.
    pub(super) fn value(&self, keys: &[&str], variable: &str) -> Option<(Value, &Path)> {
        if let Some(found) = first(&self.overrides, keys) {
            return Some(found);
        }
        match self.variable(variable) {
            Some(text) => Some((Value::String(text.to_owned()), Path::new(""))),
            None => first(&self.files, keys),
        }
    }

    /// Every value of a setting that flags and files hold, from the weakest to the strongest: how Cargo joins lists.
    pub(super) fn joined(&self, keys: &[&str]) -> Vec<String> {
        let layers = self.files.iter().rev().chain(self.overrides.iter().rev());
        layers.filter_map(|layer| lookup(&layer.table, keys)).flat_map(words).collect()
    }

    /// The tables `target.'cfg(…)'` that hold for a target, by their names.
    pub(super) fn matching_cfgs(&self, triple: &str) -> Vec<String> {
        let tables =
            self.overrides.iter().chain(&self.files).filter_map(|layer| lookup(&layer.table, &["target"]));
        let mut names: Vec<String> = tables
            .filter_map(Value::as_table)
            .flat_map(Table::keys)
            .filter(|name| name.starts_with("cfg(") && cfg_holds(name, triple))
            .cloned()
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The one target that the configuration builds for, if it names one.
    pub(super) fn build_target(&self) -> Result<Option<String>, BuildError> {
        let Some((value, _)) = self.value(&["build", "target"], "CARGO_BUILD_TARGET") else {
            return Ok(None);
        };
        let mut targets = match value {
            Value::Array(targets) => targets.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::String(target) => vec![target],
            _ => Vec::new(),
        };
        match targets.len() {
            0 => Ok(None),
            1 => Ok(targets.pop()),
            _ => Err(BuildError::Setting {
                key: "build.target".to_owned(),
                reason: "more than one target, and results are kept by target",
            }),
        }
    }

    /// The flags given to every rustc for a target, as Cargo joins them: one source only, the first of the two
    /// variables, the target's tables, the `build` table.
    pub(super) fn rustflags(&self, triple: &str) -> Vec<String> {
        if let Some(text) = self.variable("CARGO_ENCODED_RUSTFLAGS") {
            return text.split('\u{1f}').map(str::to_owned).collect();
        }
        if let Some(text) = self.variable("RUSTFLAGS") {
            return text.split_whitespace().map(str::to_owned).collect();
        }
        let mut flags = self.joined(&["target", triple, "rustflags"]);
        let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", variable_part(triple));
        flags.extend(self.variable(&variable).into_iter().flat_map(str::split_whitespace).map(str::to_owned));
        for name in self.matching_cfgs(triple) {
            flags.extend(self.joined(&["target", &name, "rustflags"]));
        }
        if flags.is_empty() {
            flags = self.joined(&["build", "rustflags"]);
            let variable = self.variable("CARGO_BUILD_RUSTFLAGS");
            flags.extend(variable.into_iter().flat_map(str::split_whitespace).map(str::to_owned));
        }
        flags
    }

    /// The `[env]` table: variables for programs that Cargo runs, unless the environment has them already.
    pub(super) fn run_variables(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for layer in self.files.iter().rev().chain(self.overrides.iter().rev()) {
            for (name, value) in
                lookup(&layer.table, &["env"]).and_then(Value::as_table).into_iter().flatten()
            {
                let on = |key: &str| value.get(key).and_then(Value::as_bool) == Some(true);
                let Some(text) = value.as_str().or_else(|| value.get("value")?.as_str()) else { continue };
                if self.environment.contains_key(OsStr::new(name)) && !on("force") {
                    continue;
                }
                let text = if on("relative") {
                    layer.base.join(text).display().to_string()
                } else {
                    text.to_owned()
                };
                variables.insert(name.clone(), text);
            }
        }
        variables
    }

    /// Everything the configuration says about compiling, as text: what an executable is kept by.
    pub(super) fn text(&self) -> String {
        let layers = self.overrides.iter().chain(&self.files);
        let tables = layers.map(|layer| {
            let mut table = layer.table.clone();
            table.retain(|key, _| !IRRELEVANT.contains(&key));
            table.to_string()
        });
        tables.collect::<Vec<_>>().join("\n")
    }
}

/// A list of strings, or a string of words, as a list.
pub(super) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Cargo's home folder.
fn home(environment: &Variables) -> Option<PathBuf> {
    let variable = |name: &str| environment.get(OsStr::new(name)).filter(|value| !value.is_empty());
    variable("CARGO_HOME").map(PathBuf::from).or_else(|| Some(Path::new(variable("HOME")?).join(".cargo")))
}

/// Reads a file and, after it because they are weaker, the files that it includes.
fn read(path: &Path, base: &Path, depth: usize, layers: &mut Vec<Layer>) -> Result<(), BuildError> {
    let text = fs::read_to_string(path).map_err(BuildError::file("read", path))?;
    let table = parse(&text, || format!("`{}`", path.display()))?;
    let includes: Vec<PathBuf> = match table.get("include") {
        Some(Value::String(name)) => vec![name.into()],
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| item.as_str().or_else(|| item.get("path")?.as_str()))
            .map(PathBuf::from)
            .collect(),
        _ => Vec::new(),
    };
    layers.push(Layer { table, base: base.to_owned() });
    if depth > 0 {
        let folder = path.parent().unwrap_or(base);
        for included in includes.iter().rev().map(|name| folder.join(name)).filter(|path| path.is_file()) {
            read(&included, base, depth - 1, layers)?;
        }
    }
    Ok(())
}

fn parse(text: &str, origin: impl FnOnce() -> String) -> Result<Table, BuildError> {
    text.parse().map_err(|source| BuildError::Toml { origin: origin(), source: Box::new(source) })
}

/// The first layer's value of a setting, and where its relative paths start.
fn first<'a>(layers: &'a [Layer], keys: &[&str]) -> Option<(Value, &'a Path)> {
    layers.iter().find_map(|layer| Some((lookup(&layer.table, keys)?.clone(), layer.base.as_path())))
}

/// Follows keys down a table.
pub(super) fn lookup<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))
}

/// Whether `cfg(…)` holds for a target that rustc knows. Compile-time switches and CPU features count as off.
fn cfg_holds(text: &str, triple: &str) -> bool {
    let Ok(expression) = cfg_expr::Expression::parse(text) else { return false };
    let Some(target) = cfg_expr::targets::get_builtin_target_by_triple(triple) else { return false };
    expression.eval(|predicate| match predicate {
        cfg_expr::Predicate::Target(predicate) => predicate.matches(target),
        _ => false,
    })
}

#[cfg(test)]
pub(in crate::build) mod tests {
    use super::*;

    /// What flags and variables say, without any file.
    pub(in crate::build) fn loaded(flags: &[&str], variables: &[(&str, &str)]) -> CargoConfig {
        let environment: Variables =
            variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        CargoConfig::load(Path::new("/no/such/folder"), &environment, &flags).unwrap()
    }

    const LINUX: &str = "x86_64-unknown-linux-gnu";

    fn config(files: &[&str], flags: &[&str], variables: &[(&str, &str)]) -> CargoConfig {
        let layer = |text: &&str| Layer { table: text.parse().unwrap(), base: PathBuf::from("/base") };
        CargoConfig {
            overrides: flags.iter().map(layer).collect(),
            environment: variables.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            files: files.iter().map(layer).collect(),
        }
    }

    #[test]
    fn flags_beat_variables_and_variables_beat_files() {
        let files = ["build.target = 'near'", "build.target = 'far'"];
        let variables = [("CARGO_BUILD_TARGET", "variable")];
        let target = |config: CargoConfig| config.build_target().unwrap().unwrap();
        assert_eq!(target(config(&files, &["build.target = ['flag']"], &variables)), "flag");
        assert_eq!(target(config(&files, &[], &variables)), "variable");
        assert_eq!(target(config(&files, &[], &[])), "near");
        assert_eq!(config(&[], &[], &[]).build_target().unwrap(), None);
        assert!(config(&["build.target = ['a', 'b']"], &[], &[]).build_target().is_err());
    }

    #[test]
    fn one_source_of_rustflags_wins_and_lists_are_joined() {
        let near = "build.rustflags = ['-b']\n[target.x86_64-unknown-linux-gnu]\nrustflags = '-n1 -n2'\n";
        let far = "[target.x86_64-unknown-linux-gnu]\nrustflags = ['-f']\n[target.'cfg(unix)']\nrustflags = ['-u']\n\
                   [target.'cfg(windows)']\nrustflags = ['-w']\n";
        let files = [near, far];
        assert_eq!(config(&files, &[], &[]).rustflags(LINUX), ["-f", "-n1", "-n2", "-u"]);
        assert_eq!(config(&files, &[], &[("RUSTFLAGS", "-a -b")]).rustflags(LINUX), ["-a", "-b"]);
        let encoded = [("CARGO_ENCODED_RUSTFLAGS", "-a b\u{1f}-c"), ("RUSTFLAGS", "-x")];
        assert_eq!(config(&files, &[], &encoded).rustflags(LINUX), ["-a b", "-c"]);
        assert_eq!(config(&files, &[], &[]).rustflags("aarch64-pc-windows-msvc"), ["-w"]);
        assert_eq!(config(&[near], &[], &[]).rustflags("aarch64-pc-windows-msvc"), ["-b"]);
    }

    #[test]
    fn files_are_read_from_the_workspace_upwards_with_what_they_include() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir_all(inner.join(".cargo")).unwrap();
        fs::create_dir_all(folder.path().join(".cargo")).unwrap();
        fs::write(inner.join(".cargo/config.toml"), "include = ['more.toml']\nbuild.jobs = 1").unwrap();
        fs::write(inner.join(".cargo/more.toml"), "build.jobs = 2\nbuild.rustc = 'more'").unwrap();
        fs::write(folder.path().join(".cargo/config"), "build.rustc = 'outer'\nbuild.target = 'outer'")
            .unwrap();
        let config = CargoConfig::load(&inner, &Variables::new(), &["build.jobs=3".to_owned()]).unwrap();
        let value = |key: &str| config.value(&["build", key], "").unwrap().0;
        assert_eq!(value("jobs"), Value::Integer(3));
        assert_eq!(value("rustc"), Value::String("more".into()));
        assert_eq!(value("target"), Value::String("outer".into()));
        assert!(matches!(
            CargoConfig::load(&inner, &Variables::new(), &["no toml".to_owned()]),
            Err(BuildError::Toml { .. })
        ));
    }

    #[test]
    fn run_variables_obey_force_and_relative() {
        let file = "[env]\nPLAIN = 'a'\nTAKEN = 'a'\nFORCED = { value = 'a', force = true }\n\
                    PLACE = { value = 'sub', relative = true }";
        let variables = config(&[file], &[], &[("TAKEN", "b"), ("FORCED", "b")]).run_variables();
        let pairs: Vec<(&str, &str)> = variables.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("FORCED", "a"), ("PLACE", "/base/sub"), ("PLAIN", "a")]);
    }
}
