//! What `doctor` found for programs: JSON, schema 1. `docs/json.md` describes every field.

use serde::Serialize;

use crate::domain::{DoctorReport, Finding, Fitness, SelfComparison, Topic};

use super::super::json::{self, SCHEMA, finite, to_text};
use super::super::sentences;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    command: &'static str,
    exit_code: u8,
    fitness: Fitness,
    candidate: Option<json::Candidate<'a>>,
    machine: json::Machine<'a>,
    machine_key: Vec<Field<'a>>,
    toolchain: Option<json::WireToolchain<'a>>,
    findings: Vec<WireFinding<'a>>,
    aa_test: AaTest,
    null_control: AaTest,
    errors: Vec<json::Error>,
    notes: Vec<String>,
    seconds: Option<f64>,
}

#[derive(Serialize)]
struct Field<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct WireFinding<'a> {
    topic: Topic,
    subject: &'a str,
    found: &'a str,
    fitness: Fitness,
    meaning: &'a str,
    advice: Option<&'a str>,
}

#[derive(Serialize)]
struct AaTest {
    budget: Option<f64>,
    smallest_threshold: Option<f64>,
    median_threshold: Option<f64>,
    benchmarks: Vec<Control>,
}

#[derive(Serialize)]
struct Control {
    name: String,
    fitness: Fitness,
    interval: Option<[Option<f64>; 2]>,
    confidence: Option<f64>,
    half_width: Option<f64>,
    smallest_threshold: Option<f64>,
    pairs: u32,
    seconds: Option<f64>,
    reason: Option<&'static str>,
}

pub(super) fn json(report: &DoctorReport) -> String {
    to_text(&Document {
        schema: SCHEMA,
        command: "doctor",
        exit_code: report.exit_code,
        fitness: report.fitness(),
        candidate: report.candidate.as_ref().map(json::candidate),
        machine: json::machine(&report.machine),
        machine_key: report.key_fields.iter().map(|(name, value)| Field { name, value }).collect(),
        toolchain: report.toolchain.as_ref().map(json::toolchain),
        findings: report.findings.iter().map(finding).collect(),
        aa_test: aa_test(report),
        // The name of the same in earlier versions of schema 1.
        null_control: aa_test(report),
        errors: report.troubles.iter().map(json::error).collect(),
        notes: report.notes.iter().map(sentences::note).collect(),
        seconds: finite(report.seconds),
    })
}

fn aa_test(report: &DoctorReport) -> AaTest {
    AaTest {
        budget: finite(report.budget),
        smallest_threshold: report.smallest_threshold().and_then(finite),
        median_threshold: report.median_threshold().and_then(finite),
        benchmarks: report.controls.iter().map(control).collect(),
    }
}

fn finding(finding: &Finding) -> WireFinding<'_> {
    WireFinding {
        topic: finding.topic,
        subject: finding.subject,
        found: &finding.found,
        fitness: finding.fitness,
        meaning: &finding.meaning,
        advice: finding.advice.as_deref(),
    }
}

fn control(control: &SelfComparison) -> Control {
    Control {
        name: control.name.to_string(),
        fitness: control.fitness,
        interval: control.interval.and_then(json::interval),
        confidence: control.confidence.and_then(finite),
        half_width: control.half_width().and_then(finite),
        smallest_threshold: control.smallest_threshold().and_then(finite),
        pairs: control.pairs,
        seconds: finite(control.seconds),
        reason: control.doubt.map(sentences::self_doubt),
    }
}
