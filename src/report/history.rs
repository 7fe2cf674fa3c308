//! One benchmark over commits, with the points at which a new level begins.

mod page;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};
use serde::Serialize;

use crate::domain::{HistoryPoint, HistoryReport, MachineKey, Metric};

use super::grid::{Column, GAP, Grid};
use super::text::{clean, day, instant, paint, plural, shorten_end, width, wrap};
use super::trend::{range, sparkline};
use super::{Format, Style, UnsupportedFormat, csv as rfc4180, json, units};

/// The formats that a history can be written in.
pub const FORMATS: &[Format] = &[Format::Table, Format::Json, Format::Csv, Format::Html];

/// The longest bar.
const BAR: usize = 12;

/// The longest line of blocks.
const SPARKLINE: usize = 60;

/// Fewer values are seen at a glance anyway.
const LEAST_DRAWN: usize = 4;

/// How much of a commit's subject is shown where lines may be as long as they need.
const MAX_SUBJECT: usize = 60;

/// Writes a history, with a line feed behind it.
///
/// # Errors
/// [`UnsupportedFormat`] for any that is not among [`FORMATS`].
pub fn render(report: &HistoryReport, format: Format, style: &Style) -> Result<String, UnsupportedFormat> {
    match format {
        Format::Table => Ok(table(report, *style)),
        Format::Json => Ok(as_json(report)),
        Format::Csv => Ok(as_csv(report)),
        Format::Html => Ok(page::render(report, &machines(report))),
        _ => Err(UnsupportedFormat { command: "history", format, known: FORMATS }),
    }
}

/// The machines, in the order in which they appear.
fn machines(report: &HistoryReport) -> Vec<&MachineKey> {
    let mut machines = Vec::new();
    for point in &report.points {
        if !machines.contains(&&point.machine) {
            machines.push(&point.machine);
        }
    }
    machines
}

/// The least and the greatest value of a machine.
fn levels(report: &HistoryReport, machine: &MachineKey) -> (f64, f64) {
    range(report.points.iter().filter(|point| point.machine == *machine).map(|point| point.value))
}

/// The point of the same machine before this one: the only one it can be compared with.
fn previous(report: &HistoryReport, index: usize) -> Option<&HistoryPoint> {
    let point = report.points.get(index)?;
    report.points[..index].iter().rev().find(|earlier| earlier.machine == point.machine)
}

/// Why slowdowns of a point were accepted.
fn accepted(report: &HistoryReport, index: usize) -> impl Iterator<Item = &str> {
    report.accepted.iter().filter(move |mark| mark.place == index).map(|mark| mark.reason.as_str())
}

/// candidate/baseline − 1, where that is a number.
fn change(before: f64, after: f64) -> Option<f64> {
    Some(after / before - 1.0).filter(|change| change.is_finite())
}

fn table(report: &HistoryReport, style: Style) -> String {
    let name = clean(&report.benchmark.to_string());
    let mut out = String::new();
    let prose = |out: &mut String, text: &str, ansi: Ansi| {
        for line in wrap(text, style.prose_width()) {
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(out, "{}", paint(&line, ansi, style.color));
        }
    };
    if report.points.is_empty() {
        prose(&mut out, &format!("no {} of {name} is stored", report.metric), Ansi::new());
        return out;
    }
    let title = format!("{name}, {}, {}", report.metric, plural(report.points.len(), "commit"));
    prose(&mut out, &title, Ansi::new().bold());
    // Machines differ, so each has a line of its own; what one line cannot show needs none.
    for machine in machines(report) {
        let own = report.points.iter().filter(|point| point.machine == *machine);
        let values: Vec<f64> = own.map(|point| point.value).collect();
        if values.len() >= LEAST_DRAWN {
            let line = sparkline(&values, style.prose_width().min(SPARKLINE));
            let _ = writeln!(out, "{line}");
        }
    }
    out.push('\n');
    grid(&mut out, report, style);
    out.push('\n');
    for (number, machine) in machines(report).into_iter().enumerate() {
        let (low, high) = levels(report, machine);
        if low.is_finite() {
            let from = units::value(report.metric, low);
            let to = units::value(report.metric, high);
            let levels = if high > low { format!("level from {from} to {to}") } else { from };
            let key = clean(machine.as_str());
            prose(&mut out, &format!("[{}] {key}: {levels}", number + 1), Ansi::new());
        }
    }
    let found = match report.change_points.len() {
        0 => "no change point: one level throughout".to_owned(),
        some => format!("{}, marked ◆: a new level begins there", plural(some, "change point")),
    };
    prose(&mut out, &found, Ansi::new());
    for mark in &report.accepted {
        let Some(point) = report.points.get(mark.place) else { continue };
        let accepted = format!("accepted at {}, marked ■: {}", point.commit.short(), clean(&mark.reason));
        prose(&mut out, &accepted, Ansi::new());
    }
    out
}

fn grid(out: &mut String, report: &HistoryReport, style: Style) {
    let machines = machines(report);
    let mut grid = Grid {
        columns: vec![
            Column::left(" "),
            Column::left("when"),
            Column::left("commit"),
            Column::right("value"),
            Column::left("spread"),
            Column::right("change"),
            Column::left("level"),
            Column::left("on"),
        ],
        rows: Vec::new(),
    };
    for (index, point) in report.points.iter().enumerate() {
        let marks =
            [(report.change_points.contains(&index), '◆'), (accepted(report, index).next().is_some(), '■')];
        let before = previous(report, index).map(|earlier| earlier.value);
        let (low, high) = levels(report, &point.machine);
        let number = machines.iter().position(|machine| **machine == point.machine).unwrap_or(0);
        grid.rows.push(vec![
            marks.iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark).collect(),
            day(point.when_ms),
            point.commit.short().to_owned(),
            units::value(report.metric, point.value),
            point.spread.filter(|spread| spread.is_finite()).map(units::spread).unwrap_or_default(),
            before
                .map(|before| {
                    let change = change(before, point.value);
                    units::change_of(report.metric, change, Some(before), Some(point.value))
                })
                .unwrap_or_default(),
            bar(point.value, low, high),
            if machines.len() > 1 { format!("[{}]", number + 1) } else { String::new() },
        ]);
    }
    let mut grid = grid.without_empty();
    subjects(&mut grid, report, style);
    for (index, line) in grid.lay_out().iter().enumerate() {
        let ansi = if index < grid.header_lines() {
            Ansi::new().dimmed()
        } else if line.starts_with(['◆', '■']) {
            AnsiColor::Yellow.on_default()
        } else {
            Ansi::new()
        };
        let _ =
            writeln!(out, "{}", if ansi.is_plain() { line.clone() } else { paint(line, ansi, style.color) });
    }
}

/// Puts the commits' subjects last, where there is room for them.
fn subjects(grid: &mut Grid, report: &HistoryReport, style: Style) {
    const LEAST: usize = 12;
    if grid.width() + GAP + LEAST > style.table_width() {
        *grid = grid.clone().without("spread");
    }
    let room = style.table_width().saturating_sub(grid.width() + GAP).min(MAX_SUBJECT);
    if room < LEAST {
        return;
    }
    grid.columns.push(Column::left("subject"));
    for (row, point) in grid.rows.iter_mut().zip(&report.points) {
        row.push(shorten_end(&clean(&point.subject), room));
    }
}

/// A bar between the least and the greatest value: never empty, so that the least is seen too.
fn bar(value: f64, low: f64, high: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if !value.is_finite() || !low.is_finite() || !high.is_finite() {
        return String::new();
    }
    let share = if high > low { (value - low) / (high - low) } else { 0.0 };
    let most = BAR * EIGHTHS.len();
    let filled = (1..=most).rev().find(|&eighths| eighths as f64 <= share * most as f64).unwrap_or(1).max(1);
    let text = format!("{}{}", "█".repeat(filled / EIGHTHS.len()), EIGHTHS[filled % EIGHTHS.len()]);
    debug_assert!(width(&text) <= BAR, "a bar is not longer than its column");
    text
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    command: &'static str,
    exit_code: u8,
    benchmark: String,
    metric: Metric,
    unit: &'static str,
    points: Vec<Point<'a>>,
    change_points: &'a [usize],
}

#[derive(Serialize)]
struct Point<'a> {
    commit: &'a str,
    subject: &'a str,
    when: String,
    value: Option<f64>,
    spread: Option<f64>,
    machine: &'a str,
    #[serde(rename = "change_point")]
    begins_level: bool,
    accepted: Vec<&'a str>,
}

fn points(report: &HistoryReport) -> impl Iterator<Item = Point<'_>> {
    report.points.iter().enumerate().map(|(index, point)| Point {
        commit: point.commit.as_str(),
        subject: &point.subject,
        when: instant(point.when_ms),
        value: json::finite(point.value),
        spread: point.spread.and_then(json::finite),
        machine: point.machine.as_str(),
        begins_level: report.change_points.contains(&index),
        accepted: accepted(report, index).collect(),
    })
}

fn as_json(report: &HistoryReport) -> String {
    json::to_text(&Document {
        schema: json::SCHEMA,
        command: "history",
        exit_code: 0,
        benchmark: report.benchmark.to_string(),
        metric: report.metric,
        unit: report.metric.unit(),
        points: points(report).collect(),
        change_points: &report.change_points,
    })
}

fn as_csv(report: &HistoryReport) -> String {
    let mut out = rfc4180::record([
        "benchmark",
        "metric",
        "unit",
        "commit",
        "subject",
        "when",
        "value",
        "spread",
        "machine",
        "change_point",
        "accepted",
    ]);
    let benchmark = report.benchmark.to_string();
    for point in points(report) {
        out.push_str(&rfc4180::record([
            benchmark.as_str(),
            report.metric.name(),
            report.metric.unit(),
            point.commit,
            point.subject,
            &point.when,
            &rfc4180::number(point.value),
            &rfc4180::number(point.spread),
            point.machine,
            if point.begins_level { "true" } else { "false" },
            &point.accepted.join("; "),
        ]));
    }
    out
}

#[cfg(test)]
mod tests;
