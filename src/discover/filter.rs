//! FILTER: which benchmarks a command is about, by their full names.

use globset::{GlobBuilder, GlobMatcher};

use crate::domain::{BenchmarkName, near};

/// How a filter's text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// A glob; without a wildcard, a part of the name.
    #[default]
    Pattern,
    /// The whole name (`--exact`).
    Exact,
}

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a filter is empty")]
pub struct FilterError;

/// Begins a pattern of what is left out.
const NOT: char = '!';

/// Any of several patterns over full names; with no pattern, every benchmark. What a pattern behind `!` means is left out.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    patterns: Vec<Pattern>,
    excluded: Vec<Pattern>,
}

#[derive(Debug, Clone)]
enum Pattern {
    Exact(String),
    Part(String),
    /// Each is one reading of the same text. A Criterion id often holds brackets, so `[1, 2]*` is read both as a class
    /// and as the characters themselves.
    Globs(Vec<GlobMatcher>),
}

impl Filter {
    /// Reads filters as given on the command line.
    ///
    /// # Errors
    /// An empty text: it would match everything, which nobody types on purpose.
    pub fn parse(texts: &[String], reading: Reading) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        for text in texts {
            match text.strip_prefix(NOT) {
                Some(rest) => filter.excluded.push(Pattern::parse(rest, reading)?),
                None => filter.patterns.push(Pattern::parse(text, reading)?),
            }
        }
        Ok(filter)
    }

    /// Whether there is no pattern, so that everything matches.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.excluded.is_empty()
    }

    /// Whether it names what is meant, and not only what is not.
    pub fn selects(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// Whether a benchmark is meant.
    pub fn matches(&self, name: &BenchmarkName) -> bool {
        if self.is_empty() {
            return true;
        }
        self.matches_text(&name.to_string())
    }

    /// Whether a name of another kind is meant: a claim's.
    pub fn matches_text(&self, name: &str) -> bool {
        let meant = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(name));
        (self.patterns.is_empty() || meant(&self.patterns)) && !meant(&self.excluded)
    }

    /// Whether everything that is meant is named from its beginning on, and begins so.
    pub fn is_below(&self, start: &str) -> bool {
        self.selects() && self.patterns.iter().all(|pattern| pattern.begins(start))
    }

    /// Whether a bench target can hold a benchmark that is meant: `false` only when no id could make a match, so that
    /// the target need not even be built.
    pub fn may_match_target(&self, package: &str, target: &str) -> bool {
        let prefix = format!("{package}::{target}::");
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.may_match(&prefix))
    }
}

/// The full names most like a text that matched nothing, best first.
pub fn nearest<'a>(names: impl IntoIterator<Item = &'a BenchmarkName>, text: &str) -> Vec<String> {
    near::nearest(names.into_iter().map(ToString::to_string), text)
}

/// The names most like a text that matched none, best first.
pub fn nearest_text(names: impl IntoIterator<Item = String>, text: &str) -> Vec<String> {
    near::nearest(names, text)
}

impl Pattern {
    fn parse(text: &str, reading: Reading) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Err(FilterError);
        }
        Ok(match reading {
            Reading::Exact => Self::Exact(text.to_owned()),
            Reading::Pattern if text.contains(['*', '?']) => {
                let readings = [text.to_owned(), literal_brackets(text)];
                Self::Globs(readings.iter().filter_map(|glob| matcher(glob)).collect())
            }
            Reading::Pattern => Self::Part(text.to_owned()),
        })
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(text) => name == text,
            Self::Part(text) => name.contains(text),
            Self::Globs(globs) => globs.iter().any(|glob| glob.is_match(name)),
        }
    }

    /// Whether its text begins so.
    fn begins(&self, start: &str) -> bool {
        match self {
            Self::Exact(text) | Self::Part(text) => text.starts_with(start),
            Self::Globs(globs) => globs.iter().all(|glob| glob.glob().glob().starts_with(start)),
        }
    }

    fn may_match(&self, prefix: &str) -> bool {
        match self {
            Self::Exact(text) => text.starts_with(prefix),
            // The rest of the name is not known yet, and may hold the text.
            Self::Part(_) => true,
            Self::Globs(globs) => globs.iter().any(|glob| {
                let glob = glob.glob().glob();
                let fixed = &glob[..glob.find(['*', '?', '[', '{']).unwrap_or(glob.len())];
                prefix.starts_with(fixed) || fixed.starts_with(prefix)
            }),
        }
    }
}

/// Compiles a glob in which no character of a name is special, least of all `/`. `None` when it is none.
fn matcher(glob: &str) -> Option<GlobMatcher> {
    let built = GlobBuilder::new(glob).literal_separator(false).backslash_escape(false).build();
    built.ok().map(|glob| glob.compile_matcher())
}

/// The glob in which brackets and braces stand for themselves.
fn literal_brackets(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '[' | ']' | '{' | '}') {
            glob.extend(['[', character, ']']);
        } else {
            glob.push(character);
        }
    }
    glob
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filter(texts: &[&str]) -> Filter {
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        Filter::parse(&texts, Reading::Pattern).unwrap()
    }

    fn name(id: &str) -> BenchmarkName {
        BenchmarkName::new("pkg", "bench", id)
    }

    #[test]
    fn a_star_crosses_every_separator() {
        let filter = filter(&["pkg::*/10"]);
        assert!(filter.matches(&name("sums/squares/10")));
        assert!(filter.matches(&name("a::b/10")));
        assert!(!filter.matches(&name("sums/squares/100")));
        assert!(!filter.matches(&BenchmarkName::new("other", "bench", "a/10")));
    }

    #[test]
    fn without_a_wildcard_it_is_a_part_of_the_name() {
        assert!(filter(&["squares"]).matches(&name("sums/squares/10")));
        assert!(filter(&["bench::sums"]).matches(&name("sums/squares/10")));
        assert!(!filter(&["cubes"]).matches(&name("sums/squares/10")));
        assert!(filter(&["[1, 2]"]).matches(&name("pick [1, 2]")));
        assert!(!filter(&["[1, 2]"]).matches(&name("pick 1")));
        assert!(filter(&["{x"]).matches(&name("pick {x")));
    }

    #[test]
    fn brackets_beside_a_wildcard_are_read_both_ways() {
        assert!(filter(&["*/[ab]"]).matches(&name("x/a")));
        assert!(filter(&["*/[ab]"]).matches(&name("x/[ab]")));
        assert!(filter(&["*/{one,two}"]).matches(&name("x/two")));
        assert!(filter(&["*/{one,two}"]).matches(&name("x/{one,two}")));
        assert!(filter(&["*[unclosed"]).matches(&name("x [unclosed")));
        assert!(!filter(&["*/[ab]"]).matches(&name("x/c")));
        assert!(filter(&["*a\\b"]).matches(&name("a\\b")));
    }

    #[test]
    fn exact_is_the_whole_name() {
        let texts = vec!["pkg::bench::sums/*".to_owned()];
        let exact = Filter::parse(&texts, Reading::Exact).unwrap();
        assert!(exact.matches(&name("sums/*")));
        assert!(!exact.matches(&name("sums/1")));
        assert!(exact.may_match_target("pkg", "bench"));
        assert!(!exact.may_match_target("pkg", "other"));
    }

    #[test]
    fn any_pattern_will_do_and_none_means_all() {
        assert!(filter(&["nothing", "sums"]).matches(&name("sums")));
        assert!(Filter::default().matches(&name("sums")));
        assert_eq!(Filter::parse(&[String::new()], Reading::Pattern).unwrap_err(), FilterError);
    }

    #[test]
    fn an_exclamation_mark_leaves_out() {
        let without = filter(&["!odd"]);
        assert!(without.matches(&name("even")) && !without.matches(&name("odd one")));
        assert!(!without.is_empty() && without.may_match_target("pkg", "bench"));
        let some = filter(&["sums", "!*/10"]);
        assert!(
            some.matches(&name("sums/1")) && !some.matches(&name("sums/10")) && !some.matches(&name("words"))
        );
        let exact = Filter::parse(&["!pkg::bench::a".to_owned()], Reading::Exact).unwrap();
        assert!(!exact.matches(&name("a")) && exact.matches(&name("ab")));
        assert!(Filter::parse(&["!".to_owned()], Reading::Pattern).is_err());
    }

    #[test]
    fn nearest_offers_full_names() {
        let names = [name("sums/squares/10"), name("words")];
        assert_eq!(nearest(&names, "wrods"), ["pkg::bench::words"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

        #[test]
        fn every_part_of_a_name_finds_it(id in "[ -~é🦀]{1,24}", from in 0_usize..24, length in 1_usize..24) {
            let name = name(&id);
            let part: String = name.to_string().chars().skip(from).take(length).collect();
            prop_assume!(!part.is_empty() && !part.starts_with(NOT));
            let texts = [part.clone()];
            let filter = Filter::parse(&texts, Reading::Pattern).unwrap();
            if part.contains(['*', '?']) {
                // A wildcard anchors the pattern to the whole name.
                let texts = [format!("*{part}*")];
                prop_assert!(Filter::parse(&texts, Reading::Pattern).unwrap().matches(&name));
            } else {
                prop_assert!(filter.matches(&name));
            }
        }

        #[test]
        fn a_target_that_holds_a_match_is_never_ruled_out(id in "[a-z/\\[\\]{},]{1,12}", text in "[a-z:/*?\\[\\]{},]{1,16}") {
            let filter = Filter::parse(&[text], Reading::Pattern).unwrap();
            if filter.matches(&name(&id)) {
                prop_assert!(filter.may_match_target("pkg", "bench"));
            }
        }
    }
}
