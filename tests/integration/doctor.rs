//! Whether a machine is fit: `doctor`, and the null control of a check, as a user runs them.

use serde_json::Value;

use crate::sandbox::Sandbox;

fn json(output: &[u8]) -> Value {
    serde_json::from_slice(output).unwrap()
}

#[test]
fn a_quick_look_judges_the_machine_and_the_build_and_measures_nothing() {
    let gauge = Sandbox::new("gauge");
    let ran = gauge
        .perfguard(&["doctor", "--quick", "--no-harness", "--bench", "work", "--format", "json"])
        .env("RUSTFLAGS", "-Ctarget-cpu=native")
        .assert()
        .code(0);
    let report = json(&ran.get_output().stdout);
    assert_eq!((&report["command"], &report["schema"]), (&"doctor".into(), &1.into()));
    let findings = report["findings"].as_array().unwrap();
    let fitness = |subject: &str| {
        let found = findings.iter().find(|finding| finding["subject"] == subject);
        found.unwrap_or_else(|| panic!("{subject} is not in {report}"))["fitness"].clone()
    };
    assert_eq!(fitness("opt-level"), "fit");
    assert_eq!(fitness("RUSTFLAGS"), "caution");
    for finding in findings {
        let known = ["fit", "unknown", "caution", "unfit"];
        assert!(known.contains(&finding["fitness"].as_str().unwrap()), "{finding}");
        assert!(!finding["meaning"].as_str().unwrap().is_empty(), "{finding}");
    }
    if cfg!(target_os = "linux") {
        assert_ne!(fitness("load"), "unknown");
        assert_ne!(fitness("memory"), "unknown");
    }
    let fields = report["machine_key"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["name"] == "CPU model"), "{report}");
    assert_eq!(report["null_control"]["benchmarks"], Value::Array(Vec::new()));
    assert_eq!(report["null_control"]["smallest_threshold"], Value::Null);
}

#[test]
fn a_build_is_measured_against_itself_for_the_whole_budget() {
    let gauge = Sandbox::new("gauge");
    let report = gauge.path("doctor.json");
    let arguments = ["doctor", "gauge/work", "--no-harness", "--bench", "work", "--budget", "4s"];
    let format = ["--format", "json", "--output", report.to_str().unwrap()];
    gauge.perfguard(&[&arguments[..], &format].concat()).assert().code(0);
    let report = json(&std::fs::read(report).unwrap());
    let controls = report["null_control"]["benchmarks"].as_array().unwrap();
    assert_eq!(controls.len(), 1, "{report}");
    let control = &controls[0];
    assert_eq!(control["name"], "gauge::work::gauge/work");
    assert!(control["pairs"].as_u64().unwrap() > 3, "{control}");
    // How narrow the interval is depends on the machine; that the threshold is its worse end does not.
    if let Some(ends) = control["interval"].as_array()
        && let (Some(low), Some(high)) = (ends[0].as_f64(), ends[1].as_f64())
    {
        let worse = high.max(-low).max(0.0);
        assert!((control["smallest_threshold"].as_f64().unwrap() - worse).abs() < 1e-12, "{control}");
    }
    assert_eq!(control["smallest_threshold"], report["null_control"]["smallest_threshold"]);
}

#[test]
fn what_does_not_build_is_told_and_the_machine_is_judged_all_the_same() {
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "seed | 1", "seed | oops");
    let ran = gauge.perfguard(&["doctor", "--no-harness", "--bench", "work"]).assert().code(101);
    let text = String::from_utf8_lossy(&ran.get_output().stdout).into_owned();
    assert!(text.contains("load") && text.contains("Machine key") && text.contains("error: "), "{text}");
    let wrong = gauge.perfguard(&["doctor", "--format", "junit"]).assert().code(2);
    assert!(String::from_utf8_lossy(&wrong.get_output().stderr).contains("use table, json, markdown"));
    gauge.edit("src/lib.rs", "seed | oops", "seed | 1");
    let nothing = gauge.perfguard(&["doctor", "nosuch", "--no-harness", "--bench", "work"]).assert().code(2);
    assert!(String::from_utf8_lossy(&nothing.get_output().stderr).contains("`nosuch`"));
}

#[test]
fn a_check_tells_of_its_null_control() {
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1300");
    let arguments = ["check", "--no-harness", "--bench", "work", "--baseline", "HEAD", "--budget", "10s"];
    let ran = gauge.perfguard(&[&arguments[..], &["--null-control", "--format", "json"]].concat()).assert();
    let report = json(&ran.get_output().stdout);
    let notes = report["notes"].to_string();
    let work = report["benchmarks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["name"] == "gauge::work::gauge/work");
    let work = &work.unwrap()["metrics"][0];
    // Whether a busy machine is fit is not for this test to say; that the report agrees with itself is.
    if notes.contains("unfit") {
        assert_eq!((&work["verdict"], &report["exit_code"]), (&"inconclusive".into(), &0.into()), "{report}");
        assert!(work["reason"].as_str().unwrap().contains("this machine was unfit"), "{report}");
    } else {
        assert!(notes.contains("null control: 2 measured against themselves"), "{notes}");
        assert_eq!((&work["verdict"], &report["exit_code"]), (&"regressed".into(), &100.into()), "{report}");
    }
}
