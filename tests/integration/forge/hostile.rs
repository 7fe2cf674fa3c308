//! Reports that somebody wrote to misplace, overflow, forge or ping.

use serde_json::{Value, json};

use super::{Job, benchmark, head, one_pull, report, unchanged};

const TEXTS: [&str; 9] = [
    "@everyone @org/team",
    "`tick` ``` | pipe | **bold** [x](https://evil.example) ![x](//evil.example/x.png)",
    "<!-- perfguard:default 999 1 -->",
    "--> ]]> <script>alert(1)</script> <img src=x onerror=alert(1)>",
    "\n\n# Heading\n\n- list\r\n::error::forged",
    "\u{202e}txet desrever\u{2066} \u{200b}\u{feff}\u{1b}[31m\u{0}",
    "closes #1, GH-2, o/r#3, https://github.com/o/r/pull/4, www.evil.example, mail@evil.example",
    "</code></details></table>",
    "$$x$$ :tada: &#64;user &commat;user",
];

/// Texts in every place that holds one.
fn hostile() -> Value {
    let all = TEXTS.join(" ");
    let mut benchmarks: Vec<Value> = TEXTS
        .iter()
        .map(|text| {
            let mut one = benchmark(&format!("p::t::{text}"), "regressed", 0.2);
            one["arch"] = all.clone().into();
            one["metrics"][0]["reason"] = all.clone().into();
            one["metrics"][0]["reason_code"] = all.clone().into();
            one["causes"] = json!([
                { "function": all, "crate": all, "file": all, "line": 1, "path": "../../etc/passwd", "difference": 5.0,
                  "build_field": null, "text": all },
                { "function": null, "crate": null, "file": null, "line": null, "path": null, "difference": null,
                  "build_field": all, "text": all }
            ]);
            one["source"] = "/etc/passwd".into();
            one
        })
        .collect();
    benchmarks[0]["metrics"][0]["accepted"] = json!({ "file": all, "reason": all, "up_to": "25%" });
    let mut document = report(100, &head(), &benchmarks);
    for side in ["baseline", "candidate"] {
        document[side]["revision"] = all.clone().into();
    }
    for field in ["key", "cpu_model", "arch", "os"] {
        document["machine"][field] = all.clone().into();
    }
    for field in ["rustc", "target", "profile"] {
        document["toolchain"][field] = all.clone().into();
    }
    document["notes"] = json!([all]);
    document["errors"] = json!([{ "subject": all, "message": all, "hint": all }]);
    document["claims"] = json!([{
        "name": all, "section": all, "statement": all, "verdict": "refuted", "ratio": 1.0, "interval": null,
        "at_least": null, "claimed": all, "allocations": null, "fails_gate": true, "reason": all
    }]);
    document
}

#[test]
fn no_text_pings_links_forges_or_leaves_its_place() {
    let server = one_pull();
    let ended = Job::new(&server, 7, &hostile()).run();
    assert_eq!(ended.code, 101, "it tells of an error: {ended:?}");
    let [comment] = &server.comments()[..] else { panic!("{:?}", server.comments()) };
    let (mark, text) = comment.split_once('\n').unwrap();
    assert_eq!(mark, "<!-- perfguard:default 7 1 -->");
    let text = text.replace("](https://github.com/o/r/actions/runs/7/attempts/1)", "");
    for live in [
        "@", "<!--", "-->", "<script", "<img", "](", "![", "://", "www.", "GH-2", "`", "$", "\u{202e}",
        "\u{200b}", "\u{1b}", "\r", "\n# ", "\n::",
    ] {
        assert!(!text.contains(live), "{live:?}: {text}");
    }
    for (reference, dead) in [("&#64;", "&#64;&#8203;"), ("&#35;", "&#35;&#8203;")] {
        assert_eq!(text.matches(reference).count(), text.matches(dead).count(), "{reference}");
    }
    // Rows have as many cells as their table.
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        assert!(matches!(line.matches('|').count(), 8 | 10), "{line}");
    }
    let check = server.shown(&head());
    assert_eq!(check["conclusion"], "failure");
    assert_eq!(check["output"]["annotations"], json!([]), "no place outside of the repository");
    for stream in [&ended.stdout, &ended.stderr] {
        assert!(!stream.lines().any(|line| line.trim_start().starts_with("::")), "{stream}");
    }
}

#[test]
fn thousands_of_benchmarks_are_told_in_whole_steps() {
    let server = one_pull();
    let mut run = 0;
    let mut comment = |benchmarks: Vec<Value>| {
        run += 1;
        let code = if benchmarks.iter().any(|one| one["verdict"] == "regressed") { 100 } else { 0 };
        Job::new(&server, run, &report(code, &head(), &benchmarks)).published();
        let [comment] = &server.comments()[..] else { panic!("more than one") };
        assert!(comment.len() <= 60_000, "{}", comment.len());
        comment.clone()
    };
    let name = |number: usize| format!("parser::parse::group/function/{number:04}");
    let rows = |text: &str, verdict: &str| text.matches(&format!("| {verdict} |")).count();
    // What did not change is dropped.
    let some = (0..5_000).map(|number| {
        if number < 30 {
            benchmark(&name(number), "regressed", 0.2)
        } else {
            benchmark(&name(number), "unchanged", 0.0)
        }
    });
    let text = comment(some.collect());
    assert_eq!((rows(&text, "regressed"), rows(&text, "unchanged")), (30, 0));
    assert!(
        text.contains("4970 benchmarks unchanged") && text.contains("[The run that measured this]"),
        "{text}"
    );
    // All of it is bad: the worst twenty, and how many there are.
    let all = (0..5_000).map(|number| {
        benchmark(&name(number), "regressed", 0.1 + f64::from(u32::try_from(number).unwrap()) / 1e4)
    });
    let text = comment(all.collect());
    assert_eq!(rows(&text, "regressed"), 20);
    assert!(text.contains(&name(4_999)) && text.contains("… and 4980 benchmarks more"), "{text}");
    assert!(text.contains("5000 of 5000 benchmarks regressed") && text.contains("geometric mean"), "{text}");
    // Names as long as they get.
    let long =
        (0..300).map(|number| benchmark(&format!("p::t::{}{number}", "|@".repeat(5_000)), "regressed", 0.2));
    let text = comment(long.collect());
    assert!(text.contains("300 of 300 benchmarks regressed"), "{text}");
}

#[test]
fn a_million_rows_are_refused_and_as_many_as_are_read_take_no_long_time() {
    let server = one_pull();
    let row = "{\"name\":\"p::t::x\",\"arch\":\"\",\"metrics\":[]},";
    let mut million = report(0, &head(), &[]).to_string();
    million = million.replace(
        "\"benchmarks\":[]",
        &format!("\"benchmarks\":[{}{}]", row.repeat(1_000_000), &row[..row.len() - 1]),
    );
    let job = Job::without_report(&server, 1);
    std::fs::write(job.report(), &million).unwrap();
    assert_eq!(job.run().code, 101);
    assert!(server.comments()[0].contains("larger than 16 MiB"), "{:?}", server.comments());

    // As many errors as benchmarks, each about the last of them.
    let errors: Vec<Value> =
        (0..30_000).map(|_| json!({ "subject": "p::t::last", "message": "x", "hint": null })).collect();
    let mut many: Vec<Value> = (0..30_000)
        .map(|number| json!({ "name": format!("p::t::{number}"), "arch": "", "metrics": [] }))
        .collect();
    many.push(benchmark("p::t::last", "failed", 0.1));
    many.push(unchanged());
    let mut document = report(101, &head(), &many);
    document["errors"] = errors.into();
    assert_eq!(Job::new(&server, 2, &document).run().code, 101);
    assert!(server.comments()[0].contains("not completed (30000 errors)"), "{:?}", server.comments());
    assert_eq!(server.shown(&head())["output"]["annotations"].as_array().unwrap().len(), 500);
}
