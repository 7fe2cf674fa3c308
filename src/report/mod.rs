//! From a report value to text: table, JSON, markdown, HTML, `JUnit`, CSV. Pure; the only user of comfy-table.
//!
//! [`render`] takes what a command found, [`explain::render`] what accounts for a difference, [`doctor::render`] what
//! `doctor` did; [`baseline_report::render`] and [`history::render`] take what the store holds. `sentences`
//! alone puts facts into words, and `words` makes of them what several formats share, so that they cannot disagree.

mod advice;
pub mod baseline_report;
pub mod bisect;
mod closing;
mod codequality;
pub mod comment;
mod csv;
pub mod doctor;
pub mod explain;
mod findings;
mod format;
pub mod github;
mod grid;
pub mod history;
mod html;
mod json;
mod junit;
mod layouts;
mod markdown;
mod rdjson;
pub mod read;
mod sentences;
pub mod site;
mod slowed;
pub mod stages;
mod standing;
pub mod summary;
mod table;
mod text;
mod trend;
pub mod units;
mod words;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use crate::domain::{Report, harmless};

pub use format::{Format, Style, UnknownFormat, UnsupportedFormat};

/// Writes what a command found, with a line feed behind it.
pub fn render(report: &Report, format: Format, style: &Style) -> String {
    let text = match format {
        Format::Table => table::render(report, *style),
        // Already escaped as JSON escapes, which nothing may be done to.
        Format::Json => return json::render(report),
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        Format::Junit => junit::render(report),
        Format::Csv => csv::render(report),
        Format::Rdjson => return rdjson::render(report),
        Format::Codequality => return codequality::render(report),
    };
    // Each text was made harmless in its place; what was forgotten ends here, in files too.
    harmless::colored(&text)
}
