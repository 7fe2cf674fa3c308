//! A plain grid of cells: no borders, columns two spaces apart, a rule below the header.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::text::width;

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// At the left, as words do.
    Left,
    /// At the right, as figures do.
    Right,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// What stands above it; may have several lines.
    pub(super) title: String,
    /// Where its text stands.
    pub(super) align: Align,
}

impl Column {
    /// A column of words.
    pub(super) fn left(title: impl Into<String>) -> Self {
        Self { title: title.into(), align: Align::Left }
    }

    /// A column of figures.
    pub(super) fn right(title: impl Into<String>) -> Self {
        Self { title: title.into(), align: Align::Right }
    }
}

/// Columns and the rows below them; every row has a cell for each column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Grid {
    /// The columns.
    pub(super) columns: Vec<Column>,
    /// The rows; cells may have several lines.
    pub(super) rows: Vec<Vec<String>>,
}

/// Columns between two cells.
pub(super) const GAP: usize = 2;

impl Grid {
    /// The widths of the columns.
    pub(super) fn widths(&self) -> Vec<usize> {
        let cells = |index: usize| self.rows.iter().filter_map(move |row| row.get(index));
        let widest = |text: &str| text.lines().map(width).max().unwrap_or(0);
        self.columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                cells(index).map(|cell| widest(cell)).max().unwrap_or(0).max(widest(&column.title))
            })
            .collect()
    }

    /// How wide the whole grid is.
    pub(super) fn width(&self) -> usize {
        let widths = self.widths();
        widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
    }

    /// Leaves out columns without anything in them.
    pub(super) fn without_empty(self) -> Self {
        let filled: Vec<bool> = (0..self.columns.len())
            .map(|index| self.rows.iter().any(|row| row.get(index).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let keep = |index: &usize| filled.get(*index).copied().unwrap_or(false);
        let columns = pick(self.columns, keep);
        let rows = self.rows.into_iter().map(|row| pick(row, keep)).collect();
        Self { columns, rows }
    }

    /// Leaves out the column of a title.
    pub(super) fn without(self, title: &str) -> Self {
        let gone = self.columns.iter().position(|column| column.title == title);
        let keep = |index: &usize| Some(*index) != gone;
        let columns = pick(self.columns, keep);
        let rows = self.rows.into_iter().map(|row| pick(row, keep)).collect();
        Self { columns, rows }
    }

    /// The rows as text: the lines of each row; the first entry is the header with its rule.
    pub(super) fn lay_out(&self) -> Vec<String> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.columns.iter().map(|column| column.title.clone()));
        for row in &self.rows {
            table.add_row(row.clone());
        }
        let last = self.columns.len().saturating_sub(1);
        for (index, column) in self.columns.iter().enumerate() {
            let Some(laid) = table.column_mut(index) else { continue };
            laid.set_padding((0, if index == last { 0 } else { 2 }));
            laid.set_cell_alignment(match column.align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        let mut lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        let header = self.columns.iter().map(|column| column.title.lines().count()).max().unwrap_or(1);
        let header = header.clamp(1, lines.len().max(1));
        let rule = "─".repeat(self.width());
        lines.insert(header.min(lines.len()), rule);
        lines
    }

    /// How many lines the header takes, its rule included.
    pub(super) fn header_lines(&self) -> usize {
        1 + self.columns.iter().map(|column| column.title.lines().count()).max().unwrap_or(1).max(1)
    }
}

fn pick<T>(items: Vec<T>, keep: impl Fn(&usize) -> bool) -> Vec<T> {
    items.into_iter().enumerate().filter(|(index, _)| keep(index)).map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_line_up_and_empty_columns_vanish() {
        let grid = Grid {
            columns: vec![Column::left("name"), Column::right("n"), Column::left("none")],
            rows: vec![
                vec!["a\nb".into(), "10".into(), String::new()],
                vec!["long".into(), "9".into(), String::new()],
            ],
        };
        let grid = grid.without_empty();
        assert_eq!(grid.width(), 8);
        assert_eq!(grid.lay_out(), ["name   n", "────────", "a     10", "b", "long   9"]);
        assert_eq!(grid.header_lines(), 2);
    }
}
