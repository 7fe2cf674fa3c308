//! `map_collect`: the squares of a million numbers, on one core or on all.
//!
//! The guide: "automatically uses all CPU cores". Squaring is one instruction and the result is eight bytes, so memory may
//! well set the pace. The guide squares `i32`s, which overflow from 46 341 on and panic in a debug build: the numbers are
//! `u64` here. A second size shows where the work is too small to be handed out.

use rayon::prelude::*;

/// Numbers per call: few, and the guide's million.
pub const SIZES: [u64; 2] = [1000, 1_000_000];

/// The numbers from zero.
pub fn numbers(count: u64) -> Vec<u64> {
    (0..count).collect()
}

/// One thread.
pub fn naive(numbers: &[u64]) -> Vec<u64> {
    numbers.iter().map(|number| number * number).collect()
}

/// All threads of the global pool.
pub fn optimized(numbers: &[u64]) -> Vec<u64> {
    numbers.par_iter().map(|number| number * number).collect()
}
