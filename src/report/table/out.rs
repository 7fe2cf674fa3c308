//! The table under construction: lines, titles, prose that keeps to its columns.

use anstyle::Style as Ansi;

use super::super::Style;
use super::super::grid::GAP;
use super::super::text::{paint, width, wrap};

/// The columns of verdict and subject in the lists below the table.
pub(super) const LABEL: usize = 14;

/// The text so far.
pub(super) struct Out {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Out {
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(super) fn paint(&self, text: &str, style: Ansi) -> String {
        paint(text, style, self.style.color)
    }

    /// An empty line between two sections.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A section's title.
    pub(super) fn title(&mut self, title: &str) {
        self.gap();
        let title = self.paint(title, Ansi::new().bold());
        self.line(&title);
    }

    /// Prose, broken between words, behind an indent.
    pub(super) fn prose(&mut self, prose: &str, indent: usize) {
        for line in wrap(prose, self.style.prose_width() - indent) {
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// A label and, beside it, prose.
    pub(super) fn labelled(&mut self, label: &str, style: Ansi, prose: &str) {
        let indent = LABEL + GAP;
        let broken = wrap(prose, self.style.prose_width() - indent);
        let fill = " ".repeat(indent.saturating_sub(width(label)));
        let first = broken.first().map_or("", String::as_str);
        let label = self.paint(label, style);
        self.line(format!("{label}{fill}{first}").trim_end());
        for line in broken.iter().skip(1) {
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
    }
}
