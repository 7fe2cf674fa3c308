//! Every format over every hand-made report: how it looks, and what must hold whatever it looks like.

use serde_json::Value;

use crate::domain::{
    Axis, AxisName, BenchmarkName, BuildDifference, Failure, Limit, Metric, MetricOutcome, OutputDifference,
    OutputLine, Reason, Report, ReportKind, Sides, Trouble, UnitKind, Verdict, harmless,
};

use super::{Format, Style, UnknownFormat, csv, fixtures, html, render, sentences, text};

fn style(width: Option<u16>) -> Style {
    Style { color: false, width, verbose: false }
}

fn json(report: &Report) -> Value {
    serde_json::from_str(&render(report, Format::Json, &style(None))).unwrap()
}

#[test]
fn tables_look_as_they_should() {
    for (name, report) in fixtures::all() {
        for width in [None, Some(40), Some(80), Some(120)] {
            let shown = width.map_or("free".to_owned(), |width| width.to_string());
            insta::assert_snapshot!(
                format!("table_{name}_{shown}"),
                render(&report, Format::Table, &style(width))
            );
        }
    }
}

#[test]
fn what_was_looked_at_by_the_clock_alone_was_not_counted() {
    let bare = |metric| {
        let (limit, why) = (Limit::default_for(metric), Reason::Unreached(7));
        MetricOutcome::without_figures(metric, limit, Verdict::Unchanged, why)
    };
    let told = |metrics: &[MetricOutcome]| {
        let benchmarks = vec![fixtures::bench("a", metrics.to_vec())];
        let report = Report { benchmarks, ..fixtures::bare(ReportKind::Check) };
        render(&report, Format::Table, &style(None))
    };
    let clock = fixtures::timed(Verdict::Unchanged, 100.0, 0.001, 0.01);
    let counted = bare(Metric::Instructions);
    let found = told(&[clock, counted.clone()]);
    assert!(found.contains("1 benchmark not counted: none of the 7 functions that differ is run"), "{found}");
    let found = told(&[counted]);
    assert!(found.contains("1 benchmark not measured: none of the 7 functions"), "{found}");
}

#[test]
fn where_outputs_differ_is_told_with_both_sides() {
    let line = |text: &str, has_end| Some(OutputLine { text: text.to_owned(), has_end });
    let told = |baseline, candidate| {
        sentences::reason(&Reason::OutputDiffers(OutputDifference { line: 2, baseline, candidate }))
    };
    assert_eq!(
        told(line("a", true), line("b", true)),
        "both sides do not print the same: line 2 is `a` on the baseline and `b` on the candidate"
    );
    assert!(
        told(None, line("b", false)).ends_with(
            "line 2 is nothing more on the baseline and `b` (without a line break) on the candidate"
        )
    );
}

#[test]
fn what_failed_can_be_run_by_itself() {
    let hint = |unit| {
        let benchmark = BenchmarkName::new("my-crate", "my_crate", "tests::bench a");
        let trouble = Trouble::Failed { benchmark, unit, side: None, failure: Failure::default() };
        sentences::trouble(&trouble).hint.unwrap()
    };
    let start = "run it by itself: cargo bench -p my-crate";
    assert_eq!(hint(UnitKind::Bench), format!("{start} --bench my_crate -- 'tests::bench a'"));
    assert_eq!(hint(UnitKind::Library), format!("{start} --lib -- 'tests::bench a'"));
    assert!(hint(UnitKind::Program).contains("perfguard.toml"));
    let (target, failure) = ("my-crate::my_crate".to_owned(), Failure::default());
    let listing = Trouble::CannotList { target, unit: UnitKind::Library, side: None, failure };
    assert_eq!(sentences::trouble(&listing).hint.unwrap(), format!("{start} --lib"));
}

#[test]
fn what_builds_differ_in_on_purpose_is_said_first_and_stays_in_the_advice() {
    let made = |axis, baseline: Option<&str>, candidate: Option<&str>| Axis {
        axis,
        sides: Sides { baseline, candidate }.map(|value| value.map(str::to_owned)),
        given: Sides::default(),
    };
    let given =
        Sides { baseline: vec!["A=1".to_owned(), "B=2 'x'".to_owned()], candidate: vec!["A=1".to_owned()] };
    let axes = vec![
        made(AxisName::NoDefaultFeatures, None, Some("true")),
        made(AxisName::Lockfile, None, Some("old one/Cargo.lock")),
        Axis { given, ..made(AxisName::Env, Some("A=1 B=2 'x'"), Some("A=1")) },
    ];
    let report = Report { kind: ReportKind::Compare, axes, ..fixtures::mixed() };
    let table = render(&report, Format::Table, &style(None));
    let first = table.split("\non ").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        first.ends_with(
            ", no-default-features `true` instead of none, lockfile `old one/Cargo.lock` instead of its own, \
             env `A=1` instead of `A=1 B=2 'x'`"
        ),
        "{first}"
    );
    let values =
        Sides { baseline: "opt-level=3 lto=false", candidate: "opt-level=3 lto=false lockfile 12ab" };
    let settings = BuildDifference { field: "settings".into(), values: values.map(str::to_owned) };
    assert_eq!(sentences::build_difference(&settings), "settings: none → `lockfile 12ab`");
    let again = " --candidate-no-default-features --candidate-lockfile='old one/Cargo.lock' --baseline-env=A=1 \
                 --baseline-env='B=2 '\\''x'\\''' --candidate-env=A=1 -- ";
    assert!(table.contains(again) && !table.contains("cargo perfguard explain"), "{table}");
}

#[test]
fn other_formats_look_as_they_should() {
    for (name, report) in [
        ("mixed", fixtures::mixed()),
        ("nasty", fixtures::nasty()),
        ("claims", fixtures::claims()),
        ("ledger", fixtures::ledger()),
        ("accepted", fixtures::accepted()),
    ] {
        for format in [
            Format::Json,
            Format::Markdown,
            Format::Html,
            Format::Junit,
            Format::Csv,
            Format::Rdjson,
            Format::Codequality,
        ] {
            insta::assert_snapshot!(format!("{format}_{name}"), render(&report, format, &style(None)));
        }
    }
    for (name, report) in [
        ("broken", fixtures::broken()),
        ("list", fixtures::list()),
        ("run", fixtures::run()),
        ("throughput", fixtures::throughput()),
    ] {
        for format in [Format::Json, Format::Markdown, Format::Junit] {
            insta::assert_snapshot!(format!("{format}_{name}"), render(&report, format, &style(None)));
        }
    }
}

#[test]
fn a_table_keeps_to_its_width_except_for_commands_to_copy() {
    for (name, report) in fixtures::all() {
        for width in [40, 60, 80, 100, 120, 160] {
            for verbose in [false, true] {
                let style = Style { width: Some(width), verbose, color: false };
                for line in render(&report, Format::Table, &style).lines() {
                    let command = line.starts_with("    cargo perfguard") || line.starts_with("    match = ");
                    let message = line.starts_with("       ");
                    let command = command || line.starts_with("    thresholds = ");
                    let fits = text::width(line) <= usize::from(width);
                    assert!(fits || command || message, "{name} at {width}: {line}");
                }
            }
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (name, report) in fixtures::all() {
        let plain = render(&report, Format::Table, &style(Some(100)));
        let coloured = render(&report, Format::Table, &Style { color: true, ..style(Some(100)) });
        assert!(!plain.contains('\u{1b}'), "{name}");
        assert!(coloured.contains('\u{1b}'), "{name}");
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(stripped, plain, "{name}");
    }
}

#[test]
fn long_names_are_whole_in_every_width() {
    let report = fixtures::nasty();
    let name = fixtures::long_name().to_string();
    for width in [None, Some(80), Some(120)] {
        let shown = render(&report, Format::Table, &style(width));
        let reason = shown.split("Reasons").nth(1).unwrap().split("note:").next().unwrap();
        let squeezed: String = reason.split_whitespace().collect();
        assert!(squeezed.contains(&name), "{width:?}: {reason}");
    }
}

#[test]
fn unchanged_rows_are_folded_only_when_there_are_many() {
    let folded = render(&fixtures::many(), Format::Table, &style(Some(120)));
    assert!(folded.contains("41 benchmarks unchanged") && !folded.contains("case/07"));
    let verbose = render(&fixtures::many(), Format::Table, &Style { verbose: true, ..style(Some(120)) });
    assert!(verbose.contains("case/07") && !verbose.contains("shown with -v"));
    assert!(render(&fixtures::mixed(), Format::Table, &style(Some(120))).contains("json/small"));
}

#[test]
fn what_compared_nothing_does_not_look_like_a_pass() {
    for report in
        [fixtures::empty(), fixtures::bare(ReportKind::Compare), fixtures::only_new(), fixtures::broken()]
    {
        for format in [Format::Table, Format::Markdown, Format::Html, Format::Junit] {
            let text = render(&report, format, &style(None));
            assert!(!text.contains("passed") && !text.contains('✅'), "{format}: {text}");
            assert!(text.contains("nothing was compared") || text.contains("<error"), "{format}: {text}");
        }
    }
    assert_eq!(json(&fixtures::empty())["verdict"], "nothing-compared");
    assert_eq!(json(&fixtures::only_new())["verdict"], "new");
    assert_eq!(json(&fixtures::list())["verdict"], Value::Null);
}

#[test]
fn an_inconclusive_run_that_passes_says_what_was_not_decided() {
    let mut report = fixtures::empty();
    report.benchmarks =
        vec![fixtures::bench("a", vec![fixtures::timed(Verdict::Inconclusive, 10.0, 0.04, 0.1)])];
    let shown = render(&report, Format::Table, &style(None));
    assert!(shown.contains("gate passed, but nothing was decided: 1 of 1 benchmark inconclusive"), "{shown}");
}

#[test]
fn json_has_every_field_of_the_contract_in_its_order() {
    let text = render(&fixtures::mixed(), Format::Json, &style(None));
    let keys = |text: &str, names: &[&str]| {
        let mut from = 0;
        for name in names {
            let key = format!("\"{name}\":");
            let at = text[from..].find(&key);
            assert!(at.is_some(), "{name} is missing or out of order");
            from += at.unwrap() + key.len();
        }
    };
    let top = [
        "schema",
        "command",
        "exit_code",
        "verdict",
        "baseline",
        "candidate",
        "machine",
        "toolchain",
        "benchmarks",
        "claims",
        "errors",
    ];
    keys(&text, &top);
    let document = json(&fixtures::mixed());
    assert_eq!(document["schema"], 1);
    assert_eq!(document["verdict"], "regressed");
    assert_eq!(document["exit_code"], 101);
    for (object, names) in [
        ("baseline", vec!["revision", "commit"]),
        ("candidate", vec!["revision", "commit", "dirty"]),
        ("machine", vec!["key", "cpu_model", "arch", "os", "logical_cpus"]),
        ("toolchain", vec!["rustc", "target", "profile"]),
    ] {
        for name in &names {
            assert!(document[object].get(name).is_some(), "{object}.{name}");
        }
    }
    let metric = [
        "metric",
        "unit",
        "baseline",
        "candidate",
        "change",
        "interval",
        "confidence",
        "threshold",
        "verdict",
        "method",
        "pairs",
        "seconds",
        "reason",
    ];
    for benchmark in document["benchmarks"].as_array().unwrap() {
        keys(&text, &["name", "arch", "verdict", "metrics"]);
        for outcome in benchmark["metrics"].as_array().unwrap() {
            assert!(metric.iter().all(|name| outcome.get(name).is_some()), "{outcome}");
            let fine = ["regressed", "improved", "unchanged"].contains(&outcome["verdict"].as_str().unwrap());
            assert!(fine || outcome["reason"].is_string(), "{outcome}");
        }
    }
    assert!(document["errors"][0]["subject"].is_string() && document["errors"][0]["hint"].is_string());
}

#[test]
fn json_knows_no_nonsense() {
    let document = json(&fixtures::nasty());
    let find = |name: &str| {
        let found = document["benchmarks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|b| b["name"].as_str().unwrap().contains(name));
        found.unwrap()["metrics"][0].clone()
    };
    let nonsense = find("nonsense");
    for field in ["baseline", "candidate", "change", "interval", "confidence", "threshold", "seconds"] {
        assert_eq!(nonsense[field], Value::Null, "{field}");
    }
    assert_eq!(find("telling_name")["interval"], serde_json::json!([0.4, null]));
    let none = json(&fixtures::bare(ReportKind::Check));
    for field in ["baseline", "candidate", "machine", "toolchain"] {
        assert_eq!(none[field], Value::Null, "{field}");
    }
    for (_, report) in fixtures::all() {
        let text = render(&report, Format::Json, &style(None));
        assert!(text.ends_with("}\n"));
        assert_eq!(json(&report)["benchmarks"].as_array().unwrap().len(), report.benchmarks.len());
    }
}

#[test]
fn nothing_in_a_name_is_read_as_html() {
    let page = render(&fixtures::nasty(), Format::Html, &style(None));
    assert_eq!(page.matches("<script>").count(), 1, "only our own");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"));
    assert!(!page.contains("<b>note</b>") && !page.contains('\u{1b}'));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="));
    assert_eq!(html::escape("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
}

#[test]
fn markdown_tables_keep_their_columns() {
    let text = render(&fixtures::nasty(), Format::Markdown, &style(None));
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 8);
    for row in rows {
        assert_eq!(row.matches('|').count(), 10, "{row}");
        assert!(!row.contains('`') && !row.contains("<script"), "{row}");
    }
}

#[test]
fn a_comment_is_never_too_long_for_github() {
    let mut report = fixtures::many();
    let one = report.benchmarks.clone();
    report.benchmarks.extend(std::iter::repeat_n(one, 40).flatten());
    let text = render(&report, Format::Markdown, &style(None));
    assert!(text.chars().count() < 65_536, "{}", text.chars().count());
    assert!(text.contains("more") && text.trim_end().ends_with("</sub>"));
}

#[test]
fn csv_reads_back() {
    for (name, report) in fixtures::all() {
        let records = csv::tests::parse(&render(&report, Format::Csv, &style(None)));
        let rows: usize = report.benchmarks.iter().map(|benchmark| benchmark.metrics.len().max(1)).sum();
        assert_eq!(records.len(), rows + 1, "{name}");
        assert!(records.iter().all(|record| record.len() == records[0].len()), "{name}");
        for benchmark in &report.benchmarks {
            let shown = harmless::line(&benchmark.name.to_string());
            assert!(records.iter().any(|record| record[0] == shown), "{name}");
        }
    }
}

#[test]
fn junit_tells_failures_errors_and_skips_apart() {
    let text = render(&fixtures::mixed(), Format::Junit, &style(None));
    assert!(text.contains("tests=\"11\" skipped=\"5\" errors=\"1\" failures=\"2\""), "{text}");
    for (_, report) in fixtures::all() {
        let text = render(&report, Format::Junit, &style(None));
        assert!(!text.contains('\u{1b}') && !text.contains("<script>"));
    }
}

#[test]
fn every_format_says_that_a_change_crept_past_a_limit() {
    let report = fixtures::crept();
    let line = "crept +9.4 % of 10 % in wall-time (28 of 30 commits measured); this change +1.5 %; most by";
    for format in Format::ALL {
        let text = render(&report, format, &style(None));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if format == Format::Csv {
            assert!(text.contains("regressed"), "figures only: {text}");
            continue;
        }
        assert!(
            text.contains("is 11.2 % slower than v1.2.0, measured now, of 10 % that may creep"),
            "{text}"
        );
        if matches!(format, Format::Table | Format::Json | Format::Markdown | Format::Html) {
            assert!(text.contains(line), "{format}: {text}");
        }
    }
    let table = render(&report, Format::Table, &style(None));
    assert!(table.contains("[creep]\n    limit = { wall-time = \"12%\" }"), "{table}");
    assert!(!table.contains("thresholds ="), "its threshold is not what it exceeds: {table}");
    let annotations = super::github::annotations(&report);
    assert!(annotations.starts_with("::error ") && annotations.contains("than v1.2.0"), "{annotations}");
    let found = &json(&report)["benchmarks"][0]["metrics"][0];
    assert_eq!((&found["verdict"], &found["reason_code"]), (&"regressed".into(), &"crept".into()));
}

#[test]
fn formats_are_named() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), format);
    }
    assert_eq!("xml".parse::<Format>().unwrap_err(), UnknownFormat("xml".into()));
}

#[test]
fn every_field_of_the_json_is_documented() {
    fn keys(value: &Value, found: &mut std::collections::BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    found.insert(name.clone());
                    keys(value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let documented = include_str!("../../docs/json.md");
    let mut found = std::collections::BTreeSet::new();
    for (_, report) in fixtures::all() {
        keys(&json(&report), &mut found);
    }
    assert!(found.len() > 40, "{found:?}");
    for name in found {
        assert!(documented.contains(&format!("`{name}`")), "{name} is missing in docs/json.md");
    }
}

/// Whether a line speaks to a CI system.
fn commands_ci(line: &str) -> bool {
    line.trim_start().starts_with("::") || line.contains("##[") || line.contains("##vso[")
}

#[test]
fn one_hostile_text_in_every_place_is_harmless_in_every_format() {
    let report = fixtures::hostile();
    for format in Format::ALL {
        for width in [None, Some(40), Some(120)] {
            let shown = render(&report, format, &style(width));
            let left = |c: char| harmless::is_harmful(c) && !matches!(c, '\n' | '\r');
            assert!(!shown.contains(left), "{format}: {:?}", shown.chars().find(|&c| left(c)));
            assert!(shown.matches('\r').count() == shown.matches("\r\n").count(), "{format}");
            assert!(!shown.lines().any(commands_ci), "{format}: {shown}");
            // What is printed is what was rendered: the last guard finds nothing to do.
            assert_eq!(harmless::colored(&shown), shown, "{format}");
        }
    }
}

#[test]
fn hostile_texts_are_text_to_the_readers_of_formats() {
    let report = fixtures::hostile();
    let json = json(&report);
    assert_eq!(
        json["benchmarks"][0]["name"],
        report.benchmarks[0].name.to_string(),
        "JSON readers get it back"
    );
    let xml = render(&report, Format::Junit, &style(None));
    assert!(!xml.contains("<script>") && !xml.contains("]]>"), "{xml}");
    for format in [Format::Html, Format::Markdown] {
        let text = render(&report, format, &style(None));
        assert!(!text.contains("<script>alert"), "{format}");
    }
    for row in csv::tests::parse(&render(&report, Format::Csv, &style(None))) {
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '@']), "{cell}");
            assert!(!cell.starts_with('-') || cell.parse::<f64>().is_ok(), "{cell}");
        }
    }
}

#[test]
fn suggested_commands_are_one_command_whatever_the_benchmark_is_called() {
    let shown = render(&fixtures::hostile(), Format::Table, &style(None));
    let command =
        shown.lines().find(|line| line.trim_start().starts_with("cargo perfguard explain")).unwrap();
    let script = command.trim_start().replacen("cargo perfguard", "printf '%s\\n'", 1);
    let Ok(said) = std::process::Command::new("bash").args(["-c", &script]).output() else { return };
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.starts_with("explain\n=cmd|' /C calc'!A0\u{1b}[2J"), "{said:?}");
    assert!(!std::path::Path::new("owned").exists());
}
