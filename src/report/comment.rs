//! What is published about a report: a comment, a check run, a badge. All of it is made from the report's facts, and none of
//! its texts can ping, link, or pass for more than text.

use std::fmt::Write as _;

use crate::domain::{BenchmarkOutcome, ClaimOutcome, Report, Trouble};

use super::closing::{Tone, closing};
use super::findings::{self, Level};
use super::markdown::{code, escape};
use super::text::{begin, clean, plural};
use super::{sentences, summary};

/// GitHub refuses comments and summaries of checks above 65 536 characters.
pub const LONGEST: usize = 60_000;

/// How many annotations a check gets at most.
pub const MOST_ANNOTATIONS: usize = 500;

/// Titles are cut here, in characters: GitHub takes 255.
const LONGEST_TITLE: usize = 200;

/// Messages of what did not run are cut here, in characters.
const LONGEST_MESSAGE: usize = 1_000;

/// How many errors are shown of what did not run.
const MOST_ERRORS: usize = 20;

/// What stands around the text of a comment. Both are ours, and are published as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The first line, by which the comment is found again.
    pub first: String,
    /// The address of the run that measured.
    pub run: Option<String>,
}

/// An annotation of a check run, at a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The file, from the repository's root.
    pub path: String,
    /// The line.
    pub line: u32,
    /// Whether it fails the gate.
    pub fails: bool,
    /// A heading.
    pub title: String,
    /// What was found.
    pub message: String,
}

/// A badge as shields.io draws it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    /// What it says.
    pub message: &'static str,
    /// Its colour.
    pub color: &'static str,
}

impl Badge {
    /// There is no report.
    pub const DID_NOT_RUN: Self = Self { message: "did not run", color: "red" };
}

/// How a check run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Green: the gate passed, and something was decided.
    Success,
    /// Grey: nothing fails, and nothing is shown either.
    Neutral,
    /// Red.
    Failure,
}

impl Conclusion {
    /// Its name on GitHub.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Neutral => "neutral",
            Self::Failure => "failure",
        }
    }
}

impl Frame {
    fn around(&self, markdown: &str) -> String {
        let mut text = format!("{}\n{}", self.first, defused(markdown.trim_end()));
        if let Some(run) = &self.run {
            let _ = write!(text, "\n\n<sub>[The run that measured this]({run})</sub>");
        }
        text.push('\n');
        text
    }
}

/// The report as a comment of at most [`LONGEST`] bytes, as whole as fits.
pub fn body(frame: &Frame, report: &Report) -> String {
    let mut bodies = summary::ever_shorter(report, LONGEST).map(|markdown| frame.around(&markdown));
    let fits = bodies.find(|text| text.len() <= LONGEST);
    // Counts alone always fit; a frame that does not is not of our making.
    fits.unwrap_or_else(|| frame.first.clone())
}

/// A comment that says that nothing was found out, and why: in a word, and as the run itself told it.
pub fn did_not_run(frame: &Frame, why: &str, troubles: &[Trouble]) -> String {
    let mut markdown =
        format!("### ❌ perfguard: did not run\n\nNothing is known about this change: {}\n\n", brief(why));
    for trouble in troubles.iter().take(MOST_ERRORS).map(sentences::trouble) {
        let subject = if trouble.subject.is_empty() {
            String::new()
        } else {
            format!("{}: ", code(&begin(&clean(&trouble.subject), LONGEST_TITLE)))
        };
        let lines: Vec<String> =
            begin(&trouble.message, LONGEST_MESSAGE).trim().lines().map(escape).collect();
        let _ = writeln!(markdown, "- **error**: {subject}{}", lines.join("<br>"));
        if let Some(hint) = &trouble.hint {
            let _ = writeln!(markdown, "  <br>hint: {}", brief(hint));
        }
    }
    let more = troubles.len().saturating_sub(MOST_ERRORS);
    if more > 0 {
        let _ = writeln!(markdown, "\n… and {} more", plural(more, "error"));
    }
    let text = frame.around(&markdown);
    // Twenty errors of nothing but marks: the reason is enough.
    if text.len() > LONGEST { did_not_run(frame, why, &[]) } else { text }
}

/// The heading of a check.
pub fn title(report: &Report) -> String {
    begin(&clean(&closing(report).text), LONGEST_TITLE).into_owned()
}

/// How the check of a report ends.
pub fn conclusion(report: &Report) -> Conclusion {
    match closing(report).tone {
        // Whatever the words are, a run that does not pass is no pass.
        _ if report.exit_code != 0 => Conclusion::Failure,
        Tone::Good => Conclusion::Success,
        Tone::Open => Conclusion::Neutral,
        Tone::Bad => Conclusion::Failure,
    }
}

/// What a check shows in the files, the worst first. What has no place is in the summary alone.
pub fn annotations(report: &Report) -> Vec<Annotation> {
    let placed = findings::of(report).into_iter().filter_map(|finding| {
        let spot = finding.spot?;
        let title = clean(&format!("{}: {}", finding.sort.name(), finding.subject));
        Some(Annotation {
            path: spot.path,
            line: spot.line.unwrap_or(1).max(1),
            fails: finding.level == Level::Error,
            // GitHub takes no empty text.
            message: if finding.text.is_empty() { title.clone() } else { clean(&finding.text) },
            title: begin(&title, LONGEST_TITLE).into_owned(),
        })
    });
    placed.take(MOST_ANNOTATIONS).collect()
}

/// What a badge says.
pub fn badge(report: &Report) -> Badge {
    let regressed = report.benchmarks.iter().any(BenchmarkOutcome::fails)
        || report.claims.iter().any(ClaimOutcome::fails);
    let (message, color) = match report.exit_code {
        _ if regressed => ("regressed", "red"),
        0 if closing(report).tone == Tone::Good => ("no regressions", "brightgreen"),
        0 => ("undecided", "yellow"),
        102 => ("undecided", "red"),
        100 => ("gate failed", "red"),
        _ => ("not completed", "red"),
    };
    Badge { message, color }
}

fn brief(text: &str) -> String {
    escape(&begin(&clean(text), LONGEST_MESSAGE))
}

/// Keeps GitHub from making links of texts: it looks for mentions, references and addresses in what a reader sees, after
/// character references are read. A space of no width breaks each of them.
fn defused(markdown: &str) -> String {
    const LIVE: [(&str, &str); 7] = [
        ("&#64;", "&#64;&#8203;"),
        ("&#35;", "&#35;&#8203;"),
        ("://", ":&#8203;//"),
        ("www.", "www&#8203;."),
        ("WWW.", "WWW&#8203;."),
        ("GH-", "GH&#8203;-"),
        ("gh-", "gh&#8203;-"),
    ];
    LIVE.iter().fold(
        markdown.to_owned(),
        |text, (live, dead)| {
            if text.contains(live) { text.replace(live, dead) } else { text }
        },
    )
}

#[cfg(test)]
mod tests;
