//! What stands below the table: claims, errors, notes, advice, the outcome.

use anstyle::{AnsiColor, Style as Ansi};

use crate::domain::{ClaimVerdict, Report};

use super::super::grid::{Column, Grid};
use super::super::text::{clean, lines, shorten, wrap};
use super::super::words::{self, Tone};
use super::super::{advice, units};
use super::Out;

pub(super) fn claims(out: &mut Out, report: &Report) {
    if report.claims.is_empty() {
        return;
    }
    out.title("Claims");
    let mut grid = Grid {
        columns: vec![
            Column::left("verdict"),
            Column::left("claim"),
            Column::right("faster"),
            Column::left("interval"),
            Column::right("at least"),
            Column::left("why"),
        ],
        rows: Vec::new(),
    };
    let mut sorted: Vec<_> = report.claims.iter().collect();
    sorted
        .sort_by(|a, b| claim_rank(a.verdict).cmp(&claim_rank(b.verdict)).then_with(|| a.name.cmp(&b.name)));
    for claim in &sorted {
        grid.rows.push(vec![
            claim.verdict.name().to_owned(),
            shorten(&clean(&claim.name), 40),
            claim.ratio.map_or_else(|| units::UNKNOWN.to_owned(), units::ratio),
            claim
                .interval
                .map(|(low, high)| format!("[{}, {}]", units::ratio(low), units::ratio(high)))
                .unwrap_or_default(),
            units::ratio(claim.at_least),
            String::new(),
        ]);
    }
    let laid = grid.without_empty();
    let header = laid.header_lines();
    for (index, line) in laid.lay_out().iter().enumerate() {
        let line = match index.checked_sub(header).and_then(|at| sorted.get(at)) {
            None => out.paint(line, Ansi::new().dimmed()),
            Some(claim) => {
                let word = claim.verdict.name();
                format!("{}{}", out.paint(word, claim_style(claim.verdict)), &line[word.len()..])
            }
        };
        out.line(&line);
    }
    for claim in sorted {
        if let Some(reason) = &claim.reason {
            out.prose(&format!("{}: {}", clean(&claim.name), clean(reason)), 0);
        }
    }
}

fn claim_rank(verdict: ClaimVerdict) -> u8 {
    match verdict {
        ClaimVerdict::Refuted => 0,
        ClaimVerdict::Undecided => 1,
        ClaimVerdict::Confirmed => 2,
    }
}

fn claim_style(verdict: ClaimVerdict) -> Ansi {
    match verdict {
        ClaimVerdict::Refuted => AnsiColor::Red.on_default().bold(),
        ClaimVerdict::Undecided => AnsiColor::Yellow.on_default(),
        ClaimVerdict::Confirmed => AnsiColor::Green.on_default(),
    }
}

pub(super) fn errors(out: &mut Out, report: &Report) {
    if report.errors.is_empty() {
        return;
    }
    out.title("Errors");
    let red = AnsiColor::Red.on_default().bold();
    for error in &report.errors {
        let label = out.paint("error", red);
        let subject = clean(&error.subject);
        let mut message = lines(&error.message);
        let first = if message.is_empty() { String::new() } else { message.remove(0) };
        let opening = if subject.is_empty() { first } else { format!("{subject}: {first}") };
        for (index, line) in wrap(&opening, out.style.prose_width() - 7).iter().enumerate() {
            let lead = if index == 0 { format!("{label}: ") } else { " ".repeat(7) };
            out.line(&format!("{lead}{line}"));
        }
        for line in message {
            out.line(&format!("       {line}"));
        }
        if let Some(hint) = &error.hint {
            out.prose(&format!("hint: {}", clean(hint)), 7);
        }
    }
}

pub(super) fn notes(out: &mut Out, report: &Report) {
    if report.notes.is_empty() {
        return;
    }
    out.gap();
    for note in &report.notes {
        let broken = wrap(&clean(note), out.style.prose_width() - 6);
        for (index, line) in broken.iter().enumerate() {
            out.line(&format!("{}{line}", if index == 0 { "note: " } else { "      " }));
        }
    }
}

pub(super) fn closing(out: &mut Out, report: &Report) {
    let steps = advice::next_steps(report);
    if !steps.is_empty() {
        out.title("What to do next");
    }
    for step in &steps {
        out.line(&format!("  {}:", step.purpose));
        for line in step.command.lines() {
            out.line(&format!("    {line}"));
        }
    }
    let closing = words::closing(report);
    let style = match closing.tone {
        Tone::Good => AnsiColor::Green.on_default().bold(),
        Tone::Open => AnsiColor::Yellow.on_default().bold(),
        Tone::Bad => AnsiColor::Red.on_default().bold(),
    };
    out.gap();
    let spent =
        if report.seconds > 0.0 { format!(" ({})", units::duration(report.seconds)) } else { String::new() };
    for line in wrap(&format!("{}{spent}", closing.text), out.style.prose_width()) {
        let line = out.paint(&line, style);
        out.line(&line);
    }
}
