//! The configuration file: `perfguard.toml`, or the `metadata.perfguard` tables of Cargo.toml.
//!
//! Wire types are read here, checked once, and leave as [`Config`]. Unknown keys are errors that name the nearest
//! known one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::args::{CounterArg, LayoutArg};
use crate::domain::{Claim, ClaimOrigin, Layout, Limit, LimitError, Metric};
use crate::measure::counter::InstructionSource;
use crate::pipeline::claims::ClaimError;
use crate::pipeline::claims::wire::{ClaimWire, check_all};

/// The name of the file at the workspace root.
pub(crate) const FILE_NAME: &str = "perfguard.toml";

/// What a configuration says, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    pub(crate) baseline: Option<String>,
    pub(crate) metrics: Option<Vec<Metric>>,
    pub(crate) instructions_by: Option<InstructionSource>,
    pub(crate) inconclusive_fails: Option<bool>,
    pub(crate) budget: Option<Duration>,
    pub(crate) layout: Option<Layout>,
    pub(crate) harness_enabled: Option<bool>,
    pub(crate) harness_select: Option<Vec<String>>,
    pub(crate) thresholds: Limits,
    pub(crate) targets: Vec<(String, Limits)>,
    pub(crate) benchmarks: Vec<BenchmarkRule>,
    pub(crate) claims: Vec<Claim<String>>,
}

/// Limits by metric.
pub(crate) type Limits = Vec<(Metric, Limit)>;

/// `[[benchmark]]`: limits for the benchmarks that a glob matches.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BenchmarkRule {
    pub(crate) glob: String,
    pub(crate) thresholds: Limits,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("read {path}: {error}")]
    Read { path: PathBuf, error: std::io::Error },
    #[error("understand {place}: {message}")]
    Syntax { place: String, message: String, nearest: Option<String> },
    #[error("understand {place}: `{key}`: {reason}")]
    Value { place: String, key: String, reason: String },
    #[error("choose a configuration: both {first} and {second} are present")]
    Two { first: String, second: String },
    #[error("understand {place}: failed to {error}")]
    Claim { place: String, error: ClaimError },
}

impl ConfigError {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { nearest, .. } => nearest.as_ref().map(|key| format!("did you mean `{key}`?")),
            Self::Two { first, .. } => Some(format!("keep one of them; {first} is the usual place")),
            Self::Claim { error, .. } => error.hint(),
            Self::Read { .. } | Self::Value { .. } => None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Wire {
    baseline: Option<String>,
    metrics: Option<Vec<String>>,
    instructions_by: Option<CounterArg>,
    inconclusive: Option<Inconclusive>,
    budget: Option<String>,
    layout: Option<LayoutArg>,
    #[serde(default)]
    harness: HarnessWire,
    #[serde(default)]
    thresholds: BTreeMap<String, Amount>,
    #[serde(default)]
    target: BTreeMap<String, TargetWire>,
    #[serde(default)]
    benchmark: Vec<BenchmarkWire>,
    #[serde(default)]
    claim: Vec<ClaimWire>,
}

/// What one package may say about its own benchmarks.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PackageWire {
    #[serde(default)]
    thresholds: BTreeMap<String, Amount>,
    #[serde(default)]
    benchmark: Vec<BenchmarkWire>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Inconclusive {
    Pass,
    Fail,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct HarnessWire {
    enabled: Option<bool>,
    select: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TargetWire {
    #[serde(default)]
    thresholds: BTreeMap<String, Amount>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BenchmarkWire {
    #[serde(rename = "match")]
    glob: String,
    #[serde(default)]
    thresholds: BTreeMap<String, Amount>,
}

/// A threshold: text, or a bare number for counts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Amount {
    Text(String),
    Whole(i64),
    Real(f64),
}

impl Amount {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
        }
    }
}

/// Finds and reads the configuration of a workspace.
///
/// `metadata` is the `perfguard` table of the workspace's (or root package's) Cargo.toml, `packages` those of its
/// members by name.
pub(crate) fn load(
    root: &Path,
    metadata: Option<(&str, &serde_json::Value)>,
    packages: &[(String, serde_json::Value)],
) -> Result<Config, ConfigError> {
    let path = root.join(FILE_NAME);
    let file = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(ConfigError::Read { path, error }),
    };
    let mut config = match (file, metadata) {
        (Some(_), Some((table, _))) => {
            return Err(ConfigError::Two {
                first: FILE_NAME.to_owned(),
                second: format!("[{table}] in Cargo.toml"),
            });
        }
        (Some(text), None) => parse(&text, FILE_NAME)?,
        (None, Some((table, value))) => {
            let place = format!("[{table}] in Cargo.toml");
            let wire =
                Wire::deserialize(value).map_err(|error| syntax(&place, &error.to_string(), &error))?;
            check(wire, &place)?
        }
        (None, None) => Config::default(),
    };
    for (package, value) in packages {
        config.benchmarks.extend(package_rules(package, value)?);
    }
    Ok(config)
}

/// Reads the text of a configuration file.
pub(crate) fn parse(text: &str, place: &str) -> Result<Config, ConfigError> {
    let wire: Wire = toml::from_str(text)
        .map_err(|error| syntax(place, error.to_string().trim_end(), &error.message()))?;
    check(wire, place)
}

/// The rules of one package's own table, held to its own benchmarks.
fn package_rules(package: &str, value: &serde_json::Value) -> Result<Vec<BenchmarkRule>, ConfigError> {
    let place = format!("[package.metadata.perfguard] of {package}");
    let wire = PackageWire::deserialize(value).map_err(|error| syntax(&place, &error.to_string(), &error))?;
    let mut rules = Vec::new();
    if !wire.thresholds.is_empty() {
        rules.push(BenchmarkRule {
            glob: format!("{package}::*"),
            thresholds: limits(&wire.thresholds, &place, "thresholds")?,
        });
    }
    for entry in &wire.benchmark {
        let own = format!("{package}::");
        let glob =
            if entry.glob.starts_with(&own) { entry.glob.clone() } else { format!("{own}{}", entry.glob) };
        rules.push(BenchmarkRule { glob, thresholds: limits(&entry.thresholds, &place, &entry.glob)? });
    }
    Ok(rules)
}

fn check(wire: Wire, place: &str) -> Result<Config, ConfigError> {
    let value = |key: &str, reason: String| ConfigError::Value {
        place: place.to_owned(),
        key: key.to_owned(),
        reason,
    };
    let metrics =
        wire.metrics.map(|names| metrics(&names)).transpose().map_err(|reason| value("metrics", reason))?;
    let budget =
        wire.budget.map(|text| duration(&text)).transpose().map_err(|reason| value("budget", reason))?;
    let mut targets = Vec::new();
    for (selector, table) in &wire.target {
        targets.push((
            selector.clone(),
            limits(&table.thresholds, place, &format!("target.{selector}.thresholds"))?,
        ));
    }
    let mut benchmarks = Vec::new();
    for entry in &wire.benchmark {
        benchmarks.push(BenchmarkRule {
            glob: entry.glob.clone(),
            thresholds: limits(&entry.thresholds, place, &format!("benchmark `{}`", entry.glob))?,
        });
    }
    let claims = check_all(wire.claim, ClaimOrigin::User)
        .map_err(|error| ConfigError::Claim { place: place.to_owned(), error })?;
    Ok(Config {
        baseline: wire.baseline,
        metrics,
        instructions_by: wire.instructions_by.map(InstructionSource::from),
        inconclusive_fails: wire.inconclusive.map(|choice| matches!(choice, Inconclusive::Fail)),
        budget,
        layout: wire.layout.map(Layout::from),
        harness_enabled: wire.harness.enabled,
        harness_select: wire.harness.select,
        thresholds: limits(&wire.thresholds, place, "thresholds")?,
        targets,
        benchmarks,
        claims,
    })
}

fn limits(table: &BTreeMap<String, Amount>, place: &str, key: &str) -> Result<Limits, ConfigError> {
    table
        .iter()
        .map(|(name, amount)| {
            let value = |reason: String, near: Option<String>| match near {
                Some(nearest) => ConfigError::Syntax {
                    place: place.to_owned(),
                    message: format!("`{key}`: {reason}"),
                    nearest: Some(nearest),
                },
                None => ConfigError::Value { place: place.to_owned(), key: format!("{key}.{name}"), reason },
            };
            let metric: Metric = name.parse().map_err(|error: crate::domain::metric::UnknownMetric| {
                value(error.to_string(), nearest(name, Metric::ALL.iter().map(|metric| metric.name())))
            })?;
            let limit = Limit::parse(&amount.text(), metric)
                .map_err(|error: LimitError| value(error.to_string(), None))?;
            Ok((metric, limit))
        })
        .collect()
}

/// Reads metrics by name.
pub(crate) fn metrics(names: &[String]) -> Result<Vec<Metric>, String> {
    let mut metrics = Vec::new();
    for name in names {
        let metric: Metric =
            name.trim().parse().map_err(|error: crate::domain::metric::UnknownMetric| error.to_string())?;
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    if metrics.is_empty() {
        return Err("at least one metric is needed".to_owned());
    }
    metrics.sort_unstable();
    Ok(metrics)
}

/// Reads a duration: `10s`, `500ms`, `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-'))).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` does not start with a number (write `10s` or `500ms`)"))?;
    let scale = match unit.trim() {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "" => return Err(format!("`{text}` has no unit (write `10s` or `500ms`)")),
        other => return Err(format!("`{other}` is no unit of time (write `10s` or `500ms`)")),
    };
    let seconds = number * scale;
    if seconds > 0.0 && seconds <= 86_400.0 {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(format!("`{text}` must be more than zero and at most a day"))
    }
}

/// Reads an age: `90d`, `12h`, or a [`duration`].
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let units = [('d', 86_400), ('h', 3_600)];
    for (unit, seconds) in units {
        if let Some(number) = text.trim().strip_suffix(unit) {
            let number: u32 = number.parse().map_err(|_| format!("`{text}` does not start with a number"))?;
            return Ok(Duration::from_secs(u64::from(number) * seconds));
        }
    }
    duration(text)
}

/// Turns serde's message into an error that names the nearest known key.
fn syntax(place: &str, shown: &str, message: &impl std::fmt::Display) -> ConfigError {
    ConfigError::Syntax {
        place: place.to_owned(),
        message: shown.to_owned(),
        nearest: nearest_key(&message.to_string()),
    }
}

/// serde says "unknown field `x`, expected one of `a`, `b`": the nearest of what was expected.
fn nearest_key(message: &str) -> Option<String> {
    let rest =
        message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `"))?;
    let (unknown, expected) = rest.split_once('`')?;
    nearest(unknown, expected.split('`').skip(1).step_by(2))
}

/// The most similar of several words, if any is similar at all.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_example_is_understood() {
        let config = parse(
            r#"
            baseline = "origin/main"
            metrics = ["wall-time"]
            inconclusive = "fail"
            budget = "2.5s"
            layout = "aligned"
            [harness]
            enabled = false
            select = ["strings::*"]
            [thresholds]
            wall-time = "5% + 2ns"
            allocations = 0
            [target.aarch64.thresholds]
            wall-time = "8%"
            [target.'cfg(target_os = "linux")'.thresholds]
            wall-time = "7%"
            [[benchmark]]
            match = "parser::*"
            thresholds = { wall-time = "3%" }
            [[claim]]
            name = "simd beats scalar"
            faster = "kernels::sum/simd"
            slower = "kernels::sum/scalar"
            at-least = { x86_64 = 1.5, aarch64 = 1.2 }
            "#,
            FILE_NAME,
        )
        .unwrap();
        assert_eq!(config.baseline.as_deref(), Some("origin/main"));
        assert_eq!(config.metrics, Some(vec![Metric::WallTime]));
        assert_eq!(config.inconclusive_fails, Some(true));
        assert_eq!(config.budget, Some(Duration::from_millis(2500)));
        assert_eq!(config.layout, Some(Layout::Aligned));
        assert_eq!(config.harness_enabled, Some(false));
        assert_eq!(config.thresholds.len(), 2);
        assert_eq!(config.targets.len(), 2);
        assert_eq!(config.benchmarks[0].glob, "parser::*");
        assert_eq!(config.claims[0].name, "simd beats scalar");
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        for (text, near) in [
            ("budgt = \"1s\"", "budget"),
            ("[tresholds]\nwall-time = \"5%\"", "thresholds"),
            ("[thresholds]\nwalltime = \"5%\"", "wall-time"),
            ("[harness]\nenable = true", "enabled"),
            ("[[benchmark]]\nmach = \"x\"", "match"),
            ("[[claim]]\nname = \"x\"\nfastr = \"a\"", "faster"),
            ("inconclusive = \"fial\"", "fail"),
        ] {
            let error = parse(text, FILE_NAME).unwrap_err();
            assert_eq!(error.hint(), Some(format!("did you mean `{near}`?")), "{text}: {error}");
        }
    }

    #[test]
    fn bad_values_name_their_key() {
        for (text, part) in [
            ("budget = \"10\"", "`budget`"),
            ("budget = \"-1s\"", "`budget`"),
            ("metrics = [\"speed\"]", "`metrics`"),
            ("metrics = []", "`metrics`"),
            ("[thresholds]\nwall-time = 5", "`thresholds.wall-time`"),
            ("[thresholds]\nwall-time = \"NaN%\"", "`thresholds.wall-time`"),
            ("[[claim]]\nname = \"x\"\nfaster = \"a\"\nslower = \"b\"\nat-least = 0", "`x`: at-least is 0"),
        ] {
            let error = parse(text, FILE_NAME).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_package_speaks_for_its_own_benchmarks_only() {
        let value = serde_json::json!({
            "thresholds": { "wall-time": "3%" },
            "benchmark": [{ "match": "parse*", "thresholds": { "wall-time": "9%" } }]
        });
        let folder = tempfile::tempdir().unwrap();
        let config = load(folder.path(), None, &[("fast".to_owned(), value)]).unwrap();
        let globs: Vec<_> = config.benchmarks.iter().map(|rule| rule.glob.as_str()).collect();
        assert_eq!(globs, ["fast::*", "fast::parse*"]);
    }

    #[test]
    fn two_configurations_at_one_level_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE_NAME), "").unwrap();
        let table = serde_json::json!({});
        let error = load(folder.path(), Some(("workspace.metadata.perfguard", &table)), &[]).unwrap_err();
        assert!(error.to_string().contains("both perfguard.toml and [workspace.metadata.perfguard]"));
    }
}
