//! `inline`: a small function in a hot loop, called or inlined.
//!
//! The guide shows `#[inline]` and `#[inline(never)]` as hints; its example functions return a constant, which would measure
//! nothing. Here the small function is one step of a hash over a slice.

/// Elements per call.
pub const COUNT: usize = 1000;

/// A hash by a function that the compiler must call.
pub fn naive(values: &[u32]) -> u32 {
    values.iter().fold(1, |hash, value| step_called(hash, *value))
}

/// A hash by the same function, inlined.
pub fn optimized(values: &[u32]) -> u32 {
    values.iter().fold(1, |hash, value| step_inlined(hash, *value))
}

#[inline(never)]
fn step_called(hash: u32, value: u32) -> u32 {
    (hash ^ value).wrapping_mul(0x0100_0193)
}

#[inline]
fn step_inlined(hash: u32, value: u32) -> u32 {
    (hash ^ value).wrapping_mul(0x0100_0193)
}
