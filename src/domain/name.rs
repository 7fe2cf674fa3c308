//! The full name of a benchmark: `package::target::criterion-id`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What separates the three parts of a full name.
const SEPARATOR: &str = "::";

/// One Criterion id in one bench target of one package.
///
/// Cargo forbids `:` in package and target names, so the first two separators are unambiguous whatever the
/// Criterion id holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BenchmarkName {
    package: String,
    target: String,
    id: String,
}

/// Why a text is not the full name of a benchmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    text: String,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a full benchmark name (package::target::criterion-id)", self.text)
    }
}

impl std::error::Error for NameError {}

impl BenchmarkName {
    /// Puts a name together from its parts, as Cargo and Criterion spell them.
    pub fn new(package: impl Into<String>, target: impl Into<String>, id: impl Into<String>) -> Self {
        Self { package: package.into(), target: target.into(), id: id.into() }
    }

    /// The package that owns the bench target.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// The bench target.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The package and the bench target: what several of a workspace are told apart by.
    pub fn target_name(&self) -> (String, String) {
        (self.package.clone(), self.target.clone())
    }

    /// Criterion's full id: `group/function/value`, never truncated.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for BenchmarkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SEPARATOR}{}{SEPARATOR}{}", self.package, self.target, self.id)
    }
}

impl FromStr for BenchmarkName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut parts = text.splitn(3, SEPARATOR);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(package), Some(target), Some(id))
                if !package.is_empty() && !target.is_empty() && !id.is_empty() =>
            {
                Ok(Self::new(package, target, id))
            }
            _ => Err(NameError { text: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for BenchmarkName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<BenchmarkName> for String {
    fn from(name: BenchmarkName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_criterion_id_may_hold_separators_slashes_and_emoji() {
        let name: BenchmarkName = "pkg::bench::a::b/c d/🦀\"".parse().unwrap();
        assert_eq!(name.package(), "pkg");
        assert_eq!(name.target(), "bench");
        assert_eq!(name.id(), "a::b/c d/🦀\"");
        assert_eq!(name.to_string().parse::<BenchmarkName>().unwrap(), name);
    }

    #[test]
    fn an_incomplete_name_is_refused_and_quoted() {
        for text in ["", "pkg", "pkg::bench", "pkg::bench::", "::bench::id"] {
            let error = text.parse::<BenchmarkName>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
