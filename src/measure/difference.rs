//! Where what two launches printed differs.

use std::fmt;

/// How much of a line is shown, in characters.
const SHOWN: usize = 80;

/// The first line in which two outputs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputDifference {
    /// The line, from 1.
    pub line: usize,
    /// What the baseline printed there; `None` where it had ended.
    pub baseline: Option<String>,
    /// What the candidate printed there.
    pub candidate: Option<String>,
}

impl fmt::Display for OutputDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |text: &Option<String>| {
            text.as_ref().map_or_else(|| "nothing more".to_owned(), |text| format!("`{text}`"))
        };
        let (baseline, candidate) = (side(&self.baseline), side(&self.candidate));
        write!(f, "line {} is {baseline} on the baseline and {candidate} on the candidate", self.line)
    }
}

/// The first difference of two outputs; `None` when they are equal to the byte.
pub(super) fn difference(baseline: &[u8], candidate: &[u8]) -> Option<OutputDifference> {
    if baseline == candidate {
        return None;
    }
    let equal = lines(baseline).zip(lines(candidate)).take_while(|(one, other)| one == other).count();
    let at = |bytes: &[u8]| lines(bytes).nth(equal).map(shown);
    Some(OutputDifference { line: equal + 1, baseline: at(baseline), candidate: at(candidate) })
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}

/// A line as it can be shown: what would move a cursor is escaped, and what is long is cut.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut shown: String = text.chars().flat_map(char::escape_debug).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    // A last line without its end, where the other has one, would look the same.
    if line.last() != Some(&b'\n') {
        shown.push_str(" (without a line break)");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(baseline: &str, candidate: &str) -> String {
        difference(baseline.as_bytes(), candidate.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn the_first_line_that_differs_is_shown_with_both_sides() {
        assert_eq!(difference(b"a\nb\n", b"a\nb\n"), None);
        assert_eq!(told("a\nb\nc\n", "a\nx\nc\n"), "line 2 is `b` on the baseline and `x` on the candidate");
        assert_eq!(told("a\n", "a\nb\n"), "line 2 is nothing more on the baseline and `b` on the candidate");
        assert!(told("a", "a\n").contains("`a (without a line break)`"));
        assert_eq!(told("", "a\n"), "line 1 is nothing more on the baseline and `a` on the candidate");
    }

    #[test]
    fn what_is_shown_harms_no_terminal_and_has_an_end() {
        let text = told("\u{1b}[31mred\n", &format!("{}\n", "x".repeat(1000)));
        assert!(!text.contains('\u{1b}') && text.chars().count() < 300, "{text}");
        assert!(difference(b"\xff\n", b"\xfe\n").is_some(), "no text, and not equal");
    }
}
