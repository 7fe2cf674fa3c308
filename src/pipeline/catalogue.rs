//! Which benchmarks there are on both sides, and what each still needs. Pure.

use std::collections::BTreeMap;

use crate::domain::{BenchmarkName, BuiltBench, Side, Sides};

/// What one bench target told about itself.
#[derive(Debug, Clone)]
pub(crate) struct ListedBench {
    /// The executable.
    pub(crate) bench: BuiltBench,
    /// Its benchmarks, or why it could not tell.
    pub(crate) ids: Result<Vec<String>, String>,
}

/// Where a benchmark is found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Presence {
    /// On both sides, in different executables.
    Both(Box<Sides<BuiltBench>>),
    /// On both sides, in executables of identical bytes.
    Identical(Box<Sides<BuiltBench>>),
    /// On one side only.
    Only(Side, Box<BuiltBench>),
    /// One side's executable could not even list its benchmarks.
    Unlisted(Side, Box<BuiltBench>, String),
}

/// Every benchmark of both sides, by name.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) entries: BTreeMap<BenchmarkName, Presence>,
    /// Bench targets that could not list their benchmarks, with the reason.
    pub(crate) broken: Vec<(Side, String, String)>,
}

impl Catalogue {
    /// Puts the lists of both sides beside each other.
    pub(crate) fn new(lists: &Sides<Vec<ListedBench>>, wanted: impl Fn(&BenchmarkName) -> bool) -> Self {
        let mut catalogue = Self::default();
        let mut targets: BTreeMap<(String, String), Sides<Option<ListedBench>>> = BTreeMap::new();
        for side in Side::BOTH {
            for listed in lists.get(side) {
                let key = (listed.bench.package.clone(), listed.bench.target.clone());
                *targets.entry(key).or_default().get_mut(side) = Some(listed.clone());
            }
        }
        for sides in targets.into_values() {
            catalogue.add_target(&sides);
        }
        catalogue.entries.retain(|name, _| wanted(name));
        catalogue
    }

    fn add_target(&mut self, sides: &Sides<Option<ListedBench>>) {
        for side in Side::BOTH {
            if let Some(ListedBench { bench, ids: Err(reason) }) = sides.get(side) {
                self.broken.push((side, bench.label(), reason.clone()));
            }
        }
        for side in Side::BOTH {
            let Some(ListedBench { bench, ids: Ok(ids) }) = sides.get(side) else { continue };
            for id in ids {
                let name = BenchmarkName::new(&bench.package, &bench.target, id);
                self.entries
                    .entry(name)
                    .or_insert_with(|| presence(side, bench, id, sides.get(side.other()).as_ref()));
            }
        }
    }
}

/// Where the other side of one benchmark is.
fn presence(side: Side, bench: &BuiltBench, id: &str, other: Option<&ListedBench>) -> Presence {
    match other {
        Some(ListedBench { bench: broken, ids: Err(reason) }) => {
            Presence::Unlisted(side.other(), Box::new(broken.clone()), reason.clone())
        }
        Some(ListedBench { bench: there, ids: Ok(ids) }) if ids.iter().any(|known| known == id) => {
            let both = Box::new(match side {
                Side::Baseline => Sides { baseline: bench.clone(), candidate: there.clone() },
                Side::Candidate => Sides { baseline: there.clone(), candidate: bench.clone() },
            });
            if bench.digest == there.digest { Presence::Identical(both) } else { Presence::Both(both) }
        }
        Some(_) | None => Presence::Only(side, Box::new(bench.clone())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{BuildFingerprint, Digest, Execution};

    fn bench(target: &str, digest: &str) -> BuiltBench {
        BuiltBench {
            package: "p".into(),
            target: target.into(),
            executable: "x".into(),
            digest: Digest::new(digest),
            home: "h".into(),
            working_dir: "w".into(),
            environment: BTreeMap::new(),
            fingerprint: BuildFingerprint {
                rustc: "1".into(),
                host: "h".into(),
                target: "x86_64-unknown-linux-gnu".into(),
                profile: "bench".into(),
                settings: String::new(),
                features: String::new(),
                rustflags: String::new(),
                instrument: "criterion 0.8.2".into(),
            },
            execution: Execution::Native,
        }
    }

    fn listed(target: &str, digest: &str, ids: &[&str]) -> ListedBench {
        ListedBench { bench: bench(target, digest), ids: Ok(ids.iter().map(|&id| id.to_owned()).collect()) }
    }

    #[test]
    fn every_benchmark_of_either_side_is_found_once() {
        let baseline = vec![
            listed("same", "1", &["a"]),
            listed("changed", "1", &["b", "gone"]),
            listed("old", "1", &["o"]),
        ];
        let candidate = vec![listed("same", "1", &["a"]), listed("changed", "2", &["b", "fresh"])];
        let catalogue = Catalogue::new(&Sides { baseline, candidate }, |_| true);
        let found: Vec<_> = catalogue
            .entries
            .iter()
            .map(|(name, presence)| {
                let word = match presence {
                    Presence::Both(_) => "both",
                    Presence::Identical(_) => "identical",
                    Presence::Only(Side::Baseline, _) => "missing",
                    Presence::Only(Side::Candidate, _) => "new",
                    Presence::Unlisted(..) => "unlisted",
                };
                (name.to_string(), word)
            })
            .collect();
        let expected = [
            ("p::changed::b", "both"),
            ("p::changed::fresh", "new"),
            ("p::changed::gone", "missing"),
            ("p::old::o", "missing"),
            ("p::same::a", "identical"),
        ];
        assert_eq!(found, expected.map(|(name, word)| (name.to_owned(), word)));
    }

    #[test]
    fn a_side_that_cannot_list_fails_its_benchmarks_and_is_named() {
        let broken = ListedBench { bench: bench("t", "2"), ids: Err("panicked".into()) };
        let sides = Sides { baseline: vec![listed("t", "1", &["a"])], candidate: vec![broken] };
        let catalogue = Catalogue::new(&sides, |_| true);
        assert!(matches!(
            catalogue.entries.values().next(),
            Some(Presence::Unlisted(Side::Candidate, _, reason)) if reason == "panicked"
        ));
        assert_eq!(catalogue.broken, [(Side::Candidate, "p::t".to_owned(), "panicked".to_owned())]);
    }

    #[test]
    fn names_that_nobody_asked_for_are_left_out() {
        let lists = Sides {
            baseline: vec![listed("t", "1", &["a", "b"])],
            candidate: vec![listed("t", "2", &["a", "b"])],
        };
        let catalogue = Catalogue::new(&lists, |name| name.id() == "b");
        assert_eq!(catalogue.entries.len(), 1);
    }
}
