//! From what a machine is like and how its benches are built to findings: fit, caution or unfit, and what to do. Pure.

mod build;
mod machine;

pub use build::build;
pub use machine::machine;

use crate::domain::{Finding, Fitness, Topic};

/// A finding without advice.
fn finding(
    topic: Topic,
    subject: &'static str,
    found: impl Into<String>,
    fitness: Fitness,
    meaning: &str,
) -> Finding {
    Finding { topic, subject, found: found.into(), fitness, meaning: meaning.to_owned(), advice: None }
}

/// A finding with advice.
fn advised(finding: Finding, advice: &str) -> Finding {
    Finding { advice: Some(advice.to_owned()), ..finding }
}

/// A fraction as a percentage, as one reads it.
fn percent(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}
