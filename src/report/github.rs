//! Annotations for GitHub's runner: workflow commands, one a line.
//!
//! GitHub keeps ten of a level from one step and drops the rest, so the ten worst of each are written. What a name or a
//! message holds cannot end its command or begin another: it is made harmless first, and then escaped as the runner reads it
//! (`ActionCommand` in actions/runner: `%`, CR and LF everywhere, `:` and `,` in properties).

use std::fmt::Write as _;

use crate::domain::{Report, harmless};

use super::findings::{self, Finding, Level, Sort};
use super::text::begin;

/// What GitHub keeps of each level.
const MOST: usize = 10;

/// Titles are cut here, in characters: GitHub takes 255.
const LONGEST_TITLE: usize = 200;

/// The annotations of a report, each a line with a line feed behind it. For standard output or standard error of a step,
/// and for nothing else.
pub fn annotations(report: &Report) -> String {
    let findings = findings::of(report);
    let mut commands = String::new();
    for level in [Level::Error, Level::Warning] {
        for finding in findings.iter().filter(|finding| finding.level == level).take(MOST) {
            command(&mut commands, finding);
        }
    }
    commands
}

fn command(out: &mut String, finding: &Finding) {
    out.push_str(match finding.level {
        Level::Error => "::error ",
        Level::Warning => "::warning ",
    });
    if let Some(spot) = &finding.spot {
        let _ = write!(out, "file={},", property(&spot.path));
        if let Some(line) = spot.line {
            let _ = write!(out, "line={line},");
        }
    }
    let _ = writeln!(out, "title={}::{}", property(&title(finding)), data(&finding.text));
}

/// A heading: what, and which.
fn title(finding: &Finding) -> String {
    let what = match finding.sort {
        Sort::Regressed => "regressed",
        Sort::Failed => "failed",
        Sort::Refuted => "claim refuted",
        Sort::Undecided => "no verdict",
    };
    let subject = if finding.subject.is_empty() { "cargo perfguard" } else { &finding.subject };
    begin(&format!("{what}: {subject}"), LONGEST_TITLE).into_owned()
}

/// A message, of one or several lines.
fn data(text: &str) -> String {
    escape(&harmless::text(text))
}

/// The value of a property: on one line.
fn property(text: &str) -> String {
    escape(&harmless::line(text)).replace(':', "%3A").replace(',', "%2C")
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use crate::domain::{BenchmarkOutcome, Verdict};

    /// A command as the runner reads it: its name, its properties, its message.
    fn read(line: &str) -> (String, Vec<(String, String)>, String) {
        let undo = |text: &str, property: bool| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n");
            let text = if property { text.replace("%3A", ":").replace("%2C", ",") } else { text };
            text.replace("%25", "%")
        };
        let rest = line.strip_prefix("::").unwrap_or_else(|| panic!("{line}"));
        let (head, message) = rest.split_once("::").unwrap();
        let (name, properties) = head.split_once(' ').unwrap();
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap();
            (key.to_owned(), undo(value, true))
        };
        (name.to_owned(), properties.split(',').map(pair).collect(), undo(message, false))
    }

    #[test]
    fn annotations_look_as_they_should() {
        for (name, report) in [
            ("mixed", fixtures::mixed()),
            ("several_metrics", fixtures::several_metrics()),
            ("claims", fixtures::claims()),
            ("only_new", fixtures::only_new()),
            ("hostile", fixtures::hostile()),
        ] {
            insta::assert_snapshot!(format!("github_{name}"), annotations(&report));
        }
        assert_eq!(annotations(&fixtures::many()), "", "what passed is no news");
    }

    #[test]
    fn no_text_forges_a_command_or_a_property() {
        for (fixture, report) in fixtures::all() {
            for line in annotations(&report).lines() {
                let (name, properties, message) = read(line);
                assert!(matches!(name.as_str(), "error" | "warning"), "{fixture}: {line}");
                let keys: Vec<&str> = properties.iter().map(|(key, _)| key.as_str()).collect();
                assert!(
                    ["file", "line", "title"].starts_with(&keys)
                        || keys == ["title"]
                        || keys == ["file", "title"]
                );
                assert!(
                    !message.chars().any(|c| harmless::is_harmful(c) && !matches!(c, '\n' | '\t')),
                    "{line}"
                );
            }
        }
        let hostile = fixtures::hostile();
        let name = hostile.benchmarks[0].name.to_string();
        let (_, properties, _) = read(annotations(&hostile).lines().next().unwrap());
        let shown = harmless::line(&format!("regressed: {name}"));
        assert!(shown.starts_with(properties.last().unwrap().1.trim_end_matches('…')), "{properties:?}");
    }

    #[test]
    fn the_ten_worst_of_each_level_are_written() {
        let regressed = |number: u32| BenchmarkOutcome {
            source: Some("benches/a:b,c.rs".into()),
            ..fixtures::bench(
                &number.to_string(),
                vec![fixtures::timed(Verdict::Regressed, 100.0, f64::from(number) / 10.0, 0.01)],
            )
        };
        let report =
            Report { exit_code: 100, benchmarks: (1..=25).map(regressed).collect(), ..fixtures::empty() };
        let text = annotations(&report);
        let titles: Vec<String> = text.lines().map(|line| read(line).1.last().unwrap().1.clone()).collect();
        let expected: Vec<String> =
            (16..=25).rev().map(|number| format!("regressed: parser::parse::{number}")).collect();
        assert_eq!(titles, expected);
        assert!(
            text.starts_with("::error file=benches/a%3Ab%2Cc.rs,title=regressed%3A parser%3A%3Aparse"),
            "{text}"
        );
    }
}
