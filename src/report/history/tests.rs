use crate::domain::{BenchmarkName, CommitId, Mark};

use super::super::{csv, text};
use super::*;

fn report() -> HistoryReport {
    let values = [1200.0, 1195.0, 1204.0, 1290.0, 1288.0, 1291.0, 980.0];
    let points = values.into_iter().zip(1i64..).map(|(value, number)| HistoryPoint {
        commit: CommitId::from_hex(&format!("{number:x}").repeat(40)).unwrap(),
        subject: format!("Change number {number}, \"quoted\" | and told at some length for the narrow table"),
        when_ms: 1_795_132_800_000 + number * 86_400_000,
        value,
        spread: (number % 2 == 0).then_some(0.004),
        machine: MachineKey::new(if number == 7 { "intel-xeon" } else { "amd-epyc-7763" }),
    });
    HistoryReport {
        benchmark: BenchmarkName::new("parser", "parse", "json/large"),
        metric: Metric::WallTime,
        points: points.collect(),
        change_points: vec![3],
        accepted: [(3, "bounds <checked>"), (6, "a \"new\" machine")]
            .map(|(place, reason)| Mark { place, reason: reason.into() })
            .into(),
    }
}

fn shown(report: &HistoryReport, format: Format, width: Option<u16>) -> String {
    render(report, format, &Style { width, ..Style::default() }).unwrap()
}

#[test]
fn it_looks_as_it_should() {
    for width in [None, Some(80), Some(120)] {
        let name = width.map_or("free".to_owned(), |width| width.to_string());
        insta::assert_snapshot!(format!("table_{name}"), shown(&report(), Format::Table, width));
    }
    for format in [Format::Json, Format::Csv] {
        insta::assert_snapshot!(format!("{format}"), shown(&report(), format, None));
    }
}

#[test]
fn a_page_has_a_picture_and_a_table_for_each_machine() {
    let page = shown(&report(), Format::Html, None);
    assert_eq!((page.matches("<svg").count(), page.matches("<table").count()), (2, 2));
    assert!(
        page.contains("6 commits from 1.195 µs to 1.291 µs, the last 1.291 µs; 1 change point"),
        "{page}"
    );
    assert!(
        page.contains("1 commit from 980.0 ns to 980.0 ns, the last 980.0 ns; one level throughout"),
        "{page}"
    );
    assert!(
        page.contains("&quot;quoted&quot; | and told") && page.matches("◆ a new level begins").count() == 1
    );
    assert_eq!(page, shown(&report(), Format::Html, None), "the same history gives the same bytes");
    // Each in the picture of its machine, at its place among the points of that, and in the table.
    let pictures: Vec<&str> = page.split("<svg").skip(1).collect();
    for (picture, words) in pictures
        .iter()
        .zip(["accepted at 4444444444: bounds &lt;checked&gt;", "accepted at 7777777777: a &quot;new"])
    {
        assert!(picture.matches("accepted at ").count() == 1 && picture.contains(words), "{picture}");
        assert!(picture.contains("; 1 slowdown accepted") && picture.contains("■ accepted: "), "{picture}");
    }
    let nothing = HistoryReport { points: Vec::new(), change_points: Vec::new(), ..report() };
    assert!(shown(&nothing, Format::Html, None).contains("nothing is stored"));
}

#[test]
fn it_keeps_to_its_width() {
    for width in [80, 100, 120] {
        for line in shown(&report(), Format::Table, Some(width)).lines() {
            assert!(text::width(line) <= usize::from(width), "{width}: {line}");
        }
    }
}

#[test]
fn points_are_compared_with_the_same_machine_only() {
    let table = shown(&report(), Format::Table, None);
    let line = table.lines().find(|line| line.contains("7777777777")).unwrap();
    assert!(!line.contains('%'), "the first point of a machine has nothing before it: {line}");
    let line = table.lines().find(|line| line.contains("4444444444")).unwrap();
    assert!(line.starts_with("◆■") && line.contains("+7.1 %"), "{line}");
}

#[test]
fn bars_show_the_least_and_the_greatest() {
    assert_eq!(bar(1.0, 1.0, 2.0), "▏");
    assert_eq!(bar(2.0, 1.0, 2.0), "█".repeat(BAR));
    assert_eq!(bar(1.0, 1.0, 1.0), "▏");
    assert_eq!(bar(f64::NAN, 1.0, 2.0), "");
}

#[test]
fn programs_get_every_point() {
    let records = csv::tests::parse(&shown(&report(), Format::Csv, None));
    assert_eq!(records.len(), 8);
    assert_eq!(records[4][9..], ["true", "bounds <checked>"]);
    let document: serde_json::Value = serde_json::from_str(&shown(&report(), Format::Json, None)).unwrap();
    assert_eq!(document["change_points"], serde_json::json!([3]));
    assert_eq!(document["points"][3]["change_point"], true);
    assert_eq!(document["points"][3]["accepted"], serde_json::json!(["bounds <checked>"]));
    assert_eq!(document["points"][0]["when"], "2026-11-21T00:00:00Z");
}

#[test]
fn an_empty_history_is_said_in_words_and_other_formats_are_refused() {
    let empty = HistoryReport { points: Vec::new(), change_points: Vec::new(), ..report() };
    assert_eq!(shown(&empty, Format::Table, None), "no wall-time of parser::parse::json/large is stored\n");
    for format in [Format::Markdown, Format::Junit] {
        let error = render(&empty, format, &Style::default()).unwrap_err();
        assert!(error.to_string().ends_with("use table, json, csv, html"), "{error}");
    }
}
