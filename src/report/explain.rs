//! Which functions account for a difference in instructions: a table, JSON, markdown, and a flame graph.

mod flame;
mod markdown;
mod table;
mod wire;
mod words;

pub use flame::{FlameError, flamegraph};
pub(super) use words::{named_at as named, signed_instructions};

use crate::domain::ExplainReport;

use super::{Format, Style, UnsupportedFormat};

/// The formats that an explanation can be written in.
pub const FORMATS: &[Format] = &[Format::Table, Format::Json, Format::Markdown];

/// Refuses a format that an explanation cannot be written in, before anything is built for it.
///
/// # Errors
/// [`UnsupportedFormat`] for any that is not among [`FORMATS`].
pub fn check(format: Format) -> Result<(), UnsupportedFormat> {
    if FORMATS.contains(&format) {
        Ok(())
    } else {
        Err(UnsupportedFormat { command: "explain", format, known: FORMATS })
    }
}

/// Writes an explanation, with a line feed behind it.
///
/// # Errors
/// [`UnsupportedFormat`] for any that is not among [`FORMATS`].
pub fn render(report: &ExplainReport, format: Format, style: &Style) -> Result<String, UnsupportedFormat> {
    check(format)?;
    Ok(match format {
        Format::Json => wire::render(report),
        Format::Markdown => markdown::render(report),
        _ => table::render(report, *style),
    })
}

#[cfg(test)]
mod tests;
