//! What stands below the table: claims, errors, notes, advice, the outcome.

use anstyle::{AnsiColor, Style as Ansi};

use crate::domain::{ClaimOutcome, ClaimVerdict, Report};

use super::super::closing::{self, Tone};
use super::super::grid::{Column, Grid};
use super::super::sentences::claim_reason;
use super::super::text::{clean, lines, shorten, wrap};
use super::super::words;
use super::super::{advice, units};
use super::out::Out;

pub(super) fn claims(out: &mut Out, report: &Report) {
    if report.claims.is_empty() {
        return;
    }
    out.title("Claims");
    let sections = words::by_section(&report.claims);
    let sorted: Vec<&ClaimOutcome> = sections.iter().flat_map(|(_, claims)| claims.iter().copied()).collect();
    let laid = fitting_grid(&sorted, out.style.table_width());
    let header = laid.header_lines();
    let mut section = None;
    for (index, line) in laid.lay_out().iter().enumerate() {
        let Some(claim) = index.checked_sub(header).and_then(|at| sorted.get(at)) else {
            let line = out.paint(line, Ansi::new().dimmed());
            out.line(&line);
            continue;
        };
        if claim.section != section {
            section.clone_from(&claim.section);
            let heading = clean(section.as_deref().unwrap_or("Your own claims"));
            let heading = out.paint(&heading, Ansi::new().bold());
            out.line(&heading);
        }
        let word = claim.verdict.name();
        let line = format!("{}{}", out.paint(word, claim_style(claim.verdict)), &line[word.len()..]);
        out.line(&line);
    }
    let mut told: Vec<String> = Vec::new();
    for claim in &sorted {
        let Some(reason) = claim_reason(claim).filter(|reason| !told.contains(reason)) else { continue };
        let alike = sorted.iter().filter(|other| claim_reason(other).as_ref() == Some(&reason)).count();
        let who = if alike == 1 { clean(&claim.name) } else { format!("{alike} claims") };
        out.prose(&format!("{who}: {}", clean(&reason)), 0);
        told.push(reason);
    }
}

/// The claims within a width: without intervals first, then without what is claimed, then with shorter names.
fn fitting_grid(claims: &[&ClaimOutcome], width: usize) -> Grid {
    let mut left_out: Vec<&str> = Vec::new();
    for title in ["", "interval", "allocations", "claimed"] {
        left_out.push(title);
        let fits = |grid: Grid| (grid.width() <= width).then_some(grid);
        let grid = |longest| {
            let whole = claims_grid(claims, longest).without_empty();
            left_out.iter().fold(whole, |grid, title| grid.without(title))
        };
        if let Some(grid) = fits(grid(LONGEST_NAME)) {
            return grid;
        }
        let shorter = with_shorter_names(claims, width, &grid);
        if !title.is_empty() && (shorter.width() <= width || title == "claimed") {
            return shorter;
        }
    }
    claims_grid(claims, SHORTEST_NAME).without_empty()
}

fn with_shorter_names(claims: &[&ClaimOutcome], width: usize, bare: &dyn Fn(usize) -> Grid) -> Grid {
    let too_much = bare(LONGEST_NAME).width().saturating_sub(width);
    let longest = claims.iter().map(|claim| claim.name.chars().count()).max().unwrap_or(0).min(LONGEST_NAME);
    bare(longest.saturating_sub(too_much).max(SHORTEST_NAME))
}

/// Names are cut to this many characters at most, and never to fewer than the second.
const LONGEST_NAME: usize = 46;
const SHORTEST_NAME: usize = 12;

fn claims_grid(claims: &[&ClaimOutcome], longest: usize) -> Grid {
    let row = |claim: &&ClaimOutcome| {
        vec![
            claim.verdict.name().to_owned(),
            shorten(&clean(&claim.name), longest),
            claim.ratio.map_or_else(|| units::UNKNOWN.to_owned(), units::ratio),
            claim
                .interval
                .map(|(low, high)| format!("[{}, {}]", units::ratio(low), units::ratio(high)))
                .unwrap_or_default(),
            claim.claimed.to_string(),
            words::allocations(claim),
        ]
    };
    Grid {
        columns: vec![
            Column::left("verdict"),
            Column::left("claim"),
            Column::right("faster"),
            Column::left("interval"),
            Column::left("claimed"),
            Column::left("allocations"),
        ],
        rows: claims.iter().map(row).collect(),
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
    if report.troubles.is_empty() {
        return;
    }
    out.title("Errors");
    let red = AnsiColor::Red.on_default().bold();
    for error in &words::troubles(report) {
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
    let notes = words::notes(report);
    if notes.is_empty() {
        return;
    }
    out.gap();
    for note in &notes {
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
        out.prose(&format!("{}:", step.purpose), 2);
        for line in step.command.lines() {
            out.line(&format!("    {line}"));
        }
    }
    let closing = closing::closing(report);
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
