//! Claims about allocations. The one place that knows whether they are counted.

use super::resolve::Resolved;
use crate::domain::{BenchmarkName, ClaimOutcome, ClaimVerdict, Claimed, Sides, median};
use crate::judge::claim::allocations;

/// Counts of allocations of one iteration, taken at least twice; `None` where they were not counted.
pub(crate) type Counts<'a> = &'a dyn Fn(&BenchmarkName) -> Option<Vec<f64>>;

/// Nobody counts: the claims stay undecided.
pub(crate) fn uncounted(_: &BenchmarkName) -> Option<Vec<f64>> {
    None
}

/// What counts say about a claim.
pub(super) fn outcome(resolved: &Resolved, counts: Counts<'_>) -> ClaimOutcome {
    let open = resolved.open("allocations are not counted yet");
    let Claimed::Allocations(bound) = &resolved.claimed else { return open };
    let counted: Option<Vec<Vec<f64>>> = resolved.benchmarks.iter().map(counts).collect();
    let Some([own, compared @ ..]) = counted.as_deref() else { return open };
    let compared = compared.first();
    let (verdict, words) = allocations(bound, own, compared.map(Vec::as_slice));
    let both = Sides {
        baseline: compared.and_then(|counts| median(counts.clone())),
        candidate: median(own.clone()),
    };
    let reason = (verdict != ClaimVerdict::Confirmed)
        .then(|| format!("counted {words}, claimed {}", resolved.claimed));
    ClaimOutcome { verdict, allocations: Some(both), reason, ..open }
}
