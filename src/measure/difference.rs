//! Where what two launches printed differs.

use crate::domain::{OutputDifference, OutputLine};

/// How much of a line is shown, in characters.
const SHOWN: usize = 80;

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
fn shown(line: &[u8]) -> OutputLine {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut shown: String = text.chars().flat_map(char::escape_debug).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    OutputLine { text: shown, has_end: line.last() == Some(&b'\n') }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(baseline: &str, candidate: &str) -> (usize, Option<String>, Option<String>) {
        let found = difference(baseline.as_bytes(), candidate.as_bytes()).unwrap();
        let text = |line: Option<OutputLine>| line.map(|line| line.text);
        (found.line, text(found.baseline), text(found.candidate))
    }

    #[test]
    fn the_first_line_that_differs_is_found_on_both_sides() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(difference(b"a\nb\n", b"a\nb\n"), None);
        assert_eq!(found("a\nb\nc\n", "a\nx\nc\n"), (2, some("b"), some("x")));
        assert_eq!(found("a\n", "a\nb\n"), (2, None, some("b")));
        assert_eq!(found("", "a\n"), (1, None, some("a")));
        let ends = difference(b"a", b"a\n").unwrap();
        assert!(!ends.baseline.unwrap().has_end && ends.candidate.unwrap().has_end);
    }

    #[test]
    fn what_is_shown_harms_no_terminal_and_has_an_end() {
        let (_, red, long) = found("\u{1b}[31mred\n", &format!("{}\n", "x".repeat(1000)));
        assert!(!red.unwrap().contains('\u{1b}'));
        assert!(long.unwrap().chars().count() < 100);
        assert!(difference(b"\xff\n", b"\xfe\n").is_some(), "no text, and not equal");
    }
}
