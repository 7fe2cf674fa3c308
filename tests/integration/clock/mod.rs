//! Everything that depends on a clock: verdicts on wall time by the program as a user runs it.
//!
//! These tests run alone, one after the other. A machine may be disturbed all the same, so each has three attempts, on a
//! fresh sandbox each; one that holds is enough. Nothing else in these tests may depend on how fast something is.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod claims;
mod code;
mod doctor;
mod history;
mod verdicts;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::slots;

const ATTEMPTS: u32 = 3;

/// Runs a test alone, again when it fails.
fn alone(test: impl Fn()) {
    slots::take_all();
    for attempt in 1..=ATTEMPTS {
        match catch_unwind(AssertUnwindSafe(&test)) {
            Ok(()) => return,
            Err(panic) if attempt == ATTEMPTS => resume_unwind(panic),
            Err(_) => println!("attempt {attempt} of {ATTEMPTS} failed"),
        }
    }
}

#[test]
fn a_test_that_always_fails_fails_after_three_attempts() {
    let attempts = std::cell::Cell::new(0);
    let failed = catch_unwind(AssertUnwindSafe(|| {
        alone(|| {
            attempts.set(attempts.get() + 1);
            panic!("as it was told");
        });
    }));
    assert!(failed.is_err());
    assert_eq!(attempts.get(), ATTEMPTS);
    alone(|| {
        attempts.set(attempts.get() + 1);
        assert!(attempts.get() > 4, "the first time");
    });
    assert_eq!(attempts.get(), 5, "one attempt that holds is enough");
}
