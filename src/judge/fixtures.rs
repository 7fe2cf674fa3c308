//! Made-up evidence, for the judge's tests.

use std::collections::BTreeMap;

use super::paired::tests::pairs_of;
use super::{Policy, Rules};
use crate::domain::fixtures::fingerprint;
use crate::domain::{
    BenchmarkEvidence, BenchmarkName, ComparisonId, Confirm, CountKind, Counted, Counts, Digest, Ended,
    HistoryCheck, Identical, Insistence, LayoutSeed, Metric, PairedEvidence, Presence, Provenance, ReachUse,
    Sample, SideBuild, Sides, UnitKind,
};

/// Time, instructions and allocations.
pub(crate) const ALL: [Metric; 3] = [Metric::WallTime, Metric::Instructions, Metric::Allocations];

/// Rules of a run of so many tests.
pub(crate) fn rules<'a>(policy: &'a Policy, metrics: &'a [Metric], tests: Option<usize>) -> Rules<'a> {
    Rules {
        policy,
        metrics,
        insistence: Insistence::Default,
        confirm: Confirm::Suspects,
        identical: Identical::Settled,
        reach: ReachUse::Off,
        history: HistoryCheck::Off,
        tests,
        budget: 10.0,
    }
}

/// A native build with these bytes.
pub(crate) fn build(digest: &str) -> SideBuild {
    SideBuild {
        fingerprint: fingerprint(),
        executable: Digest::new(digest),
        surroundings: Digest::default(),
        provenance: Provenance::Native,
        unit: UnitKind::Bench,
    }
}

/// A benchmark that both sides have, in executables that differ.
pub(crate) fn both() -> BenchmarkEvidence {
    let builds = Sides { baseline: build("1"), candidate: build("2") };
    BenchmarkEvidence::new(BenchmarkName::new("p", "t", "b"), Presence::Both(Box::new(builds)))
}

/// Pairs of these log ratios.
pub(crate) fn measured(ratios: &[f64]) -> PairedEvidence {
    PairedEvidence { comparison: ComparisonId(1), ended: Ended::Decided, pairs: pairs_of(ratios) }
}

/// The same evidence with a layout of its own for every pair.
pub(crate) fn drawn(mut evidence: BenchmarkEvidence) -> BenchmarkEvidence {
    let measured = [&mut evidence.quick, &mut evidence.pairs, &mut evidence.remeasured];
    for pair in measured.into_iter().flatten().flat_map(|measured| &mut measured.pairs) {
        pair.layout = Some(LayoutSeed(u64::from(pair.index)));
    }
    evidence
}

/// Counts of one side, launch by launch, with the code that was executed.
#[expect(
    clippy::unnecessary_wraps,
    reason = "evidence holds counts that were taken beside those that were not"
)]
pub(crate) fn counts(kind: CountKind, values: &[f64], code: &str) -> Counted {
    let metric = match kind {
        CountKind::Instructions => Metric::Instructions,
        CountKind::Allocations => Metric::Allocations,
    };
    let runs = values.iter().map(|value| Sample::new(1, *value).unwrap()).collect();
    Ok(Counts {
        runs: BTreeMap::from([(metric, runs)]),
        code: (kind == CountKind::Instructions).then(|| Digest::new(code)),
        counter: None,
        threads: 1,
        seconds: 0.5,
    })
}

/// The same benchmark with instructions and allocations counted: both sides execute the same code equally often.
pub(crate) fn same_code() -> BenchmarkEvidence {
    let counted = |kind, value: f64| Some(Sides::from_fn(|_| counts(kind, &[value, value], "code")));
    BenchmarkEvidence {
        instructions: counted(CountKind::Instructions, 1000.0),
        allocations: counted(CountKind::Allocations, 3.0),
        ..both()
    }
}
