//! What `doctor` found for people: as a table, as markdown.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use crate::domain::{DoctorReport, Finding, Fitness, SelfComparison, Topic};

use super::super::grid::{Column, Grid};
use super::super::sentences;
use super::super::text::{clean, paint, plural, wrap};
use super::super::{Style, markdown as md, units};
use super::words::{answer, closing, rounded_up};

/// The columns of the fitness and of what was looked at.
const FITNESS: usize = 9;
const SUBJECT: usize = 19;

/// The topics, in the order they are shown.
const TOPICS: [(Topic, &str); 2] = [(Topic::Machine, "Machine"), (Topic::Build, "Build")];

struct Out {
    text: String,
    style: Style,
}

impl Out {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let title = paint(title, Ansi::new().bold(), self.style.color);
        self.line(&title);
    }

    /// Prose, the first line behind a lead, the others indented as far.
    fn prose(&mut self, lead: &str, indent: usize, prose: &str) {
        let room = self.style.prose_width().saturating_sub(indent).max(20);
        for (index, line) in wrap(&clean(prose), room).iter().enumerate() {
            let before = if index == 0 { lead.to_owned() } else { " ".repeat(indent) };
            self.line(&format!("{before}{line}"));
        }
    }
}

fn fitness_style(fitness: Fitness) -> Ansi {
    match fitness {
        Fitness::Fit => AnsiColor::Green.on_default(),
        Fitness::Unknown => Ansi::new().dimmed(),
        Fitness::Caution => AnsiColor::Yellow.on_default(),
        Fitness::Unfit => AnsiColor::Red.on_default().bold(),
    }
}

pub(super) fn table(report: &DoctorReport, style: Style) -> String {
    let mut out = Out { text: String::new(), style };
    for (topic, title) in TOPICS {
        let findings: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.topic == topic).collect();
        if !findings.is_empty() {
            out.title(title);
            for finding in findings {
                line(&mut out, finding);
            }
        }
    }
    out.title("Machine key");
    out.line(&clean(report.machine.key.as_str()));
    for (name, value) in &report.key_fields {
        let value = if value.is_empty() { "none" } else { value };
        out.prose(&format!("  {name:<16}"), 18, value);
    }
    if !report.controls.is_empty() {
        out.title("A build against itself");
        grid(&report.controls).lay_out().iter().for_each(|line| out.line(line));
        for control in &report.controls {
            if let Some(doubt) = control.doubt {
                out.prose("", 0, &format!("{}: {}", control.name, sentences::self_doubt(doubt)));
            }
        }
    }
    tail(&mut out, report);
    out.text
}

fn line(out: &mut Out, finding: &Finding) {
    let word = format!("{:<FITNESS$}", finding.fitness.name());
    let word = paint(&word, fitness_style(finding.fitness), out.style.color);
    let indent = FITNESS + SUBJECT;
    out.prose(&format!("{word}{:<SUBJECT$}", finding.subject), indent, &finding.found);
    let telling = matches!(finding.fitness, Fitness::Caution | Fitness::Unfit);
    if telling || out.style.verbose {
        out.prose(&" ".repeat(indent), indent, &finding.meaning);
    }
    if let Some(advice) = finding.advice.as_ref().filter(|_| telling) {
        out.prose(&format!("{}hint: ", " ".repeat(indent)), indent + 6, advice);
    }
}

fn grid(controls: &[SelfComparison]) -> Grid {
    let percent = |fraction: Option<f64>| {
        fraction
            .filter(|fraction| fraction.is_finite())
            .map_or_else(|| units::UNKNOWN.to_owned(), units::plain_percent)
    };
    let row = |control: &SelfComparison| {
        vec![
            control.fitness.name().to_owned(),
            clean(&control.name.to_string()),
            control.pairs.to_string(),
            control.interval.map(units::interval).unwrap_or_default(),
            control
                .half_width()
                .filter(|width| width.is_finite())
                .map_or_else(|| units::UNKNOWN.to_owned(), units::spread),
            percent(control.smallest_threshold().map(rounded_up)),
            units::duration(control.seconds),
        ]
    };
    Grid {
        columns: vec![
            Column::left("fitness"),
            Column::left("benchmark"),
            Column::right("pairs"),
            Column::left("interval"),
            Column::right("half-width"),
            Column::right("smallest threshold"),
            Column::right("time"),
        ],
        rows: controls.iter().map(row).collect(),
    }
}

/// Errors, notes and the answer.
fn tail(out: &mut Out, report: &DoctorReport) {
    if !report.troubles.is_empty() {
        out.title("Errors");
    }
    for error in report.troubles.iter().map(sentences::trouble) {
        let subject = if error.subject.is_empty() { String::new() } else { format!("{}: ", error.subject) };
        out.prose("error: ", 7, &format!("{subject}{}", error.message));
        if let Some(hint) = &error.hint {
            out.prose("       hint: ", 13, hint);
        }
    }
    if !report.notes.is_empty() {
        out.text.push('\n');
    }
    for note in &report.notes {
        out.prose("note: ", 6, &sentences::note(note));
    }
    out.text.push('\n');
    if let Some(answer) = answer(report) {
        out.prose("", 0, &answer);
    }
    let style = fitness_style(report.fitness());
    let text = format!("{} ({})", closing(report), units::duration(report.seconds));
    let text = paint(&text, style, out.style.color);
    out.line(&text);
}

pub(super) fn markdown(report: &DoctorReport) -> String {
    let sign = match report.fitness() {
        Fitness::Fit => "✅",
        Fitness::Caution | Fitness::Unknown => "⚠️",
        Fitness::Unfit => "❌",
    };
    let mut out = format!("### {sign} perfguard doctor: {}\n\n", md::escape(&closing(report)));
    // Writing to a String cannot fail, here and below.
    if let Some(answer) = answer(report) {
        let _ = write!(out, "{}\n\n", md::escape(&answer));
    }
    for error in report.troubles.iter().map(sentences::trouble) {
        let _ = write!(out, "error: {}\n\n", md::escape(&format!("{} {}", error.subject, error.message)));
    }
    for (topic, title) in TOPICS {
        let findings: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.topic == topic).collect();
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(out, "| fitness | {} | found | meaning |\n|---|---|---|---|", title.to_lowercase());
        for finding in findings {
            let advice = finding.advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}"));
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                finding.fitness,
                md::escape(finding.subject),
                md::escape(&finding.found),
                md::escape(&format!("{}{advice}", finding.meaning))
            );
        }
        out.push('\n');
    }
    if !report.controls.is_empty() {
        let grid = grid(&report.controls);
        let titles: Vec<&str> = grid.columns.iter().map(|column| column.title.as_str()).collect();
        let _ = writeln!(out, "| {} |\n|{}", titles.join(" | "), "---|".repeat(titles.len()));
        for row in &grid.rows {
            let cells: Vec<String> = row.iter().map(|cell| md::escape(cell)).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out.push('\n');
    }
    let fields = plural(report.key_fields.len(), "field");
    let _ = write!(
        out,
        "<details>\n<summary>machine key {}, {fields}</summary>\n\n| field | value |\n|---|---|\n",
        md::code(report.machine.key.as_str())
    );
    for (name, value) in &report.key_fields {
        let _ = writeln!(out, "| {} | {} |", md::escape(name), md::escape(value));
    }
    out.push_str("\n</details>\n");
    for note in &report.notes {
        let _ = write!(out, "\nnote: {}\n", md::escape(&sentences::note(note)));
    }
    out
}
