//! `borrow`: a text handed over as an owned clone or as `&str`.
//!
//! The guide's `process_str(s: &str)`: "takes reference, no allocation". It prints the text, which would measure the
//! terminal; here it folds the bytes to a number.

use std::hint::black_box;

use crate::input::checksum;

/// Length of the text in bytes.
pub const LENGTH: usize = 64;

/// The callee wants a `String`, so the caller clones. One allocation.
pub fn naive(text: &str) -> u64 {
    process_string(black_box(text.to_owned()))
}

/// The callee takes `&str`. No allocation.
pub fn optimized(text: &str) -> u64 {
    process_str(black_box(text))
}

#[expect(clippy::needless_pass_by_value, reason = "the needless ownership is what is measured")]
fn process_string(text: String) -> u64 {
    checksum(text.as_bytes())
}

fn process_str(text: &str) -> u64 {
    checksum(text.as_bytes())
}
