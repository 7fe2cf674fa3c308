//! Everything that depends on a clock: verdicts on wall time by the program as a user runs it. Tests of a stage that do are
//! beside those of their stage, and use `timed` as well.
//!
//! Each of these tests has five attempts, on a fresh sandbox each; one that holds is enough. The first is made beside other
//! tests, as a check runs on a machine that does other things as well. A test that fails there is repeated with the machine to
//! itself. Nothing else in these tests may depend on how fast something is.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod claims;
mod code;
mod doctor;
mod history;
mod verdicts;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::slots;

const ATTEMPTS: u32 = 5;

/// Runs a test, and again when it fails: beside others first, then alone.
pub(crate) fn timed(test: impl Fn()) {
    let prepare = |attempt| {
        if attempt > 1 {
            slots::give_back();
            slots::take_all();
        }
    };
    attempts(prepare, test);
}

/// Runs a test until it holds, at most `ATTEMPTS` times. Each attempt is prepared.
fn attempts(prepare: impl Fn(u32), test: impl Fn()) {
    for attempt in 1..=ATTEMPTS {
        prepare(attempt);
        match catch_unwind(AssertUnwindSafe(&test)) {
            Ok(()) => return,
            Err(panic) if attempt == ATTEMPTS => resume_unwind(panic),
            Err(_) => println!("attempt {attempt} of {ATTEMPTS} failed"),
        }
    }
}

#[test]
fn a_test_that_always_fails_fails_after_five_attempts() {
    let (prepared, attempted) = (Cell::new(0), Cell::new(0));
    let prepare = |attempt| {
        assert_eq!(attempt, prepared.get() + 1);
        prepared.set(attempt);
    };
    let failed = catch_unwind(AssertUnwindSafe(|| {
        attempts(prepare, || {
            attempted.set(attempted.get() + 1);
            panic!("as it was told");
        });
    }));
    assert!(failed.is_err());
    assert_eq!((prepared.get(), attempted.get()), (ATTEMPTS, ATTEMPTS));
    prepared.set(0);
    attempts(prepare, || {
        attempted.set(attempted.get() + 1);
        assert!(attempted.get() > ATTEMPTS + 1, "the first time");
    });
    assert_eq!((prepared.get(), attempted.get()), (2, ATTEMPTS + 2), "one attempt that holds is enough");
}
