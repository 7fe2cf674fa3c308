//! `clone_vs_borrow`: a list handed over as a clone or by reference.
//!
//! The guide: "use references to avoid unnecessary clones".

use std::hint::black_box;

/// Elements per call.
pub const COUNT: usize = 1000;

/// The callee wants to own the list, so the caller clones it. One allocation.
pub fn naive(values: &[u64]) -> u64 {
    owning_total(black_box(values.to_vec()))
}

/// The callee borrows. No allocation.
pub fn optimized(values: &[u64]) -> u64 {
    borrowing_total(black_box(values))
}

#[expect(clippy::needless_pass_by_value, reason = "the needless ownership is what is measured")]
fn owning_total(values: Vec<u64>) -> u64 {
    borrowing_total(&values)
}

fn borrowing_total(values: &[u64]) -> u64 {
    values.iter().fold(0, |total, value| total.wrapping_add(*value))
}
