//! Benchmarks that have another name on the baseline: what is missing there and what is new here, where both execute the very
//! same machine code equally often.

use std::collections::BTreeMap;

use super::super::catalogue::Benchmark;
use super::super::error::PipelineError;
use super::super::session::side_build;
use super::benchmarks::Collector;
use super::counts::{Taken, Task};
use crate::domain::{BenchmarkName, CountKind, Digest, Event, Metric, Presence, Side, Sides};

/// What a benchmark executes: its code, and how many instructions that is, to the last bit.
type Executed = (Digest, u64);

/// Finds renamed benchmarks and makes one of each pair: the candidate's, with its name on the baseline beside it.
///
/// Where nothing can be counted, nothing is found.
pub(crate) fn join(
    collector: &mut Collector<'_, '_>,
    mut benchmarks: Vec<Benchmark>,
) -> Result<Vec<Benchmark>, PipelineError> {
    let only = |side: Side, all: &[Benchmark]| -> Vec<usize> {
        let on = |benchmark: &Benchmark| matches!(&benchmark.evidence.presence, Presence::Only(has, _) if *has == side);
        all.iter().enumerate().filter(|(_, benchmark)| on(benchmark)).map(|(at, _)| at).collect()
    };
    let (missing, new) = (only(Side::Baseline, &benchmarks), only(Side::Candidate, &benchmarks));
    if missing.is_empty() || new.is_empty() {
        return Ok(benchmarks);
    }
    collector.session.progress.event(Event::Task("Looking for renamed benchmarks"));
    let before = executed(collector, Side::Baseline, &benchmarks, &missing)?;
    let after = executed(collector, Side::Candidate, &benchmarks, &new)?;
    for (from, to) in pairs(&before, &after) {
        let place = |name: &BenchmarkName, all: &[Benchmark]| {
            all.iter().position(|benchmark| benchmark.evidence.name == *name)
        };
        let Some(at) = place(&from, &benchmarks) else { continue };
        let gone = benchmarks.remove(at);
        let Some(at) = place(&to, &benchmarks) else { continue };
        let kept = &mut benchmarks[at];
        kept.benches.baseline = gone.benches.baseline;
        kept.evidence.throughput.baseline = gone.evidence.throughput.baseline;
        if let Some(both) = kept.both() {
            kept.evidence.presence = Presence::Both(Box::new(both.map(side_build)));
            kept.evidence.renamed_from = Some(from);
        }
    }
    Ok(benchmarks)
}

/// What these benchmarks of one side execute, as far as it can be counted.
fn executed(
    collector: &mut Collector<'_, '_>,
    side: Side,
    benchmarks: &[Benchmark],
    places: &[usize],
) -> Result<Vec<(BenchmarkName, Executed)>, PipelineError> {
    let mut tasks: Vec<Task> = Vec::new();
    for &at in places {
        tasks.extend(collector.task(side, CountKind::Instructions, &benchmarks[at]).ok());
    }
    let counted = collector.session.count_on(&tasks, &vec![Taken::default(); tasks.len()], 1)?;
    let known = tasks.into_iter().zip(counted).filter_map(|(task, found)| {
        let counts = found.ok()?.counts;
        let instructions = counts.values(Metric::Instructions).first()?.to_bits();
        Some((task.key.benchmark, (counts.code?, instructions)))
    });
    Ok(known.collect())
}

/// The old and the new names of what executes the same, where that is the only one of its kind on either side. Pure.
fn pairs(
    before: &[(BenchmarkName, Executed)],
    after: &[(BenchmarkName, Executed)],
) -> Vec<(BenchmarkName, BenchmarkName)> {
    let mut by_code: BTreeMap<&Executed, Sides<Vec<&BenchmarkName>>> = BTreeMap::new();
    for (name, executed) in before {
        by_code.entry(executed).or_default().baseline.push(name);
    }
    for (name, executed) in after {
        by_code.entry(executed).or_default().candidate.push(name);
    }
    let single = |sides: Sides<Vec<&BenchmarkName>>| match (&sides.baseline[..], &sides.candidate[..]) {
        ([from], [to]) => Some(((*from).clone(), (*to).clone())),
        _ => None,
    };
    by_code.into_values().filter_map(single).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(found: &[(&str, &str, u64)]) -> Vec<(BenchmarkName, Executed)> {
        let one = |&(id, code, count): &(&str, &str, u64)| {
            (BenchmarkName::new("p", "t", id), (Digest::new(code), count))
        };
        found.iter().map(one).collect()
    }

    #[test]
    fn only_what_executes_the_same_and_is_unmistakable_is_a_rename() {
        let before = side(&[("old", "1", 10), ("twin/a", "2", 5), ("twin/b", "2", 5), ("count", "3", 7)]);
        let after = side(&[("new", "1", 10), ("twin/c", "2", 5), ("counted", "3", 8), ("fresh", "4", 1)]);
        let found = pairs(&before, &after);
        let names: Vec<_> = found.iter().map(|(from, to)| (from.id(), to.id())).collect();
        assert_eq!(names, [("old", "new")]);
    }
}
