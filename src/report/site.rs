//! Pages of trends that need no server: an index, a page for each benchmark, and its full series beside it. The same
//! store gives the same bytes.
//!
//! Pictures are SVG, drawn here: what is drawn on a canvas cannot be read aloud. A page shows at most 600 steps of a
//! series; the figures themselves are a script, `data/ID.js`, which a page loads when it is asked for them (asv does the
//! same with one file for each series): scripts load from `file://`, and one file for everything reaches 100 MB.

use std::fmt::Write as _;

use crate::domain::{BenchmarkName, HistoryPoint, Trend, fnv};

use super::html::{Cell, SCRIPT, escape, page_with, table_around, table_rows};
use super::text::day;
use super::trend::{Series, drawn, figures, picture, small_picture};
use super::units;

/// Loads the figures, and shows the one that is chosen.
const READER: &str = include_str!("site/reader.js");
/// A page loads its own data and nothing else. `'self'` means nothing for a file.
const SCRIPTS: &str = "script-src 'unsafe-inline' 'self' file:";
/// How many of the newest commits a page has as a table, and how many are kept in full.
const TABLE: usize = 50;
/// How many of the newest commits are kept in full.
const FULL: usize = 1000;

/// What all pages have in common.
#[derive(Debug, Clone, Copy, Default)]
pub struct Site<'a> {
    /// Where commits can be looked at, for links: `https://…`.
    pub repository: Option<&'a str>,
    /// Whether old commits are kept in full, too.
    pub full: bool,
}

/// A benchmark's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// What both files are called, without their ends.
    pub id: String,
    /// The page.
    pub page: String,
    /// Its figures, as a script.
    pub data: String,
    /// The benchmark's rows in the index.
    pub rows: IndexRows,
}

/// Rows of the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexRows(String);

/// What a benchmark's files are called: nothing of its name, which may hold anything.
fn id(benchmark: &BenchmarkName) -> String {
    format!("{:016x}", fnv(&benchmark.to_string()))
}

impl Site<'_> {
    /// The pages of a benchmark, from its trends.
    pub fn pages(&self, benchmark: &BenchmarkName, trends: &[Trend]) -> Pages {
        let id = id(benchmark);
        Pages {
            page: self.page(benchmark, &id, trends),
            data: self.data(trends),
            rows: rows(&id, trends),
            id,
        }
    }

    fn page(&self, benchmark: &BenchmarkName, id: &str, trends: &[Trend]) -> String {
        let mut body = String::from("<p><a href=\"../index.html\">All benchmarks</a></p>\n<main>\n");
        for (number, trend) in trends.iter().enumerate() {
            let (metric, build) = (trend.series.metric, &trend.series.build);
            let title = format!("{metric} on {} ({})", trend.cpu, build.arch());
            let made_by = format!(
                "rustc {}, {}, profile {}, {}",
                build.rustc, build.target, build.profile, build.instrument
            );
            let whole = format!("{benchmark}: {title}");
            let series = Series {
                title: &whole,
                id: number,
                metric,
                points: &trend.points,
                change_points: &trend.change_points,
                accepted: &trend.accepted,
                repository: self.repository,
            };
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(
                body,
                "<section>\n<h2>{}</h2>\n<p>{}</p>\n<figure>\n{}</figure>\n\
                 <p class=\"reader\" hidden data-series=\"{number}\" data-unit=\"{}\" data-from=\"../data/{id}.js\">\
                 <label>Commit <input type=\"range\" min=\"0\" max=\"{}\" value=\"{1}\"></label> <output></output></p>",
                escape(&title),
                escape(&made_by),
                picture(series),
                metric.unit(),
                self.kept(&trend.points).len().saturating_sub(1),
            );
            newest(&mut body, series);
            body.push_str("</section>\n");
        }
        body.push_str("</main>\n");
        page_with(&benchmark.to_string(), &body, SCRIPTS, &format!("{SCRIPT}{READER}"))
    }

    /// Every figure that is kept: place by place its commit, its day, its value.
    fn data(&self, trends: &[Trend]) -> String {
        let mut out = String::from("perfguard([\n");
        for trend in trends {
            out.push('[');
            for place in self.kept(&trend.points) {
                let point = &trend.points[place];
                let value = if point.value.is_finite() { rounded(point.value) } else { "null".to_owned() };
                let _ = write!(
                    out,
                    "\"{}\",{},{value},",
                    point.commit.short(),
                    point.when_ms.div_euclid(86_400_000)
                );
            }
            out.push_str("],\n");
        }
        out.push_str("]);\n");
        out
    }

    /// The places that are kept: the newest in full, and of older ones what a picture shows.
    fn kept(&self, points: &[HistoryPoint]) -> Vec<usize> {
        let old = if self.full { 0 } else { points.len().saturating_sub(FULL) };
        drawn(&points[..old]).into_iter().chain(old..points.len()).collect()
    }
}

/// The index of all benchmarks.
pub fn index(rows: &[IndexRows]) -> String {
    let mut body = String::from("<main>\n");
    if rows.iter().all(|rows| rows.0.is_empty()) {
        body.push_str("<p>Nothing is stored yet: <code>cargo perfguard run</code> measures.</p>\n");
    }
    let titles =
        ["benchmark", "metric", "processor", "trend", "level", "last change", "commits"].map(str::to_owned);
    let rows: String = rows.iter().map(|rows| rows.0.as_str()).collect();
    table_around(&mut body, &titles, &rows);
    body.push_str("</main>\n");
    page_with("perfguard: benchmarks over time", &body, SCRIPTS, SCRIPT)
}

fn rows(id: &str, trends: &[Trend]) -> IndexRows {
    let rows: Vec<Vec<Cell>> = trends.iter().map(|trend| row(id, trend)).collect();
    IndexRows(table_rows(&rows))
}

fn row(id: &str, trend: &Trend) -> Vec<Cell> {
    let Trend { series, points, change_points, .. } = trend;
    let metric = series.metric;
    let level = |from: usize, to: usize| {
        let values = points[from..to].iter().map(|point| point.value).filter(|value| value.is_finite());
        crate::domain::median(values.collect())
    };
    let last = change_points.last().copied().filter(|place| *place < points.len());
    let now = level(last.unwrap_or(0), points.len());
    let change = last.and_then(|place| {
        let before = change_points.iter().rev().nth(1).copied().unwrap_or(0);
        let change = now? / level(before, place)? - 1.0;
        let point = &points[place];
        let text = format!("{} at {}, {}", units::percent(change), point.commit.short(), day(point.when_ms));
        Some(Cell::figure(&text, Some(change)))
    });
    vec![
        Cell::html(format!(
            "<a href=\"b/{id}.html\"><code>{}</code></a>",
            escape(&series.benchmark.to_string())
        )),
        Cell::text(&metric.to_string()),
        Cell::text(&format!("{} ({})", trend.cpu, series.build.arch())),
        Cell::html(small_picture(points)),
        Cell::figure(&now.map(|now| units::value(metric, now)).unwrap_or_default(), now),
        change.unwrap_or_else(|| Cell::text("none")),
        Cell::figure(&points.len().to_string(), Some(points.len() as f64)),
    ]
}

/// The newest figures as a table: what the picture shows, for those who do not see it.
fn newest(out: &mut String, series: Series<'_>) {
    let count = series.points.len();
    let shown = count.min(TABLE);
    let _ = write!(out, "<details>\n<summary>The newest {shown} of {count} commits as a table</summary>\n");
    figures(out, series, shown, "what happened");
    out.push_str("</details>\n");
}

/// Five significant digits, as a script reads them; counts in full.
fn rounded(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    format!("{value:.4e}")
}
