//! Which targets a table of thresholds is for: an architecture, a triple or `cfg(…)`.

use std::fmt;

use cfg_expr::targets::get_builtin_target_by_triple;
use cfg_expr::{Expression, Predicate};
use thiserror::Error;

use crate::domain::arch_of;

/// The target that code was compiled for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetInfo {
    triple: String,
    arch: String,
}

impl TargetInfo {
    /// The target of a triple. The architecture is the compiler's `target_arch` where the triple is known (`x86` for
    /// `i686-…`), else the triple's first part.
    pub fn from_triple(triple: impl Into<String>) -> Self {
        let triple = triple.into();
        let arch = get_builtin_target_by_triple(&triple)
            .map_or_else(|| arch_of(&triple), |target| target.arch.as_str())
            .to_owned();
        Self { triple, arch }
    }

    /// The target triple.
    pub fn triple(&self) -> &str {
        &self.triple
    }

    /// The architecture.
    pub fn arch(&self) -> &str {
        &self.arch
    }
}

/// The key of a `[target.…]` table.
#[derive(Debug, Clone)]
pub struct TargetSelector(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Arch(String),
    Cfg(Box<Expression>),
    Triple(String),
}

/// Why a text selects no target.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TargetError {
    /// Neither an architecture nor a triple nor `cfg(…)`.
    #[error("invalid target `{0}`: write an architecture (`aarch64`), a triple or `cfg(…)`")]
    Form(String),
    /// A single word that is no architecture of any known target.
    #[error("invalid target `{text}`: there is no such architecture{}", hint(nearest.as_deref()))]
    UnknownArch {
        /// What was written.
        text: String,
        /// The architecture that is spelt most like it.
        nearest: Option<String>,
    },
    /// The expression does not parse.
    #[error("invalid target `{text}`: {reason}")]
    Expression {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A predicate that a target does not decide.
    #[error("invalid target `{text}`: `{predicate}` is not decided by a target")]
    Predicate {
        /// What was written.
        text: String,
        /// The part of it.
        predicate: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

impl TargetSelector {
    /// Reads the key of a `[target.…]` table: `aarch64`, `x86_64-unknown-linux-gnu` or `cfg(…)`.
    ///
    /// # Errors
    /// An unknown architecture, an expression that does not parse or asks for what a target does not decide
    /// (features, `test`, `debug_assertions`, flags).
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let trimmed = text.trim();
        if trimmed.starts_with("cfg(") {
            return Self::parse_cfg(trimmed);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if trimmed.is_empty() || !trimmed.chars().all(plain) {
            return Err(TargetError::Form(text.to_owned()));
        }
        if trimmed.contains('-') {
            return Ok(Self(Kind::Triple(trimmed.to_owned())));
        }
        if known_archs().any(|arch| arch == trimmed) {
            return Ok(Self(Kind::Arch(trimmed.to_owned())));
        }
        let nearest = known_archs()
            .map(|arch| (strsim::damerau_levenshtein(arch, trimmed), arch))
            .filter(|(distance, _)| *distance <= 3)
            .min();
        Err(TargetError::UnknownArch {
            text: text.to_owned(),
            nearest: nearest.map(|(_, arch)| arch.to_owned()),
        })
    }

    fn parse_cfg(text: &str) -> Result<Self, TargetError> {
        let expression = Expression::parse(text).map_err(|error| TargetError::Expression {
            text: text.to_owned(),
            reason: error.reason.to_string(),
        })?;
        let undecided = expression.predicates().find(|predicate| !matches!(predicate, Predicate::Target(_)));
        if let Some(predicate) = undecided {
            let predicate = format!("{predicate:?}");
            return Err(TargetError::Predicate { text: text.to_owned(), predicate });
        }
        Ok(Self(Kind::Cfg(Box::new(expression))))
    }

    /// Whether the selector holds for a target. A `cfg(…)` never holds for a triple the compiler does not know.
    pub fn matches(&self, target: &TargetInfo) -> bool {
        match &self.0 {
            Kind::Arch(arch) => *arch == target.arch || arch_of(&target.triple) == arch,
            Kind::Triple(triple) => *triple == target.triple,
            Kind::Cfg(expression) => get_builtin_target_by_triple(&target.triple).is_some_and(|builtin| {
                expression.eval(|predicate| match predicate {
                    Predicate::Target(wanted) => wanted.matches(builtin),
                    _ => false,
                })
            }),
        }
    }

    /// How specific the selector is: an architecture is less so than `cfg(…)`, which is less so than a triple.
    pub(crate) fn rank(&self) -> u8 {
        match self.0 {
            Kind::Arch(_) => 0,
            Kind::Cfg(_) => 1,
            Kind::Triple(_) => 2,
        }
    }
}

impl fmt::Display for TargetSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Arch(text) | Kind::Triple(text) => f.write_str(text),
            Kind::Cfg(expression) => write!(f, "cfg({})", expression.original()),
        }
    }
}

/// The architectures of the targets the compiler knows, and the first parts of their triples.
fn known_archs() -> impl Iterator<Item = &'static str> {
    cfg_expr::targets::ALL_BUILTINS
        .iter()
        .flat_map(|target| [target.arch.as_str(), arch_of(target.triple.as_str())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_kind_match_what_they_name() {
        let linux = TargetInfo::from_triple("aarch64-unknown-linux-gnu");
        let mac = TargetInfo::from_triple("aarch64-apple-darwin");
        let cases = [
            ("aarch64", true, true),
            ("x86_64", false, false),
            ("aarch64-unknown-linux-gnu", true, false),
            ("cfg(target_os = \"linux\")", true, false),
            ("cfg(all(unix, target_arch = \"aarch64\"))", true, true),
            ("cfg(not(target_os = \"linux\"))", false, true),
        ];
        for (key, on_linux, on_mac) in cases {
            let selector = TargetSelector::parse(key).unwrap();
            assert_eq!(selector.matches(&linux), on_linux, "{key}");
            assert_eq!(selector.matches(&mac), on_mac, "{key}");
            assert_eq!(selector.to_string(), key);
        }
    }

    #[test]
    fn both_names_of_an_architecture_work() {
        let target = TargetInfo::from_triple("i686-unknown-linux-gnu");
        assert_eq!(target.arch(), "x86");
        assert!(TargetSelector::parse("x86").unwrap().matches(&target));
        assert!(TargetSelector::parse("i686").unwrap().matches(&target));
        assert_eq!(TargetInfo::from_triple("weird-none").arch(), "weird");
    }

    #[test]
    fn what_selects_nothing_is_refused() {
        for (key, part) in [
            ("arch64", "did you mean `aarch64`"),
            ("", "write an architecture"),
            ("a b", "write an architecture"),
            ("cfg(", "invalid target `cfg(`"),
            ("cfg(feature = \"x\")", "not decided by a target"),
            ("cfg(debug_assertions)", "not decided by a target"),
        ] {
            let error = TargetSelector::parse(key).unwrap_err().to_string();
            assert!(error.contains(part), "{key}: {error}");
        }
    }
}
