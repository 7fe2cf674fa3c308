//! The stored baselines, side by side per architecture and processor.
//!
//! One column is one origin: a machine with one build. Figures of different origins stand beside each other to be
//! looked at; they are not comparable.

mod matrix;
mod table;
mod wire;

use crate::domain::BaselineReport;

use super::{Format, Style, UnsupportedFormat};

/// The formats that a baseline report can be written in.
pub const FORMATS: &[Format] = &[Format::Table, Format::Json, Format::Markdown, Format::Html, Format::Csv];

/// Writes the stored baselines, with a line feed behind them.
///
/// # Errors
/// [`UnsupportedFormat`] for `junit`: a baseline neither passes nor fails.
pub fn render(report: &BaselineReport, format: Format, style: &Style) -> Result<String, UnsupportedFormat> {
    match format {
        Format::Table => Ok(table::table(report, *style)),
        Format::Markdown => Ok(table::markdown(report)),
        Format::Html => Ok(table::html(report)),
        Format::Json => Ok(wire::json(report)),
        Format::Csv => Ok(wire::csv(report)),
        _ => Err(UnsupportedFormat { command: "report", format, known: FORMATS }),
    }
}

#[cfg(test)]
mod tests;
