//! Claims about allocations, and the allocations beside every other claim.

use super::resolve::Resolved;
use super::tallies::Tallies;
use crate::domain::{ClaimOutcome, ClaimVerdict, Claimed, Sides, median};
use crate::judge::claim::allocations;

/// What counts say about a claim.
pub(super) fn outcome(resolved: &Resolved, tallies: &Tallies) -> ClaimOutcome {
    let Claimed::Allocations(bound) = &resolved.claimed else {
        return resolved.open("it is no claim about allocations");
    };
    let counted: Result<Vec<Vec<f64>>, String> =
        resolved.benchmarks.iter().map(|name| tallies.allocations(name)).collect();
    let counted = match counted {
        Ok(counted) => counted,
        Err(reason) => return resolved.open(format!("allocations were not counted: {reason}")),
    };
    let [own, compared @ ..] = &counted[..] else {
        return resolved.open("its benchmarks are not there");
    };
    let (verdict, words) = allocations(bound, own, compared.first().map(Vec::as_slice));
    let reason = (verdict != ClaimVerdict::Confirmed)
        .then(|| format!("counted {words}, claimed {}", resolved.claimed));
    ClaimOutcome { verdict, allocations: beside(resolved, tallies), reason, ..resolved.open("") }
}

/// Allocations of one iteration before (the slower, or the one compared with) and after (the faster, or the one spoken
/// of), as far as they were counted.
pub(super) fn beside(resolved: &Resolved, tallies: &Tallies) -> Option<Sides<Option<f64>>> {
    let count = |at: usize| {
        let name = resolved.benchmarks.get(at)?;
        median(tallies.allocations(name).ok()?)
    };
    let both = Sides { baseline: count(1), candidate: count(0) };
    (both.baseline.is_some() || both.candidate.is_some()).then_some(both)
}
