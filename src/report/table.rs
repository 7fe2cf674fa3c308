//! The report for people: a table made to be read in a CI log, the reasons below it, the outcome as its last word.

mod out;
mod sections;

use std::fmt::Write as _;

use anstyle::Style as Ansi;

use crate::domain::{BenchmarkOutcome, Metric, MetricOutcome, Report, Verdict};

use super::Style;
use super::grid::{Column, GAP, Grid};
use super::text::{clean, plural, verdict_style, width, wrap, wrap_name};
use super::words::{self, Kind};
use super::{standing, units};
use out::{LABEL, Out};

/// With at most so many benchmarks, unchanged ones are shown too.
const SHOW_ALL: usize = 20;

/// Below this many columns for names, each name gets a line of its own.
const MIN_NAME: usize = 32;

/// Where lines may be as long as they need, names are still broken here.
const MAX_NAME: usize = 72;

/// What a row below a wall time is called.
const THROUGHPUT: &str = "throughput";

/// How many names stand beside a shared reason.
const SHOW_NAMES: usize = 5;

/// Writes a report as a table.
pub(super) fn render(report: &Report, style: Style) -> String {
    let mut out = Out { text: String::new(), style };
    match Kind::of(report) {
        Kind::Names => names(&mut out, report),
        kind => {
            head(&mut out, report);
            benchmarks(&mut out, report, kind);
            if kind == Kind::Judged {
                mean(&mut out, report);
                reasons(&mut out, report);
                accepted(&mut out, report);
            }
            sections::claims(&mut out, report);
        }
    }
    sections::errors(&mut out, report);
    sections::notes(&mut out, report);
    sections::closing(&mut out, report);
    out.text
}

/// Names alone, one a line, as other programs can read them.
fn names(out: &mut Out, report: &Report) {
    for benchmark in words::by_name(report) {
        out.line(&clean(&benchmark.name.to_string()));
    }
}

fn head(out: &mut Out, report: &Report) {
    let subject = words::subject(report);
    if !subject.is_empty() {
        let mut broken = wrap(&format!("{}: {subject}", report.kind), out.style.prose_width());
        for line in &mut broken {
            *line = out.paint(line, Ansi::new().bold());
        }
        for line in broken {
            out.line(&line);
        }
    }
    let surroundings = words::surroundings(report);
    if !surroundings.is_empty() {
        out.prose(&format!("on {surroundings}"), 0);
    }
}

fn benchmarks(out: &mut Out, report: &Report, kind: Kind) {
    let sorted = if kind == Kind::Judged { words::worst_first(report) } else { words::by_name(report) };
    let fold = kind == Kind::Judged && !out.style.verbose && sorted.len() > SHOW_ALL;
    let sorted: Vec<&BenchmarkOutcome> = sorted.into_iter().filter(|one| !one.is_accepted()).collect();
    let shown: Vec<&BenchmarkOutcome> =
        sorted.iter().copied().filter(|b| !(fold && b.verdict() == Verdict::Unchanged)).collect();
    let folded = sorted.len() - shown.len();
    if !shown.is_empty() {
        out.gap();
        let groups: Vec<Group> = shown.iter().map(|benchmark| Group::new(benchmark, kind)).collect();
        table(out, &groups, kind);
    }
    if folded > 0 {
        if shown.is_empty() {
            out.gap();
        }
        let line = format!("{} unchanged (shown with -v)", plural(folded, "benchmark"));
        let line = out.paint(&line, verdict_style(Verdict::Unchanged));
        out.line(&line);
    }
    for (count, what) in words::without_figures(report).into_iter().filter(|_| kind == Kind::Judged) {
        out.gap();
        out.prose(&format!("{} {what}", plural(count, "benchmark")), 0);
    }
}

/// What all wall times come to.
fn mean(out: &mut Out, report: &Report) {
    if let Some(mean) = standing::mean(report) {
        out.gap();
        out.prose(&mean, 0);
    }
}

/// A benchmark's rows.
struct Group {
    name: String,
    verdict: Verdict,
    rows: Vec<Vec<String>>,
}

impl Group {
    fn new(benchmark: &BenchmarkOutcome, kind: Kind) -> Self {
        let name = clean(&benchmark.name.to_string());
        let mut rows = Vec::new();
        for (metric, outcome) in words::rows(benchmark) {
            rows.push(cells(metric, outcome, kind));
            let rates = words::rates(benchmark, outcome).into_iter();
            rows.extend(rates.map(|(before, after)| rate_cells(before, after, kind)));
        }
        if rows.is_empty() {
            let mut cells = vec![String::new(); columns(kind).len()];
            cells[0] = benchmark.verdict().to_string();
            rows.push(cells);
        }
        Self { name, verdict: benchmark.verdict(), rows }
    }
}

/// The columns beside the name; the first is the verdict where there is one.
fn columns(kind: Kind) -> Vec<Column> {
    if kind == Kind::Judged {
        vec![
            Column::left("verdict"),
            Column::left("metric"),
            Column::right("baseline"),
            Column::right("candidate"),
            Column::right("change"),
            Column::left("interval"),
            Column::left("threshold"),
            Column::left("method"),
        ]
    } else {
        vec![Column::left("verdict"), Column::left("metric"), Column::right("value"), Column::right("time")]
    }
}

fn cells(metric: &str, outcome: &MetricOutcome, kind: Kind) -> Vec<String> {
    if kind != Kind::Judged {
        let value = units::optional_value(outcome.metric, outcome.candidate);
        let time = if outcome.seconds > 0.0 { units::duration(outcome.seconds) } else { String::new() };
        let verdict = if outcome.verdict == Verdict::Failed { "failed" } else { "" };
        return vec![verdict.to_owned(), metric.to_owned(), value, time];
    }
    let (before, after) = units::both_values(outcome.metric, outcome.baseline, outcome.candidate);
    let method = match (outcome.method, outcome.pairs) {
        (None, _) => String::new(),
        (Some(method), 0) => method.to_string(),
        (Some(method), pairs) => format!("{method} × {pairs}"),
    };
    let known = outcome.baseline.is_some() || outcome.candidate.is_some();
    if !known && outcome.method.is_some() {
        // Decided without a figure: the executables are identical.
        let change = words::change(outcome);
        let (none, threshold) = (String::new(), words::limit(metric, outcome));
        return vec![
            outcome.verdict.to_string(),
            metric.to_owned(),
            none.clone(),
            none.clone(),
            change,
            none,
            threshold,
            method,
        ];
    }
    if !known {
        let mut cells = vec![outcome.verdict.to_string(), metric.to_owned()];
        cells.resize(columns(kind).len(), String::new());
        return cells;
    }
    let threshold = outcome.limit.display(outcome.metric);
    vec![
        outcome.verdict.to_string(),
        metric.to_owned(),
        before,
        after,
        words::change(outcome),
        words::interval(outcome),
        threshold,
        method,
    ]
}

/// A row below a wall time: what that comes to in a second.
fn rate_cells(before: String, after: String, kind: Kind) -> Vec<String> {
    let mut cells = vec![String::new(), THROUGHPUT.to_owned()];
    if kind == Kind::Judged {
        cells.push(before);
    }
    cells.push(after);
    cells.resize(columns(kind).len(), String::new());
    cells
}

/// Lays the groups out: names beside the figures where there is room, otherwise on lines of their own.
fn table(out: &mut Out, groups: &[Group], kind: Kind) {
    let rows: Vec<Vec<String>> = groups.iter().flat_map(|group| group.rows.iter().cloned()).collect();
    let mut grid = Grid { columns: columns(kind), rows };
    if grid.rows.iter().all(|row| row[1].is_empty() || row[1] == Metric::WallTime.name()) {
        for row in &mut grid.rows {
            row[1].clear();
        }
    }
    let grid = grid.without_empty();
    let longest = groups.iter().map(|group| width(&group.name)).max().unwrap_or(0);
    let limit = out.style.table_width();
    let room = limit.saturating_sub(grid.width() + GAP);
    let most = if out.style.width.is_none() { MAX_NAME } else { room };
    if room >= longest.min(MIN_NAME) {
        beside(out, groups, grid, room.min(most));
    } else {
        above(out, groups, grid, limit);
    }
}

/// Names in a column of their own, broken into several lines where they are long.
fn beside(out: &mut Out, groups: &[Group], mut grid: Grid, name_width: usize) {
    let has_verdict = grid.columns.first().is_some_and(|column| column.title == "verdict");
    let place = usize::from(has_verdict);
    let mut names = Vec::new();
    for group in groups {
        let mut broken = wrap_name(&group.name, name_width).into_iter();
        for index in 0..group.rows.len() {
            let last = index + 1 == group.rows.len();
            let taken: Vec<String> =
                if last { broken.by_ref().collect() } else { broken.by_ref().take(1).collect() };
            names.push(taken.join("\n"));
        }
    }
    grid.columns.insert(place, Column::left("benchmark"));
    for (row, name) in grid.rows.iter_mut().zip(names) {
        row.insert(place, name);
    }
    for (index, line) in grid.lay_out().iter().enumerate() {
        let line = if index < grid.header_lines() {
            out.paint(line, Ansi::new().dimmed())
        } else {
            painted_verdict(out, line)
        };
        out.line(&line);
    }
}

/// Each name on a line of its own, the figures indented below it; columns that do not fit are left out, the least
/// telling first.
fn above(out: &mut Out, groups: &[Group], mut grid: Grid, limit: usize) {
    let indent = 2;
    if groups.iter().all(|group| group.rows.len() == 1) {
        grid = grid.without("verdict");
    }
    for title in ["method", "threshold", "interval", "baseline", "candidate"] {
        if grid.width() + indent > limit {
            grid = grid.without(title);
        }
    }
    let laid = grid.lay_out();
    let (header, rows) = laid.split_at(grid.header_lines().min(laid.len()));
    for line in header {
        let line = out.paint(&format!("{}{line}", " ".repeat(indent)), Ansi::new().dimmed());
        out.line(&line);
    }
    let mut rows = rows.iter();
    for group in groups {
        let verdict = group.verdict.to_string();
        let shown = group.rows.iter().any(|row| !row[0].is_empty());
        let lead = if shown { width(&verdict) + GAP } else { 0 };
        for (index, line) in wrap_name(&group.name, limit - lead).iter().enumerate() {
            let lead = if index == 0 && shown {
                format!("{}  ", out.paint(&verdict, verdict_style(group.verdict)))
            } else {
                " ".repeat(lead)
            };
            out.line(&format!("{lead}{line}"));
        }
        for line in rows.by_ref().take(group.rows.len()) {
            if group.rows.len() == 1 && group.rows[0].iter().skip(2).all(String::is_empty) {
                continue;
            }
            // Its figures were left out.
            if line.trim() == THROUGHPUT {
                continue;
            }
            let line = format!("{}{}", " ".repeat(indent), painted_verdict(out, line));
            out.line(&line);
        }
    }
}

/// A row with its leading verdict painted.
fn painted_verdict(out: &Out, line: &str) -> String {
    let word = line.split(' ').next().unwrap_or_default();
    match Verdict::ALL.into_iter().find(|verdict| verdict.name() == word) {
        Some(verdict) => format!("{}{}", out.paint(word, verdict_style(verdict)), &line[word.len()..]),
        None => line.to_owned(),
    }
}

fn reasons(out: &mut Out, report: &Report) {
    // What failed is told among the errors, suspects apart from what the budget was too small for.
    let told =
        |reason: &words::SharedReason| reason.verdict == Verdict::Failed && !report.troubles.is_empty();
    let all = words::reasons(report).into_iter().filter(|reason| !told(reason));
    let (suspects, plain): (Vec<_>, Vec<_>) = all.partition(|reason| reason.suspicious);
    for (title, reasons) in [("Reasons", plain), ("Suspects that were not proven", suspects)] {
        if !reasons.is_empty() {
            out.title(title);
        }
        shared(out, &reasons);
    }
}

/// What regressed as accepted: figures, and by which file and why.
fn accepted(out: &mut Out, report: &Report) {
    let accepted = words::accepted(report);
    if accepted.is_empty() {
        return;
    }
    out.title("Accepted");
    let groups: Vec<Group> = accepted.iter().map(|one| Group::new(one, Kind::Judged)).collect();
    table(out, &groups, Kind::Judged);
    shared(out, &words::shared_reasons(accepted));
}

fn shared(out: &mut Out, reasons: &[words::SharedReason]) {
    for reason in reasons {
        let most = if out.style.verbose { usize::MAX } else { SHOW_NAMES };
        let more = reason.names.len().saturating_sub(most);
        let mut names = reason.names[..reason.names.len() - more].join(", ");
        if more > 0 {
            // Writing to a String cannot fail.
            let _ = write!(names, " and {more} more");
        }
        out.labelled(reason.verdict.name(), verdict_style(reason.verdict), &names);
        out.prose(&reason.text, LABEL + GAP);
    }
}
