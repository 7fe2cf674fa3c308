//! The stored baselines for programs: JSON and CSV, one entry for each figure.

use serde::Serialize;

use crate::domain::{BaselineEntry, BaselineReport, Kept, Metric, Provenance};

use super::super::{csv as rfc4180, json, text};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    command: &'static str,
    exit_code: u8,
    baselines: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    arch: &'a str,
    machine: &'a str,
    cpu_model: &'a str,
    target: &'a str,
    rustc: &'a str,
    profile: &'a str,
    benchmark: String,
    metric: Metric,
    unit: &'static str,
    value: Option<f64>,
    spread: Option<f64>,
    #[serde(rename = "occasions")]
    runs: u32,
    commit: &'a str,
    measured: Option<String>,
    provenance: Provenance,
    kept: Kept,
}

impl<'a> Entry<'a> {
    fn new(entry: &'a BaselineEntry) -> Self {
        Self {
            arch: &entry.arch,
            machine: entry.machine.as_str(),
            cpu_model: &entry.cpu_model,
            target: &entry.target,
            rustc: &entry.rustc,
            profile: &entry.profile,
            benchmark: entry.benchmark.to_string(),
            metric: entry.metric,
            unit: entry.metric.unit(),
            value: json::finite(entry.value),
            spread: entry.spread.and_then(json::finite),
            runs: entry.runs,
            commit: entry.commit.as_str(),
            measured: entry.measured_ms.map(text::instant),
            provenance: entry.provenance,
            kept: entry.kept,
        }
    }
}

/// The entries in a stable order.
fn sorted(report: &BaselineReport) -> Vec<Entry<'_>> {
    let mut entries: Vec<&BaselineEntry> = report.entries.iter().collect();
    entries.sort_by(|a, b| {
        (&a.arch, &a.cpu_model, &a.machine, &a.benchmark, a.metric, a.kept, a.measured_ms).cmp(&(
            &b.arch,
            &b.cpu_model,
            &b.machine,
            &b.benchmark,
            b.metric,
            b.kept,
            b.measured_ms,
        ))
    });
    entries.into_iter().map(Entry::new).collect()
}

pub(super) fn json(report: &BaselineReport) -> String {
    json::to_text(&Document {
        schema: json::SCHEMA,
        command: "report",
        exit_code: 0,
        baselines: sorted(report),
    })
}

pub(super) fn csv(report: &BaselineReport) -> String {
    let mut out = rfc4180::record([
        "arch",
        "machine",
        "cpu_model",
        "target",
        "rustc",
        "profile",
        "benchmark",
        "metric",
        "unit",
        "value",
        "spread",
        "occasions",
        "commit",
        "measured",
        "provenance",
        "kept",
    ]);
    for entry in sorted(report) {
        out.push_str(&rfc4180::record([
            entry.arch,
            entry.machine,
            entry.cpu_model,
            entry.target,
            entry.rustc,
            entry.profile,
            &entry.benchmark,
            entry.metric.name(),
            entry.unit,
            &rfc4180::number(entry.value),
            &rfc4180::number(entry.spread),
            &entry.runs.to_string(),
            entry.commit,
            entry.measured.as_deref().unwrap_or_default(),
            match entry.provenance {
                Provenance::Native => "native",
                Provenance::Emulated => "emulated",
            },
            match entry.kept {
                Kept::Store => "store",
                Kept::Committed => "committed",
            },
        ]));
    }
    out
}
