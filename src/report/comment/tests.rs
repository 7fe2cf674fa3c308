use super::super::fixtures;
use super::*;
use crate::domain::{BenchmarkName, ReportKind, Verdict};

fn frame() -> Frame {
    Frame { first: "<!-- first -->".into(), run: Some("https://github.com/o/r/actions/runs/7".into()) }
}

/// What stands between the frame's first and last line.
fn inside(text: &str) -> &str {
    let rest = text.strip_prefix("<!-- first -->\n").unwrap();
    rest.strip_suffix("<sub>[The run that measured this](https://github.com/o/r/actions/runs/7)</sub>\n")
        .unwrap()
}

#[test]
fn comments_look_as_they_should() {
    for (name, report) in [
        ("mixed", fixtures::mixed()),
        ("several_metrics", fixtures::several_metrics()),
        ("accepted", fixtures::accepted()),
        ("only_new", fixtures::only_new()),
        ("hostile", fixtures::hostile()),
    ] {
        insta::assert_snapshot!(format!("comment_{name}"), body(&frame(), &report));
    }
    let broken = fixtures::broken();
    let why = "the run that measured was not completed";
    insta::assert_snapshot!("comment_did_not_run", did_not_run(&frame(), why, &broken.troubles));
}

/// Texts that GitHub makes something of.
const LIVE: &str = "@org/team #12 GH-12 gh-3 https://evil.example www.evil.example <!-- --> ]]> ![x](y) a@b.example `x` | **b** \
                    $x$ ~~s~~ \u{202e}abc\u{200b} <script>alert(1)</script> <img src=x> &#64;user";

#[test]
fn no_text_pings_links_or_closes_anything() {
    let mut report = fixtures::hostile();
    report.benchmarks[0].name = BenchmarkName::new("p", "t", LIVE);
    report.benchmarks[0].causes =
        vec![crate::domain::Cause::Quoted { build_field: Some(LIVE.into()), text: LIVE.into() }];
    report.claims[0].name = LIVE.into();
    report.troubles.push(Trouble::Ended(LIVE.into(), Some(LIVE.into())));
    let troubles = [Trouble::Quoted { subject: LIVE.into(), message: LIVE.into(), hint: Some(LIVE.into()) }];
    for text in [body(&frame(), &report), did_not_run(&frame(), LIVE, &troubles)] {
        let inside = inside(&text);
        for live in [
            "@", "&#64;o", "&#64;u", "&#64;b", "&#35;1", "GH-1", "gh-3", "://", "www.", "<!--", "![", "](",
            "<script", "<img", "`", "\u{202e}", "\u{200b}", "~~", "$",
        ] {
            assert!(!inside.contains(live), "{live}: {inside}");
        }
        // The only marks are ours.
        let tags = inside.matches('<').count();
        let ours: usize = [
            "<code>",
            "</code>",
            "<br>",
            "<sub>",
            "</sub>",
            "<details>",
            "<details open>",
            "</details>",
            "<summary>",
            "</summary>",
        ]
        .iter()
        .map(|tag| inside.matches(tag).count())
        .sum();
        assert_eq!(tags, ours, "{inside}");
    }
}

fn many(count: usize, id: &str) -> Report {
    let one = fixtures::hostile().benchmarks.remove(0);
    let benchmarks = (0..count).map(|number| BenchmarkOutcome {
        name: BenchmarkName::new("p", "t", format!("{id}{number}")),
        source: Some("benches/t.rs".into()),
        ..one.clone()
    });
    Report { exit_code: 100, benchmarks: benchmarks.collect(), ..fixtures::empty() }
}

#[test]
fn a_comment_of_millions_of_bytes_is_told_in_fewer() {
    for (count, id, told) in [
        (5_000, "plain/", "… and 4980 benchmarks more"),
        (20_000, &"@://".repeat(80), "of 20000 benchmarks regressed"),
    ] {
        let report = many(count, id);
        let text = body(&frame(), &report);
        assert!(text.len() <= LONGEST && text.contains(told), "{}: {text}", text.len());
        assert!(text.contains(&format!("{count} of {count} benchmarks regressed")), "{text}");
        assert!(text.ends_with("actions/runs/7)</sub>\n"), "the link to the whole is there");
        assert_eq!(annotations(&report).len(), MOST_ANNOTATIONS);
        assert!(title(&report).chars().count() <= LONGEST_TITLE + 1);
    }
}

#[test]
fn no_table_is_cut_in_the_middle() {
    for count in [1, 20, 100, 200, 400, 1_000] {
        let text = body(&frame(), &many(count, "plain/"));
        let rows = text.lines().filter(|line| line.starts_with("| ")).count();
        assert!(text.len() <= LONGEST);
        // All of them, or the worst twenty with a count of the others; the heading is one row.
        assert!(rows == count + 1 || rows == 21 && text.contains("benchmarks more"), "{count}: {rows}");
        assert!(!text.contains("… and") || rows == 21, "{count}: {rows}");
    }
}

#[test]
fn what_did_not_run_is_told_in_few_words_too() {
    let long = "|@".repeat(1 << 17);
    let trouble = Trouble::Quoted { subject: long.clone(), message: long.clone(), hint: Some(long.clone()) };
    let text = did_not_run(&frame(), &long, &vec![trouble; 100]);
    assert!(text.len() <= LONGEST && text.contains("did not run") && !text.contains('|'), "{}", text.len());
    let some = did_not_run(&frame(), "why", &vec![Trouble::Interrupted; 25]);
    assert!(some.contains("… and 5 errors more"), "{some}");
}

#[test]
fn only_what_passed_and_decided_something_is_green() {
    let of = |report: &Report| (conclusion(report), badge(report).message, badge(report).color);
    assert_eq!(of(&fixtures::many()), (Conclusion::Success, "no regressions", "brightgreen"));
    assert_eq!(of(&fixtures::accepted()), (Conclusion::Success, "no regressions", "brightgreen"));
    assert_eq!(of(&fixtures::mixed()), (Conclusion::Failure, "regressed", "red"));
    assert_eq!(of(&fixtures::empty()), (Conclusion::Neutral, "undecided", "yellow"));
    assert_eq!(of(&Report { exit_code: 0, ..fixtures::only_new() }).0, Conclusion::Neutral);
    let broken = Report { exit_code: 101, troubles: vec![Trouble::Interrupted], ..fixtures::many() };
    assert_eq!(of(&broken), (Conclusion::Failure, "not completed", "red"));
    let open = fixtures::bench("a", vec![fixtures::timed(Verdict::Inconclusive, 10.0, 0.04, 0.1)]);
    let open = Report { benchmarks: vec![open], ..fixtures::empty() };
    assert_eq!(of(&open), (Conclusion::Neutral, "undecided", "yellow"));
    assert_eq!(of(&Report { exit_code: 102, ..open.clone() }), (Conclusion::Failure, "undecided", "red"));
    assert_eq!(of(&Report { exit_code: 100, ..open }), (Conclusion::Failure, "gate failed", "red"));
    // A code that no version ends with is no pass.
    assert_eq!(of(&Report { exit_code: 7, ..fixtures::many() }).0, Conclusion::Failure);
    assert_eq!(
        of(&Report { kind: ReportKind::Check, exit_code: 2, ..fixtures::many() }).0,
        Conclusion::Failure
    );
}

#[test]
fn annotations_stand_where_a_change_was_made_the_worst_first() {
    let found = annotations(&fixtures::mixed());
    let places: Vec<(&str, u32, bool)> =
        found.iter().map(|one| (one.path.as_str(), one.line, one.fails)).collect();
    assert_eq!(places, [("crates/parser/src/json.rs", 12, true)], "what has no place has no annotation");
    assert!(found[0].title.starts_with("regressed: parser::parse::json/large"), "{:?}", found[0]);
}
