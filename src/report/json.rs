//! The report for programs: one JSON document, schema 1. docs/json.md describes every field.
//!
//! The structs here are the wire format; within a schema number fields are only ever added.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::harmless;
use crate::domain::{
    AcceptanceOutcome, AcceptanceUse, Accepted, Axis, BenchmarkOutcome, Cause, ClaimOutcome, JudgedBy,
    MachineFacts, MachineKey, Method, Metric, MetricOutcome, Partition, PartitionKind, Reach, Report,
    Revision, Side, Sides, StageTime, Toolchain, Trouble, Verdict, Work, WorkUnit,
};

use super::layouts::WireLayouts;
use super::words::{self, Kind};
use super::{sentences, standing};

/// The schema's number.
pub(super) const SCHEMA: u32 = 1;

/// The verdict of a comparison without a benchmark.
const NOTHING_COMPARED: &str = "nothing-compared";

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    command: &'a str,
    exit_code: u8,
    verdict: Option<&'static str>,
    baseline: Option<Baseline<'a>>,
    candidate: Option<Candidate<'a>>,
    machine: Option<Machine<'a>>,
    machines: Vec<Machine<'a>>,
    partition: Option<WirePartition>,
    axes: Vec<WireAxis<'a>>,
    judged_by: Option<WireJudgedBy<'a>>,
    toolchain: Option<WireToolchain<'a>>,
    layout: Option<WireLayouts>,
    benchmarks: Vec<Benchmark<'a>>,
    geometric_mean: Option<Mean>,
    acceptances: Vec<WireAcceptance<'a>>,
    claims: Vec<Claim<'a>>,
    errors: Vec<Error>,
    notes: Vec<String>,
    seconds: Option<f64>,
    stages: Vec<WireStage>,
}

/// How long the run was in one of its stages.
#[derive(Serialize)]
struct WireStage {
    name: &'static str,
    seconds: Option<f64>,
}

fn stage(time: &StageTime) -> WireStage {
    WireStage { name: time.stage.name(), seconds: finite(time.seconds) }
}

/// What the wall times of all that were compared come to.
#[derive(Serialize)]
struct Mean {
    change: f64,
    benchmarks: usize,
}

#[derive(Serialize)]
struct WireAxis<'a> {
    axis: &'static str,
    baseline: Option<&'a str>,
    candidate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<&'a Sides<Vec<String>>>,
}

fn axis(axis: &Axis) -> WireAxis<'_> {
    let Sides { baseline, candidate } = axis.sides.as_ref().map(Option::as_deref);
    let given = Some(&axis.given).filter(|given| **given != Sides::default());
    WireAxis { axis: axis.axis.name(), baseline, candidate, given }
}

#[derive(Serialize)]
pub(super) struct Baseline<'a> {
    revision: &'a str,
    commit: &'a str,
}

#[derive(Serialize)]
pub(super) struct Candidate<'a> {
    revision: &'a str,
    commit: &'a str,
    dirty: bool,
}

#[derive(Serialize)]
pub(super) struct Machine<'a> {
    key: &'a str,
    cpu_model: &'a str,
    arch: &'a str,
    os: &'a str,
    logical_cpus: u32,
}

#[derive(Serialize)]
pub(super) struct WireToolchain<'a> {
    rustc: &'a str,
    target: &'a str,
    profile: &'a str,
}

#[derive(Serialize)]
struct Benchmark<'a> {
    name: String,
    arch: &'a str,
    verdict: Option<Verdict>,
    metrics: Vec<WireMetric<'a>>,
    renamed_from: Option<String>,
    causes: Vec<WireCause<'a>>,
    machine: Option<&'a str>,
    source: Option<&'a str>,
    throughput: Vec<WireThroughput>,
    reach: Option<WireReach<'a>>,
}

/// Whether a benchmark runs what differs.
#[derive(Serialize)]
struct WireReach<'a> {
    changed: usize,
    run: usize,
    functions: &'a [String],
    files: &'a [String],
}

/// What one iteration works on, and what that comes to in a second.
#[derive(Serialize)]
struct WireThroughput {
    unit: WorkUnit,
    baseline_amount: Option<u64>,
    candidate_amount: Option<u64>,
    baseline: Option<f64>,
    candidate: Option<f64>,
}

/// Which part of the work a report is about.
#[derive(Serialize)]
struct WirePartition {
    kind: PartitionKind,
    index: u32,
    count: u32,
}

/// An acceptance that was in force.
#[derive(Serialize)]
struct WireAcceptance<'a> {
    file: &'a str,
    benchmarks: &'a [String],
    up_to: BTreeMap<Metric, String>,
    arch: &'a [String],
    reason: &'a str,
    came_to: AcceptanceUse,
}

/// By what a regression is accepted.
#[derive(Serialize)]
struct WireAccepted<'a> {
    file: &'a str,
    reason: &'a str,
    up_to: String,
}

/// Who judged, and by what.
#[derive(Serialize)]
struct WireJudgedBy<'a> {
    version: &'a str,
    configuration: &'a str,
    verdict_required: bool,
}

/// What a regression comes from: a function of the code, or a field in which the builds differ.
#[derive(Serialize)]
struct WireCause<'a> {
    function: Option<&'a str>,
    #[serde(rename = "crate")]
    krate: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    path: Option<&'a str>,
    difference: Option<f64>,
    build_field: Option<&'a str>,
    text: String,
}

#[derive(Serialize)]
struct WireMetric<'a> {
    metric: Metric,
    unit: &'static str,
    baseline: Option<f64>,
    candidate: Option<f64>,
    change: Option<f64>,
    interval: Option<[Option<f64>; 2]>,
    confidence: Option<f64>,
    threshold: Option<f64>,
    verdict: Option<Verdict>,
    method: Option<Method>,
    pairs: u32,
    drawn_pairs: u32,
    seconds: Option<f64>,
    slower_in_turns: Option<f64>,
    reason: Option<String>,
    reason_code: Option<String>,
    limit: String,
    accepted: Option<WireAccepted<'a>>,
}

#[derive(Serialize)]
struct Claim<'a> {
    name: &'a str,
    section: Option<&'a str>,
    statement: Option<&'a str>,
    verdict: &'static str,
    ratio: Option<f64>,
    interval: Option<[Option<f64>; 2]>,
    at_least: Option<f64>,
    claimed: String,
    allocations: Option<Allocations>,
    fails_gate: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Allocations {
    before: Option<f64>,
    after: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Error {
    subject: Option<String>,
    message: String,
    hint: Option<String>,
}

/// Writes a report as one JSON document.
pub(super) fn render(report: &Report) -> String {
    let kind = Kind::of(report);
    let document = Document {
        schema: SCHEMA,
        command: report.kind.name(),
        exit_code: report.exit_code,
        verdict: match kind {
            Kind::Judged => Some(report.verdict().map_or(NOTHING_COMPARED, Verdict::name)),
            Kind::Figures | Kind::Names | Kind::Claims => None,
        },
        baseline: report.baseline.as_ref().map(baseline),
        candidate: report.candidate.as_ref().map(candidate),
        machine: report.machine.as_ref().map(machine),
        machines: report.machines.iter().map(machine).collect(),
        partition: report.partition.map(|Partition { kind, index, count }| WirePartition {
            kind,
            index,
            count,
        }),
        axes: report.axes.iter().map(axis).collect(),
        judged_by: report.judged_by.as_ref().map(judged_by),
        toolchain: report.toolchain.as_ref().map(toolchain),
        layout: report.layouts.as_ref().map(WireLayouts::from),
        benchmarks: words::by_name(report).into_iter().map(|outcome| benchmark(outcome, kind)).collect(),
        geometric_mean: standing::mean_change(report)
            .filter(|_| kind == Kind::Judged)
            .map(|(change, benchmarks)| Mean { change, benchmarks }),
        acceptances: report.acceptances.iter().map(acceptance).collect(),
        claims: report.claims.iter().map(claim).collect(),
        errors: report.troubles.iter().map(error).collect(),
        // What figures say besides stands beside them.
        notes: report.notes.iter().map(sentences::note).collect(),
        seconds: finite(report.seconds),
        stages: report.stages.iter().map(stage).collect(),
    };
    to_text(&document)
}

/// A wire struct as indented text with a line feed behind it.
pub(super) fn to_text(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document)
        .expect("wire structs have no maps and their fields always serialize");
    let mut text = harmless::json(&text);
    text.push('\n');
    text
}

/// JSON knows neither NaN nor infinity.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Both ends; an open one is null, and an interval without ends is none.
pub(super) fn interval((low, high): (f64, f64)) -> Option<[Option<f64>; 2]> {
    let ends = [finite(low), finite(high)];
    ends.iter().any(Option::is_some).then_some(ends)
}

/// What was compared with, as programs get it.
pub(super) fn baseline(revision: &Revision) -> Baseline<'_> {
    Baseline { revision: &revision.label, commit: revision.commit.as_str() }
}

/// What was measured, as programs get it.
pub(super) fn candidate(revision: &Revision) -> Candidate<'_> {
    Candidate { revision: &revision.label, commit: revision.commit.as_str(), dirty: revision.dirty }
}

/// Where, as programs get it.
pub(super) fn machine(facts: &MachineFacts) -> Machine<'_> {
    Machine {
        key: facts.key.as_str(),
        cpu_model: &facts.cpu.model,
        arch: &facts.arch,
        os: &facts.os,
        logical_cpus: facts.logical_cpus,
    }
}

fn judged_by(by: &JudgedBy) -> WireJudgedBy<'_> {
    let JudgedBy { version, configuration, verdict_required } = by;
    WireJudgedBy { version, configuration, verdict_required: *verdict_required }
}

/// With what, as programs get it.
pub(super) fn toolchain(toolchain: &Toolchain) -> WireToolchain<'_> {
    WireToolchain { rustc: &toolchain.rustc, target: &toolchain.target, profile: &toolchain.profile }
}

/// Whether a verdict says something: without a comparison only a failure does.
fn spoken(verdict: Verdict, kind: Kind) -> Option<Verdict> {
    (kind == Kind::Judged || kind == Kind::Figures && verdict == Verdict::Failed).then_some(verdict)
}

fn benchmark(outcome: &BenchmarkOutcome, kind: Kind) -> Benchmark<'_> {
    Benchmark {
        name: outcome.name.to_string(),
        arch: &outcome.arch,
        verdict: spoken(outcome.verdict(), kind),
        metrics: outcome.metrics.iter().map(|outcome| metric(outcome, kind)).collect(),
        renamed_from: outcome.renamed_from.as_ref().map(ToString::to_string),
        causes: outcome.causes.iter().map(cause).collect(),
        machine: outcome.machine.as_ref().map(MachineKey::as_str),
        source: outcome.source.as_deref(),
        throughput: outcome.work.iter().map(|work| throughput(work, outcome)).collect(),
        reach: outcome.reach.as_ref().and_then(reach),
    }
}

fn reach(reach: &Reach) -> Option<WireReach<'_>> {
    match reach {
        Reach::Unreached { changed, .. } => {
            Some(WireReach { changed: *changed, run: 0, functions: &[], files: &[] })
        }
        Reach::Reached { functions, run, files, changed } => {
            Some(WireReach { changed: *changed, run: *run, functions, files })
        }
        Reach::Unknown(_) => None,
    }
}

fn throughput(work: &Work, outcome: &BenchmarkOutcome) -> WireThroughput {
    let timed = outcome.metrics.iter().find(|found| found.metric == Metric::WallTime);
    let time =
        |side| timed.and_then(|found| if side == Side::Baseline { found.baseline } else { found.candidate });
    WireThroughput {
        unit: work.unit,
        baseline_amount: work.amounts.baseline,
        candidate_amount: work.amounts.candidate,
        baseline: work.rate(Side::Baseline, time(Side::Baseline)),
        candidate: work.rate(Side::Candidate, time(Side::Candidate)),
    }
}

fn metric(outcome: &MetricOutcome, kind: Kind) -> WireMetric<'_> {
    let verdict = spoken(outcome.verdict, kind);
    let needs_reason = verdict.is_some_and(words::is_notable) && outcome.verdict != Verdict::Regressed;
    let default = || needs_reason.then(|| sentences::default_reason(outcome.verdict).to_owned());
    let reason = outcome.reason.as_ref().map(sentences::reason);
    WireMetric {
        metric: outcome.metric,
        unit: outcome.metric.unit(),
        baseline: outcome.baseline.and_then(finite),
        candidate: outcome.candidate.and_then(finite),
        change: outcome.change.and_then(finite),
        interval: outcome.interval.and_then(interval),
        confidence: outcome.confidence.and_then(finite),
        threshold: outcome.threshold.and_then(finite),
        verdict,
        method: outcome.method,
        pairs: outcome.pairs,
        drawn_pairs: outcome.drawn_pairs,
        seconds: finite(outcome.seconds),
        slower_in_turns: outcome.slower_in_turns.and_then(finite),
        reason: reason.or_else(default),
        reason_code: outcome.reason.as_ref().map(|reason| reason.code().to_owned()),
        limit: outcome.limit.display(outcome.metric),
        accepted: outcome.accepted.as_ref().map(|by| accepted(by, outcome.metric)),
    }
}

fn acceptance(outcome: &AcceptanceOutcome) -> WireAcceptance<'_> {
    let AcceptanceOutcome { acceptance, came_to } = outcome;
    WireAcceptance {
        file: acceptance.source.name(),
        benchmarks: &acceptance.benchmarks,
        up_to: acceptance.up_to.iter().map(|(metric, limit)| (*metric, limit.display(*metric))).collect(),
        arch: &acceptance.arch,
        reason: &acceptance.reason,
        came_to: *came_to,
    }
}

fn accepted(by: &Accepted, metric: Metric) -> WireAccepted<'_> {
    WireAccepted { file: &by.file, reason: &by.reason, up_to: by.up_to.display(metric) }
}

fn claim(claim: &ClaimOutcome) -> Claim<'_> {
    Claim {
        name: &claim.name,
        section: claim.section.as_deref(),
        statement: claim.statement.as_deref(),
        verdict: claim.verdict.name(),
        ratio: claim.ratio.and_then(finite),
        interval: claim.interval.and_then(interval),
        at_least: claim.claimed.at_least().and_then(finite),
        claimed: claim.claimed.to_string(),
        allocations: claim
            .allocations
            .map(|counts| Allocations { before: counts.baseline, after: counts.candidate }),
        fails_gate: claim.fails(),
        reason: sentences::claim_reason(claim),
    }
}

fn cause(cause: &Cause) -> WireCause<'_> {
    let text = sentences::cause(cause);
    let nothing = WireCause {
        function: None,
        krate: None,
        file: None,
        line: None,
        path: None,
        difference: None,
        build_field: None,
        text,
    };
    match cause {
        Cause::Build(difference) => WireCause { build_field: Some(&difference.field), ..nothing },
        Cause::Quoted { build_field, .. } => WireCause { build_field: build_field.as_deref(), ..nothing },
        Cause::Function(top) => WireCause {
            function: Some(&top.function),
            krate: top.krate.as_deref(),
            file: top.place.as_ref().map(|place| place.file.as_str()),
            line: top.place.as_ref().and_then(|place| place.line),
            path: top.place.as_ref().and_then(|place| place.path.as_deref()),
            difference: finite(top.difference),
            ..nothing
        },
    }
}

/// What could not be completed, as programs get it.
pub(super) fn error(trouble: &Trouble) -> Error {
    let sentences::Told { subject, message, hint } = sentences::trouble(trouble);
    Error { subject: (!subject.is_empty()).then_some(subject), message, hint }
}
