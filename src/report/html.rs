//! The report for a browser: one file that loads nothing, dark or light as the reader's system is, sortable by a
//! click on a column's title.

mod escape;
mod plot;

use std::fmt::Write as _;

use crate::domain::{BenchmarkOutcome, ClaimOutcome, MetricOutcome, Report, Verdict};

use super::closing::{Tone, closing};
use super::sentences::claim_reason;
use super::standing::{self, Standing};
use super::words::{self, Kind};
use super::{advice, units};

pub(super) use escape::escape;
use plot::plot;

const STYLE: &str = include_str!("html/style.css");
pub(super) const SCRIPT: &str = include_str!("html/sort.js");

/// Writes a report as one HTML file.
pub(super) fn render(report: &Report) -> String {
    let kind = Kind::of(report);
    let closing = closing(report);
    let tone = match closing.tone {
        Tone::Good => "good",
        Tone::Open => "open",
        Tone::Bad => "bad",
    };
    let mut body = format!("<p class=\"outcome {tone}\">{}</p>\n", escape(&closing.text));
    let lead = [words::subject(report), standing::mean(report).unwrap_or_default()];
    for line in lead.into_iter().chain([standing::surroundings(report)]).filter(|line| !line.is_empty()) {
        let _ = writeln!(body, "<p>{}</p>", escape(&line));
    }
    errors(&mut body, report);
    next_steps(&mut body, report);
    if kind == Kind::Judged {
        let Standing { worse, better, accepted, rest } = Standing::of(report);
        plot(&mut body, &[&worse[..], &accepted, &better, &rest].concat());
        for (heading, group) in
            [("Worse", worse), ("Better", better), ("Accepted", accepted), ("Everything else", rest)]
        {
            benchmarks(&mut body, heading, &group, kind);
        }
    } else {
        benchmarks(&mut body, "Benchmarks", &words::by_name(report), kind);
    }
    claims(&mut body, &report.claims);
    let notes = words::notes(report);
    if !notes.is_empty() {
        body.push_str("<h2>Notes</h2>\n<ul>\n");
        for note in notes {
            let _ = writeln!(body, "<li>{}</li>", escape(&note));
        }
        body.push_str("</ul>\n");
    }
    page(&format!("perfguard {}", report.kind), &body)
}

/// What to do about it: right below the outcome, because that is what a reader came for.
fn next_steps(out: &mut String, report: &Report) {
    let steps = advice::next_steps(report);
    if steps.is_empty() {
        return;
    }
    out.push_str("<h2>What to do next</h2>\n<dl>\n");
    for step in &steps {
        let command: Vec<String> = step.command.lines().map(escape).collect();
        let command = command.join("\n");
        let _ = writeln!(
            out,
            "<dt>{}</dt><dd><code class=\"message\">{command}</code></dd>",
            escape(step.purpose)
        );
    }
    out.push_str("</dl>\n");
}

/// A whole page around a body that is HTML already.
pub(super) fn page(title: &str, body: &str) -> String {
    page_with(title, body, "script-src 'unsafe-inline'", SCRIPT)
}

/// The same with a script of its own, and what scripts it may load.
pub(super) fn page_with(title: &str, body: &str, scripts: &str, script: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         {scripts}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}<script>\n{script}</script>\n</body>\n</html>\n"
    )
}

/// A cell: what is shown, and the number it is sorted by where it is one.
pub(super) struct Cell {
    html: String,
    key: Option<f64>,
    class: &'static str,
    hint: String,
}

impl Cell {
    /// A cell of text, escaped.
    pub(super) fn text(text: &str) -> Self {
        Self { html: escape(text), key: None, class: "", hint: String::new() }
    }

    /// A name, escaped.
    pub(super) fn name(text: &str) -> Self {
        Self { html: format!("<code>{}</code>", escape(text)), key: None, class: "name", hint: String::new() }
    }

    /// A name, and below it what else is worth knowing, both escaped.
    fn name_and(text: &str, below: Option<&str>) -> Self {
        let below = below.map(|below| format!("<br>{}", escape(below))).unwrap_or_default();
        let name = Self::name(text);
        Self { html: format!("{}{below}", name.html), ..name }
    }

    /// A figure, and the number it is sorted by.
    pub(super) fn figure(text: &str, key: Option<f64>) -> Self {
        Self {
            html: escape(text),
            key: key.filter(|key| key.is_finite()),
            class: "figure",
            hint: String::new(),
        }
    }

    /// A cell of what is HTML already.
    pub(super) fn html(html: String) -> Self {
        Self { html, key: None, class: "", hint: String::new() }
    }

    /// Has more lines below it.
    fn above(self, lines: &[String]) -> Self {
        let mut html = self.html;
        for line in lines {
            let _ = write!(html, "<br>{}", escape(line));
        }
        Self { html, ..self }
    }

    /// Shows more when the pointer rests on it.
    pub(super) fn described(self, hint: &str) -> Self {
        Self { hint: hint.to_owned(), ..self }
    }

    fn verdict(verdict: Verdict) -> Self {
        let rank = Verdict::ALL.iter().rev().position(|known| *known == verdict);
        let html = format!("<span class=\"{}\">{}</span>", verdict.name(), verdict.name());
        Self { html, key: rank.map(|rank| rank as f64), class: "", hint: String::new() }
    }
}

/// A table whose columns sort by a click.
pub(super) fn table(out: &mut String, titles: &[String], rows: &[Vec<Cell>]) {
    table_around(out, titles, &table_rows(rows));
}

/// The same around rows that are HTML already.
pub(super) fn table_around(out: &mut String, titles: &[String], rows: &str) {
    out.push_str("<div class=\"scroll\"><table class=\"sortable\">\n<thead><tr>");
    for title in titles {
        let _ = write!(out, "<th><button type=\"button\">{}</button></th>", escape(title));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    out.push_str(rows);
    out.push_str("</tbody>\n</table></div>\n");
}

/// Rows of a table.
pub(super) fn table_rows(rows: &[Vec<Cell>]) -> String {
    let mut out = String::new();
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str("<td");
            if !cell.class.is_empty() {
                let _ = write!(out, " class=\"{}\"", cell.class);
            }
            if let Some(key) = cell.key {
                let _ = write!(out, " data-key=\"{key}\"");
            }
            if !cell.hint.is_empty() {
                let _ = write!(out, " title=\"{}\"", escape(&cell.hint));
            }
            let _ = write!(out, ">{}</td>", cell.html);
        }
        out.push_str("</tr>\n");
    }
    out
}

fn benchmarks(out: &mut String, heading: &str, sorted: &[&BenchmarkOutcome], kind: Kind) {
    if sorted.is_empty() {
        return;
    }
    let titles: &[&str] = match kind {
        Kind::Judged => &[
            "verdict",
            "benchmark",
            "metric",
            "baseline",
            "candidate",
            "change",
            "interval",
            "threshold",
            "method",
            "pairs",
            "why",
        ],
        Kind::Names => &["benchmark"],
        Kind::Figures | Kind::Claims => &["benchmark", "metric", "value"],
    };
    let mut rows = Vec::new();
    for benchmark in sorted {
        let name = benchmark.name.to_string();
        if kind == Kind::Names || benchmark.metrics.is_empty() {
            let mut row = vec![Cell::name(&name)];
            if kind == Kind::Judged {
                row.insert(0, Cell::verdict(benchmark.verdict()));
            }
            row.resize_with(titles.len(), || Cell::text(""));
            rows.push(row);
        } else {
            let told = words::rows(benchmark).into_iter();
            rows.extend(told.map(|(metric, outcome)| row((&name, benchmark), metric, outcome, kind)));
        }
    }
    let _ = writeln!(out, "<h2>{heading}</h2>");
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    table(out, &titles, &rows);
}

fn row(
    (name, benchmark): (&str, &BenchmarkOutcome),
    called: &str,
    outcome: &MetricOutcome,
    kind: Kind,
) -> Vec<Cell> {
    let metric = outcome.metric;
    let (before, after) = units::both_values(metric, outcome.baseline, outcome.candidate);
    let (rates_before, rates_after): (Vec<_>, Vec<_>) = words::rates(benchmark, outcome).into_iter().unzip();
    let before = Cell::figure(&before, outcome.baseline).above(&rates_before);
    let after = Cell::figure(&after, outcome.candidate).above(&rates_after);
    if kind != Kind::Judged {
        return vec![Cell::name(name), Cell::text(called), after];
    }
    let change = words::change(outcome);
    let interval = words::interval(outcome);
    let cause = standing::cause(benchmark);
    let reason = words::reason_beside(benchmark, outcome, cause.as_deref());
    vec![
        Cell::verdict(outcome.verdict),
        Cell::name_and(name, cause.as_deref()),
        Cell::text(called),
        before,
        after,
        Cell::figure(&change, outcome.change),
        Cell::figure(&interval, outcome.interval.map(|(low, _)| low)),
        Cell::figure(&words::limit(called, outcome), outcome.threshold),
        Cell::text(&outcome.method.map(|method| method.to_string()).unwrap_or_default()),
        Cell::figure(&outcome.pairs.to_string(), Some(f64::from(outcome.pairs))),
        Cell::text(&reason),
    ]
}

fn claims(out: &mut String, claims: &[ClaimOutcome]) {
    if claims.is_empty() {
        return;
    }
    let rows: Vec<Vec<Cell>> = claims
        .iter()
        .map(|claim| {
            let ratio = claim.ratio.map_or_else(|| units::UNKNOWN.to_owned(), units::ratio);
            let interval = claim
                .interval
                .map(|(low, high)| format!("[{}, {}]", units::ratio(low), units::ratio(high)))
                .unwrap_or_default();
            let verdict = claim.verdict.name();
            vec![
                Cell {
                    html: format!("<span class=\"{verdict}\">{verdict}</span>"),
                    key: None,
                    class: "",
                    hint: String::new(),
                },
                Cell::text(claim.section.as_deref().unwrap_or_default()),
                Cell::name(&claim.name),
                Cell::figure(&ratio, claim.ratio),
                Cell::figure(&interval, claim.interval.map(|(low, _)| low)),
                Cell::text(&claim.claimed.to_string()),
                Cell::text(&words::allocations(claim)),
                Cell::text(&claim_reason(claim).unwrap_or_default()),
            ]
        })
        .collect();
    out.push_str("<h2>Claims</h2>\n");
    let titles = ["verdict", "section", "claim", "faster", "interval", "claimed", "allocations", "why"]
        .map(str::to_owned);
    table(out, &titles, &rows);
}

fn errors(out: &mut String, report: &Report) {
    if report.troubles.is_empty() {
        return;
    }
    out.push_str("<h2>Errors</h2>\n<ul>\n");
    for error in &words::troubles(report) {
        out.push_str("<li>");
        if !error.subject.is_empty() {
            let _ = write!(out, "<code>{}</code>: ", escape(&error.subject));
        }
        let message: Vec<String> = error.message.trim_end().lines().map(escape).collect();
        let _ = write!(out, "<span class=\"message\">{}</span>", message.join("\n"));
        if let Some(hint) = &error.hint {
            let _ = write!(out, "<br>hint: {}", escape(hint));
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
}
