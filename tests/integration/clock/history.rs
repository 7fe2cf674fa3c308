//! What is stored of the baseline clears a candidate without a pair.

use super::timed;
use crate::contract::history::{QUICK, WORK, run};
use crate::contract::{benchmark, judged_again, ran};
use crate::sandbox::Sandbox;

/// Another store, and what others measured.
const OTHER: &[&str] = &["--store", "../other.db", "--pull=dir:../place"];

#[test]
fn stored_runs_clear_what_did_not_change() {
    timed(|| {
        let gauge = Sandbox::new("gauge");
        // Measured by one machine, and received by another of the same key that never measured the baseline.
        std::fs::create_dir(gauge.path("../place")).unwrap();
        for _ in 0..5 {
            run(&gauge, &["--push=dir:../place"]);
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
        // Five runs tell little of how far the next may be off: on some machines a fifth, and that several times over.
        let limits = ["--threshold", "wall-time=900%"];
        let check = ["check", "--baseline", "HEAD", "--format", "json"];
        let found = ran(&gauge, &[&check, &limits[..], OTHER, QUICK].concat());
        judged_again(&gauge, &found, &[&limits, &OTHER[..2]].concat());
        let document = found.json();
        let metric = &benchmark(&document, WORK)["metrics"][0];
        assert_eq!(
            (&metric["method"], &metric["verdict"]),
            (&"stored".into(), &"unchanged".into()),
            "{metric}"
        );
        assert_eq!(document["exit_code"], 0);
    });
}
