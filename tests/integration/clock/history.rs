//! What is stored of the baseline clears a candidate without a pair.

use super::alone;
use crate::contract::history::{QUICK, WORK, run};
use crate::contract::{benchmark, json};
use crate::sandbox::Sandbox;

#[test]
fn stored_runs_clear_what_did_not_change() {
    alone(|| {
        let gauge = Sandbox::new("gauge");
        for _ in 0..5 {
            run(&gauge, &[]);
        }
        // Other bytes, equal work.
        let library = gauge.read("src/lib.rs");
        gauge.write(
            "src/lib.rs",
            &format!("{library}\n#[inline(never)]\npub fn other() -> u64 {{\n    42\n}}\n"),
        );
        let bench = gauge
            .read("benches/work.rs")
            .replace("let mut group", "black_box(gauge::other());\n    let mut group");
        gauge.write("benches/work.rs", &bench);
        let document =
            json(&gauge, &[&["check", "--baseline", "HEAD", "--threshold", "wall-time=80%"], QUICK].concat());
        let metric = &benchmark(&document, WORK)["metrics"][0];
        assert_eq!(
            (&metric["method"], &metric["verdict"]),
            (&"stored".into(), &"unchanged".into()),
            "{metric}"
        );
        assert_eq!(document["exit_code"], 0);
    });
}
