//! The forms a report can be written in, and how a table looks.

use std::fmt;
use std::str::FromStr;

/// In which form a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people, in a terminal or a log.
    Table,
    /// For programs: one document, schema 1.
    Json,
    /// For a pull request's comment.
    Markdown,
    /// For a browser: one file that needs no other.
    Html,
    /// For CI systems that show test results.
    Junit,
    /// For spreadsheets: a row for each metric of each benchmark.
    Csv,
    /// For Reviewdog: a diagnostic for each function that made a benchmark regress.
    Rdjson,
    /// For GitLab's merge requests: an issue for each thing that somebody should look at.
    Codequality,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Table,
        Self::Json,
        Self::Markdown,
        Self::Html,
        Self::Junit,
        Self::Csv,
        Self::Rdjson,
        Self::Codequality,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Junit => "junit",
            Self::Csv => "csv",
            Self::Rdjson => "rdjson",
            Self::Codequality => "codequality",
        }
    }
}

impl Format {
    /// What it is for, in a few words.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Table => "For people",
            Self::Json => "One document, schema 1",
            Self::Markdown => "For a pull request's comment",
            Self::Html => "One self-contained page",
            Self::Junit => "For CI servers",
            Self::Csv => "For spreadsheets",
            Self::Rdjson => "For Reviewdog",
            Self::Codequality => "For GitLab's merge requests",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`: use {formats}", formats = list(&Format::ALL))]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// A format that would make no sense of what is reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{command}` cannot be written as {format}: use {}", list(.known))]
pub struct UnsupportedFormat {
    /// What is reported.
    pub command: &'static str,
    /// The format asked for.
    pub format: Format,
    /// The formats it can be written in.
    pub known: &'static [Format],
}

fn list(formats: &[Format]) -> String {
    formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}

/// How a table looks. Other formats do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether ANSI colours are used.
    pub color: bool,
    /// How many columns there are; `None` where lines may be as long as they need.
    pub width: Option<u16>,
    /// Whether everything is shown, also what did not change.
    pub verbose: bool,
}

impl Style {
    /// The columns that prose keeps to.
    pub(super) fn prose_width(self) -> usize {
        self.width.map_or(100, |width| usize::from(width).max(MIN_WIDTH))
    }

    /// The columns that a table keeps to.
    pub(super) fn table_width(self) -> usize {
        self.width.map_or(usize::MAX, |width| usize::from(width).max(MIN_WIDTH))
    }
}

/// Below this, a table is no longer squeezed.
const MIN_WIDTH: usize = 40;
