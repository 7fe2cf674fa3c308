//! A claim that holds, and one that does not any more.

use super::timed;
use crate::claims::{CLAIM, gauge};

fn json(output: &[u8]) -> serde_json::Value {
    serde_json::from_slice(output).unwrap()
}

#[test]
fn a_claim_that_is_lost_fails_check_with_its_own_words() {
    timed(|| {
        let sandbox = gauge(CLAIM);
        let held = sandbox
            .perfguard(&["check", "--no-builtin", "--bench", "work", "--budget", "4s", "--format", "json"])
            .assert()
            .code(0);
        let report = json(&held.get_output().stdout);
        assert_eq!(report["claims"][0]["verdict"], "confirmed", "{report}");

        // Work becomes ten times as fast: no benchmark got slower, and yet the claim is lost.
        sandbox.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 100");
        let lost = sandbox
            .perfguard(&["check", "--no-builtin", "--bench", "work", "--budget", "4s"])
            .assert()
            .code(100);
        let text = String::from_utf8_lossy(&lost.get_output().stdout).replace('\n', " ");
        assert!(text.contains("“Steady is never slower than half of work” does not hold"), "{text}");

        // `claims` tells the same and fails nothing.
        let told = sandbox
            .perfguard(&[
                "claims",
                "steady",
                "--no-builtin",
                "--bench",
                "work",
                "--budget",
                "4s",
                "--format",
                "json",
            ])
            .assert()
            .code(0);
        let report = json(&told.get_output().stdout);
        assert_eq!(report["claims"][0]["verdict"], "refuted", "{report}");
        assert!(report["claims"][0]["ratio"].as_f64().unwrap() < 0.3, "{report}");
    });
}
