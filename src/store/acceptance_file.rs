//! Acceptances as text: files of `baselines/accepted/`, which people review.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::domain::{Acceptance, AcceptanceSource, Limit, Metric, harmless};

/// How many patterns an acceptance may have, and how many characters a pattern or a reason.
const PATTERNS: usize = 100;
const LONGEST: usize = 1_000;

/// A text that is no acceptance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct AcceptanceFileError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub problem: AcceptanceProblem,
}

/// What is wrong with a text that is no acceptance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptanceProblem {
    /// It is no TOML, a key is unknown or missing, or a value is of the wrong kind; with the line.
    #[error("{0}")]
    Syntax(String),
    /// A value that cannot be.
    #[error("`{key}`: {reason}")]
    Value {
        /// Its key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl AcceptanceFileError {
    /// A value that cannot be.
    pub fn value(file: &str, key: &str, reason: impl Into<String>) -> Self {
        let problem = AcceptanceProblem::Value { key: key.to_owned(), reason: reason.into() };
        Self { file: file.to_owned(), problem }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Wire {
    benchmark: Patterns,
    up_to: BTreeMap<String, Amount>,
    #[serde(default)]
    arch: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`benchmark` must be a text or a list of texts")]
enum Patterns {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a bound must be a text such as \"25%\", or a whole number")]
enum Amount {
    Text(String),
    Whole(i64),
}

/// Reads the text of a file. That patterns are globs is left to those who match them.
///
/// # Errors
/// With the file and the key: no TOML, an unknown or missing key, a value that cannot be.
pub fn parse(file: &str, text: &str) -> Result<Acceptance, AcceptanceFileError> {
    let wire: Wire = toml::from_str(text).map_err(|error| AcceptanceFileError {
        file: file.to_owned(),
        problem: AcceptanceProblem::Syntax(error.to_string().trim_end().to_owned()),
    })?;
    let wrong = |key: &str, reason: &str| AcceptanceFileError::value(file, key, reason);
    let benchmarks = match wire.benchmark {
        Patterns::One(pattern) => vec![pattern],
        Patterns::Several(patterns) => patterns,
    };
    if benchmarks.is_empty() || benchmarks.iter().any(|pattern| pattern.trim().is_empty()) {
        return Err(wrong("benchmark", "it names no benchmark"));
    }
    if benchmarks.len() > PATTERNS {
        return Err(wrong("benchmark", &format!("there are more than {PATTERNS}")));
    }
    if wire.reason.trim().is_empty() {
        return Err(wrong("reason", "it is empty: say why the slowdown is worth it"));
    }
    let is_long = |text: &String| text.chars().count() > LONGEST;
    for (key, long) in [
        ("benchmark", benchmarks.iter().any(is_long)),
        ("arch", wire.arch.iter().any(is_long)),
        ("reason", is_long(&wire.reason)),
    ] {
        if long {
            return Err(wrong(key, &format!("it is longer than {LONGEST} characters")));
        }
    }
    if wire.up_to.is_empty() {
        return Err(wrong("up-to", "it names no metric"));
    }
    let up_to =
        wire.up_to.iter().map(|(name, amount)| bound(file, name, amount)).collect::<Result<_, _>>()?;
    let source = AcceptanceSource::File(file.to_owned());
    Ok(Acceptance { source, benchmarks, up_to, arch: wire.arch, reason: wire.reason.trim().to_owned() })
}

fn bound(file: &str, name: &str, amount: &Amount) -> Result<(Metric, Limit), AcceptanceFileError> {
    let key = format!("up-to.{name}");
    let wrong = |reason: String| AcceptanceFileError::value(file, &key, reason);
    let metric: Metric =
        name.parse().map_err(|error: crate::domain::metric::UnknownMetric| wrong(error.to_string()))?;
    let text = match amount {
        Amount::Text(text) => text.clone(),
        Amount::Whole(number) => number.to_string(),
    };
    let limit = Limit::parse(&text, metric).map_err(|error| wrong(error.reason()))?;
    if limit.cap().is_some() {
        return Err(wrong(format!("`{text}` caps the value; only how much worse it gets can be accepted")));
    }
    Ok((metric, limit))
}

/// The text of an acceptance, as [`parse`] reads it.
pub fn to_text(acceptance: &Acceptance) -> String {
    let list =
        |texts: &[String]| texts.iter().map(|text| harmless::toml(text)).collect::<Vec<_>>().join(", ");
    let mut text = String::from(
        "# Accepted for the change that adds this file, and no longer: written by `cargo perfguard baseline accept`.\n",
    );
    // Writing to a String cannot fail.
    let _ = match &acceptance.benchmarks[..] {
        [one] => writeln!(text, "benchmark = {}", harmless::toml(one)),
        several => {
            let lines: Vec<String> =
                several.iter().map(|one| format!("    {}", harmless::toml(one))).collect();
            writeln!(text, "benchmark = [\n{},\n]", lines.join(",\n"))
        }
    };
    let bounds: Vec<String> = acceptance
        .up_to
        .iter()
        .map(|(metric, limit)| format!("{metric} = {}", harmless::toml(&limit.display(*metric))))
        .collect();
    let _ = writeln!(text, "up-to = {{ {} }}", bounds.join(", "));
    if !acceptance.arch.is_empty() {
        let _ = writeln!(text, "arch = [{}]", list(&acceptance.arch));
    }
    let _ = writeln!(text, "reason = {}", harmless::toml(&acceptance.reason));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "baselines/accepted/a.toml";

    #[test]
    fn what_is_written_is_read_back() {
        let mut acceptance = Acceptance {
            source: AcceptanceSource::File(FILE.to_owned()),
            benchmarks: vec!["p::t::\"quoted\" \\ [1, 2]\u{202e}".to_owned()],
            up_to: BTreeMap::from([
                (Metric::WallTime, Limit::relative(0.25).unwrap()),
                (Metric::Allocations, Limit::absolute(3.0).unwrap()),
            ]),
            arch: Vec::new(),
            reason: "bounds checks restored (#812)".to_owned(),
        };
        assert_eq!(parse(FILE, &to_text(&acceptance)).unwrap(), acceptance, "{}", to_text(&acceptance));
        acceptance.benchmarks.push("p::t::b/*".to_owned());
        acceptance.arch = vec!["x86_64".to_owned(), "aarch64".to_owned()];
        assert_eq!(parse(FILE, &to_text(&acceptance)).unwrap(), acceptance, "{}", to_text(&acceptance));
    }

    #[test]
    fn what_is_no_acceptance_is_refused_with_file_and_key() {
        let good =
            "benchmark = \"p::*\"\nup-to = { wall-time = \"25%\", allocations = 3 }\nreason = \"why\"\n";
        assert!(parse(FILE, good).is_ok());
        for (from, to, told) in [
            ("benchmark = \"p::*\"\n", "", "missing field `benchmark`"),
            ("\"p::*\"", "[]", "`benchmark`: it names no benchmark"),
            ("\"p::*\"", "\" \"", "`benchmark`: it names no benchmark"),
            ("\"p::*\"", "5", "`benchmark` must be a text or a list of texts"),
            ("25%", "25", "`up-to.wall-time`: missing unit"),
            ("25%", "25% | 5ns", "`up-to.wall-time`: `25% | 5ns` caps the value"),
            ("wall-time", "wall-clock", "`up-to.wall-clock`: unknown metric"),
            ("{ wall-time = \"25%\", allocations = 3 }", "{}", "`up-to`: it names no metric"),
            ("why", "  ", "`reason`: it is empty"),
            ("reason =", "because =", "unknown field `because`"),
            ("reason = \"why\"\n", "", "missing field `reason`"),
            ("benchmark =", "benchmark", "TOML parse error at line 1"),
        ] {
            assert!(good.contains(from), "{from}");
            let error = parse(FILE, &good.replace(from, to)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{FILE}: ")) && error.contains(told), "{to}: {error}");
        }
        let long = good.replace("why", &"x".repeat(1001));
        assert!(parse(FILE, &long).unwrap_err().to_string().contains("longer than 1000 characters"));
    }
}
