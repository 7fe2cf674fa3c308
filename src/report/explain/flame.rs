//! The difference as a flame graph. The only user of inferno.

use inferno::flamegraph::{Options, from_lines};

use crate::domain::{ExplainReport, StackCost};

use super::super::text::clean;
use super::words;

/// Why there is no flame graph.
#[derive(Debug, thiserror::Error)]
pub enum FlameError {
    /// Nothing was counted.
    #[error("nothing to draw: nothing was counted, because both executables are identical")]
    Nothing,
    /// It could not be drawn.
    #[error("failed to draw the flame graph: {0}")]
    Drawing(std::io::Error),
}

/// Draws the difference: as wide as the candidate's instructions, red where they are more than the baseline's, blue
/// where they are fewer.
///
/// # Errors
/// There are no stacks to draw.
pub fn flamegraph(report: &ExplainReport) -> Result<String, FlameError> {
    let mut lines: Vec<String> = report.stacks.iter().map(line).collect();
    if lines.is_empty() {
        return Err(FlameError::Nothing);
    }
    lines.sort();
    let mut options = Options::default();
    options.title = words::headline(report);
    options.subtitle = Some(
        "as wide as the candidate's instructions; red: more of them than in the baseline, blue: fewer"
            .to_owned(),
    );
    options.count_name = String::from("instructions");
    let mut drawn = Vec::new();
    from_lines(&mut options, lines.iter().map(String::as_str), &mut drawn).map_err(FlameError::Drawing)?;
    Ok(String::from_utf8_lossy(&drawn).into_owned())
}

/// A stack in the folded form: frames, then both figures.
fn line(stack: &StackCost) -> String {
    let frames: Vec<String> = stack.frames.iter().map(|frame| clean(frame).replace(';', ":")).collect();
    format!("{} {} {}", frames.join(";"), stack.own.baseline, stack.own.candidate)
}
