//! Baseline files: reviewed results as text that shows well in a diff.
//!
//! One file for each architecture and machine. Everything has one place: machine, builds by name, benchmarks by name,
//! one line for each metric. Writing the same results again changes no byte.

mod export;
mod folder;
mod parse;
mod text;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

pub use folder::FolderError;

use crate::domain::metric::UnknownMetric;
use crate::domain::name::NameError;
use crate::domain::{BenchmarkName, BuildFingerprint, ClaimVerdict, CommitId, MachineFacts, Metric};
use crate::support::hex::hexadecimal;

/// The format written, and the newest one read.
const FORMAT: i64 = 1;
/// The last line, so that a file cut short is noticed wherever it was cut.
const END: &str = "[end]";
/// How many hexadecimal digits name a build or tell machines of the same model apart.
const NAME_DIGITS: usize = 12;

/// What was accepted as the state of things on one machine and architecture.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineFile {
    /// The architecture the benchmarks were compiled for.
    pub arch: String,
    /// The machine they ran on.
    pub machine: MachineFacts,
    /// The values.
    pub results: BTreeMap<(BenchmarkName, Metric), BaselineResult>,
    /// What was found about claims, by name.
    pub claims: BTreeMap<String, BaselineClaim>,
}

/// The value of one metric of one benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineResult {
    /// The commit it was measured at.
    pub commit: CommitId,
    /// The build.
    pub build: BuildFingerprint,
    /// The median over runs, in the metric's unit.
    pub value: f64,
    /// The robust spread between runs, as a fraction of their median; `None` for fewer than three.
    pub spread: Option<f64>,
    /// The same between launches.
    pub launch_spread: Option<f64>,
    /// On how many runs it was measured.
    pub runs: u32,
    /// How many launches that is from, in all.
    pub launches: u32,
}

/// What was found about one claim.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineClaim {
    /// The commit it was measured at.
    pub commit: CommitId,
    /// The build.
    pub build: BuildFingerprint,
    /// What was found.
    pub verdict: ClaimVerdict,
    /// slower/faster.
    pub ratio: Option<f64>,
    /// The interval of `ratio`.
    pub interval: Option<(f64, f64)>,
    /// The ratio that was claimed.
    pub at_least: f64,
}

/// A text that is no baseline file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the baseline file: {problem}")]
pub struct BaselineFileError {
    line: usize,
    problem: BaselineProblem,
}

impl BaselineFileError {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &BaselineProblem {
        &self.problem
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match &self.problem {
            BaselineProblem::Newer { .. } => Some("update cargo-perfguard"),
            BaselineProblem::OtherArch { .. } => Some("take the file of this architecture"),
            BaselineProblem::NoFormat => Some("name a file that `cargo perfguard baseline export` wrote"),
            _ => Some("restore it with git, or write it again with `cargo perfguard baseline export`"),
        }
    }
}

/// What is wrong with a baseline file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineProblem {
    /// It does not begin with `format = …`.
    #[error("it does not begin with `format = {FORMAT}`, as baseline files do")]
    NoFormat,
    /// A newer version of this program wrote it.
    #[error("it has format {found}, and this program knows formats up to {FORMAT}")]
    Newer {
        /// What it says.
        found: i64,
    },
    /// Its end is missing.
    #[error("the file is cut short: its last line must be `{END}`")]
    Truncated,
    /// It is no TOML, or has keys or kinds of values that do not belong there.
    #[error("{0}")]
    Syntax(String),
    /// No full name of a benchmark.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No metric.
    #[error(transparent)]
    Metric(#[from] UnknownMetric),
    /// No full commit.
    #[error("`{0}` is not a full commit id")]
    Commit(String),
    /// A build that the file does not describe.
    #[error("the file does not describe the build `{0}`")]
    UnknownBuild(String),
    /// A description of a build that was changed by hand.
    #[error("the build `{0}` is not the one described: its name belongs to other values")]
    ChangedBuild(String),
    /// Results of another architecture.
    #[error("it holds results for {found}, not {expected}")]
    OtherArch {
        /// What it holds.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// A figure that cannot be.
    #[error("`{field}` must be {expected}")]
    Figure {
        /// Its key.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// No verdict about a claim.
    #[error("unknown verdict `{0}`; the verdicts are confirmed, refuted, undecided")]
    Verdict(String),
}

impl BaselineFile {
    /// Whether the executables ran under an emulator: then the machine is the emulator's, and there are no times.
    fn is_emulated(&self) -> bool {
        self.machine.emulates(&self.arch)
    }

    /// The file's name: architecture, CPU model (or that it was emulated), and what tells machines of the same model apart.
    pub fn file_name(&self) -> String {
        let mut slug = String::new();
        for c in self.machine.cpu_of(&self.arch).chars() {
            if c.is_ascii_alphanumeric() {
                slug.push(c.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        let key = hex(Sha256::digest(self.machine.key.as_str()).as_slice());
        format!("{}-{}-{key}.toml", self.arch, slug.trim_end_matches('-'))
    }

    /// Refuses a file of another architecture.
    ///
    /// # Errors
    /// [`BaselineProblem::OtherArch`].
    pub fn require_arch(&self, arch: &str) -> Result<(), BaselineFileError> {
        if self.arch == arch {
            return Ok(());
        }
        let (found, expected) = (self.arch.clone(), arch.to_owned());
        // Where [`BaselineFile::to_text`] writes it: after the comment and the format.
        Err(BaselineFileError { line: 3, problem: BaselineProblem::OtherArch { found, expected } })
    }
}

/// Names a build by its values, so that another build in the file changes no line of this one.
fn build_name(build: &BuildFingerprint) -> String {
    name_of(&build.fields())
}

/// The name of a build with these values, in the words they are written in.
fn name_of(fields: &[(&str, String)]) -> String {
    let mut hash = Sha256::new();
    for (name, value) in fields {
        hash.update(name);
        hash.update([0]);
        hash.update(value);
        hash.update([0]);
    }
    hex(hash.finalize().as_slice())
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = hexadecimal(bytes);
    digits.truncate(NAME_DIGITS);
    digits
}

#[cfg(test)]
mod tests;
