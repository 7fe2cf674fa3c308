//! Which benchmarks there are on both sides. Pure.

use std::collections::BTreeMap;

use super::session::side_build;
use crate::domain::{
    BenchmarkEvidence, BenchmarkName, BuiltBench, Failure, Presence, Side, Sides, Throughput,
};

/// What one bench target told about itself.
#[derive(Debug, Clone)]
pub(crate) struct ListedBench {
    /// The executable.
    pub(crate) bench: BuiltBench,
    /// Its benchmarks, or why it could not tell.
    pub(crate) ids: Result<Vec<String>, Failure>,
    /// What one iteration works on, of those that declare it.
    pub(crate) work: BTreeMap<String, Vec<Throughput>>,
}

/// A benchmark under comparison: what is known about it, and the executables to find out more with.
#[derive(Debug, Clone)]
pub(crate) struct Benchmark {
    pub(crate) evidence: BenchmarkEvidence,
    /// The executables of the sides that have it.
    pub(crate) benches: Sides<Option<BuiltBench>>,
}

impl Benchmark {
    /// The executables of both sides.
    pub(crate) fn both(&self) -> Option<Sides<&BuiltBench>> {
        Some(Sides { baseline: self.benches.baseline.as_ref()?, candidate: self.benches.candidate.as_ref()? })
    }
}

/// Every benchmark of either side once, ordered by name.
pub(crate) fn benchmarks(lists: &Sides<&[ListedBench]>) -> Vec<Benchmark> {
    let mut targets: BTreeMap<(&str, &str, &str), Sides<Option<&ListedBench>>> = BTreeMap::new();
    for side in Side::BOTH {
        for listed in *lists.get(side) {
            *targets.entry(listed.bench.identity()).or_default().get_mut(side) = Some(listed);
        }
    }
    let mut found: BTreeMap<BenchmarkName, Benchmark> = BTreeMap::new();
    for sides in targets.values() {
        for side in Side::BOTH {
            let Some(ListedBench { bench, ids: Ok(ids), .. }) = sides.get(side) else { continue };
            for id in ids {
                let name = BenchmarkName::new(&bench.package, &bench.target, id);
                found.entry(name.clone()).or_insert_with(|| {
                    let mut found = benchmark(name, side, bench, id, *sides.get(side.other()));
                    let declared = |side| sides.get(side).and_then(|listed| listed.work.get(id)).cloned();
                    found.evidence.throughput = Sides::from_fn(|side| declared(side).unwrap_or_default());
                    found
                });
            }
        }
    }
    found.into_values().collect()
}

/// One benchmark, with the other side's executable where that has it.
fn benchmark(
    name: BenchmarkName,
    side: Side,
    bench: &BuiltBench,
    id: &str,
    other: Option<&ListedBench>,
) -> Benchmark {
    let mut benches: Sides<Option<BuiltBench>> = Sides::default();
    *benches.get_mut(side) = Some(bench.clone());
    let presence = match other {
        Some(ListedBench { bench: broken, ids: Err(failure), .. }) => {
            Presence::Unlisted(side.other(), Box::new(side_build(broken)), failure.clone())
        }
        Some(ListedBench { bench: there, ids: Ok(ids), .. }) if ids.iter().any(|known| known == id) => {
            *benches.get_mut(side.other()) = Some(there.clone());
            let mut builds = Sides { baseline: side_build(bench), candidate: side_build(bench) };
            *builds.get_mut(side.other()) = side_build(there);
            Presence::Both(Box::new(builds))
        }
        Some(_) | None => Presence::Only(side, Box::new(side_build(bench))),
    };
    Benchmark { evidence: BenchmarkEvidence::new(name, presence), benches }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Digest;
    use crate::domain::fixtures::bench;

    fn listed(target: &str, digest: &str, ids: &[&str]) -> ListedBench {
        let bench = BuiltBench { target: target.into(), digest: Digest::new(digest), ..bench(digest) };
        let ids = ids.iter().map(|&id| id.to_owned()).collect();
        ListedBench { bench, ids: Ok(ids), work: BTreeMap::new() }
    }

    fn found(baseline: &[ListedBench], candidate: &[ListedBench]) -> Vec<(String, &'static str)> {
        let word = |benchmark: &Benchmark| match &benchmark.evidence.presence {
            both @ Presence::Both(_) if both.is_identical() => "identical",
            Presence::Both(_) => "both",
            Presence::Only(Side::Baseline, _) => "missing",
            Presence::Only(Side::Candidate, _) => "new",
            Presence::Unlisted(..) => "unlisted",
        };
        let all = benchmarks(&Sides { baseline, candidate });
        all.iter().map(|benchmark| (benchmark.evidence.name.to_string(), word(benchmark))).collect()
    }

    #[test]
    fn every_benchmark_of_either_side_is_found_once() {
        let baseline =
            [listed("same", "1", &["a"]), listed("changed", "1", &["b", "gone"]), listed("old", "1", &["o"])];
        let candidate = [listed("same", "1", &["a"]), listed("changed", "2", &["b", "fresh"])];
        let expected = [
            ("p::changed::b", "both"),
            ("p::changed::fresh", "new"),
            ("p::changed::gone", "missing"),
            ("p::old::o", "missing"),
            ("p::same::a", "identical"),
        ];
        assert_eq!(found(&baseline, &candidate), expected.map(|(name, word)| (name.to_owned(), word)));
    }

    #[test]
    fn each_side_declares_its_own_work() {
        let work = |amount| vec![Throughput { unit: crate::domain::WorkUnit::Bytes, amount }];
        let of = |amount| ListedBench {
            work: [("a".to_owned(), work(amount))].into(),
            ..listed("t", "1", &["a", "b"])
        };
        let all = benchmarks(&Sides { baseline: &[of(1)], candidate: &[of(2)] });
        assert_eq!(all[0].evidence.throughput, Sides { baseline: work(1), candidate: work(2) });
        assert_eq!(all[1].evidence.throughput, Sides::default());
    }

    #[test]
    fn a_side_that_cannot_list_fails_the_benchmarks_of_the_other() {
        let failure = Failure { message: "panicked".into(), ..Failure::default() };
        let broken = ListedBench { ids: Err(failure), ..listed("t", "2", &[]) };
        let found = found(&[listed("t", "1", &["a"])], &[broken]);
        assert_eq!(found, [("p::t::a".to_owned(), "unlisted")]);
    }
}
