use crate::domain::{BaselineEntry, BenchmarkName, CommitId, Kept, MachineKey, Metric, Provenance};

use super::super::{csv, text};
use super::*;

fn entry(arch: &str, cpu: &str, id: &str, metric: Metric, value: f64) -> BaselineEntry {
    BaselineEntry {
        arch: arch.into(),
        machine: MachineKey::new(format!("{}-key", cpu.to_lowercase().replace(' ', "-"))),
        cpu_model: cpu.into(),
        target: format!("{arch}-unknown-linux-gnu"),
        rustc: "1.95.0".into(),
        profile: "bench".into(),
        benchmark: BenchmarkName::new("perfguard-harness", "strings", id),
        metric,
        value,
        spread: Some(0.008),
        runs: 7,
        commit: CommitId::from_hex(&"c".repeat(40)).unwrap(),
        measured_ms: Some(1_795_132_800_000),
        kept: Kept::Store,
        provenance: Provenance::Native,
    }
}

fn report() -> BaselineReport {
    let epyc = "AMD EPYC 7763 64-Core Processor";
    let mut emulated = entry("aarch64", "Neoverse-N1", "concat/optimized", Metric::WallTime, 5321.0);
    emulated.provenance = Provenance::Emulated;
    emulated.spread = None;
    let mut other_rustc = entry("x86_64", epyc, "concat/optimized", Metric::WallTime, 1201.0);
    other_rustc.rustc = "1.96.0".into();
    BaselineReport {
        entries: vec![
            entry("x86_64", epyc, "concat/optimized", Metric::WallTime, 1234.0),
            entry("x86_64", epyc, "concat/optimized", Metric::Allocations, 1.0),
            entry("x86_64", epyc, "concat/naive <&|>", Metric::WallTime, 45_678.0),
            entry(
                "x86_64",
                "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz",
                "concat/naive <&|>",
                Metric::WallTime,
                51_000.0,
            ),
            emulated,
            other_rustc,
        ],
    }
}

fn shown(report: &BaselineReport, format: Format, width: Option<u16>) -> String {
    render(report, format, &Style { width, ..Style::default() }).unwrap()
}

#[test]
fn it_looks_as_it_should() {
    for width in [None, Some(80), Some(120)] {
        let name = width.map_or("free".to_owned(), |width| width.to_string());
        insta::assert_snapshot!(format!("table_{name}"), shown(&report(), Format::Table, width));
    }
    let verbose = Style { verbose: true, width: Some(120), color: false };
    insta::assert_snapshot!("table_verbose", render(&report(), Format::Table, &verbose).unwrap());
    for format in [Format::Json, Format::Markdown, Format::Html, Format::Csv] {
        insta::assert_snapshot!(format!("{format}"), shown(&report(), format, None));
    }
}

#[test]
fn it_keeps_to_its_width_and_shows_every_figure() {
    for width in [80, 100, 120] {
        let table = shown(&report(), Format::Table, Some(width));
        for line in table.lines() {
            assert!(text::width(line) <= usize::from(width), "{width}: {line}");
        }
        for value in ["1.234 µs", "45.68 µs", "51.00 µs", "5.321 µs", "1.201 µs", "emulated"] {
            assert!(table.contains(value), "{value} at {width}: {table}");
        }
    }
}

#[test]
fn the_latest_of_several_figures_counts() {
    let mut report = report();
    let mut late = report.entries[0].clone();
    late.value = 999.0;
    late.measured_ms = late.measured_ms.map(|time| time + 1);
    report.entries.insert(0, late);
    let table = shown(&report, Format::Table, None);
    assert!(table.contains("999.0 ns") && !table.contains("1.234 µs"), "{table}");
}

#[test]
fn every_figure_is_in_csv_and_json() {
    let records = csv::tests::parse(&shown(&report(), Format::Csv, None));
    assert_eq!(records.len(), 7);
    let document: serde_json::Value = serde_json::from_str(&shown(&report(), Format::Json, None)).unwrap();
    assert_eq!(document["baselines"].as_array().unwrap().len(), 6);
    assert_eq!(document["baselines"][0]["provenance"], "emulated");
    assert_eq!(document["baselines"][0]["spread"], serde_json::Value::Null);
}

#[test]
fn an_empty_store_says_what_to_do_and_junit_is_refused() {
    for format in [Format::Table, Format::Markdown, Format::Html] {
        assert!(shown(&BaselineReport::default(), format, None).contains("cargo perfguard run"));
    }
    let error = render(&report(), Format::Junit, &Style::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`report` cannot be written as junit: use table, json, markdown, html, csv"
    );
}

#[test]
fn nothing_in_a_name_is_markup() {
    assert!(shown(&report(), Format::Html, None).contains("concat/naive &lt;&amp;|&gt;"));
    assert!(shown(&report(), Format::Markdown, None).contains("concat/naive &#60;&#38;&#124;&#62;"));
}
