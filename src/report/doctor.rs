//! What `doctor` found: finding by finding, the machine key field by field, and the smallest honest threshold.

mod table;
mod wire;
mod words;

use crate::domain::DoctorReport;

use super::{Format, Style, UnsupportedFormat};

/// The formats that it can be written in.
pub const FORMATS: &[Format] = &[Format::Table, Format::Json, Format::Markdown];

/// Writes what `doctor` found, with a line feed behind it.
///
/// # Errors
/// [`UnsupportedFormat`] for any that is not among [`FORMATS`].
pub fn render(report: &DoctorReport, format: Format, style: &Style) -> Result<String, UnsupportedFormat> {
    match format {
        Format::Table => Ok(table::table(report, *style)),
        Format::Markdown => Ok(table::markdown(report)),
        Format::Json => Ok(wire::json(report)),
        _ => Err(UnsupportedFormat { command: "doctor", format, known: FORMATS }),
    }
}

#[cfg(test)]
mod tests;
