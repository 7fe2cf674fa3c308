//! The benchmarks that an executable says it has.

use std::collections::{HashMap, HashSet};

use crate::domain::Throughput;

/// A benchmark of an executable. Its unit is unknown until it was measured.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListedBenchmark {
    /// Its name, unlike that of any other benchmark of the executable.
    pub id: String,
    /// The library's own id, which another benchmark may have, too.
    raw: String,
    /// How many benchmarks with the same id of the library's come before it.
    occurrence: usize,
    /// What one iteration works on, where that is declared.
    pub throughput: Vec<Throughput>,
    /// On how many threads at once the library runs it. Only what runs on one takes turns and is counted.
    pub threads: u32,
}

impl ListedBenchmark {
    /// A benchmark by its own name and by the library's.
    pub fn new(id: impl Into<String>, raw: impl Into<String>, occurrence: usize) -> Self {
        Self { id: id.into(), raw: raw.into(), occurrence, throughput: Vec::new(), threads: 1 }
    }

    /// The same, which works on so much.
    #[must_use]
    pub fn declaring(self, throughput: Vec<Throughput>) -> Self {
        Self { throughput, ..self }
    }

    /// The same, which the library runs on so many threads at once.
    #[must_use]
    pub fn on_threads(self, threads: u32) -> Self {
        Self { threads, ..self }
    }

    /// The library's own id.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// How many benchmarks with the same id of the library's come before it.
    pub fn occurrence(&self) -> usize {
        self.occurrence
    }
}

/// What an executable told about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The version of the library it is linked to, as three numbers.
    pub version: [u8; 3],
    /// Its benchmarks, in the order it runs them.
    pub benchmarks: Vec<ListedBenchmark>,
}

/// Gives each id of a library, in order of occurrence, a name of its own: a second `x` becomes `x #2`, as in Criterion's
/// titles.
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
