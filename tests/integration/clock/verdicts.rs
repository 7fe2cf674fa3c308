//! From a change in the code to a verdict by the clock, an exit code and a document.

use perfguard::store::Store;
use serde_json::Value;

use super::timed;
use crate::contract::verdicts::{check, slower};
use crate::contract::{benchmark, ran};
use crate::sandbox::Sandbox;

const WORK: &str = "gauge::work::gauge/work";

/// Every field of a metric has its type, and the figures agree with each other.
fn assert_metric(metric: &Value) {
    let number = |key: &str| metric[key].as_f64().unwrap_or_else(|| panic!("{key} of {metric}"));
    assert_eq!((&metric["metric"], &metric["unit"]), (&"wall-time".into(), &"ns".into()));
    assert!((number("candidate") / number("baseline") - 1.0 - number("change")).abs() < 1e-9, "{metric}");
    let (low, high) = (metric["interval"][0].as_f64(), metric["interval"][1].as_f64());
    assert!(low.is_none_or(|low| low <= number("change")), "{metric}");
    assert!(high.is_none_or(|high| high >= number("change")), "{metric}");
    assert_eq!(metric["interval"].as_array().unwrap().len(), 2);
    assert!((0.9..1.0).contains(&number("confidence")), "{metric}");
    assert_eq!(metric["method"], "paired");
    assert!(number("pairs") >= 6.0 && number("seconds") > 0.0, "{metric}");
}

/// The fields of the document that do not depend on what was found.
fn assert_frame(document: &Value) {
    let hash = |value: &Value| value.as_str().is_some_and(|text| text.len() == 40);
    assert_eq!(document["command"], "check");
    assert_eq!(document["baseline"]["revision"], "HEAD");
    assert!(hash(&document["baseline"]["commit"]) && hash(&document["candidate"]["commit"]));
    assert_eq!(document["candidate"]["dirty"], true);
    assert_eq!(document["machine"]["arch"], std::env::consts::ARCH);
    assert_eq!(document["machine"]["os"], std::env::consts::OS);
    assert!(document["machine"]["logical_cpus"].as_u64().unwrap() > 0);
    for (part, field) in
        [("machine", "key"), ("machine", "cpu_model"), ("toolchain", "rustc"), ("toolchain", "target")]
    {
        assert!(document[part][field].as_str().is_some_and(|text| !text.is_empty()), "{part}.{field}");
    }
    assert_eq!(document["toolchain"]["profile"], "bench");
    assert_eq!(document["claims"], Value::Array(Vec::new()));
    assert_eq!(document["errors"], Value::Array(Vec::new()));
}

#[test]
fn a_fifth_more_work_fails_and_everything_is_told() {
    timed(|| {
        let gauge = slower();
        let found = check(&gauge, &["--layout", "drawn", "--format", "json"]);
        assert_eq!(found.code, 100, "{}{}", found.stdout, found.stderr);
        let document = found.json();
        assert_frame(&document);
        assert_eq!(document["verdict"], "regressed");
        let work = benchmark(&document, WORK);
        assert_eq!((&work["verdict"], &work["arch"]), (&"regressed".into(), &std::env::consts::ARCH.into()));
        let metric = &work["metrics"][0];
        assert_metric(metric);
        assert_eq!((&metric["verdict"], &metric["limit"]), (&"regressed".into(), &"5%".into()));
        assert!((metric["threshold"].as_f64().unwrap() - 0.05).abs() < 1e-12, "{metric}");
        assert!((0.1..0.3).contains(&metric["change"].as_f64().unwrap()), "{metric}");
        assert!(metric["interval"][0].as_f64().unwrap() > 0.05, "{metric}");
        assert_eq!(metric["reason"], Value::Null);
        assert_ne!(benchmark(&document, "gauge::work::gauge/steady")["verdict"], "regressed");
        for (name, verdict, reason) in [
            ("gauge::work::gauge/fresh", "new", "only the candidate has it"),
            ("gauge::work::gauge/gone", "missing", "only the baseline has it"),
        ] {
            let one_sided = benchmark(&document, name);
            assert_eq!(one_sided["verdict"], verdict);
            assert_eq!(one_sided["metrics"][0]["reason"], reason);
            assert_eq!(one_sided["metrics"][0]["pairs"], 0);
        }

        // A flag's threshold is what is judged by.
        let lenient = check(&gauge, &["--format", "json", "--threshold", "60%", "--exact", WORK]).json();
        let work = benchmark(&lenient, WORK);
        assert_eq!((&work["verdict"], &work["metrics"][0]["limit"]), (&"unchanged".into(), &"60%".into()));
        assert_eq!(lenient["exit_code"], 0);

        // So are the file's, the most specific one.
        let arch = std::env::consts::ARCH;
        gauge.write(
            "perfguard.toml",
            &format!(
                "[thresholds]\nwall-time = \"1%\"\n[target.{arch}.thresholds]\nwall-time = \"70%\"\n\
             [target.riscv64.thresholds]\nwall-time = \"2%\"\n\
             [[benchmark]]\nmatch = \"*/steady\"\nthresholds = {{ wall-time = \"80%\" }}\n"
            ),
        );
        let by_file = check(&gauge, &["--format", "json"]).json();
        let limit = |name: &str| benchmark(&by_file, name)["metrics"][0]["limit"].clone();
        assert_eq!(benchmark(&by_file, WORK)["verdict"], "unchanged");
        assert_eq!((limit(WORK), limit("gauge::work::gauge/steady")), ("70%".into(), "80%".into()));

        // What was measured of the dirty tree is stored, and is no baseline.
        let store = Store::open_read_only(&gauge.path(".perfguard/store.db")).unwrap();
        let commits = store.commits().unwrap();
        assert!(
            commits.iter().any(|commit| commit.dirty) && commits.iter().any(|commit| !commit.dirty),
            "{commits:?}"
        );
        assert_eq!(gauge.git(&["status", "--porcelain", "--", ".perfguard", "Cargo.lock"]), "");
    });
}

#[test]
fn less_work_is_an_improvement() {
    timed(|| {
        let gauge = Sandbox::new("gauge");
        gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 800");
        gauge.commit("second");
        let compare = ["compare", "HEAD~1", "HEAD", "--no-builtin", "--bench", "work", "--budget", "20s"];
        // Its interval comes from fresh pairs, which are measured where they are asked for.
        let more = ["--layout", "drawn", "--confirm", "always", "--exact", "--format", "json", "--", WORK];
        let document = ran(&gauge, &[&compare[..], &more].concat()).json();
        let work = benchmark(&document, WORK);
        assert_eq!(work["verdict"], "improved", "{document}");
        assert_metric(&work["metrics"][0]);
        assert_eq!((&document["exit_code"], &document["candidate"]["dirty"]), (&0.into(), &false.into()));
    });
}
