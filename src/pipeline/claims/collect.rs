//! The evidence of claims: counts, pairs for those about time, facts about the layout of types.

use std::collections::{BTreeMap, BTreeSet};

use super::super::allocations::AllocationBuild;
use super::super::collect::counts::{counted, counting_bench, task};
use super::super::collect::paired::Comparison;
use super::super::error::PipelineError;
use super::super::prepared::TargetName;
use super::super::session::Session;
use super::super::stopwatch::within;
use super::super::workspace::Listing;
use super::resolve::Resolved;
use crate::domain::{
    BenchmarkName, CountKind, Counted, Ended, Event, LayoutFact, Metric, NotCounted, PairedEvidence, Phase,
    Revision, RunEvidence, Stage, Trouble,
};
use crate::judge::{ClaimStep, ClaimTest, ErrorBudget, Relation, Rules, next_of_claim, relation};
use crate::support::process::interrupted;

/// What claims are looked into with besides pairs.
pub(crate) struct Built<'a> {
    pub(crate) listed: &'a Listing,
    /// Executables that count allocations, where they are counted.
    pub(crate) allocations: Option<&'a AllocationBuild>,
    /// What the built-in suite says about the layout of types, or why it cannot.
    pub(crate) layout: Option<&'a Result<String, String>>,
}

/// The executables that claims need to have their allocations counted in.
pub(crate) fn targets<'a>(claims: impl IntoIterator<Item = &'a Resolved>) -> BTreeSet<TargetName> {
    let names = claims.into_iter().flat_map(|claim| &claim.evidence.benchmarks);
    names.map(BenchmarkName::target_name).collect()
}

/// Finds out about every claim, in the order given. Benchmarks that gave nothing become troubles of the run besides.
pub(crate) fn collect(
    session: &mut Session<'_>,
    run: &mut RunEvidence,
    revision: &Revision,
    mut claims: Vec<Resolved>,
    built: &Built<'_>,
    rules: &Rules<'_>,
) -> Result<(), PipelineError> {
    let counting = within(session.progress, Stage::Counting);
    count(session, revision, &mut claims, built)?;
    drop(counting);
    let facts = built.layout.map(|facts| facts.as_ref().map(|text| layout_facts(text)).map_err(Clone::clone));
    for claim in &mut claims {
        claim.evidence.layout.clone_from(&facts);
    }
    let timed = claims.iter().filter(|claim| claim.evidence.case.is_timed()).count();
    session.progress.event(Event::Measuring { benchmarks: timed });
    let collected = pairs(session, &mut claims, rules);
    for claim in &claims {
        run.troubles.extend(failure(claim));
    }
    run.claims = claims.into_iter().map(|claim| claim.evidence).collect();
    collected
}

/// Measures what pairs have to decide, then fresh pairs of what was refuted and would fail the gate.
fn pairs(session: &mut Session<'_>, claims: &mut [Resolved], rules: &Rules<'_>) -> Result<(), PipelineError> {
    for (step, budget) in
        [(ClaimStep::Pairs, rules.error_budget()), (ClaimStep::Remeasure, rules.error_budget().alone())]
    {
        if interrupted() {
            return Ok(());
        }
        let taking = claims.iter_mut().filter(|claim| next_of_claim(&claim.evidence, rules) == step);
        let mut taking: Vec<&mut Resolved> = taking.filter(|claim| claim.comparison.is_some()).collect();
        let comparisons: Vec<Comparison<Relation>> =
            taking.iter().filter_map(|claim| comparison(claim)).collect();
        let found = measure(session, comparisons, budget)?;
        for (claim, found) in taking.iter_mut().zip(found) {
            match step {
                ClaimStep::Pairs => claim.evidence.pairs = Some(found),
                ClaimStep::Remeasure => claim.evidence.remeasured = Some(found),
                ClaimStep::Done => {}
            }
        }
    }
    Ok(())
}

fn comparison(claim: &Resolved) -> Option<Comparison<Relation>> {
    let Comparison { name, benches, ids, keys, by: () } = claim.comparison.clone()?;
    Some(Comparison { name, benches, ids, keys, by: relation(&claim.evidence.case)? })
}

fn measure(
    session: &mut Session<'_>,
    comparisons: Vec<Comparison<Relation>>,
    budget: ErrorBudget,
) -> Result<Vec<PairedEvidence>, PipelineError> {
    session.pairs(Phase::Claim, comparisons, &|comparison: &Comparison<Relation>, _| {
        ClaimTest::new(comparison.by, budget)
            .unwrap_or_else(|_| unreachable!("ratios and tolerances were checked when they were read"))
    })
}

/// A benchmark of a claim that gave nothing.
fn failure(claim: &Resolved) -> Option<Trouble> {
    let Ended::Failed(side, failure) = &claim.evidence.pairs.as_ref()?.ended else { return None };
    let benchmark = claim.evidence.benchmark_on(*side)?.clone();
    let unit = claim.comparison.as_ref()?.benches.get(*side).unit.kind();
    Some(Trouble::Failed { benchmark, unit, side: None, failure: failure.clone() })
}

/// Counts allocations of every benchmark that a claim speaks of, and instructions where they are claimed to be equal.
fn count(
    session: &mut Session<'_>,
    revision: &Revision,
    claims: &mut [Resolved],
    built: &Built<'_>,
) -> Result<(), PipelineError> {
    // What was asked for is about benchmarks; a claim says itself what it needs.
    let measuring = super::super::request::Measuring {
        metrics: vec![Metric::Instructions, Metric::Allocations],
        ..session.measuring.clone()
    };
    let mut session = session.measuring(&measuring);
    for kind in CountKind::ALL {
        let wanted =
            |claim: &&Resolved| kind == CountKind::Allocations || claim.evidence.counts_instructions();
        let names: BTreeSet<BenchmarkName> =
            claims.iter().filter(wanted).flat_map(|claim| claim.evidence.benchmarks.clone()).collect();
        let found = count_all(&mut session, kind, revision, names, built)?;
        for claim in claims.iter_mut().filter(|claim| wanted(&&**claim)) {
            let gone = || Err(NotCounted::Uncountable("it is not there".to_owned()));
            let of = |name: &BenchmarkName| found.get(name).cloned().unwrap_or_else(gone);
            let counts = claim.evidence.benchmarks.iter().map(of).collect();
            match kind {
                CountKind::Instructions => claim.evidence.instructions = counts,
                CountKind::Allocations => claim.evidence.allocations = counts,
            }
        }
    }
    Ok(())
}

fn count_all(
    session: &mut Session<'_>,
    kind: CountKind,
    revision: &Revision,
    names: BTreeSet<BenchmarkName>,
    built: &Built<'_>,
) -> Result<BTreeMap<BenchmarkName, Counted>, PipelineError> {
    let mut found = BTreeMap::new();
    let mut tasks = Vec::new();
    for name in names {
        let benches = built.listed.benches.iter().map(|listed| &listed.bench);
        let timed = benches.into_iter().find(|bench| bench.may_hold(&name));
        let Some(timed) = timed else { continue };
        let taken_of = (revision, session.machine);
        let task = counting_bench(kind, timed, built.allocations)
            .and_then(|bench| task(session.runner, kind, (timed, bench), &name, taken_of));
        match task {
            Ok(task) => tasks.push(task),
            Err(why) => drop(found.insert(name, Err(why))),
        }
    }
    let counts = session.count_repeatedly(&tasks)?;
    found.extend(tasks.into_iter().map(|task| task.key.benchmark).zip(counts.into_iter().map(counted)));
    Ok(found)
}

/// The lines of the built-in suite's binary `perfguard-layout`. One that cannot be read is no fact.
fn layout_facts(text: &str) -> Vec<LayoutFact> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
