//! The report as a pull request's comment: a line that says it all, what to do, what got worse and where, what got better,
//! the rest folded.
//!
//! GitHub cuts comments at 65 536 characters, so rows beyond a limit are counted instead of shown.

use std::fmt::Write as _;

use crate::domain::{BenchmarkOutcome, ClaimOutcome, ClaimVerdict, MetricOutcome, Report, Verdict};

use super::closing::{Tone, closing};
use super::sentences::claim_reason;
use super::standing::{self, Standing};
use super::text::{clean, plural};
use super::words::{self, Kind};
use super::{advice, units};

/// Marks the comment, so that a later run can find and replace it.
const MARKER: &str = "<!-- cargo-perfguard -->";

/// Rows stop here; what follows them still fits.
const ENOUGH: usize = 50_000;

/// Errors and reasons are cut here.
const LONGEST_TEXT: usize = 2_000;

/// Writes a report as GitHub-flavoured markdown.
pub(super) fn render(report: &Report) -> String {
    let (text, _) = written(report, ENOUGH);
    format!("{MARKER}\n{text}")
}

/// The same without a mark, where nothing has to be left out to end tables at a length; `None` where something has.
pub(super) fn whole(report: &Report, limit: usize) -> Option<String> {
    let (text, room) = written(report, limit);
    (room == Room::Left).then_some(text)
}

/// Whether there was room for every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Left,
    Short,
}

/// What is written, and where tables end.
struct Page {
    text: String,
    enough: usize,
    room: Room,
}

fn written(report: &Report, enough: usize) -> (String, Room) {
    let kind = Kind::of(report);
    let closing = closing(report);
    let sign = closing.tone.sign();
    let text = format!("### {sign} perfguard: {}\n\n", escape(&closing.text));
    let mut out = Page { text, enough, room: Room::Left };
    let subject = words::subject(report);
    if !subject.is_empty() {
        paragraph(&mut out.text, &escape(&subject));
    }
    if let Some(mean) = standing::mean(report) {
        paragraph(&mut out.text, &escape(&mean));
    }
    errors(&mut out.text, report);
    next_steps(&mut out, report, closing.tone == Tone::Bad);
    if kind == Kind::Judged {
        let standing = Standing::of(report);
        section(&mut out, "Worse", &standing.worse);
        section(&mut out, "Better", &standing.better);
        section(&mut out, "Accepted", &standing.accepted);
        claims(&mut out.text, &report.claims);
        if !standing.rest.is_empty() {
            details(&mut out, &standing.counts_of_rest(), Fold::Closed, |out| {
                table(out, &standing.rest, kind);
            });
        }
    } else {
        table(&mut out, &words::by_name(report), kind);
        claims(&mut out.text, &report.claims);
    }
    notes(&mut out.text, report);
    footer(&mut out.text, report);
    (out.text, out.room)
}

fn paragraph(out: &mut String, text: &str) {
    let _ = write!(out, "{text}\n\n");
}

/// Whether a part is open before it is clicked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fold {
    Open,
    Closed,
}

/// A part that opens and closes by a click.
fn details(out: &mut Page, summary: &str, fold: Fold, body: impl FnOnce(&mut Page)) {
    let open = if fold == Fold::Open { " open" } else { "" };
    let _ = write!(out.text, "<details{open}>\n<summary>{}</summary>\n\n", escape(summary));
    body(out);
    out.text.push_str("</details>\n\n");
}

/// Benchmarks under a heading; nothing where there are none.
fn section(out: &mut Page, heading: &str, benchmarks: &[&BenchmarkOutcome]) {
    if !benchmarks.is_empty() {
        let _ = write!(out.text, "#### {heading}\n\n");
        table(out, benchmarks, Kind::Judged);
    }
}

/// What to do about it: open where something is wrong, because that is what a reader came for.
fn next_steps(out: &mut Page, report: &Report, urgent: bool) {
    let steps = advice::next_steps(report);
    if steps.is_empty() {
        return;
    }
    let fold = if urgent { Fold::Open } else { Fold::Closed };
    details(out, "What to do next", fold, |out| {
        for step in &steps {
            let command: Vec<String> = step.command.lines().map(code).collect();
            let _ = writeln!(out.text, "- {}:<br>{}", step.purpose, command.join("<br>"));
        }
        out.text.push('\n');
    });
}

fn table(page: &mut Page, benchmarks: &[&BenchmarkOutcome], kind: Kind) {
    if benchmarks.is_empty() {
        return;
    }
    let Page { text: out, enough, room } = page;
    out.push_str(match kind {
        Kind::Judged => {
            "| verdict | benchmark | metric | baseline | candidate | change | interval | threshold | why |\n\
             |---|---|---|--:|--:|--:|---|---|---|\n"
        }
        Kind::Names => "| benchmark |\n|---|\n",
        Kind::Figures | Kind::Claims => "| benchmark | metric | value |\n|---|---|--:|\n",
    });
    for (index, benchmark) in benchmarks.iter().enumerate() {
        if out.len() > *enough {
            *room = Room::Short;
            let _ = write!(out, "\n… and {} more\n", plural(benchmarks.len() - index, "benchmark"));
            break;
        }
        let mut name = code(&benchmark.name.to_string());
        // Where it comes from stands with the name: that is what a reader goes to.
        if let Some(cause) = standing::cause(benchmark).filter(|_| kind == Kind::Judged) {
            let _ = write!(name, "<br>{}", escape(cut(&cause)));
        }
        if kind == Kind::Names || benchmark.metrics.is_empty() && kind != Kind::Judged {
            let _ = writeln!(out, "| {name} |");
        } else if benchmark.metrics.is_empty() {
            let _ = writeln!(out, "| {} | {name} | | | | | | | |", benchmark.verdict());
        }
        for (metric, outcome) in words::rows(benchmark).into_iter().filter(|_| kind != Kind::Names) {
            out.push_str(&row((&name, benchmark), metric, outcome, kind));
        }
    }
    out.push('\n');
}

fn row(
    (name, benchmark): (&str, &BenchmarkOutcome),
    metric: &str,
    outcome: &MetricOutcome,
    kind: Kind,
) -> String {
    let (mut before, mut after) = units::both_values(outcome.metric, outcome.baseline, outcome.candidate);
    for (rate_before, rate_after) in words::rates(benchmark, outcome) {
        let _ = write!(before, "<br>{rate_before}");
        let _ = write!(after, "<br>{rate_after}");
    }
    if kind != Kind::Judged {
        return format!("| {name} | {metric} | {after} |\n");
    }
    let verdict = if outcome.fails() || outcome.verdict == Verdict::Failed {
        format!("**{}**", outcome.verdict)
    } else {
        outcome.verdict.to_string()
    };
    let cause = standing::cause(benchmark);
    let reason = words::reason_beside(benchmark, outcome, cause.as_deref());
    format!(
        "| {verdict} | {name} | {metric} | {before} | {after} | {} | {} | {} | {} |\n",
        words::change(outcome),
        words::interval(outcome),
        escape(&words::limit(metric, outcome)),
        escape(cut(&reason)),
    )
}

fn claims(out: &mut String, claims: &[ClaimOutcome]) {
    if claims.is_empty() {
        return;
    }
    for (section, claims) in words::by_section(claims) {
        if let Some(section) = section {
            let _ = writeln!(out, "#### {}\n", escape(section));
        }
        out.push_str(
            "| verdict | claim | faster | interval | claimed | allocations | why |\n\
             |---|---|--:|---|---|---|---|\n",
        );
        for claim in claims {
            out.push_str(&claim_row(claim));
        }
        out.push('\n');
    }
}

fn claim_row(claim: &ClaimOutcome) -> String {
    let verdict = claim.verdict.name();
    let interval =
        claim.interval.map(|(low, high)| format!("[{}, {}]", units::ratio(low), units::ratio(high)));
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        if claim.verdict == ClaimVerdict::Refuted { format!("**{verdict}**") } else { verdict.to_owned() },
        code(&claim.name),
        claim.ratio.map_or_else(|| units::UNKNOWN.to_owned(), units::ratio),
        interval.unwrap_or_default(),
        escape(&claim.claimed.to_string()),
        words::allocations(claim),
        escape(cut(&claim_reason(claim).or_else(|| claim.statement.clone()).unwrap_or_default())),
    )
}

fn errors(out: &mut String, report: &Report) {
    for error in &words::troubles(report) {
        let subject =
            if error.subject.is_empty() { String::new() } else { format!("{}: ", code(&error.subject)) };
        let _ = writeln!(out, "- **error**: {subject}{}", message(&error.message));
        if let Some(hint) = &error.hint {
            let _ = writeln!(out, "  <br>hint: {}", escape(hint));
        }
    }
    if !report.troubles.is_empty() {
        out.push('\n');
    }
}

/// A message of several lines keeps them.
fn message(text: &str) -> String {
    cut(text).trim().lines().map(escape).collect::<Vec<_>>().join("<br>")
}

fn notes(out: &mut String, report: &Report) {
    let notes = words::notes(report);
    for note in &notes {
        let _ = writeln!(out, "> {}\n>", escape(note));
    }
    if !notes.is_empty() {
        out.push('\n');
    }
}

fn footer(out: &mut String, report: &Report) {
    let footer = standing::surroundings(report);
    if !footer.is_empty() {
        let _ = writeln!(out, "<sub>{}</sub>", escape(&footer));
    }
}

/// The beginning of a long text.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST_TEXT).map_or(text, |(end, _)| &text[..end])
}

/// A name or a command, as code. Markdown's own code spans cannot hold every text, least of all in a table.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// Text that markdown and HTML leave as it is: what they could read is written as character references.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        if matches!(
            character,
            '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '\\' | '#' | '@' | '$' | '!' | '"'
        ) {
            let _ = write!(escaped, "&#{};", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_read_as_markup() {
        assert_eq!(escape("a|b`c<d>\n"), "a&#124;b&#96;c&#60;d&#62;&#92;n");
        assert_eq!(escape("plain text, 5%"), "plain text, 5%");
    }

    #[test]
    fn intervals_keep_their_brackets_readable() {
        assert_eq!(units::interval((0.061, 0.089)), "[+6.1 %, +8.9 %]");
    }
}
