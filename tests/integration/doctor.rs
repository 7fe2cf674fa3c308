//! Whether a machine is fit: `doctor`, and the null control of a check, as a user runs them.

use serde_json::Value;

use crate::sandbox::Sandbox;

pub(crate) fn json(output: &[u8]) -> Value {
    serde_json::from_slice(output).unwrap()
}

#[test]
fn a_quick_look_judges_the_machine_and_the_build_and_measures_nothing() {
    let gauge = Sandbox::new("gauge");
    gauge.edit("Cargo.toml", "[profile.bench]\nopt-level = 0", "[profile.bench]\nopt-level = 3");
    let ran = gauge
        .perfguard(&["doctor", "--quick", "--no-builtin", "--bench", "work", "--format", "json"])
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
    assert_eq!(fitness("RUSTFLAGS"), "fit");
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
fn what_does_not_build_is_told_and_the_machine_is_judged_all_the_same() {
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "seed | 1", "seed | oops");
    let ran = gauge.perfguard(&["doctor", "--no-builtin", "--bench", "work"]).assert().code(101);
    let text = String::from_utf8_lossy(&ran.get_output().stdout).into_owned();
    assert!(text.contains("load") && text.contains("Machine key") && text.contains("error: "), "{text}");
    let wrong = gauge.perfguard(&["doctor", "--format", "junit"]).assert().code(2);
    assert!(String::from_utf8_lossy(&wrong.get_output().stderr).contains("use table, json, markdown"));
    gauge.edit("src/lib.rs", "seed | oops", "seed | 1");
    let nothing = gauge.perfguard(&["doctor", "nosuch", "--no-builtin", "--bench", "work"]).assert().code(2);
    assert!(String::from_utf8_lossy(&nothing.get_output().stderr).contains("`nosuch`"));
}
