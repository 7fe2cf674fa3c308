//! A slowdown that a change says it brings: of what, why, and how large it may be.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::limit::Limit;
use super::metric::Metric;

/// How a flag is named where a file would be.
const FLAG: &str = "--accept";

/// Where an acceptance is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptanceSource {
    /// In a file of the change, by its path below the workspace root, with `/` between the parts.
    File(String),
    /// On the command line: it beats files.
    Flag,
}

impl AcceptanceSource {
    /// The file, or the flag.
    pub fn name(&self) -> &str {
        match self {
            Self::File(path) => path,
            Self::Flag => FLAG,
        }
    }

    /// Reads what [`AcceptanceSource::name`] says.
    pub fn of_name(name: &str) -> Self {
        if name == FLAG { Self::Flag } else { Self::File(name.to_owned()) }
    }
}

impl fmt::Display for AcceptanceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A slowdown that is accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Where it is written.
    pub source: AcceptanceSource,
    /// The benchmarks it is about: full names, or globs over them.
    pub benchmarks: Vec<String>,
    /// The largest worsening that is accepted. A metric that is not named is not accepted at all.
    pub up_to: BTreeMap<Metric, Limit>,
    /// The architectures it is about; all where there are none.
    pub arch: Vec<String>,
    /// Why, in the words of whoever wrote it; empty for a flag.
    pub reason: String,
}

/// By what a regression is accepted, or what it is beyond.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The files, or the flag; several are separated by a comma.
    pub file: String,
    /// Their reasons; several are separated by a semicolon.
    pub reason: String,
    /// The largest worsening that all of them accept together.
    pub up_to: Limit,
}

/// What became of an acceptance. The later ones say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptanceUse {
    /// No benchmark matches it.
    Unmatched,
    /// Nothing that it matches has regressed.
    Unneeded,
    /// Something that it matches regressed by more.
    Exceeded,
    /// A regression is accepted by it.
    Used,
}

/// An acceptance that is in force, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptanceOutcome {
    /// The acceptance.
    pub acceptance: Acceptance,
    /// What became of it.
    pub came_to: AcceptanceUse,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_to_the_last_bit() {
        let acceptance = Acceptance {
            source: AcceptanceSource::File("baselines/accepted/a.toml".into()),
            benchmarks: vec!["p::t::*".into()],
            up_to: BTreeMap::from([
                (Metric::WallTime, Limit::relative(0.1 + 0.2).unwrap()),
                (Metric::Allocations, Limit::absolute(3.0).unwrap()),
            ]),
            arch: vec!["x86_64".into()],
            reason: "bounds checks".into(),
        };
        let text = serde_json::to_string(&acceptance).unwrap();
        assert_eq!(serde_json::from_str::<Acceptance>(&text).unwrap(), acceptance, "{text}");
        for source in [acceptance.source, AcceptanceSource::Flag] {
            assert_eq!(AcceptanceSource::of_name(source.name()), source);
        }
    }
}
