//! Counts behind claims: allocations of every benchmark that a claim speaks of, and instructions where they are claimed
//! to be equal.

use std::collections::{BTreeMap, BTreeSet};

use super::super::catalogue::ListedBench;
use super::super::counts::{Abacus, Counted, Heap, Kind, counting_bench, task};
use super::super::error::PipelineError;
use super::super::prove::Arena;
use super::super::workshop::BenchTargetName;
use super::resolve::Resolved;
use crate::domain::{BenchmarkName, Expectation, Instructions, MachineFacts, Metric, Revision, median};

/// What was counted of the benchmarks that claims speak of.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    heap: BTreeMap<BenchmarkName, Counted>,
    instructions: BTreeMap<BenchmarkName, Counted>,
}

/// The executables that claims need to have their allocations counted in.
pub(crate) fn targets<'a>(claims: impl IntoIterator<Item = &'a Resolved>) -> BTreeSet<BenchTargetName> {
    let names = claims.into_iter().flat_map(|claim| &claim.benchmarks);
    names.map(|name| (name.package().to_owned(), name.target().to_owned())).collect()
}

impl Tallies {
    /// Counts what claims need. `heap` are the executables that count allocations, or why there are none.
    pub(crate) fn count(
        arena: &mut Arena<'_>,
        (revision, machine): (&Revision, &MachineFacts),
        claims: &[Resolved],
        listed: &[ListedBench],
        heap: Result<&Heap, &str>,
    ) -> Result<Self, PipelineError> {
        let spoken_of: BTreeSet<&BenchmarkName> = claims.iter().flat_map(|claim| &claim.benchmarks).collect();
        let equal: BTreeSet<&BenchmarkName> = claims
            .iter()
            .filter(|claim| counts_instructions(claim))
            .flat_map(|claim| &claim.benchmarks)
            .collect();
        let mut tallies = Self::default();
        for (kind, names) in [(Kind::Instructions, equal), (Kind::Heap, spoken_of)] {
            let mut tasks = Vec::new();
            for name in names {
                let timed = listed.iter().map(|listed| &listed.bench).find(|bench| {
                    (bench.package.as_str(), bench.target.as_str()) == (name.package(), name.target())
                });
                let Some(timed) = timed else { continue };
                let found = counting_bench(kind, timed, Some(heap))
                    .and_then(|bench| task(arena.runner, kind, (timed, bench), name, (revision, machine)));
                match found {
                    Ok(task) => tasks.push(task),
                    Err(why) => drop(tallies.of(kind).insert(name.clone(), Err(why))),
                }
            }
            let mut abacus = Abacus {
                store: &mut *arena.store,
                occasion: arena.occasion,
                runner: &mut *arena.runner,
                progress: arena.progress,
                metrics: &[Metric::Instructions, Metric::Allocations],
                options: arena.measuring.count_options(),
            };
            let counted = abacus.count(&tasks)?;
            tallies.of(kind).extend(tasks.into_iter().map(|task| task.key.benchmark).zip(counted));
        }
        Ok(tallies)
    }

    fn of(&mut self, kind: Kind) -> &mut BTreeMap<BenchmarkName, Counted> {
        match kind {
            Kind::Instructions => &mut self.instructions,
            Kind::Heap => &mut self.heap,
        }
    }

    /// Allocations of one iteration, launch by launch, or why nobody counted them.
    pub(super) fn allocations(&self, name: &BenchmarkName) -> Result<Vec<f64>, String> {
        values(&self.heap, name, Metric::Allocations)
    }

    /// Instructions of one iteration, or why nobody counted them.
    pub(super) fn instructions(&self, name: &BenchmarkName) -> Result<f64, String> {
        let runs = values(&self.instructions, name, Metric::Instructions)?;
        median(runs).ok_or_else(|| "nothing was counted".to_owned())
    }
}

fn values(
    counted: &BTreeMap<BenchmarkName, Counted>,
    name: &BenchmarkName,
    metric: Metric,
) -> Result<Vec<f64>, String> {
    match counted.get(name) {
        Some(Ok(tally)) => Ok(tally.values(metric)),
        Some(Err(why)) => Err(why.to_string()),
        None => Err(format!("{name} was not counted")),
    }
}

/// Whether a claim is one about instructions as well.
fn counts_instructions(claim: &Resolved) -> bool {
    matches!(claim.claim.expectation, Expectation::Equal { instructions: Instructions::AsWell, .. })
}
