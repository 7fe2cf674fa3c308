//! Claims to outcomes: pairs for those about time, counts and facts for the others.

use super::super::error::PipelineError;
use super::super::prove::{Arena, Contest, Ended, Proof};
use super::allocations;
use super::layout;
use super::resolve::{Case, Resolved};
use super::tallies::Tallies;
use crate::domain::{
    ClaimOutcome, ClaimVerdict, ClaimWeight, Expectation, Instructions, Phase, ReportedError, Revision,
};
use crate::judge::{ClaimTest, ErrorBudget, Relation};
use crate::support::process::interrupted;

/// Whether what is refuted is measured a second time, with fresh pairs, before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecondLook {
    No,
    /// Where it would fail the gate.
    Binding,
}

/// What claims are judged with besides pairs.
pub(crate) struct Evidence<'a> {
    /// What was counted.
    pub(crate) tallies: &'a Tallies,
    /// What the harness says about the layout of types.
    pub(crate) layout: Option<&'a Result<String, String>>,
    /// What it means that a claim is refuted.
    pub(crate) weight: &'a dyn Fn(&Resolved) -> ClaimWeight,
    /// Whether there is a second look.
    pub(crate) second_look: SecondLook,
    /// The run's error, divided among everything that is tested.
    pub(crate) budget: ErrorBudget,
}

/// Finds out about every claim, in the order given, and stores what was found. Benchmarks that gave nothing come as
/// errors besides.
pub(crate) fn examine(
    arena: &mut Arena<'_>,
    revision: &Revision,
    claims: &[Resolved],
    evidence: &Evidence<'_>,
) -> Result<(Vec<ClaimOutcome>, Vec<ReportedError>), PipelineError> {
    let contests: Vec<Contest<Relation>> = claims.iter().filter_map(contest).collect();
    let proofs = prove(arena, contests, evidence.budget)?;
    let errors = proofs.iter().filter_map(failure).collect();
    let mut proofs = proofs.into_iter();
    let mut outcomes = Vec::new();
    let mut doubtful = Vec::new();
    for resolved in claims {
        let found = match &resolved.case {
            Case::Timed(_) => timed(resolved, proofs.next(), evidence.tallies),
            Case::Counted => allocations::outcome(resolved, evidence.tallies),
            Case::Laid(types) => layout::outcome(resolved, types, evidence.layout),
            Case::Settled(reason) => resolved.open(reason.clone()),
        };
        let found = ClaimOutcome { weight: (evidence.weight)(resolved), ..found };
        if found.fails() && resolved.is_timed() && evidence.second_look == SecondLook::Binding {
            doubtful.push(outcomes.len());
        }
        outcomes.push(found);
    }
    if !doubtful.is_empty() && !interrupted() {
        look_again(arena, claims, &doubtful, &mut outcomes, evidence.budget)?;
    }
    for (resolved, outcome) in claims.iter().zip(&outcomes) {
        if let Some(build) = resolved.build.as_ref().filter(|_| outcome.was_examined()) {
            arena.store.record_claim(arena.occasion, revision, build, outcome)?;
        }
    }
    Ok((outcomes, errors))
}

/// A benchmark that gave nothing.
fn failure(proof: &Proof<Relation, ClaimTest>) -> Option<ReportedError> {
    let Ended::Failed(side, reason) = &proof.ended else { return None };
    let subject = proof.contest.keys.get(*side).benchmark.to_string();
    Some(ReportedError { subject, message: reason.clone(), hint: None })
}

fn contest(resolved: &Resolved) -> Option<Contest<Relation>> {
    match &resolved.case {
        Case::Timed(contest) => Some((**contest).clone()),
        _ => None,
    }
}

fn prove(
    arena: &mut Arena<'_>,
    contests: Vec<Contest<Relation>>,
    budget: ErrorBudget,
) -> Result<Vec<Proof<Relation, ClaimTest>>, PipelineError> {
    arena.prove(Phase::Claim, contests, &|contest: &Contest<Relation>, _| {
        ClaimTest::new(contest.by, budget)
            .unwrap_or_else(|_| unreachable!("ratios and tolerances were checked when they were read"))
    })
}

/// Only what is refuted twice fails a build.
fn look_again(
    arena: &mut Arena<'_>,
    claims: &[Resolved],
    doubtful: &[usize],
    outcomes: &mut [ClaimOutcome],
    budget: ErrorBudget,
) -> Result<(), PipelineError> {
    let contests = doubtful.iter().filter_map(|&at| contest(&claims[at])).collect();
    for (&at, proof) in doubtful.iter().zip(prove(arena, contests, budget.alone())?) {
        let again = proof.test.as_ref().map_or(ClaimVerdict::Undecided, ClaimTest::verdict);
        if again != ClaimVerdict::Refuted {
            let reason = format!("refuted at first, then {} by fresh pairs", again.name());
            let outcome = &mut outcomes[at];
            outcome.verdict = ClaimVerdict::Undecided;
            outcome.reason = Some(reason);
        }
    }
    Ok(())
}

/// What pairs say about a claim.
fn timed(resolved: &Resolved, proof: Option<Proof<Relation, ClaimTest>>, tallies: &Tallies) -> ClaimOutcome {
    let Some(proof) = proof else { return resolved.open("it was not measured") };
    let found = match (&proof.ended, &proof.test) {
        (Ended::Failed(side, _), _) => {
            let failed = &proof.contest.keys.get(*side).benchmark;
            return resolved.open(format!("{failed} could not be measured"));
        }
        (Ended::Interrupted, None) => return resolved.open("interrupted before it was measured"),
        (_, None) => return resolved.open("no pair could be measured"),
        (_, Some(test)) => test.outcome(&resolved.claim.name),
    };
    let reason = match found.verdict {
        ClaimVerdict::Refuted => Some(broken(resolved, &found)),
        ClaimVerdict::Undecided | ClaimVerdict::Confirmed => found.reason.clone(),
    };
    let found = ClaimOutcome {
        section: resolved.claim.section.clone(),
        statement: resolved.claim.statement.clone(),
        allocations: allocations::beside(resolved, tallies),
        reason,
        ..found
    };
    match &resolved.claim.expectation {
        Expectation::Equal { within, instructions: Instructions::AsWell, .. } => {
            in_instructions(found, resolved, *within, tallies)
        }
        _ => found,
    }
}

/// What counts of instructions add to a claim that two benchmarks are equal: time alone does not confirm it, and neither
/// alone refutes less than both.
fn in_instructions(found: ClaimOutcome, resolved: &Resolved, within: f64, tallies: &Tallies) -> ClaimOutcome {
    let [one, other] = &resolved.benchmarks[..] else { return found };
    let (ratio, words) = match (tallies.instructions(one), tallies.instructions(other)) {
        (Ok(one), Ok(other)) => (Some(other / one), format!("{one:.1} and {other:.1} instructions")),
        (Err(reason), _) | (_, Err(reason)) => {
            (None, format!("of time; instructions were not counted: {reason}"))
        }
    };
    let equal = ratio.is_none_or(|ratio| (ratio - 1.0).abs() <= within);
    let joined = match &found.reason {
        Some(reason) => format!("{reason}; {words}"),
        None => words,
    };
    let verdict = if equal { found.verdict } else { ClaimVerdict::Refuted };
    ClaimOutcome { verdict, reason: Some(joined), ..found }
}

/// The sentence that quotes a claim that does not hold.
fn broken(resolved: &Resolved, found: &ClaimOutcome) -> String {
    let quote = resolved.claim.statement.as_deref().unwrap_or(&resolved.claim.name);
    let [one, other] = &resolved.benchmarks[..] else { return format!("“{quote}” does not hold") };
    let ratio = found.ratio.map_or_else(|| "not".to_owned(), |ratio| format!("{ratio:.2} times"));
    format!("“{quote}” does not hold: {one} is {ratio} as fast as {other}, claimed {}", found.claimed)
}
