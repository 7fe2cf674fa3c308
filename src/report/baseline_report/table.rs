//! The matrix of baselines for people: as a table, as markdown, as HTML.

use std::fmt::Write as _;

use anstyle::Style as Ansi;

use crate::domain::{BaselineEntry, BaselineReport, Provenance};

use super::super::grid::{Column, GAP, Grid};
use super::super::text::{clean, day, paint, plural, width, wrap, wrap_name};
use super::super::{Style, html as page, markdown as md, units};
use super::matrix::{EMPTY, EMULATED, Matrix};

/// The least room for names before columns move into a second table.
const MIN_NAME: usize = 24;

/// Where lines may be as long as they need, names are still broken here.
const MAX_NAME: usize = 72;

/// A cell: the value, its spread, and a mark when it is no evidence.
fn cell(entry: &BaselineEntry) -> String {
    let mut text = units::value(entry.metric, entry.value);
    if let Some(spread) = entry.spread.filter(|spread| spread.is_finite()) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, " {}", units::spread(spread));
    }
    if entry.provenance == Provenance::Emulated {
        text.push_str(" emulated");
    }
    text
}

/// How much a figure rests on: shown when asked for much.
fn basis(entry: &BaselineEntry) -> String {
    let runs = plural(usize::try_from(entry.runs).unwrap_or(usize::MAX), "run");
    let when = entry.measured_ms.map_or_else(|| "committed".to_owned(), day);
    format!("{runs}, {}, {when}", entry.commit.short())
}

pub(super) fn table(report: &BaselineReport, style: Style) -> String {
    let matrix = Matrix::new(report);
    if matrix.rows.is_empty() {
        return format!("{EMPTY}\n");
    }
    let mut out = String::new();
    let prose = |out: &mut String, text: &str, indent: usize| {
        for (index, line) in wrap(text, style.prose_width() - indent).iter().enumerate() {
            let _ = writeln!(out, "{}{line}", " ".repeat(if index == 0 { 0 } else { indent }));
        }
    };
    let benchmarks = benchmark_count(&matrix);
    let title = format!(
        "Baselines of {} on {}",
        plural(benchmarks, "benchmark"),
        plural(matrix.origins.len(), "machine and build")
            .replace("machine and builds", "machines and builds")
    );
    let _ = writeln!(out, "{}", paint(&title, Ansi::new().bold(), style.color));
    for line in matrix.legend() {
        prose(&mut out, &line, 4);
    }
    for columns in chunks(&matrix, style) {
        out.push('\n');
        grid(&mut out, &matrix, &columns, style);
    }
    out.push('\n');
    prose(
        &mut out,
        "± is the spread between runs. Columns are different machines or builds: not comparable.",
        0,
    );
    if matrix.has_emulated() {
        prose(&mut out, EMULATED, 0);
    }
    out
}

fn benchmark_count(matrix: &Matrix<'_>) -> usize {
    let mut names: Vec<_> = matrix.rows.keys().map(|(name, _)| name).collect();
    names.dedup();
    names.len()
}

/// The texts of a column, in the order of the rows.
fn column(matrix: &Matrix<'_>, index: usize, style: Style) -> Vec<String> {
    let origin = &matrix.origins[index];
    let text = |entry: &&BaselineEntry| {
        if style.verbose { format!("{}\n{}", cell(entry), basis(entry)) } else { cell(entry) }
    };
    matrix
        .rows
        .values()
        .map(|cells| cells.get(origin).map_or_else(|| units::UNKNOWN.to_owned(), text))
        .collect()
}

/// Which columns stand beside each other: as many as fit.
fn chunks(matrix: &Matrix<'_>, style: Style) -> Vec<Vec<usize>> {
    let limit =
        style.table_width().saturating_sub(MIN_NAME + if matrix.several_metrics() { 15 + GAP } else { 0 });
    let mut chunks: Vec<Vec<usize>> = Vec::new();
    let mut used = usize::MAX;
    for index in 0..matrix.origins.len() {
        let (arch, cpu) = matrix.title(index);
        let cells = column(matrix, index, style);
        let widest = cells.iter().flat_map(|cell| cell.lines()).map(width).max().unwrap_or(0);
        let needed = widest.max(width(&arch)).max(width(&cpu)) + GAP;
        match chunks.last_mut() {
            Some(chunk) if used.saturating_add(needed) <= limit => {
                chunk.push(index);
                used += needed;
            }
            _ => {
                chunks.push(vec![index]);
                used = needed;
            }
        }
    }
    chunks
}

fn grid(out: &mut String, matrix: &Matrix<'_>, columns: &[usize], style: Style) {
    let mut grid = Grid { columns: Vec::new(), rows: vec![Vec::new(); matrix.rows.len()] };
    if matrix.several_metrics() {
        grid.columns.push(Column::left("metric"));
        for (row, (_, metric)) in grid.rows.iter_mut().zip(matrix.rows.keys()) {
            row.push(metric.to_string());
        }
    }
    for &index in columns {
        let (arch, cpu) = matrix.title(index);
        grid.columns.push(Column::right(format!("{arch}\n{cpu}")));
        for (row, text) in grid.rows.iter_mut().zip(column(matrix, index, style)) {
            row.push(text);
        }
    }
    let room = style.table_width().saturating_sub(grid.width() + GAP).min(MAX_NAME);
    grid.columns.insert(0, Column::left("benchmark"));
    let mut last = None;
    for (row, (name, _)) in grid.rows.iter_mut().zip(matrix.rows.keys()) {
        let shown = if last == Some(name) { String::new() } else { clean(&name.to_string()) };
        last = Some(name);
        row.insert(0, wrap_name(&shown, room).join("\n"));
    }
    for (index, line) in grid.lay_out().iter().enumerate() {
        let header = index < grid.header_lines();
        let line = if header { paint(line, Ansi::new().dimmed(), style.color) } else { line.clone() };
        let _ = writeln!(out, "{line}");
    }
}

pub(super) fn markdown(report: &BaselineReport) -> String {
    let matrix = Matrix::new(report);
    if matrix.rows.is_empty() {
        return format!("{}\n", md::escape(EMPTY));
    }
    let mut out = String::from("### Baselines\n\n| benchmark | metric |");
    for index in 0..matrix.origins.len() {
        let (arch, cpu) = matrix.title(index);
        let _ = write!(out, " {}<br>{} |", md::escape(&arch), md::escape(&cpu));
    }
    let _ = writeln!(out, "\n|---|---|{}", "--:|".repeat(matrix.origins.len()));
    for ((name, metric), cells) in &matrix.rows {
        let _ = write!(out, "| {} | {metric} |", md::code(&name.to_string()));
        for origin in &matrix.origins {
            let text = cells.get(origin).map_or_else(|| units::UNKNOWN.to_owned(), |entry| cell(entry));
            let _ = write!(out, " {text} |");
        }
        out.push('\n');
    }
    out.push_str("\n<details>\n<summary>Machines and builds</summary>\n\n");
    for line in matrix.legend() {
        let _ = writeln!(out, "- {}", md::escape(&line));
    }
    out.push_str("\n</details>\n");
    if matrix.has_emulated() {
        let _ = writeln!(out, "\n{}", md::escape(EMULATED));
    }
    out
}

pub(super) fn html(report: &BaselineReport) -> String {
    let matrix = Matrix::new(report);
    if matrix.rows.is_empty() {
        return page::page("perfguard baselines", &format!("<p>{}</p>\n", page::escape(EMPTY)));
    }
    let mut titles = vec!["benchmark".to_owned(), "metric".to_owned()];
    titles.extend((0..matrix.origins.len()).map(|index| {
        let (arch, cpu) = matrix.title(index);
        format!("{arch}, {cpu}")
    }));
    let rows: Vec<_> = matrix
        .rows
        .iter()
        .map(|((name, metric), cells)| {
            let mut row = vec![page::Cell::name(&name.to_string()), page::Cell::text(metric.name())];
            row.extend(matrix.origins.iter().map(|origin| match cells.get(origin) {
                Some(entry) => page::Cell::figure(&cell(entry), Some(entry.value)).described(&basis(entry)),
                None => page::Cell::text(units::UNKNOWN),
            }));
            row
        })
        .collect();
    let mut body = String::new();
    page::table(&mut body, &titles, &rows);
    body.push_str("<h2>Machines and builds</h2>\n<ul>\n");
    for line in matrix.legend() {
        let _ = writeln!(body, "<li>{}</li>", page::escape(&line));
    }
    body.push_str(
        "</ul>\n<p>± is the spread between runs. Columns are not comparable with each other.</p>\n",
    );
    if matrix.has_emulated() {
        let _ = writeln!(body, "<p>{}</p>", page::escape(EMULATED));
    }
    page::page("perfguard baselines", &body)
}
