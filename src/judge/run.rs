//! From the evidence of a whole run to its report. Pure: a stored run is judged again by calling this once more.

use crate::domain::{
    BenchmarkEvidence, BenchmarkName, BenchmarkOutcome, ClaimOutcome, Creep, JudgedBy, Metric, Note,
    Objection, Reason, Report, ReportKind, RunEvidence, Trouble, UnitKind, fnv,
};

use super::gate::{Gate, GatePolicy, VerdictRequirement};
use super::policy::Policy;
use super::rules::Rules;
use super::verdict::verdict;
use super::{aa, acceptance, claim_verdict, compared, creep, creep_gate};

/// Judges every benchmark and claim of a run, and decides the gate.
pub fn judge_run(
    run: &RunEvidence,
    benchmarks: &[BenchmarkEvidence],
    policy: &Policy,
    gate: GatePolicy,
) -> Report {
    let rules = Rules::of_run(policy, run);
    let unfit = aa::objection(&run.aa, &rules);
    let judged = |evidence: &BenchmarkEvidence| verdict(evidence, unfit.as_ref(), &rules);
    let mut found: Vec<BenchmarkOutcome> = benchmarks.iter().map(judged).collect();
    let sums = sums(benchmarks, &found);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let mut acceptances = acceptance::accept(&run.acceptances, &mut found);
    acceptance::raise(&mut acceptances, &raised(benchmarks, &sums));
    let claims: Vec<ClaimOutcome> = run
        .claims
        .iter()
        .map(|evidence| claim_verdict::verdict_of_claim(evidence, unfit.as_ref(), &rules))
        .collect();
    let mut troubles = run.troubles.clone();
    let kind = |name: &BenchmarkName| {
        let found = benchmarks.iter().find(|evidence| evidence.name == *name);
        found.map_or(UnitKind::Bench, |evidence| evidence.presence.build().unit)
    };
    troubles.extend(found.iter().filter_map(|outcome| failed(outcome, kind(&outcome.name))));
    let mut notes = notes(run, benchmarks, unfit, &rules);
    notes.extend(creep::nearest(sums).map(|found| Note::Creep(Box::new(found))));
    // What a part does not have, another one may.
    if run.asked.partition.is_none() {
        notes.extend(acceptance::notes(&acceptances));
    }
    let decided = Gate::decide(&found, &claims, &troubles, gate);
    Report {
        exit_code: decided.exit.code(),
        // Claims are looked into within one build: there is no baseline.
        baseline: (run.kind != ReportKind::Claims).then(|| run.revisions.baseline.clone()),
        candidate: Some(run.revisions.candidate.clone()),
        machine: Some(run.machine.clone()),
        partition: run.asked.partition,
        axes: run.asked.axes.clone(),
        judged_by: Some(JudgedBy {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            configuration: configuration(run, policy, &rules, gate),
            verdict_required: gate.verdicts != VerdictRequirement::None,
        }),
        toolchain: run.toolchain.clone(),
        layouts: run.layouts.clone(),
        benchmarks: found,
        acceptances,
        claims,
        troubles,
        notes,
        seconds: run.seconds,
        stages: run.stages.clone(),
        ..Report::new(run.kind)
    }
}

/// A digest of what verdicts depend on.
fn configuration(run: &RunEvidence, policy: &Policy, rules: &Rules<'_>, gate: GatePolicy) -> String {
    let (selection, source, confirm) = (&run.asked.selection, policy.source(), rules.confirm);
    let accepted = if run.acceptances.is_empty() { String::new() } else { format!("{:?}", run.acceptances) };
    let axes = if run.asked.axes.is_empty() { String::new() } else { format!("{:?}", run.asked.axes) };
    // Two that differ should be told apart, nothing more.
    format!("{:016x}", fnv(&format!("{selection} {source} {confirm:?} {gate:?}{accepted}{axes}")))
}

/// What crept since a release, with what this change adds. The outcomes are in the order of the evidence.
fn sums(benchmarks: &[BenchmarkEvidence], found: &[BenchmarkOutcome]) -> Vec<Creep> {
    let all = benchmarks.iter().zip(found);
    all.flat_map(|(evidence, found)| creep_gate::with_this_change(evidence, found)).collect()
}

/// What is beyond the limit of creep that it has without acceptances.
fn raised(benchmarks: &[BenchmarkEvidence], sums: &[Creep]) -> Vec<(BenchmarkName, String, Metric)> {
    let beyond =
        |sum: &&Creep| sum.raised_from.is_some_and(|limit| sum.with_this_change() > Creep::fraction(limit));
    let named = |sum: &Creep| {
        let arch = benchmarks.iter().find(|one| one.name == sum.benchmark)?.arch().to_owned();
        Some((sum.benchmark.clone(), arch, sum.metric))
    };
    sums.iter().filter(beyond).filter_map(named).collect()
}

/// A benchmark that failed, as trouble: the exit code is 101. Whose executable could not list its benchmarks is told once, by
/// whoever asked it.
fn failed(outcome: &BenchmarkOutcome, unit: UnitKind) -> Option<Trouble> {
    outcome.metrics.iter().find_map(|metric| match &metric.reason {
        Some(Reason::Failed(side, failure)) if !failure.unsuitable => Some(Trouble::Failed {
            benchmark: outcome.name.clone(),
            unit,
            side: Some(*side),
            failure: failure.clone(),
        }),
        _ => None,
    })
}

/// What a reader should know, each once.
fn notes(
    run: &RunEvidence,
    benchmarks: &[BenchmarkEvidence],
    unfit: Option<Objection>,
    rules: &Rules<'_>,
) -> Vec<Note> {
    let renamed = benchmarks.iter().filter_map(|evidence| {
        let from = evidence.renamed_from.clone()?;
        Some(Note::Renamed { from, to: evidence.name.clone() })
    });
    let counted = benchmarks.iter().flat_map(|evidence| compared::notes(evidence, rules));
    let mut notes: Vec<Note> = Vec::new();
    let tested = aa::note(&run.aa, unfit, rules);
    for note in run.notes.iter().cloned().chain(renamed).chain(counted).chain(tested) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}
