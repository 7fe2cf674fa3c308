//! Names of benchmarks within one executable, and filters that select one.

use std::fmt::Write;

use crate::domain::{Instrument, Throughput};
use crate::measure::listing::{ListedBenchmark, name_all};

/// A pattern that matches no text at all: every benchmark is announced as skipped, and none is run.
///
/// Nothing comes before the start of a text. Classes such as `\S` will not do: Criterion's `regex` may be built without
/// the tables they need, and old ones refuse empty classes.
pub const NOTHING: &str = "x^";

/// Names for Criterion ids in order of occurrence, and what one iteration of each works on.
pub fn listed(raw: Vec<(String, Vec<Throughput>)>) -> Vec<ListedBenchmark> {
    let (ids, throughput): (Vec<_>, Vec<_>) = raw.into_iter().unzip();
    name_all(ids).into_iter().zip(throughput).map(|(listed, work)| listed.declaring(work)).collect()
}

/// The fork whose arguments differ from Criterion's.
pub const PLAIN: &str = "criterion2";

/// The arguments that choose one id and nothing else. The pattern is anchored, which holds in every release of Criterion;
/// criterion2 takes patterns in its first releases only, and `--exact` in all.
pub fn filter(instrument: &Instrument, raw: &str) -> Vec<String> {
    if instrument.library == PLAIN {
        vec!["--exact".to_owned(), "--".to_owned(), raw.to_owned()]
    } else {
        vec![exactly(raw)]
    }
}

/// A regular expression that matches a Criterion id and nothing else.
pub fn exactly(raw: &str) -> String {
    format!("^{}$", escaped(raw))
}

/// A regular expression that matches the Criterion ids that start with a text.
pub fn starting_with(text: &str) -> String {
    format!("^{}", escaped(text))
}

/// A text as a regular expression that matches it.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => {
                pattern.push('\\');
                pattern.push(c);
            }
            // No argument can hold it.
            '\0' => {
                let _ = write!(pattern, r"\x00");
            }
            _ => pattern.push(c),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_escaped() {
        assert_eq!(exactly("m.e*t+a(c)h[a]r{s}^and$|more?\\"), {
            r"^m\.e\*t\+a\(c\)h\[a\]r\{s\}\^and\$\|more\?\\$"
        });
        assert_eq!(exactly("a\0b"), r"^a\x00b$");
        assert_eq!(starting_with("-x y"), "^-x y");
    }

    #[test]
    fn only_criterion2_is_told_the_text_itself() {
        let filter = |instrument: &str| filter(&instrument.parse().unwrap(), "a.b");
        assert_eq!(filter("criterion2 3.0.5"), ["--exact", "--", "a.b"]);
        assert_eq!(filter("codspeed-criterion-compat-walltime 6.0.0"), [r"^a\.b$"]);
        assert_eq!(filter("criterion 0.8.2 (git)"), [r"^a\.b$"]);
    }
}
