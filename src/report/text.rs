//! Plain text: how wide it is, where it may be broken, what of it is safe to print.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthStr;

use crate::domain::{Verdict, harmless};

/// How many columns a text takes up on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text on one line with nothing harmful in it.
pub(super) fn clean(text: &str) -> String {
    harmless::line(text)
}

/// The lines of a message, each cleaned; no empty ones.
pub(super) fn lines(message: &str) -> Vec<String> {
    let message = harmless::text(message);
    message.lines().map(|line| clean(line.trim_end())).filter(|line| !line.is_empty()).collect()
}

/// Breaks a benchmark's name into lines of at most `limit` columns, after `::`, `/` or a space where it can.
///
/// Nothing is left out: the lines put together are the name.
pub(super) fn wrap_name(name: &str, limit: usize) -> Vec<String> {
    let mut broken = Vec::new();
    let mut rest = name;
    while width(rest) > limit {
        let fits = fitting(rest, limit);
        let head = &rest[..fits];
        let nice =
            ["::", "/", " "].iter().filter_map(|mark| head.rfind(mark).map(|at| at + mark.len())).max();
        let at = nice.filter(|&at| width(&rest[..at]) * 3 >= limit).unwrap_or(fits);
        broken.push(rest[..at].to_owned());
        rest = &rest[at..];
    }
    if !rest.is_empty() || broken.is_empty() {
        broken.push(rest.to_owned());
    }
    broken
}

/// How many bytes of a text fit into `limit` columns: at least one character, and whole ones.
fn fitting(text: &str, limit: usize) -> usize {
    let mut end = 0;
    for (start, character) in text.char_indices() {
        let next = start + character.len_utf8();
        if end > 0 && width(&text[..next]) > limit {
            break;
        }
        end = next;
    }
    end
}

/// Breaks prose into lines of at most `limit` columns between words; a word that is too long is broken itself.
pub(super) fn wrap(prose: &str, limit: usize) -> Vec<String> {
    let mut broken: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in prose.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > limit {
            broken.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        if width(word) > limit {
            let mut parts = wrap_name(word, limit);
            line = parts.pop().unwrap_or_default();
            broken.append(&mut parts);
        } else {
            line.push_str(word);
        }
    }
    if !line.is_empty() {
        broken.push(line);
    }
    broken
}

/// Shortens a text in the middle to `limit` columns; what is left out is an ellipsis.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let keep = limit.saturating_sub(1);
    let head = &text[..fitting(text, keep.div_ceil(2).max(1))];
    let mut tail = text.len();
    for (start, _) in text.char_indices().rev() {
        if width(&text[start..]) > keep.saturating_sub(width(head)) {
            break;
        }
        tail = start;
    }
    format!("{head}…{}", &text[tail..])
}

/// Shortens a text at its end to `limit` columns; what is left out is an ellipsis.
pub(super) fn shorten_end(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    format!("{}…", text[..fitting(text, limit.saturating_sub(1).max(1))].trim_end())
}

/// The first `most` characters of a text; what is left out behind them is an ellipsis.
pub(super) fn begin(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// `a, b and c`.
pub(super) fn listed(mut names: Vec<String>) -> String {
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) }
}

/// `1 benchmark`, `2 benchmarks`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The day of a time in milliseconds since the Unix epoch, in UTC: `2026-11-20`.
pub(super) fn day(milliseconds: i64) -> String {
    formatted(milliseconds, "%Y-%m-%d")
}

/// A time in milliseconds since the Unix epoch as RFC 3339, in UTC, to the second.
pub(super) fn instant(milliseconds: i64) -> String {
    formatted(milliseconds, "%Y-%m-%dT%H:%M:%SZ")
}

fn formatted(milliseconds: i64, format: &str) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| super::units::UNKNOWN.to_owned(), |time| time.strftime(format).to_string())
}

/// How a verdict looks on a terminal.
pub(super) fn verdict_style(verdict: Verdict) -> Ansi {
    match verdict {
        Verdict::Regressed | Verdict::Failed => AnsiColor::Red.on_default().bold(),
        Verdict::Inconclusive | Verdict::NotComparable | Verdict::Missing => AnsiColor::Yellow.on_default(),
        Verdict::New => AnsiColor::Cyan.on_default(),
        Verdict::Improved => AnsiColor::Green.on_default(),
        Verdict::Unchanged => Ansi::new().dimmed(),
    }
}

/// A text in a style, or as it is.
pub(super) fn paint(text: &str, style: Ansi, color: bool) -> String {
    if color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// The words of one value that the other does not have: of twenty settings mostly one differs.
pub(super) fn without(value: &str, other: &str) -> String {
    let others: Vec<&str> = other.split_whitespace().collect();
    value.split_whitespace().filter(|word| !others.contains(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_break_where_they_are_composed() {
        assert_eq!(
            wrap_name("parser::parse::json/large/pretty", 22),
            ["parser::parse::json/", "large/pretty"]
        );
        assert_eq!(wrap_name("aaaaaaaaaa", 4), ["aaaa", "aaaa", "aa"]);
        assert_eq!(wrap_name("", 4), [""]);
    }

    #[test]
    fn prose_breaks_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a bbbbbbbbb c", 4), ["a", "bbbb", "bbbb", "b c"]);
    }

    #[test]
    fn names_cannot_command_a_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\nc\\u{202e}d");
    }

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(day(1_795_132_800_000), "2026-11-20");
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
        assert_eq!(day(i64::MAX), "–");
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing_and_keeps_to_the_width(name in "\\PC{0,80}", limit in 4usize..40) {
            let lines = wrap_name(&name, limit);
            prop_assert_eq!(lines.concat(), name);
            for line in &lines {
                prop_assert!(width(line) <= limit, "{:?}", line);
            }
        }

        #[test]
        fn shortening_keeps_to_the_width(name in "\\PC{0,80}", limit in 4usize..40) {
            prop_assert!(width(&shorten(&name, limit)) <= limit);
            prop_assert!(width(&shorten_end(&name, limit)) <= limit);
        }
    }
}
