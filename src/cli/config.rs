//! The configuration file: `perfguard.toml`, or the `metadata.perfguard` tables of Cargo.toml.
//!
//! Wire types are read here, checked once, and leave as [`Config`]. Unknown keys are errors that name the nearest
//! known one.

mod commands;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use self::commands::CommandWire;
use super::args::{CounterArg, LayoutArg, ReachArg};
use super::values;
use crate::domain::metric::UnknownMetric;
use crate::domain::near::nearest;
use crate::domain::{Claim, ClaimOrigin, CommandSpec, CreepWatch, Layout, Limit, Metric, ReachUse};
use crate::measure::counter::InstructionSource;
use crate::pipeline::claims::ClaimError;
use crate::pipeline::claims::wire::{ClaimWire, check_all};
use crate::support::bounded::{self, Links};

/// How large a configuration may be, in bytes.
const LARGEST: u64 = 4 << 20;

/// The name of the file at the workspace root.
pub(crate) const FILE_NAME: &str = "perfguard.toml";

/// The former name of the table `[builtin]`, and where it stands.
const FORMER_BUILTIN: &str = "[harness], its former name";

/// What a configuration says, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    pub(crate) baseline: Option<String>,
    pub(crate) metrics: Option<Vec<Metric>>,
    pub(crate) instructions_by: Option<InstructionSource>,
    pub(crate) inconclusive_fails: Option<bool>,
    /// Whether a benchmark that only the baseline has fails the gate.
    pub(crate) missing_fails: Option<bool>,
    pub(crate) budget: Option<Duration>,
    /// How many bytes are kept between runs.
    pub(crate) kept: Option<u64>,
    pub(crate) layout: Option<Layout>,
    /// What becomes of benchmarks that a change does not reach.
    pub(crate) reach: Option<ReachUse>,
    pub(crate) builtin: BuiltinChoice,
    pub(crate) builtin_select: Option<Vec<String>>,
    pub(crate) thresholds: Limits,
    pub(crate) targets: Vec<(String, Limits)>,
    pub(crate) benchmarks: Vec<BenchmarkRule>,
    pub(crate) claims: Vec<Claim<String>>,
    pub(crate) creep: Option<CreepWatch>,
    pub(crate) commands: Vec<CommandSpec>,
}

/// Limits by metric.
pub(crate) type Limits = Vec<(Metric, Limit)>;

/// `[[benchmark]]`: limits for the benchmarks that a glob, or a name, matches.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BenchmarkRule {
    pub(crate) glob: String,
    pub(crate) thresholds: Limits,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("failed to read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("invalid configuration in {place}: {message}")]
    Syntax { place: String, message: String, nearest: Option<String> },
    #[error("invalid `{key}` in {place}: {reason}")]
    Value { place: String, key: String, reason: String },
    #[error("{first} cannot be used with {second}")]
    Two { first: String, second: String },
    #[error("invalid claim in {place}")]
    Claim { place: String, source: ClaimError },
}

impl ConfigError {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { nearest, .. } => nearest.as_ref().map(|key| format!("did you mean `{key}`?")),
            Self::Two { first, .. } => Some(format!("keep one of them, preferably {first}")),
            Self::Claim { source, .. } => source.hint(),
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
    inconclusive: Option<GateChoice>,
    missing: Option<GateChoice>,
    budget: Option<String>,
    kept: Option<String>,
    layout: Option<LayoutArg>,
    reach: Option<ReachArg>,
    builtin: Option<BuiltinWire>,
    /// The former name of `builtin`.
    harness: Option<BuiltinWire>,
    #[serde(default)]
    thresholds: BTreeMap<String, Amount>,
    #[serde(default)]
    target: BTreeMap<String, TargetWire>,
    #[serde(default)]
    benchmark: Vec<BenchmarkWire>,
    #[serde(default)]
    claim: Vec<ClaimWire>,
    #[serde(default)]
    command: Vec<CommandWire>,
    creep: Option<CreepWire>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CreepWire {
    since: String,
    limit: BTreeMap<String, Amount>,
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
enum GateChoice {
    Pass,
    Fail,
}

/// Whether the built-in suite is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(crate) enum BuiltinChoice {
    /// Where it can differ.
    #[default]
    Auto,
    Always,
    Never,
}

impl TryFrom<toml::Value> for BuiltinChoice {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::Boolean(true) => Ok(Self::Always),
            toml::Value::Boolean(false) => Ok(Self::Never),
            toml::Value::String(text) if text == "auto" => Ok(Self::Auto),
            other => Err(format!("`{other}`: use \"auto\", true or false")),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BuiltinWire {
    enabled: Option<BuiltinChoice>,
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
    let file = match bounded::read_text(&path, LARGEST, Links::Follow) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => return Err(ConfigError::Read { path, source }),
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
    let read = |names: Vec<String>| {
        let metrics = names.iter().map(|name| values::metric(name)).collect::<Result<Vec<_>, _>>()?;
        values::metrics(&metrics)
    };
    let metrics = wire.metrics.map(read).transpose().map_err(|error| value("metrics", error.to_string()))?;
    let budget = wire
        .budget
        .map(|text| values::duration(&text).map_err(|error| value("budget", format!("`{text}`: {error}"))));
    let budget = budget.transpose()?;
    let kept = wire
        .kept
        .map(|text| values::size(&text).map_err(|error| value("kept", format!("`{text}`: {error}"))));
    let kept = kept.transpose()?;
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
    let builtin = match (wire.builtin, wire.harness) {
        (Some(_), Some(_)) => {
            return Err(ConfigError::Two {
                first: "[builtin]".to_owned(),
                second: FORMER_BUILTIN.to_owned(),
            });
        }
        (found, former) => found.or(former).unwrap_or_default(),
    };
    let claims = check_all(wire.claim, ClaimOrigin::User)
        .map_err(|source| ConfigError::Claim { place: place.to_owned(), source })?;
    let creep = wire.creep.map(|wire| {
        let limits = limits(&wire.limit, place, "creep.limit")?;
        // Only what is relative adds up.
        let percentage =
            |limit: &Limit| Limit::relative(limit.fraction(1.0)) == Some(*limit) && limit.fraction(1.0) > 0.0;
        match limits.iter().find(|(_, limit)| !percentage(limit)) {
            Some((metric, _)) => {
                Err(value(&format!("creep.limit.{metric}"), "it must be a percentage above 0".to_owned()))
            }
            None => Ok(CreepWatch { since: wire.since, limits }),
        }
    });
    let commands = commands::check_all(wire.command).map_err(|(key, reason)| value(&key, reason))?;
    Ok(Config {
        commands,
        creep: creep.transpose()?,
        baseline: wire.baseline,
        metrics,
        instructions_by: wire.instructions_by.map(InstructionSource::from),
        inconclusive_fails: wire.inconclusive.map(|choice| matches!(choice, GateChoice::Fail)),
        missing_fails: wire.missing.map(|choice| matches!(choice, GateChoice::Fail)),
        budget,
        kept,
        layout: wire.layout.map(Layout::from),
        reach: wire.reach.map(ReachUse::from),
        builtin: builtin.enabled.unwrap_or_default(),
        builtin_select: builtin.select,
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
            let metric: Metric = name.parse().map_err(|error: UnknownMetric| ConfigError::Syntax {
                place: place.to_owned(),
                message: format!("`{key}`: {error}"),
                nearest: nearest(Metric::ALL.map(Metric::name), name).into_iter().next(),
            })?;
            let text = amount.text();
            let limit = Limit::parse(&text, metric).map_err(|error| ConfigError::Value {
                place: place.to_owned(),
                key: format!("{key}.{name}"),
                reason: match error.reason() {
                    // It shows the part that is wrong.
                    reason if reason.starts_with('`') => reason,
                    reason => format!("`{text}`: {reason}"),
                },
            })?;
            Ok((metric, limit))
        })
        .collect()
}

/// Turns serde's message into an error that names the nearest known key.
fn syntax(place: &str, shown: &str, message: &impl std::fmt::Display) -> ConfigError {
    // Former names keep working and are not offered.
    let hidden = |text: &str| text.replace(", `harness`", "");
    ConfigError::Syntax {
        place: place.to_owned(),
        message: hidden(shown),
        nearest: nearest_key(&hidden(&message.to_string())),
    }
}

/// serde says "unknown field `x`, expected one of `a`, `b`": the nearest of what was expected.
fn nearest_key(message: &str) -> Option<String> {
    let rest =
        message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `"))?;
    let (unknown, expected) = rest.split_once('`')?;
    nearest(expected.split('`').skip(1).step_by(2), unknown).into_iter().next()
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
            kept = "1.5 GB"
            layout = "aligned"
            reach = "check"
            [builtin]
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
            [creep]
            since = "v*"
            limit = { wall-time = "10%", instructions = "3%" }
            "#,
            FILE_NAME,
        )
        .unwrap();
        assert_eq!(config.baseline.as_deref(), Some("origin/main"));
        assert_eq!(config.metrics, Some(vec![Metric::WallTime]));
        assert_eq!(config.inconclusive_fails, Some(true));
        assert_eq!(config.budget, Some(Duration::from_millis(2500)));
        assert_eq!(config.kept, Some(1_500_000_000));
        assert_eq!(config.layout, Some(Layout::Aligned));
        assert_eq!(config.reach, Some(ReachUse::Check));
        assert_eq!(config.builtin, BuiltinChoice::Never);
        assert_eq!(config.thresholds.len(), 2);
        assert_eq!(config.targets.len(), 2);
        assert_eq!(config.benchmarks[0].glob, "parser::*");
        assert_eq!(config.claims[0].name, "simd beats scalar");
        let creep = config.creep.unwrap();
        assert_eq!((creep.since.as_str(), creep.limits.len()), ("v*", 2));
    }

    #[test]
    fn only_percentages_may_creep() {
        for limit in ["0", "10us", "0%"] {
            let text = format!("[creep]\nsince = \"v1\"\nlimit = {{ wall-time = \"{limit}\" }}");
            let error = parse(&text, FILE_NAME).unwrap_err();
            assert!(error.to_string().contains("creep.limit"), "{error}");
        }
        assert!(parse("[creep]\nlimit = {}", FILE_NAME).is_err(), "since when?");
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        for (text, near) in [
            ("budgt = \"1s\"", "budget"),
            ("[tresholds]\nwall-time = \"5%\"", "thresholds"),
            ("[thresholds]\nwalltime = \"5%\"", "wall-time"),
            ("[builtin]\nenable = true", "enabled"),
            ("[builtn]\nenabled = true", "builtin"),
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
            ("[builtin]\nenabled = \"sometimes\"", "use \"auto\", true or false"),
            ("budget = \"10\"", "`budget`"),
            ("budget = \"-1s\"", "`budget`"),
            ("kept = \"lots\"", "`kept`"),
            ("metrics = [\"speed\"]", "`metrics`"),
            ("metrics = []", "`metrics`"),
            ("[thresholds]\nwall-time = 5", "`thresholds.wall-time`"),
            ("[thresholds]\nwall-time = \"NaN%\"", "`thresholds.wall-time`"),
            (
                "[[claim]]\nname = \"x\"\nfaster = \"a\"\nslower = \"b\"\nat-least = 0",
                "invalid claim in perfguard.toml",
            ),
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
    fn the_former_name_of_the_built_in_suite_keeps_working() {
        let old = parse("[harness]\nenabled = false\nselect = [\"strings::*\"]", FILE_NAME).unwrap();
        let new = parse("[builtin]\nenabled = false\nselect = [\"strings::*\"]", FILE_NAME).unwrap();
        assert_eq!(old, new);
        assert_eq!(new.builtin, BuiltinChoice::Never);
        assert_eq!(parse("", FILE_NAME).unwrap().builtin, BuiltinChoice::Auto);
        let auto = parse("[builtin]\nenabled = \"auto\"", FILE_NAME).unwrap();
        assert_eq!(auto.builtin, BuiltinChoice::Auto);
        let both = parse("[builtin]\nenabled = true\n[harness]\nenabled = true", FILE_NAME).unwrap_err();
        assert_eq!(both.to_string(), "[builtin] cannot be used with [harness], its former name");
    }

    #[test]
    fn two_configurations_at_one_level_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE_NAME), "").unwrap();
        let table = serde_json::json!({});
        let error = load(folder.path(), Some(("workspace.metadata.perfguard", &table)), &[]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("perfguard.toml cannot be used with [workspace.metadata.perfguard]")
        );
    }
}
