//! Which commit made a benchmark slower: for people and for programs.

use std::fmt::Write as _;

use anstyle::Style as Ansi;
use serde::Serialize;

use crate::domain::{BisectPart, BisectReport, Exit, NamedCommit};

use super::text::{clean, paint, plural, wrap};
use super::{Format, Style, UnsupportedFormat, json, units};

/// The formats that the answer can be written in.
pub const FORMATS: &[Format] = &[Format::Table, Format::Json];

/// How many suspects are named one by one.
const NAMED: usize = 10;

/// Refuses a format before anything is built.
///
/// # Errors
/// [`UnsupportedFormat`] for any that is not among [`FORMATS`].
pub fn check(format: Format) -> Result<(), UnsupportedFormat> {
    if FORMATS.contains(&format) {
        Ok(())
    } else {
        Err(UnsupportedFormat { command: "bisect", format, known: FORMATS })
    }
}

/// How the command ends: 102 where nothing is proven.
pub fn exit(report: &BisectReport) -> Exit {
    if report.is_found() { Exit::Passed } else { Exit::Unsettled }
}

/// Writes the answer, with a line feed behind it.
///
/// # Errors
/// As [`check`].
pub fn render(report: &BisectReport, format: Format, style: &Style) -> Result<String, UnsupportedFormat> {
    check(format)?;
    Ok(if format == Format::Json { as_json(report) } else { text(report, *style) })
}

fn commit(named: &NamedCommit) -> String {
    clean(&format!("{} {}", named.commit.short(), named.subject)).trim_end().to_owned()
}

fn text(report: &BisectReport, style: Style) -> String {
    let mut out = String::new();
    let mut say = |text: &str, ansi: Ansi| {
        for line in wrap(text, style.prose_width()) {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}", paint(&line, ansi, style.color));
        }
    };
    let name = clean(&report.benchmark.to_string());
    let between = plural(report.commits, "commit");
    say(
        &format!(
            "{name}, {}, {between} from {} to {}",
            report.metric,
            report.good.commit.short(),
            report.bad.commit.short()
        ),
        Ansi::new().bold(),
    );
    if report.moved {
        say(
            &format!("older commits do not have it: the first that does is {}", commit(&report.good)),
            Ansi::new(),
        );
    }
    match report.change {
        Some(change) => say(&format!("slower by {} in all, proven", units::percent(change)), Ansi::new()),
        None => say("no slowdown is proven between the two, so there is nothing to look for", Ansi::new()),
    }
    for part in &report.parts {
        let share = match part.change {
            Some(change) => units::percent(change),
            None => "a slowdown that is not proven by itself".to_owned(),
        };
        match &part.suspects[..] {
            [suspect] => say(&format!("{share}: {}", commit(suspect)), Ansi::new().bold()),
            several => {
                say(
                    &format!(
                        "{share}: one of {} that could not be told apart",
                        plural(several.len(), "commit")
                    ),
                    Ansi::new().bold(),
                );
                for suspect in several.iter().take(NAMED) {
                    say(&format!("  {}", commit(suspect)), Ansi::new());
                }
                if several.len() > NAMED {
                    say(&format!("  and {} more", several.len() - NAMED), Ansi::new());
                }
            }
        }
    }
    say(
        &format!("{} measured in {}", plural(report.measured, "commit"), units::duration(report.seconds)),
        Ansi::new(),
    );
    out
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    command: &'static str,
    exit_code: u8,
    benchmark: String,
    metric: &'static str,
    good: Commit<'a>,
    bad: Commit<'a>,
    commits: usize,
    change: Option<f64>,
    parts: Vec<Part<'a>>,
    measured: usize,
    errors: [&'a str; 0],
    seconds: Option<f64>,
}

#[derive(Serialize)]
struct Commit<'a> {
    commit: &'a str,
    subject: &'a str,
}

#[derive(Serialize)]
struct Part<'a> {
    before: Commit<'a>,
    suspects: Vec<Commit<'a>>,
    change: Option<f64>,
}

fn wire(named: &NamedCommit) -> Commit<'_> {
    Commit { commit: named.commit.as_str(), subject: &named.subject }
}

fn as_json(report: &BisectReport) -> String {
    let part = |part: &'_ BisectPart| -> (usize, Option<f64>) { (part.suspects.len(), part.change) };
    debug_assert!(report.parts.iter().map(part).all(|(suspects, _)| suspects > 0));
    json::to_text(&Document {
        schema: json::SCHEMA,
        command: "bisect",
        exit_code: exit(report).code(),
        benchmark: report.benchmark.to_string(),
        metric: report.metric.name(),
        good: wire(&report.good),
        bad: wire(&report.bad),
        commits: report.commits,
        change: report.change.and_then(json::finite),
        parts: report
            .parts
            .iter()
            .map(|part| Part {
                before: wire(&part.before),
                suspects: part.suspects.iter().map(wire).collect(),
                change: part.change.and_then(json::finite),
            })
            .collect(),
        measured: report.measured,
        errors: [],
        seconds: json::finite(report.seconds),
    })
}
