//! From the texts of claims to benchmarks: each side of a claim must mean exactly one. Pure.

use super::super::catalogue::ListedBench;
use super::super::collect::paired::Comparison;
use super::super::session;
use super::problem::{ClaimError, ClaimProblem};
use super::wire::different;
use crate::discover::{Filter, Reading, Selection, nearest};
use crate::domain::{
    AllocationBound, BenchmarkName, BuildFingerprint, BuiltBench, Claim, ClaimCase, ClaimEvidence,
    ClaimOrigin, ClaimSetback, ClaimWeight, Claimed, Expectation, MachineFacts, Metric, Provenance, Revision,
    Sides,
};
use crate::source::SUITE_PACKAGE;

/// A claim with what it needs.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// What is known about it.
    pub(crate) evidence: ClaimEvidence,
    /// What pairs have to compare, where they decide.
    pub(crate) comparison: Option<Comparison<()>>,
}

/// How a claim can be looked into, and with what.
type Way = (ClaimCase, Option<Comparison<()>>);

/// What claims are resolved against: the executables of one build.
pub(crate) struct Bench<'a> {
    pub(crate) listed: &'a [ListedBench],
    pub(crate) revision: &'a Revision,
    pub(crate) machine: &'a MachineFacts,
    /// The architecture everything is built for.
    pub(crate) arch: &'a str,
    /// Whether every benchmark there is was listed.
    pub(crate) reach: Reach,
}

/// How much of a workspace was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All of it: a name that is not there does not exist.
    Whole,
    /// What `--package`, `--bench` and `--exclude` leave.
    Selected,
}

impl Reach {
    /// How much a selection leaves.
    pub(crate) fn of(selection: &Selection) -> Self {
        let Selection { packages, exclude, benches, .. } = selection;
        let whole = packages.is_empty() && exclude.is_empty() && benches.is_empty();
        if whole { Self::Whole } else { Self::Selected }
    }
}

impl Bench<'_> {
    /// Finds the benchmarks of a claim. `None` when nothing is claimed on this architecture.
    ///
    /// What the user wrote must be right; what the harness names may not exist on this target.
    pub(crate) fn resolve(&self, claim: &Claim<String>) -> Result<Option<Resolved>, ClaimError> {
        let resolved = |claimed, benchmarks: Vec<BenchmarkName>, (case, comparison): Way| {
            let evidence = ClaimEvidence {
                claim: claim.clone(),
                claimed,
                build: self.build(benchmarks.first()),
                benchmarks,
                weight: ClaimWeight::Informative,
                case,
                pairs: None,
                remeasured: None,
                allocations: Vec::new(),
                instructions: Vec::new(),
                layout: None,
            };
            Ok(Some(Resolved { evidence, comparison }))
        };
        let found = claim
            .expectation
            .try_map(|text| self.find(text))
            .and_then(|found| different(&found).and_then(|()| self.one_package(&found)).map(|()| found));
        let expectation = match found {
            Ok(found) => found,
            Err(ClaimProblem::Unknown { text, .. })
                if claim.origin == ClaimOrigin::BuiltIn || self.is_incomplete() =>
            {
                let Some(claimed) = self.claimed_unseen(&claim.expectation) else { return Ok(None) };
                let setback = ClaimSetback::Unknown(text);
                return resolved(claimed, Vec::new(), (ClaimCase::Impossible(setback), None));
            }
            Err(problem) => return Err(ClaimError { claim: claim.name.clone(), problem }),
        };
        let benchmarks: Vec<BenchmarkName> = expectation.benchmarks().into_iter().cloned().collect();
        match &expectation {
            Expectation::Faster { faster, slower, at_least } => {
                let Some(ratio) = at_least.on(self.arch) else { return Ok(None) };
                let way = self.compared(faster, slower, ClaimCase::AtLeast(ratio));
                resolved(Claimed::AtLeast(ratio), benchmarks, way)
            }
            Expectation::Equal { one, other, within, .. } => {
                let way = self.compared(one, other, ClaimCase::EqualWithin(*within));
                resolved(Claimed::EqualWithin(*within), benchmarks, way)
            }
            Expectation::Allocations { bound, .. } => {
                resolved(Claimed::Allocations(bound.clone()), benchmarks, (ClaimCase::Counted, None))
            }
            Expectation::Layout(types) => {
                let way = (ClaimCase::Layout(types.clone()), None);
                resolved(Claimed::Layout(types.len()), benchmarks, way)
            }
        }
    }

    /// Whether a name may be among benchmarks that are not listed.
    fn is_incomplete(&self) -> bool {
        self.reach == Reach::Selected || self.listed.iter().any(|listed| listed.ids.is_err())
    }

    fn names(&self) -> impl Iterator<Item = (BenchmarkName, &BuiltBench)> {
        self.listed.iter().flat_map(|listed| {
            listed.ids.iter().flatten().map(|id| {
                (BenchmarkName::new(&listed.bench.package, &listed.bench.target, id), &listed.bench)
            })
        })
    }

    /// The build of a benchmark; of the harness, where a claim is about none.
    fn build(&self, benchmark: Option<&BenchmarkName>) -> Option<BuildFingerprint> {
        let mut benches = self.listed.iter().map(|listed| &listed.bench);
        let of_its_own = |bench: &&BuiltBench| match benchmark {
            Some(name) => bench.may_hold(name),
            None => bench.package == SUITE_PACKAGE,
        };
        benches.find(of_its_own).map(|bench| bench.fingerprint.clone())
    }

    fn find(&self, text: &str) -> Result<BenchmarkName, ClaimProblem> {
        let names: Vec<BenchmarkName> = self.names().map(|(name, _)| name).collect();
        if let Some(name) = names.iter().find(|name| name.to_string() == text) {
            return Ok(name.clone());
        }
        let unknown = || ClaimProblem::Unknown { text: text.to_owned(), near: nearest(&names, text) };
        let filter = Filter::parse(&[text.to_owned()], Reading::Pattern).map_err(|_| unknown())?;
        let mut matching: Vec<&BenchmarkName> = names.iter().filter(|name| filter.matches(name)).collect();
        // `sum/simd` means `kernels::sum/simd` rather than `kernels::sum/simd_wide`.
        let ends: Vec<&BenchmarkName> = matching
            .iter()
            .copied()
            .filter(|name| name.to_string().ends_with(&format!("::{text}")))
            .collect();
        if ends.len() == 1 {
            matching = ends;
        }
        match matching[..] {
            [] => Err(unknown()),
            [name] => Ok(name.clone()),
            _ => Err(ClaimProblem::Several {
                text: text.to_owned(),
                names: matching.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as the other checks do")]
    fn one_package(&self, expectation: &Expectation<BenchmarkName>) -> Result<(), ClaimProblem> {
        match expectation.benchmarks()[..] {
            [one, other] if one.package() != other.package() => {
                Err(ClaimProblem::Packages { one: one.to_string(), other: other.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// What is claimed of benchmarks that are not there; `None` when nothing is, on this architecture.
    fn claimed_unseen(&self, expectation: &Expectation<String>) -> Option<Claimed> {
        Some(match expectation {
            Expectation::Faster { at_least, .. } => Claimed::AtLeast(at_least.on(self.arch)?),
            Expectation::Equal { within, .. } => Claimed::EqualWithin(*within),
            Expectation::Allocations { bound: AllocationBound::Exactly(count), .. } => {
                Claimed::Allocations(AllocationBound::Exactly(*count))
            }
            Expectation::Allocations { bound: AllocationBound::AtMost(count), .. } => {
                Claimed::Allocations(AllocationBound::AtMost(*count))
            }
            Expectation::Allocations { bound: AllocationBound::FewerThan(_), of } => {
                Claimed::Allocations(AllocationBound::FewerThan(BenchmarkName::new("", "", of.as_str())))
            }
            Expectation::Layout(types) => Claimed::Layout(types.len()),
        })
    }

    /// What pairs have to compare. The faster one is the baseline: candidate/baseline is how many times faster it is.
    fn compared(&self, faster: &BenchmarkName, slower: &BenchmarkName, case: ClaimCase) -> Way {
        let impossible = |setback| (ClaimCase::Impossible(setback), None);
        let bench = |name: &BenchmarkName| {
            self.names().find(|(known, _)| known == name).map(|(_, bench)| bench.clone())
        };
        let (Some(baseline), Some(candidate)) = (bench(faster), bench(slower)) else {
            return impossible(ClaimSetback::NoBenchmarks);
        };
        let benches = Sides { baseline, candidate };
        if benches.as_ref().map(session::provenance) != (Sides::from_fn(|_| Provenance::Native)) {
            return impossible(ClaimSetback::Emulated);
        }
        let names = Sides { baseline: faster, candidate: slower };
        let keys = Sides::from_fn(|side| {
            let id = names.get(side).id();
            session::key(self.revision, self.machine, benches.get(side), id, Metric::WallTime)
        });
        let ids = names.map(|name| name.id().to_owned());
        (case, Some(Comparison { name: faster.clone(), benches, ids, keys, by: () }))
    }
}

impl Resolved {
    /// Whether counts of allocations decide it.
    pub(crate) fn is_counted(&self) -> bool {
        self.evidence.case == ClaimCase::Counted
    }
}

#[cfg(test)]
pub(crate) mod tests;
