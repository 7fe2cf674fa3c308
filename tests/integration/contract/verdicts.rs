//! From a change in the code to a verdict, an exit code and a document.

use serde_json::Value;

use super::{Ran, benchmark, json, ran, redacted};
use crate::sandbox::Sandbox;

const WORK: &str = "gauge::work::gauge/work";

/// `gauge` with a benchmark that goes and one that comes, and work that takes a fifth longer.
pub(crate) fn slower() -> Sandbox {
    let gauge = Sandbox::new("gauge");
    let steady = "group.bench_function(\"steady\"";
    gauge.edit(
        "benches/work.rs",
        steady,
        &format!("group.bench_function(\"gone\", |b| b.iter(|| gauge::steady(1)));\n    {steady}"),
    );
    gauge.commit("second");
    gauge.edit("benches/work.rs", "\"gone\"", "\"fresh\"");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1200");
    gauge
}

pub(crate) fn check(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let common = ["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD", "--budget", "20s"];
    ran(sandbox, &[&common, arguments].concat())
}

#[test]
fn identical_executables_need_no_clock() {
    let gauge = Sandbox::new("gauge");
    gauge.commit("second");
    let shown = ran(&gauge, &["check", "--no-builtin", "--bench", "work", "--require-verdict"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    insta::assert_snapshot!("identical", redacted(&gauge, &shown.stdout));
    let document = json(&gauge, &["check", "--no-builtin", "--bench", "work"]);
    let metric = &benchmark(&document, WORK)["metrics"][0];
    assert_eq!((&metric["verdict"], &metric["method"]), (&"unchanged".into(), &"exact".into()));
    assert_eq!((&metric["pairs"], &metric["baseline"]), (&0.into(), &Value::Null));
    assert_eq!(metric["reason"], "the executables are identical");
}

#[test]
fn nothing_compared_does_not_look_like_a_pass() {
    let gauge = slower();
    let fresh =
        |arguments: &[&str]| check(&gauge, &[&["--exact", "gauge::work::gauge/fresh"], arguments].concat());
    let shown = fresh(&[]);
    assert_eq!(shown.code, 0);
    insta::assert_snapshot!("nothing_compared", redacted(&gauge, &shown.stdout));
    assert_eq!(fresh(&["--require-verdict"]).code, 102);
    let missing =
        check(&gauge, &["--require-verdict", "--format", "json", "--exact", "gauge::work::gauge/gone"]);
    assert_eq!((missing.code, missing.json()["verdict"].clone()), (102, "missing".into()));
}

#[test]
fn a_build_that_fails_is_told_with_its_output_and_is_no_regression() {
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "seed | 1", "seed | oops");
    let broken = check(&gauge, &[]);
    assert_eq!((broken.code, broken.stdout.as_str()), (101, ""), "{}", broken.stderr);
    assert!(broken.stderr.contains("cannot find value `oops`"), "{}", broken.stderr);
    let document = check(&gauge, &["--format", "json"]).json();
    assert_eq!(document["exit_code"], 101);
    let error = &document["errors"][0]["message"];
    assert!(error.as_str().is_some_and(|text| text.contains("build")), "{document}");
}
