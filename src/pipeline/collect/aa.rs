//! The A/A test: a few executables of the baseline measured against themselves before the pairs that count.

use super::super::error::PipelineError;
use super::super::session::Session;
use super::paired::Comparison;
use crate::domain::{AaControl, AaTest, Event, Phase, Sides};
use crate::judge::Rules;
use crate::judge::aa::{aa_budget, self_test};
use crate::stats::random::Generator;

/// How many benchmarks are measured against themselves: enough to meet a machine that is unfit for most of them, at the
/// cost of a few seconds.
const SAMPLE: usize = 3;

/// Measures a few of these against themselves.
pub(crate) fn collect(
    session: &mut Session<'_>,
    comparisons: &[Comparison],
    rules: &Rules<'_>,
) -> Result<AaTest, PipelineError> {
    let chosen = sample(comparisons, session.seed);
    if chosen.is_empty() {
        return Ok(AaTest { asked: true, controls: Vec::new() });
    }
    let stage = format!("Measuring {} against themselves: the A/A test", chosen.len());
    session.progress.event(Event::Task(&stage));
    let budget = aa_budget(rules, chosen.len());
    let named: Vec<_> = chosen
        .iter()
        .map(|one| (one.name.clone(), one.benches.baseline.fingerprint.target.clone()))
        .collect();
    let make = |comparison: &Comparison, baseline| self_test(&comparison.by, baseline, budget);
    let found = session.pairs(Phase::AaTest, chosen, &make)?;
    let control = |((name, target), pairs)| AaControl { name, target, pairs };
    Ok(AaTest { asked: true, controls: named.into_iter().zip(found).map(control).collect() })
}

/// The baselines of a few comparisons, drawn by a seed, each against itself.
fn sample(comparisons: &[Comparison], seed: u64) -> Vec<Comparison> {
    let mut drawn: Vec<&Comparison> = comparisons.iter().collect();
    Generator::new(seed).shuffle(&mut drawn);
    drawn.into_iter().take(SAMPLE).map(against_itself).collect()
}

/// The baseline of a comparison on both sides.
fn against_itself(comparison: &Comparison) -> Comparison {
    let Comparison { name, benches, ids, keys, by } = comparison;
    Comparison {
        name: name.clone(),
        benches: Sides::from_fn(|_| benches.baseline.clone()),
        ids: Sides::from_fn(|_| ids.baseline.clone()),
        keys: Sides::from_fn(|_| keys.baseline.clone()),
        by: *by,
    }
}

#[cfg(test)]
mod tests {
    use super::super::paired::tests::comparison;
    use super::*;

    #[test]
    fn a_few_baselines_are_drawn_by_the_seed() {
        let all: Vec<Comparison> = ["a", "b", "c", "d", "e"].map(comparison).to_vec();
        let names = |seed| {
            let drawn = sample(&all, seed);
            assert!(drawn.iter().all(|one| one.benches.baseline == one.benches.candidate));
            assert!(drawn.iter().all(|one| one.keys.baseline == one.keys.candidate));
            drawn.into_iter().map(|one| one.name.id().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(7).len(), SAMPLE);
        assert_eq!(names(7), names(7));
        assert!((0..20).any(|seed| names(seed) != names(7)));
        assert_eq!(sample(&all[..1], 1).len(), 1);
    }
}
