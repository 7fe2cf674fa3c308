//! Claims as part of `check`: the user's always, the harness's where they can have been lost.
//!
//! A user's claim needs no baseline: it is measured every time, and fails the gate when it is refuted, twice. A claim of
//! the harness binds only where a committed baseline file of this architecture says that it was confirmed. It is
//! measured when the executables it is about differ between the sides, or on request.

use super::super::catalogue::{Catalogue, ListedBench, Presence};
use super::super::compare::in_scope;
use super::super::counts::Heap;
use super::super::error::PipelineError;
use super::super::prove::Arena;
use super::super::request::{ClaimGate, CompareRequest, Confirm, Harness, HarnessClaims, Measuring};
use super::super::workshop::Prepared;
use super::resolve::{Bench, Reach, Resolved};
use super::{Evidence, SecondLook, Tallies, arch, examine, of_harness, selected_of_harness};
use crate::domain::{
    ClaimOrigin, ClaimOutcome, ClaimVerdict, ClaimWeight, Event, MachineFacts, ReportedError, Revision,
};
use crate::judge::ErrorBudget;
use crate::store::BaselineFile;

/// The claims that `check` has to look into, resolved against the candidate.
pub(crate) fn selected(
    request: &CompareRequest,
    revision: &Revision,
    prepared: &Prepared,
    listed: &[ListedBench],
    catalogue: &Catalogue,
) -> Result<Vec<Resolved>, PipelineError> {
    let CompareRequest { claims: gate, scope, machine, .. } = request;
    let arch = arch(listed);
    let bench = Bench { listed, revision, machine, arch: &arch, reach: Reach::of(&scope.selection) };
    let mut resolved = Vec::new();
    for claim in &gate.own {
        resolved.extend(bench.resolve(claim)?);
    }
    if gate.harness != HarnessClaims::Never && matches!(scope.harness, Harness::On { .. }) {
        for claim in &of_harness(prepared)? {
            if gate.harness == HarnessClaims::Always || was_confirmed(gate, &arch, machine, &claim.name) {
                resolved.extend(
                    bench.resolve(claim)?.filter(|claim| {
                        gate.harness == HarnessClaims::Always || has_changed(claim, catalogue)
                    }),
                );
            }
        }
    }
    resolved.retain(|claim| {
        claim.benchmarks.iter().all(|name| {
            selected_of_harness(scope, name) && (scope.filter.is_empty() || in_scope(scope, name))
        })
    });
    Ok(resolved)
}

/// The candidate's executables, as claims need them.
pub(crate) struct Built<'a> {
    pub(crate) listed: &'a [ListedBench],
    /// Those that count allocations, or why there are none.
    pub(crate) heap: Result<&'a Heap, &'a str>,
    /// What the harness says about the layout of types.
    pub(crate) layout: Option<&'a Result<String, String>>,
}

/// Finds out about claims within the candidate. What fails the gate is looked at twice.
pub(crate) fn judge(
    request: &CompareRequest,
    arena: &mut Arena<'_>,
    revision: &Revision,
    claims: &[Resolved],
    candidate: &Built<'_>,
    budget: ErrorBudget,
) -> Result<(Vec<ClaimOutcome>, Vec<ReportedError>), PipelineError> {
    if claims.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let timed = claims.iter().filter(|claim| claim.is_timed()).count();
    let taken_of = (revision, &request.machine);
    let tallies = Tallies::count(arena, taken_of, claims, candidate.listed, candidate.heap)?;
    arena.progress.event(Event::Measuring { benchmarks: timed });
    let measuring = Measuring { budget: request.claims.budget, ..request.measuring.clone() };
    let evidence = Evidence {
        tallies: &tallies,
        layout: candidate.layout,
        weight: &|claim| weight(&request.claims, &request.machine, claim),
        second_look: match request.judging.confirm {
            Confirm::Never => SecondLook::No,
            Confirm::Suspects | Confirm::Always => SecondLook::Binding,
        },
        budget,
    };
    let mut arena = Arena {
        store: &mut *arena.store,
        runner: &mut *arena.runner,
        measuring: &measuring,
        occasion: arena.occasion,
        progress: arena.progress,
        seed: arena.seed,
        layouts: &mut *arena.layouts,
    };
    examine(&mut arena, revision, claims, &evidence)
}

/// Whether a claim was confirmed here, as far as committed files know: by the file of this machine, else by every file of
/// the architecture that speaks of it.
fn was_confirmed(gate: &ClaimGate, arch: &str, machine: &MachineFacts, name: &str) -> bool {
    let of_arch = || gate.known.iter().filter(|file| file.arch == arch);
    let verdict = |file: &BaselineFile| file.claims.get(name).map(|claim| claim.verdict);
    if let Some(found) = of_arch().filter(|file| file.machine.key == machine.key).find_map(verdict) {
        return found == ClaimVerdict::Confirmed;
    }
    let mut found = of_arch().filter_map(verdict).peekable();
    found.peek().is_some() && found.all(|verdict| verdict == ClaimVerdict::Confirmed)
}

/// What it means for the gate that a claim is refuted.
fn weight(gate: &ClaimGate, machine: &MachineFacts, claim: &Resolved) -> ClaimWeight {
    let arch = claim.build.as_ref().map_or(std::env::consts::ARCH, |build| build.arch());
    match claim.claim.origin {
        ClaimOrigin::User => ClaimWeight::Binding,
        ClaimOrigin::Harness if was_confirmed(gate, arch, machine, &claim.claim.name) => ClaimWeight::Binding,
        ClaimOrigin::Harness => ClaimWeight::Informative,
    }
}

/// Whether any executable that a claim is about differs between the sides.
fn has_changed(claim: &Resolved, catalogue: &Catalogue) -> bool {
    claim
        .benchmarks
        .iter()
        .any(|name| !matches!(catalogue.entries.get(name), None | Some(Presence::Identical(_))))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::super::resolve::tests::{benches, machine};
    use super::*;
    use crate::domain::{CommitId, MachineKey};
    use crate::store::BaselineClaim;

    fn file(key: &str, arch: &str, verdict: ClaimVerdict) -> BaselineFile {
        let claim = BaselineClaim {
            commit: CommitId::from_hex(&"a".repeat(40)).unwrap(),
            build: benches()[0].bench.fingerprint.clone(),
            verdict,
            ratio: None,
            interval: None,
            at_least: 1.1,
        };
        let machine = MachineFacts { key: MachineKey::new(key), ..machine() };
        let claims = BTreeMap::from([("n".to_owned(), claim)]);
        BaselineFile { arch: arch.to_owned(), machine, results: BTreeMap::new(), claims }
    }

    fn confirmed(known: Vec<BaselineFile>) -> bool {
        let gate =
            ClaimGate { own: Vec::new(), harness: HarnessClaims::WhenChanged, known, budget: Duration::ZERO };
        was_confirmed(&gate, "x86_64", &machine(), "n")
    }

    #[test]
    fn only_what_was_confirmed_here_binds() {
        let (yes, no) = (ClaimVerdict::Confirmed, ClaimVerdict::Refuted);
        assert!(!confirmed(Vec::new()));
        assert!(!confirmed(vec![file("m", "aarch64", yes)]));
        // This machine's file decides alone.
        assert!(confirmed(vec![file("other", "x86_64", no), file("m", "x86_64", yes)]));
        assert!(!confirmed(vec![file("other", "x86_64", yes), file("m", "x86_64", no)]));
        // Without it, all of the architecture must agree.
        assert!(confirmed(vec![file("other", "x86_64", yes), file("third", "x86_64", yes)]));
        assert!(!confirmed(vec![file("other", "x86_64", yes), file("third", "x86_64", no)]));
        assert!(!confirmed(vec![file("other", "x86_64", ClaimVerdict::Undecided)]));
    }
}
