//! Claims as part of `check`: the user's always, the harness's where they can have been lost.
//!
//! A user's claim needs no baseline: it is measured every time, and fails the gate when it is refuted, twice. A claim of
//! the harness binds only where a committed baseline file of this architecture says that it was confirmed. It is
//! measured when a benchmark it is about executes other code than before or is not shown to take as long, or on request.

use std::collections::BTreeSet;

use super::super::catalogue::Benchmark;
use super::super::error::PipelineError;
use super::super::prepared::Prepared;
use super::super::request::{ClaimGate, CompareRequest, Measuring, Suite, SuiteClaims};
use super::super::session::Session;
use super::super::workspace::Listing;
use super::resolve::{Bench, Reach, Resolved};
use super::{arch, of_suite, selected_of_suite};
use crate::domain::{
    Asked, BenchmarkEvidence, BenchmarkName, Claim, ClaimEvidence, ClaimOrigin, ClaimVerdict, ClaimWeight,
    MachineFacts, Partition, PartitionKind, Revision, RunEvidence, Verdict,
};
use crate::judge::{Rules, verdict};
use crate::store::BaselineFile;

pub(crate) use super::collect::Built;

/// The claims that `check` has to look into, resolved against the candidate.
pub(crate) fn selected(
    request: &CompareRequest,
    revision: &Revision,
    prepared: &Prepared,
    listed: &Listing,
    everything: &[Benchmark],
) -> Result<Vec<Resolved>, PipelineError> {
    let CompareRequest { claims: gate, scope, machine, .. } = request;
    let arch = arch(listed);
    let bench =
        Bench { listed: &listed.benches, revision, machine, arch: &arch, reach: Reach::of(&scope.selection) };
    let mut resolved = Vec::new();
    for claim in
        gate.own.iter().filter(|claim| scope.partition.is_none_or(|part| part.holds_claim(&claim.name)))
    {
        resolved.extend(bench.resolve(claim)?);
    }
    if gate.suite != SuiteClaims::Never && matches!(scope.suite, Suite::On { .. }) {
        let suite = of_suite(prepared)?;
        for claim in suite.iter().filter(|claim| is_of_part(scope.partition, claim)) {
            if gate.suite == SuiteClaims::Always || was_confirmed(gate, &arch, machine, &claim.name) {
                resolved.extend(
                    bench
                        .resolve(claim)?
                        .filter(|claim| gate.suite == SuiteClaims::Always || has_changed(claim, everything)),
                );
            }
        }
    }
    resolved.retain(|claim| {
        claim.evidence.benchmarks.iter().all(|name| {
            selected_of_suite(scope, name) && (scope.filter.is_empty() || scope.filter.matches(name))
        })
    });
    Ok(resolved)
}

/// Leaves out claims of the built-in suite whose benchmarks all turned out to do the same on both sides.
pub(crate) fn reached(
    request: &CompareRequest,
    run: &RunEvidence,
    mut claims: Vec<Resolved>,
    benchmarks: &[Benchmark],
) -> Vec<Resolved> {
    let rules = rules_of(request, run, &run.asked);
    let same = benchmarks.iter().map(|benchmark| &benchmark.evidence);
    let same =
        same.filter(|evidence| does_the_same(evidence, &rules)).map(|evidence| &evidence.name).collect();
    claims.retain(|claim| {
        let ClaimEvidence { claim, benchmarks, .. } = &claim.evidence;
        request.claims.suite == SuiteClaims::Always || may_be_lost(claim.origin, benchmarks, &same)
    });
    claims
}

/// Whether a benchmark executes the same code on both sides in the same time, at a quick look or measured in full.
fn does_the_same(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> bool {
    let takes_as_long =
        || evidence.pairs.is_none() || verdict(evidence, None, rules).verdict() == Verdict::Unchanged;
    evidence.executes_same_code() && takes_as_long()
}

/// How a run is judged that was `asked` for this.
fn rules_of<'a>(request: &'a CompareRequest, run: &RunEvidence, asked: &'a Asked) -> Rules<'a> {
    Rules { tests: run.tests, ..Rules::new(&request.judging.policy, asked, run.budget) }
}

/// Whether a claim has to be looked into: the user's always, another where not all its benchmarks are among the `same`.
fn may_be_lost(origin: ClaimOrigin, benchmarks: &[BenchmarkName], same: &BTreeSet<&BenchmarkName>) -> bool {
    origin == ClaimOrigin::User || !benchmarks.iter().all(|name| same.contains(name))
}

/// Whether a claim of the built-in suite belongs to a part of the work: that of its first benchmark's bench target, which is
/// that of all its benchmarks.
fn is_of_part(partition: Option<Partition>, claim: &Claim<String>) -> bool {
    let Some(part) = partition else { return true };
    let benchmarks = claim.expectation.benchmarks();
    match benchmarks.first().and_then(|name| name.parse::<BenchmarkName>().ok()) {
        Some(name) if part.kind == PartitionKind::Target => part.holds(&name),
        _ => part.holds_claim(&claim.name),
    }
}

/// Finds out about claims within the candidate.
pub(crate) fn collect(
    request: &CompareRequest,
    session: &mut Session<'_>,
    run: &mut RunEvidence,
    revision: &Revision,
    claims: Vec<Resolved>,
    built: &Built<'_>,
) -> Result<(), PipelineError> {
    if claims.is_empty() {
        return Ok(());
    }
    let weighed = claims.into_iter().map(|mut claim| {
        claim.evidence.weight = weight(&request.claims, &request.machine, &claim);
        claim
    });
    let measuring = Measuring { budget: request.claims.budget, ..request.measuring.clone() };
    let asked = run.asked.clone();
    let rules = rules_of(request, run, &asked);
    let mut session = session.measuring(&measuring);
    super::collect::collect(&mut session, run, revision, weighed.collect(), built, &rules)
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
    let evidence = &claim.evidence;
    let arch = evidence.build.as_ref().map_or(std::env::consts::ARCH, |build| build.arch());
    match evidence.claim.origin {
        ClaimOrigin::User => ClaimWeight::Binding,
        ClaimOrigin::BuiltIn if was_confirmed(gate, arch, machine, &evidence.claim.name) => {
            ClaimWeight::Binding
        }
        ClaimOrigin::BuiltIn => ClaimWeight::Informative,
    }
}

/// Whether any executable that a claim is about differs between the sides.
fn has_changed(claim: &Resolved, everything: &[Benchmark]) -> bool {
    let differs = |benchmark: &Benchmark| {
        claim.evidence.benchmarks.contains(&benchmark.evidence.name)
            && !benchmark.evidence.presence.is_identical()
    };
    everything.iter().any(differs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::super::resolve::tests::{benches, machine};
    use super::*;
    use crate::domain::{CommitId, MachineKey};
    use crate::judge::Policy;
    use crate::judge::fixtures::{ALL, both, measured, rules, same_code};
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
            ClaimGate { own: Vec::new(), suite: SuiteClaims::WhenChanged, known, budget: Duration::ZERO };
        was_confirmed(&gate, "x86_64", &machine(), "n")
    }

    #[test]
    fn claims_of_the_suite_about_the_same_code_are_left_out() {
        let names: Vec<BenchmarkName> = ["p::t::a", "p::t::b"].map(|name| name.parse().unwrap()).into();
        let same = |names: &[usize], all: &[BenchmarkName], origin| {
            let same = names.iter().map(|&at| &all[at]).collect();
            may_be_lost(origin, all, &same)
        };
        assert!(!same(&[0, 1], &names, ClaimOrigin::BuiltIn));
        assert!(same(&[0], &names, ClaimOrigin::BuiltIn), "one of both may be another");
        assert!(same(&[0, 1], &names, ClaimOrigin::User));
    }

    #[test]
    fn the_same_code_does_the_same_where_it_takes_as_long() {
        let policy = Policy::new();
        let rules = rules(&policy, &ALL, Some(20));
        let after = |ratios: &[f64]| {
            let pairs = (!ratios.is_empty()).then(|| measured(ratios));
            does_the_same(&BenchmarkEvidence { pairs, ..same_code() }, &rules)
        };
        assert!(after(&[]), "its quick check agrees");
        assert!(after(&[0.001; 12]), "what a quick check doubts is measured, and shown to take as long");
        assert!(!after(&[0.3; 30]));
        assert!(!after(&[0.3, -0.3]), "undecided");
        let other = BenchmarkEvidence { pairs: Some(measured(&[0.001; 12])), ..both() };
        assert!(!does_the_same(&other, &rules), "another code");
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
