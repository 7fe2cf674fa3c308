//! An explanation for people.

use anstyle::Style as Ansi;

use crate::domain::{ExplainReport, Explanation, FunctionDifference, Occurrence};

use super::super::Style;
use super::super::grid::{Column, GAP, Grid};
use super::super::sentences;
use super::super::text::{clean, paint, plural, shorten, wrap};
use super::words;

/// Without `--verbose`, so many functions are shown.
const SHOWN: usize = 12;

/// How wide names may get where lines may be as long as they need.
const MAX_NAME: usize = 100;

/// Columns that names need at least; others make room for them.
const MIN_NAME: usize = 32;

/// How wide places get.
const PLACE: usize = 28;

/// Columns that give way to names, the first first.
const GIVE_WAY: [&str; 4] = ["inclusive", "calls", "baseline", "where"];

/// Writes an explanation as a table.
pub(super) fn render(report: &ExplainReport, style: Style) -> String {
    let mut out = Out { text: String::new(), style };
    out.prose(&words::headline(report), Ansi::new().bold());
    out.prose(&words::subject(report), Ansi::new());
    let besides = words::besides(report);
    if !besides.is_empty() {
        out.title("What differs besides the code");
        for line in besides {
            out.prose(&line, Ansi::new());
        }
    }
    if let Some(explanation) = &report.explanation {
        if !explanation.functions.is_empty() || explanation.others.functions > 0 {
            out.text.push('\n');
            functions(&mut out, explanation);
        }
        let allocating = words::allocating(explanation);
        if !allocating.is_empty() {
            out.title("Memory");
            let shown = if style.verbose { allocating.len() } else { SHOWN };
            for line in allocating.iter().take(shown) {
                out.prose(line, Ansi::new());
            }
            if let Some(more) = allocating.len().checked_sub(shown).filter(|more| *more > 0) {
                out.prose(&format!("and {more} more; --verbose shows them"), Ansi::new());
            }
        }
    }
    let events = words::events(report);
    if !events.is_empty() {
        out.title("Simulated branches and caches, for one iteration");
        for line in events {
            out.prose(&line, Ansi::new());
        }
    }
    if !report.notes.is_empty() {
        out.title("Notes");
        for note in &report.notes {
            out.prose(&clean(&sentences::note(note)), Ansi::new());
        }
    }
    out.text.push('\n');
    out.prose(&words::sentence(report), Ansi::new().bold());
    out.text
}

/// Stands for a space at which no line is broken.
const GLUE: char = '\u{e000}';

struct Out {
    text: String,
    style: Style,
}

impl Out {
    fn prose(&mut self, prose: &str, ansi: Ansi) {
        for line in wrap(&glued(prose), self.style.prose_width()) {
            self.text.push_str(&paint(&line.replace(GLUE, " "), ansi, self.style.color));
            self.text.push('\n');
        }
    }

    fn title(&mut self, title: &str) {
        self.text.push('\n');
        self.prose(title, Ansi::new().bold());
    }
}

/// Prose in which figures are one word: a line never ends within `1 000` or `97 %`.
fn glued(prose: &str) -> String {
    let characters: Vec<char> = prose.chars().collect();
    let digit = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(char::is_ascii_digit);
    let glue = |(at, character): (usize, &char)| {
        let percent = characters.get(at + 1) == Some(&'%');
        let within = digit(at.checked_sub(1)) && (percent || digit(Some(at + 1)));
        if *character == ' ' && within { GLUE } else { *character }
    };
    characters.iter().enumerate().map(glue).collect()
}

fn functions(out: &mut Out, explanation: &Explanation) {
    let shown = if out.style.verbose { explanation.functions.len() } else { SHOWN };
    let shown = shown.min(explanation.functions.len());
    let (told, folded) = explanation.functions.split_at(shown);
    let mut grid = Grid {
        columns: vec![
            Column::left("function"),
            Column::left("where"),
            Column::right("baseline"),
            Column::right("candidate"),
            Column::right("change"),
            Column::right("share"),
            Column::right("inclusive"),
            Column::right("calls"),
        ],
        rows: told.iter().map(|function| row(explanation, function)).collect(),
    };
    let others = explanation.others.functions + folded.len();
    if others > 0 {
        let own = explanation.others.own + folded.iter().map(FunctionDifference::own).sum::<f64>();
        grid.rows.push(sum(explanation, &plural(others, "other"), own));
    }
    if let Some(left) = words::remainder(explanation) {
        grid.rows.push(sum(explanation, "in no function", left));
    }
    let mut grid = grid.without_empty();
    let limit = out.style.table_width();
    let needed = |grid: &Grid| grid.width() - grid.widths().first().copied().unwrap_or(0);
    let wanted = |grid: &Grid| grid.widths().first().copied().unwrap_or(0).min(MIN_NAME);
    for title in GIVE_WAY {
        if needed(&grid).saturating_add(wanted(&grid)) > limit {
            grid = grid.without(title);
        }
    }
    let room = limit.saturating_sub(needed(&grid)).clamp(MIN_NAME - GAP, MAX_NAME);
    for (index, row) in grid.rows.iter_mut().enumerate() {
        if let Some(name) = row.first_mut() {
            let mut lines = name.lines();
            let mark = told.get(index).map_or("", words::mark);
            let whole = lines.next().unwrap_or_default();
            let plain = whole.strip_suffix(mark).unwrap_or(whole);
            let head = format!("{}{mark}", words::brief(plain, room - mark.len()));
            let asides = lines.map(|line| shorten(line, room));
            *name = std::iter::once(head).chain(asides).collect::<Vec<_>>().join("\n");
        }
    }
    for (index, line) in grid.lay_out().iter().enumerate() {
        let ansi = if index < grid.header_lines() { Ansi::new().dimmed() } else { Ansi::new() };
        let painted = if ansi.is_plain() { line.clone() } else { paint(line, ansi, out.style.color) };
        out.text.push_str(&painted);
        out.text.push('\n');
    }
}

fn row(explanation: &Explanation, function: &FunctionDifference) -> Vec<String> {
    let mut name = format!("{}{}", clean(&function.name), words::mark(function));
    for aside in words::asides(function) {
        name.push_str("\n  ");
        name.push_str(&aside);
    }
    let spent = &function.spent;
    let side = |present: bool, own: f64| if present { words::amount(own) } else { String::new() };
    let calls = if function.called().abs() < 0.005 {
        String::new()
    } else {
        format!("{} → {}", words::times(spent.baseline.called), words::times(spent.candidate.called))
    };
    vec![
        name,
        function.place.as_ref().map(|place| shorten(&words::place(place), PLACE)).unwrap_or_default(),
        side(function.occurrence != Occurrence::New, spent.baseline.own),
        side(function.occurrence != Occurrence::Gone, spent.candidate.own),
        words::signed(function.own()),
        explanation.share(function.own()).map(words::share).unwrap_or_default(),
        words::signed(function.inclusive()),
        calls,
    ]
}

/// A row of several functions together.
fn sum(explanation: &Explanation, label: &str, own: f64) -> Vec<String> {
    let mut cells = vec![String::new(); 8];
    cells[0] = String::from(label);
    cells[4] = words::signed(own);
    cells[5] = explanation.share(own).map(words::share).unwrap_or_default();
    cells
}
