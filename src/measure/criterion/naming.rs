//! Names of benchmarks within one executable, and filters that select one.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::domain::{Instrument, Throughput};
use crate::measure::listing::ListedBenchmark;

/// A pattern that matches no text at all: every benchmark is announced as skipped, and none is run.
///
/// Nothing comes before the start of a text. Classes such as `\S` will not do: Criterion's `regex` may be built without
/// the tables they need, and old ones refuse empty classes.
pub const NOTHING: &str = "x^";

/// Gives each Criterion id, in order of occurrence, a name of its own: a second `x` becomes `x #2`, as in Criterion's
/// own titles.
pub fn name_all(raw: impl IntoIterator<Item = String>) -> Vec<ListedBenchmark> {
    let mut taken = HashSet::new();
    // By a raw id: how often it came, and the number that was given out last.
    let mut known: HashMap<String, (usize, u32)> = HashMap::new();
    let mut listed: Vec<ListedBenchmark> = Vec::new();
    for raw in raw {
        let (occurrences, number) = known.entry(raw.clone()).or_insert((0, 1));
        let occurrence = *occurrences;
        *occurrences += 1;
        let mut id = raw.clone();
        while taken.contains(&id) {
            *number += 1;
            id = format!("{raw} #{number}");
        }
        taken.insert(id.clone());
        listed.push(ListedBenchmark::new(id, raw, occurrence));
    }
    listed
}

/// The same, with what one iteration of each works on.
pub fn listed(raw: Vec<(String, Vec<Throughput>)>) -> Vec<ListedBenchmark> {
    let (ids, throughput): (Vec<_>, Vec<_>) = raw.into_iter().unzip();
    name_all(ids).into_iter().zip(throughput).map(|(listed, work)| listed.declaring(work)).collect()
}

/// The arguments that choose one id and nothing else. The pattern is anchored, which holds in every release of Criterion;
/// criterion2 takes patterns in its first releases only, and `--exact` in all.
pub fn filter(instrument: &Instrument, raw: &str) -> Vec<String> {
    if instrument.library == "criterion2" {
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
    use proptest::prelude::*;

    use super::*;

    fn names(raw: &[&str]) -> Vec<(String, usize)> {
        let listed = name_all(raw.iter().map(|&raw| raw.to_owned()));
        listed.into_iter().map(|listed| (listed.id.clone(), listed.occurrence())).collect()
    }

    #[test]
    fn equal_ids_are_numbered_in_order() {
        let expected = [("a", 0), ("b", 0), ("a #2", 1), ("a #3", 2)];
        assert_eq!(names(&["a", "b", "a", "a"]), expected.map(|(id, n)| (id.to_owned(), n)));
    }

    #[test]
    fn a_number_that_somebody_wrote_is_kept_apart() {
        let expected = [("a", 0), ("a #2", 0), ("a #3", 1)];
        assert_eq!(names(&["a", "a #2", "a"]), expected.map(|(id, n)| (id.to_owned(), n)));
    }

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

    proptest! {
        #[test]
        fn names_are_unique_and_keep_their_order(raw in proptest::collection::vec("[ab]( #[23])?", 0..20)) {
            let listed = name_all(raw.clone());
            let unique: HashSet<_> = listed.iter().map(|listed| &listed.id).collect();
            prop_assert_eq!(unique.len(), raw.len());
            prop_assert!(listed.iter().zip(&raw).all(|(listed, raw)| listed.raw() == raw));
        }
    }
}
