//! A report that another run wrote as JSON, read back. What it says in words is quoted: nothing looks into it.
//!
//! The text is untrusted. Every name, revision and number is checked as it is read, unknown fields are passed over, and
//! fields that an older program did not write have defaults. Writing what was read gives the same document again.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use thiserror::Error;

use crate::domain::{
    Acceptance, AcceptanceOutcome, AcceptanceSource, AcceptanceUse, Accepted, Axis, AxisName, BenchmarkName,
    BenchmarkOutcome, Cause, ClaimOutcome, ClaimReason, ClaimVerdict, ClaimWeight, Claimed, CommitId,
    CpuIdentity, JudgedBy, LayoutsUsed, Limit, MachineFacts, MachineKey, Method, Metric, MetricOutcome, Note,
    Partition, Place, Reach, Reason, Report, ReportKind, Revision, Sides, Stage, StageTime, Toolchain,
    TopFunction, TreeId, Trouble, Verdict, Work, WorkUnit, is_below,
};

use super::json::SCHEMA;
use super::layouts::WireLayouts;

/// The largest document that is read, in bytes: a report of 20 000 benchmarks fits.
pub const LARGEST: usize = 16 << 20;

/// Why a text is no report.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is too long.
    #[error("it is larger than {} MiB", LARGEST >> 20)]
    TooLarge,
    /// It is no JSON, or not of this form.
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    /// A newer program wrote it.
    #[error("it has schema {0}, and this program reads schema {SCHEMA}: install a newer one")]
    Newer(u32),
    /// An older program wrote it.
    #[error("it has schema {0}, and this program reads schema {SCHEMA}: measure with this program, too")]
    Older(u32),
    /// A value that cannot be.
    #[error("`{what}` is `{value}`, which is no {wanted}")]
    Value {
        /// Where it stands.
        what: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        wanted: &'static str,
    },
}

#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

#[derive(Deserialize)]
struct Document {
    command: ReportKind,
    exit_code: u8,
    baseline: Option<WireRevision>,
    candidate: Option<WireRevision>,
    machine: Option<Machine>,
    #[serde(default)]
    machines: Vec<Machine>,
    #[serde(default)]
    partition: Option<Partition>,
    #[serde(default)]
    axes: Vec<WireAxis>,
    #[serde(default)]
    judged_by: Option<WireJudgedBy>,
    toolchain: Option<WireToolchain>,
    #[serde(default)]
    layout: Option<WireLayouts>,
    benchmarks: Vec<Benchmark>,
    #[serde(default)]
    acceptances: Vec<WireAcceptance>,
    claims: Vec<Claim>,
    errors: Vec<WireError>,
    notes: Vec<String>,
    seconds: Option<f64>,
    #[serde(default)]
    stages: Vec<WireStage>,
}

#[derive(Deserialize)]
struct WireStage {
    name: String,
    seconds: Option<f64>,
}

#[derive(Deserialize)]
struct WireAxis {
    axis: AxisName,
    baseline: Option<String>,
    candidate: Option<String>,
    #[serde(default)]
    given: Sides<Vec<String>>,
}

#[derive(Deserialize)]
struct WireRevision {
    revision: String,
    commit: String,
    #[serde(default)]
    dirty: bool,
}

#[derive(Deserialize)]
struct Machine {
    key: String,
    cpu_model: String,
    arch: String,
    os: String,
    logical_cpus: u32,
}

#[derive(Deserialize)]
struct WireJudgedBy {
    version: String,
    configuration: String,
    verdict_required: bool,
}

#[derive(Deserialize)]
struct WireToolchain {
    rustc: String,
    target: String,
    profile: String,
}

#[derive(Deserialize)]
struct Benchmark {
    name: String,
    arch: String,
    metrics: Vec<WireMetric>,
    #[serde(default)]
    renamed_from: Option<String>,
    #[serde(default)]
    causes: Vec<WireCause>,
    #[serde(default)]
    machine: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    throughput: Vec<WireThroughput>,
    #[serde(default)]
    reach: Option<WireReach>,
}

#[derive(Deserialize)]
struct WireReach {
    changed: usize,
    run: usize,
    functions: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
}

#[derive(Deserialize)]
struct WireThroughput {
    unit: WorkUnit,
    baseline_amount: Option<u64>,
    candidate_amount: Option<u64>,
}

#[derive(Deserialize)]
struct WireAcceptance {
    file: String,
    benchmarks: Vec<String>,
    up_to: BTreeMap<Metric, String>,
    arch: Vec<String>,
    reason: String,
    came_to: AcceptanceUse,
}

#[derive(Deserialize)]
struct WireAccepted {
    file: String,
    reason: String,
    up_to: String,
}

#[derive(Deserialize)]
struct WireCause {
    function: Option<String>,
    #[serde(rename = "crate")]
    krate: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    #[serde(default)]
    path: Option<String>,
    difference: Option<f64>,
    build_field: Option<String>,
    text: String,
}

#[derive(Deserialize)]
struct WireMetric {
    metric: Metric,
    baseline: Option<f64>,
    candidate: Option<f64>,
    change: Option<f64>,
    interval: Option<[Option<f64>; 2]>,
    confidence: Option<f64>,
    threshold: Option<f64>,
    verdict: Option<Verdict>,
    method: Option<Method>,
    pairs: u32,
    #[serde(default)]
    drawn_pairs: u32,
    seconds: Option<f64>,
    #[serde(default)]
    slower_in_turns: Option<f64>,
    reason: Option<String>,
    #[serde(default)]
    reason_code: Option<String>,
    limit: String,
    #[serde(default)]
    accepted: Option<WireAccepted>,
}

#[derive(Deserialize)]
struct Claim {
    name: String,
    section: Option<String>,
    statement: Option<String>,
    verdict: String,
    ratio: Option<f64>,
    interval: Option<[Option<f64>; 2]>,
    at_least: Option<f64>,
    claimed: String,
    allocations: Option<Allocations>,
    fails_gate: bool,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Allocations {
    before: Option<f64>,
    after: Option<f64>,
}

#[derive(Deserialize)]
struct WireError {
    subject: Option<String>,
    message: String,
    hint: Option<String>,
}

/// Reads a report that was written as JSON.
///
/// # Errors
/// It is no such report.
pub fn read(text: &str) -> Result<Report, ReadError> {
    if text.len() > LARGEST {
        return Err(ReadError::TooLarge);
    }
    // The schema first: a newer one may have another form.
    let Schema { schema } = serde_json::from_str(text)?;
    match schema.cmp(&SCHEMA) {
        Ordering::Greater => return Err(ReadError::Newer(schema)),
        Ordering::Less => return Err(ReadError::Older(schema)),
        Ordering::Equal => {}
    }
    let document: Document = serde_json::from_str(text)?;
    Ok(Report {
        kind: document.command,
        exit_code: document.exit_code,
        baseline: document.baseline.map(revision).transpose()?,
        candidate: document.candidate.map(revision).transpose()?,
        machine: document.machine.map(machine),
        machines: document.machines.into_iter().map(machine).collect(),
        partition: document.partition.map(partition).transpose()?,
        axes: document
            .axes
            .into_iter()
            .map(|WireAxis { axis, baseline, candidate, given }| Axis {
                axis,
                sides: Sides { baseline, candidate },
                given,
            })
            .collect(),
        judged_by: document.judged_by.map(|by| JudgedBy {
            version: by.version,
            configuration: by.configuration,
            verdict_required: by.verdict_required,
        }),
        layouts: document.layout.map(LayoutsUsed::from),
        toolchain: document.toolchain.map(|WireToolchain { rustc, target, profile }| Toolchain {
            rustc,
            target,
            profile,
        }),
        benchmarks: document.benchmarks.into_iter().map(benchmark).collect::<Result<_, _>>()?,
        acceptances: document.acceptances.into_iter().map(acceptance).collect::<Result<_, _>>()?,
        claims: document.claims.into_iter().map(claim).collect::<Result<_, _>>()?,
        troubles: document
            .errors
            .into_iter()
            .map(|WireError { subject, message, hint }| Trouble::Quoted {
                subject: subject.unwrap_or_default(),
                message,
                hint,
            })
            .collect(),
        notes: document.notes.into_iter().map(Note::Quoted).collect(),
        seconds: document.seconds.unwrap_or(f64::NAN),
        stages: document.stages.iter().filter_map(stage).collect(),
    })
}

/// What a newer version may have besides is left out.
fn stage(wire: &WireStage) -> Option<StageTime> {
    Some(StageTime { stage: Stage::from_name(&wire.name)?, seconds: wire.seconds? })
}

fn wrong(what: &'static str, value: impl Into<String>, wanted: &'static str) -> ReadError {
    ReadError::Value { what, value: value.into(), wanted }
}

fn revision(wire: WireRevision) -> Result<Revision, ReadError> {
    let WireRevision { revision: label, commit, dirty } = wire;
    let commit = CommitId::from_hex(&commit).ok_or_else(|| wrong("commit", &commit, "object id"))?;
    // A report does not tell it, and nothing that is done with reports asks for it.
    let tree = TreeId::from_hex(&"0".repeat(40)).ok_or_else(|| wrong("tree", "", "object id"))?;
    Ok(Revision { label, commit, dirty, tree })
}

fn machine(wire: Machine) -> MachineFacts {
    let Machine { key, cpu_model: model, arch, os, logical_cpus } = wire;
    let unknown = String::new;
    MachineFacts {
        key: MachineKey::new(key),
        arch,
        os,
        cpu: CpuIdentity {
            vendor: unknown(),
            model,
            family: unknown(),
            number: unknown(),
            stepping: unknown(),
            features: BTreeSet::new(),
        },
        caches: Vec::new(),
        logical_cpus,
        hypervisor: None,
    }
}

fn partition(part: Partition) -> Result<Partition, ReadError> {
    let text = part.to_string();
    text.parse().map_err(|_| wrong("partition", text, "part of a run"))
}

fn name(text: &str, what: &'static str) -> Result<BenchmarkName, ReadError> {
    text.parse().map_err(|_| wrong(what, text, "full name of a benchmark"))
}

fn benchmark(wire: Benchmark) -> Result<BenchmarkOutcome, ReadError> {
    Ok(BenchmarkOutcome {
        name: name(&wire.name, "name")?,
        arch: wire.arch,
        metrics: wire.metrics.into_iter().map(metric).collect::<Result<_, _>>()?,
        renamed_from: wire.renamed_from.map(|text| name(&text, "renamed_from")).transpose()?,
        causes: wire.causes.into_iter().map(cause).collect(),
        machine: wire.machine.map(MachineKey::new),
        source: wire.source.filter(|path| is_below(path)),
        work: wire.throughput.iter().map(work).collect(),
        reach: wire.reach.map(reach),
    })
}

fn reach(wire: WireReach) -> Reach {
    let WireReach { changed, run, functions, files } = wire;
    if run == 0 && files.is_empty() {
        Reach::Unreached { changed, unopened: 0 }
    } else {
        Reach::Reached { functions, run, files, changed }
    }
}

fn work(wire: &WireThroughput) -> Work {
    let WireThroughput { unit, baseline_amount: baseline, candidate_amount: candidate } = *wire;
    Work { unit, amounts: Sides { baseline, candidate } }
}

fn metric(wire: WireMetric) -> Result<MetricOutcome, ReadError> {
    let limit = Limit::parse(&wire.limit, wire.metric).map_err(|_| wrong("limit", &wire.limit, "limit"))?;
    let quoted = |code: String| Reason::Quoted { code, text: wire.reason.clone().unwrap_or_default() };
    Ok(MetricOutcome {
        metric: wire.metric,
        // What was only measured has none.
        verdict: wire.verdict.unwrap_or(Verdict::New),
        method: wire.method,
        baseline: wire.baseline,
        candidate: wire.candidate,
        change: wire.change,
        interval: wire.interval.map(ends),
        confidence: wire.confidence,
        limit,
        threshold: wire.threshold,
        pairs: wire.pairs,
        drawn_pairs: wire.drawn_pairs,
        seconds: wire.seconds.unwrap_or(f64::NAN),
        slower_in_turns: wire.slower_in_turns,
        // Without a code it goes without saying, and is said again.
        reason: wire.reason_code.map(quoted),
        accepted: wire.accepted.map(|text| accepted(text, wire.metric)).transpose()?,
    })
}

fn bound(text: &str, metric: Metric) -> Result<Limit, ReadError> {
    Limit::parse(text, metric).map_err(|_| wrong("up_to", text, "limit"))
}

fn accepted(wire: WireAccepted, metric: Metric) -> Result<Accepted, ReadError> {
    let WireAccepted { file, reason, up_to } = wire;
    Ok(Accepted { file, reason, up_to: bound(&up_to, metric)? })
}

fn acceptance(wire: WireAcceptance) -> Result<AcceptanceOutcome, ReadError> {
    let WireAcceptance { file, benchmarks, up_to, arch, reason, came_to } = wire;
    let up_to = up_to.iter().map(|(metric, text)| Ok((*metric, bound(text, *metric)?)));
    let up_to = up_to.collect::<Result<_, ReadError>>()?;
    let source = AcceptanceSource::of_name(&file);
    Ok(AcceptanceOutcome { acceptance: Acceptance { source, benchmarks, up_to, arch, reason }, came_to })
}

/// An end that is open is written as null.
fn ends([low, high]: [Option<f64>; 2]) -> (f64, f64) {
    (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))
}

fn cause(wire: WireCause) -> Cause {
    let WireCause { function, krate, file, line, path, difference, build_field, text } = wire;
    match (function, difference) {
        (Some(function), Some(difference)) => Cause::Function(TopFunction {
            function,
            krate,
            place: file.map(|file| Place { file, line, path: path.filter(|path| is_below(path)) }),
            difference,
        }),
        _ => Cause::Quoted { build_field, text },
    }
}

fn claim(wire: Claim) -> Result<ClaimOutcome, ReadError> {
    let verdict = ClaimVerdict::ALL
        .into_iter()
        .find(|verdict| verdict.name() == wire.verdict)
        .ok_or_else(|| wrong("verdict", &wire.verdict, "verdict on a claim"))?;
    Ok(ClaimOutcome {
        name: wire.name,
        section: wire.section,
        statement: wire.statement,
        verdict,
        ratio: wire.ratio,
        interval: wire.interval.map(ends),
        claimed: Claimed::Quoted { at_least: wire.at_least, text: wire.claimed },
        allocations: wire
            .allocations
            .map(|Allocations { before, after }| Sides { baseline: before, candidate: after }),
        weight: if wire.fails_gate { ClaimWeight::Binding } else { ClaimWeight::Informative },
        benchmarks: Vec::new(),
        reasons: wire.reason.into_iter().map(ClaimReason::Quoted).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Style, fixtures, json, render};
    use super::*;

    #[test]
    fn what_is_read_is_written_again_to_the_byte() {
        for (name, report) in fixtures::all() {
            let text = json::render(&report);
            let again = read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(json::render(&again), text, "{name}");
        }
    }

    #[test]
    fn people_are_told_the_same() {
        for (name, report) in fixtures::all() {
            // What failed says more in the report itself than JSON has room for.
            if matches!(name, "mixed" | "nasty") {
                continue;
            }
            let again = read(&json::render(&report)).unwrap();
            for format in [Format::Table, Format::Markdown] {
                let shown = |report: &Report| render(report, format, &Style::default());
                assert_eq!(shown(&again), shown(&report), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_report_is_refused_with_its_place() {
        let good = json::render(&fixtures::mixed());
        let with = |from: &str, to: &str| {
            assert!(good.contains(from), "{from}");
            read(&good.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(read("").is_err() && read("[]").is_err() && read("{\"schema\": 1}").is_err());
        assert!(with("\"schema\": 1", "\"schema\": 2").contains("schema 2"));
        assert!(with("\"schema\": 1", "\"schema\": 0").contains("measure with this program"));
        assert!(with(&"b".repeat(40), "not a commit").contains("`commit` is `not a commit`"));
        assert!(with("parser::parse::json/huge", "huge").contains("`name` is `huge`"));
        assert!(with("\"limit\": \"5%\"", "\"limit\": \"5\"").contains("`limit` is `5`"));
    }

    #[test]
    fn an_older_program_wrote_fewer_fields() {
        let mut document: serde_json::Value =
            serde_json::from_str(&json::render(&fixtures::several_metrics())).unwrap();
        let fields = document.as_object_mut().unwrap();
        for newer in ["machines", "partition", "judged_by", "acceptances"] {
            fields.remove(newer).unwrap();
        }
        for benchmark in fields["benchmarks"].as_array_mut().unwrap() {
            for newer in ["renamed_from", "causes", "machine", "source", "throughput", "reach"] {
                benchmark.as_object_mut().unwrap().remove(newer).unwrap();
            }
            for metric in benchmark["metrics"].as_array_mut().unwrap() {
                metric.as_object_mut().unwrap().remove("drawn_pairs").unwrap();
                metric.as_object_mut().unwrap().remove("reason_code").unwrap();
                metric.as_object_mut().unwrap().remove("accepted").unwrap();
            }
        }
        let read = read(&document.to_string()).unwrap();
        assert_eq!(read.benchmarks.len(), 3);
        assert_eq!(read.judged_by, None);
    }

    #[test]
    fn too_much_is_not_read() {
        assert!(matches!(read(&" ".repeat(LARGEST + 1)), Err(ReadError::TooLarge)));
    }
}
