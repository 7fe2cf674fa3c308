//! The verdict on a claim, from evidence alone, and what to find out next about one. Nothing rewrites what the verdict says.

use crate::domain::{
    ClaimCase, ClaimEvidence, ClaimOutcome, ClaimReason, ClaimVerdict, ClaimWeight, Claimed, Confirm,
    Counted, Ended, LayoutFact, Metric, Objection, PairedEvidence, Side, Sides, median,
};

use super::ErrorBudget;
use super::claim::{ClaimTest, Relation, allocations};
use super::rules::Rules;

/// What pairs have to decide about a claim, if anything.
pub fn relation(case: &ClaimCase) -> Option<Relation> {
    match case {
        ClaimCase::AtLeast(ratio) => Some(Relation::AtLeast(*ratio)),
        ClaimCase::EqualWithin(fraction) => Some(Relation::EqualWithin(*fraction)),
        ClaimCase::Counted | ClaimCase::Layout(_) | ClaimCase::Impossible(_) => None,
    }
}

/// What to find out next about a claim whose counts are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimStep {
    /// Measure pairs.
    Pairs,
    /// Measure fresh pairs of what was refuted.
    Remeasure,
    /// All is known that is worth knowing.
    Done,
}

/// What to find out next about a claim.
pub fn next_of_claim(evidence: &ClaimEvidence, rules: &Rules<'_>) -> ClaimStep {
    match (relation(&evidence.case), &evidence.pairs, &evidence.remeasured) {
        (None, ..) | (Some(_), Some(_), Some(_)) => ClaimStep::Done,
        (Some(_), None, _) => ClaimStep::Pairs,
        (Some(relation), Some(pairs), None) => {
            let binding = evidence.weight == ClaimWeight::Binding && rules.confirm != Confirm::Never;
            let refuted = test_of(relation, pairs, rules.error_budget())
                .is_some_and(|test| test.verdict() == ClaimVerdict::Refuted);
            let decided = pairs.ended == Ended::Decided;
            if binding && refuted && decided { ClaimStep::Remeasure } else { ClaimStep::Done }
        }
    }
}

/// The verdict on one claim. `unfit` is what the run's A/A test objects, if anything.
pub fn verdict_of_claim(
    evidence: &ClaimEvidence,
    unfit: Option<&Objection>,
    rules: &Rules<'_>,
) -> ClaimOutcome {
    let bare = ClaimOutcome {
        section: evidence.claim.section.clone(),
        statement: evidence.claim.statement.clone(),
        weight: evidence.weight,
        benchmarks: evidence.benchmarks.clone(),
        allocations: beside(evidence),
        ..ClaimOutcome::undecided(&evidence.claim.name, evidence.claimed.clone(), Vec::new())
    };
    match &evidence.case {
        ClaimCase::Impossible(setback) => {
            ClaimOutcome { reasons: vec![ClaimReason::Impossible(setback.clone())], ..bare }
        }
        ClaimCase::Counted => of_counts(evidence, bare),
        ClaimCase::Layout(types) => of_layout(evidence, types, bare),
        ClaimCase::AtLeast(ratio) => of_time(evidence, Relation::AtLeast(*ratio), bare, unfit, rules),
        ClaimCase::EqualWithin(fraction) => {
            let timed = of_time(evidence, Relation::EqualWithin(*fraction), bare, unfit, rules);
            in_instructions(evidence, *fraction, timed)
        }
    }
}

/// Allocations of one iteration before (the slower, or the one compared with) and after (the faster, or the one spoken
/// of), as far as they were counted.
fn beside(evidence: &ClaimEvidence) -> Option<Sides<Option<f64>>> {
    let count = |at: usize| {
        let counts = evidence.allocations.get(at)?.as_ref().ok()?;
        median(counts.values(Metric::Allocations))
    };
    let both = Sides { baseline: count(1), candidate: count(0) };
    (both.baseline.is_some() || both.candidate.is_some()).then_some(both)
}

/// What pairs say.
fn of_time(
    evidence: &ClaimEvidence,
    relation: Relation,
    bare: ClaimOutcome,
    unfit: Option<&Objection>,
    rules: &Rules<'_>,
) -> ClaimOutcome {
    let open = |reason| ClaimOutcome { reasons: vec![reason], ..bare.clone() };
    let Some(pairs) = &evidence.pairs else { return open(ClaimReason::NotMeasured) };
    let failed = [Some(pairs), evidence.remeasured.as_ref()].into_iter().flatten().find_map(failed_side);
    if let Some(side) = failed {
        let name = evidence.benchmark_on(side).cloned();
        return open(name.map_or(ClaimReason::NotMeasured, ClaimReason::Failed));
    }
    let Some(test) = test_of(relation, pairs, rules.error_budget()) else {
        let interrupted = pairs.ended == Ended::Interrupted;
        return open(if interrupted { ClaimReason::Interrupted } else { ClaimReason::NoPairs });
    };
    let found = ClaimOutcome { ratio: test.ratio(), interval: test.interval(), ..bare };
    if let Some(objection) = unfit {
        return ClaimOutcome { reasons: vec![ClaimReason::Unfit(objection.clone())], ..found };
    }
    let fresh = evidence.remeasured.as_ref();
    let again = fresh.map(|fresh| {
        let test = test_of(relation, fresh, rules.error_budget().alone());
        test.map_or(ClaimVerdict::Undecided, |test| test.verdict())
    });
    let (verdict, reasons) = match (test.verdict(), again) {
        (ClaimVerdict::Confirmed, _) => (ClaimVerdict::Confirmed, Vec::new()),
        (ClaimVerdict::Undecided, _) => (ClaimVerdict::Undecided, vec![ClaimReason::Undecided(test.pairs())]),
        (ClaimVerdict::Refuted, Some(again)) if again != ClaimVerdict::Refuted => {
            (ClaimVerdict::Undecided, vec![ClaimReason::NotRepeated(again)])
        }
        (ClaimVerdict::Refuted, _) => (ClaimVerdict::Refuted, vec![ClaimReason::DoesNotHold(found.ratio)]),
    };
    ClaimOutcome { verdict, reasons, ..found }
}

/// The side that failed.
fn failed_side(pairs: &PairedEvidence) -> Option<Side> {
    match &pairs.ended {
        Ended::Failed(side, _) => Some(*side),
        _ => None,
    }
}

fn test_of(relation: Relation, pairs: &PairedEvidence, budget: ErrorBudget) -> Option<ClaimTest> {
    ClaimTest::of_pairs(relation, &pairs.pairs, budget)
}

/// What counts of instructions add to a claim that two benchmarks are equal: they are exact, so they refute it whatever the
/// clock says, and alone they do not confirm it.
fn in_instructions(evidence: &ClaimEvidence, within: f64, found: ClaimOutcome) -> ClaimOutcome {
    let ([one, other], true) = (&evidence.instructions[..], evidence.counts_instructions()) else {
        return found;
    };
    let count = |counted: &Counted| match counted {
        Ok(counts) => median(counts.values(Metric::Instructions)).ok_or(None),
        Err(why) => Err(Some(why.clone())),
    };
    let mut reasons = found.reasons.clone();
    let verdict = match (count(one), count(other)) {
        (Ok(one), Ok(other)) => {
            reasons.push(ClaimReason::Instructions(one, other));
            if (other / one - 1.0).abs() <= within { found.verdict } else { ClaimVerdict::Refuted }
        }
        (Err(why), _) | (_, Err(why)) => {
            reasons.extend(why.map(ClaimReason::InstructionsNotCounted));
            found.verdict
        }
    };
    ClaimOutcome { verdict, reasons, ..found }
}

/// What counts say about a claim of allocations.
fn of_counts(evidence: &ClaimEvidence, bare: ClaimOutcome) -> ClaimOutcome {
    let Claimed::Allocations(bound) = &evidence.claimed else { return bare };
    let mut counted = Vec::new();
    for (name, counts) in evidence.benchmarks.iter().zip(&evidence.allocations) {
        match counts {
            Ok(counts) => counted.push(counts.values(Metric::Allocations)),
            Err(why) => {
                let reason = ClaimReason::AllocationsNotCounted(name.clone(), why.clone());
                return ClaimOutcome { reasons: vec![reason], ..bare };
            }
        }
    }
    let [own, compared @ ..] = &counted[..] else {
        return ClaimOutcome { reasons: vec![ClaimReason::NotMeasured], ..bare };
    };
    let (verdict, ranges) = allocations(bound, own, compared.first().map(Vec::as_slice));
    let reason = match (verdict, ranges) {
        (ClaimVerdict::Confirmed, _) => None,
        (_, Some((own, other))) => Some(ClaimReason::Counted(own, other)),
        (_, None) => Some(ClaimReason::CountedOnce),
    };
    ClaimOutcome { verdict, reasons: reason.into_iter().collect(), ..bare }
}

/// What the facts say about a claim of these types.
fn of_layout(evidence: &ClaimEvidence, types: &[String], bare: ClaimOutcome) -> ClaimOutcome {
    let open = |reason| ClaimOutcome { reasons: vec![reason], ..bare.clone() };
    let facts = match &evidence.layout {
        Some(Ok(facts)) => facts,
        Some(Err(why)) => return open(ClaimReason::LayoutUnavailable(Some(why.clone()))),
        None => return open(ClaimReason::LayoutUnavailable(None)),
    };
    let fact = |wanted: &String| facts.iter().find(|fact| fact.name == *wanted);
    let unknown: Vec<String> = types.iter().filter(|wanted| fact(wanted).is_none()).cloned().collect();
    if !unknown.is_empty() {
        return open(ClaimReason::LayoutUnknown(unknown));
    }
    let larger: Vec<LayoutFact> = types.iter().filter_map(fact).filter(|fact| !fact.holds).cloned().collect();
    if larger.is_empty() {
        ClaimOutcome { verdict: ClaimVerdict::Confirmed, ..bare }
    } else {
        ClaimOutcome { verdict: ClaimVerdict::Refuted, ..open(ClaimReason::Larger(larger)) }
    }
}

#[cfg(test)]
mod tests;
