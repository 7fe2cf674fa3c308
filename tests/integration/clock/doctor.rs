//! What a machine can see: builds that are measured against themselves.

use super::timed;
use crate::doctor::json;
use crate::sandbox::Sandbox;

#[test]
fn a_build_is_measured_against_itself_for_the_whole_budget() {
    timed(|| {
        let gauge = Sandbox::new("gauge");
        let report = gauge.path("doctor.json");
        let arguments = ["doctor", "gauge/work", "--no-builtin", "--bench", "work", "--budget", "4s"];
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
    });
}

#[test]
fn a_check_tells_of_its_aa_test() {
    timed(|| {
        let gauge = Sandbox::new("gauge");
        gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1300");
        let arguments = ["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD", "--budget", "10s"];
        let ran = gauge.perfguard(&[&arguments[..], &["--aa-test", "--format", "json"]].concat()).assert();
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
            assert_eq!(
                (&work["verdict"], &report["exit_code"]),
                (&"inconclusive".into(), &0.into()),
                "{report}"
            );
            assert!(work["reason"].as_str().unwrap().contains("this machine was unfit"), "{report}");
        } else {
            assert!(notes.contains("A/A test: 2 measured against themselves"), "{notes}");
            assert_eq!(
                (&work["verdict"], &report["exit_code"]),
                (&"regressed".into(), &100.into()),
                "{report}"
            );
        }
    });
}
