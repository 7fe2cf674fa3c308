//! An explanation as GitHub-flavoured markdown.

use std::fmt::Write as _;

use crate::domain::{ExplainReport, Explanation, FunctionDifference};

use super::super::markdown::{code, escape};
use super::super::sentences;
use super::super::text::{plural, shorten};
use super::words;

/// Rows stop here.
const ROWS: usize = 30;

/// Names are shortened to so many columns: a comment has an end.
const NAME: usize = 200;

/// Writes an explanation as markdown.
pub(super) fn render(report: &ExplainReport) -> String {
    // Writing to a String cannot fail, here and below.
    let mut out = format!("### perfguard explain: {}\n\n", escape(&words::headline(report)));
    let _ =
        write!(out, "**{}**\n\n{}\n\n", quoted(&words::sentence(report)), escape(&words::subject(report)));
    list(&mut out, "What differs besides the code", &words::besides(report));
    if let Some(explanation) = &report.explanation {
        functions(&mut out, explanation);
        list(&mut out, "Memory", &words::allocating(explanation));
    }
    list(&mut out, "Simulated branches and caches, for one iteration", &words::events(report));
    let notes: Vec<String> = report.notes.iter().map(sentences::note).collect();
    list(&mut out, "Notes", &notes);
    out
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(out, "{title}:\n\n");
    for line in lines.iter().take(ROWS) {
        let _ = writeln!(out, "- {}", quoted(line));
    }
    if lines.len() > ROWS {
        let _ = writeln!(out, "- … and {} more", lines.len() - ROWS);
    }
    out.push('\n');
}

/// A sentence whose names between backticks are code.
fn quoted(sentence: &str) -> String {
    let parts = sentence.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { code(part) } else { escape(part) }).collect()
}

fn functions(out: &mut String, explanation: &Explanation) {
    if explanation.functions.is_empty() && explanation.others.functions == 0 {
        return;
    }
    out.push_str("| function | where | baseline | candidate | change | share | inclusive | calls |\n");
    out.push_str("|---|---|--:|--:|--:|--:|--:|--:|\n");
    let (told, folded) = explanation.functions.split_at(explanation.functions.len().min(ROWS));
    for function in told {
        row(out, explanation, function);
    }
    let others = explanation.others.functions + folded.len();
    let own = explanation.others.own + folded.iter().map(FunctionDifference::own).sum::<f64>();
    if others > 0 {
        sum(out, explanation, &plural(others, "other"), own);
    }
    if let Some(left) = words::remainder(explanation) {
        sum(out, explanation, "in no function", left);
    }
    out.push('\n');
}

fn row(out: &mut String, explanation: &Explanation, function: &FunctionDifference) {
    let mut name = code(&words::brief(&function.name, NAME));
    name.push_str(words::mark(function));
    for aside in words::asides(function) {
        let _ = write!(name, "<br>{}", escape(&shorten(&aside, NAME)));
    }
    let spent = &function.spent;
    let _ = writeln!(
        out,
        "| {name} | {} | {} | {} | {} | {} | {} | {} → {} |",
        function.place.as_ref().map(|place| escape(&words::place(place))).unwrap_or_default(),
        words::amount(spent.baseline.own),
        words::amount(spent.candidate.own),
        words::signed(function.own()),
        explanation.share(function.own()).map(words::share).unwrap_or_default(),
        words::signed(function.inclusive()),
        words::times(spent.baseline.called),
        words::times(spent.candidate.called),
    );
}

fn sum(out: &mut String, explanation: &Explanation, label: &str, own: f64) {
    let share = explanation.share(own).map(words::share).unwrap_or_default();
    let _ = writeln!(out, "| {label} | | | | {} | {share} | | |", words::signed(own));
}
