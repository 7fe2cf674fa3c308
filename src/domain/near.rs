//! Names that somebody may have meant.

/// How many names are offered at most.
const OFFERED: usize = 3;

/// How alike two texts must be, from 0 to 1, to be offered.
const ALIKE: f64 = 0.8;

/// The names most like `text`, best first. Parts of a name between `::` and `/` count as well.
pub fn nearest<N: AsRef<str>>(names: impl IntoIterator<Item = N>, text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let mut scored: Vec<(f64, String)> = names
        .into_iter()
        .map(|name| (likeness(name.as_ref(), &text), name.as_ref().to_owned()))
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| left.cmp(right)));
    scored.dedup_by(|(_, left), (_, right)| left == right);
    scored.truncate(OFFERED);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// How alike a name, or the best of its tails and parts, is to a text in lower case.
fn likeness(name: &str, text: &str) -> f64 {
    let name = name.to_lowercase();
    let tails = name.match_indices("::").map(|(at, separator)| &name[at + separator.len()..]);
    let parts = name.split("::").flat_map(|part| part.split('/'));
    tails
        .chain(parts)
        .chain([name.as_str()])
        .map(|part| strsim::jaro_winkler(part, text).max(strsim::normalized_damerau_levenshtein(part, text)))
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name() {
        assert_eq!(nearest(["parser", "printer", "core"], "praser"), ["parser"]);
        assert_eq!(nearest(["parser"], "Parser"), ["parser"]);
        assert!(nearest(["alpha", "beta"], "quux").is_empty());
    }

    #[test]
    fn a_part_of_a_full_name_finds_the_whole() {
        let names = ["pkg::bench::sums/squares/10", "pkg::bench::words"];
        assert_eq!(nearest(names, "sqares"), ["pkg::bench::sums/squares/10"]);
        assert_eq!(nearest(names, "bench::word")[0], "pkg::bench::words");
    }

    #[test]
    fn few_names_are_offered_and_none_twice() {
        let names: Vec<String> = (0..10).map(|i| format!("name{i}")).chain(["name1".to_owned()]).collect();
        assert_eq!(nearest(&names, "name").len(), OFFERED);
        assert_eq!(nearest(["same", "same"], "same"), ["same"]);
    }
}
