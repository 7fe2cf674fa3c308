//! `run` stores, and `report` shows what is stored.

use super::{benchmark, json, names_of, ran};
use crate::sandbox::Sandbox;

pub(crate) const WORK: &str = "gauge::work::gauge/work";
pub(crate) const QUICK: &[&str] = &["--no-builtin", "--bench", "work", "--budget", "500ms", "--exact", WORK];

pub(crate) fn run(sandbox: &Sandbox, arguments: &[&str]) -> serde_json::Value {
    json(sandbox, &[&["run"], arguments, QUICK].concat())
}

#[test]
fn runs_are_stored_and_reported() {
    let gauge = Sandbox::new("gauge");
    let empty = ran(&gauge, &["report"]);
    assert_eq!((empty.code, empty.stderr.as_str()), (0, ""));
    assert_eq!(empty.stdout, "no baseline is stored or committed: measure one with `cargo perfguard run`\n");
    assert!(!gauge.path(".perfguard").exists(), "looking makes no store");
    let commit = gauge.git(&["rev-parse", "HEAD"]);
    for _ in 0..3 {
        let document = run(&gauge, &[]);
        assert_eq!(
            (&document["verdict"], &document["candidate"]["commit"]),
            (&serde_json::Value::Null, &commit.as_str().into())
        );
        let metric = &benchmark(&document, WORK)["metrics"][0];
        assert!(metric["candidate"].as_f64().unwrap() > 0.0 && metric["verdict"].is_null(), "{metric}");
    }
    let report = json(&gauge, &["report"]);
    let baselines = report["baselines"].as_array().unwrap();
    assert_eq!(baselines.len(), 1, "{report}");
    assert_eq!(
        (&baselines[0]["benchmark"], &baselines[0]["commit"]),
        (&WORK.into(), &commit.as_str().into())
    );
    assert_eq!((&baselines[0]["occasions"], &baselines[0]["provenance"]), (&3.into(), &"native".into()));
    assert!(baselines[0]["value"].as_f64().unwrap() > 0.0);
    let table = ran(&gauge, &["report"]).stdout;
    assert!(table.contains(WORK) && table.contains(" ±"), "{table}");
    assert_eq!(json(&gauge, &["report", "nothing like it"])["baselines"].as_array().unwrap().len(), 0);
}

#[test]
fn a_range_fills_in_what_is_missing_and_skips_the_rest() {
    let gauge = Sandbox::new("gauge");
    let second = gauge.commit("second");
    gauge.edit("src/lib.rs", "1000;", "1001;");
    let third = gauge.commit("third");
    let notes = |document: &serde_json::Value| document["notes"].to_string();
    let one = run(&gauge, &["--commits", "HEAD~2..HEAD~1"]);
    assert_eq!(one["candidate"]["commit"], second);
    let both = run(&gauge, &["--commits", "HEAD~2..HEAD"]);
    assert_eq!(names_of(&both), [WORK], "each once, of the commit that is named");
    assert_eq!(both["candidate"]["commit"], third);
    assert!(notes(&both).contains("stored already"), "{both}");
    let none = run(&gauge, &["--commits", "HEAD~2..HEAD"]);
    assert_eq!((&none["exit_code"], names_of(&none).len()), (&0.into(), 0));
    assert_eq!(notes(&none).matches("stored already").count(), 2, "{none}");
    let table = ran(&gauge, &[&["run", "--commits", "HEAD~2..HEAD"], QUICK].concat()).stdout;
    assert!(table.contains("stored already") && table.contains("nothing was measured"), "{table}");
}
