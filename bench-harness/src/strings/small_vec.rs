//! `small_vec`: a few numbers in a `Vec` or in a `SmallVec<[u32; 4]>`.
//!
//! The guide: "stores up to 4 items on stack, spills to heap if needed". Four items fit; eight show the price of spilling.
//! (The guide calls this "small string optimization"; it stores numbers.)

use std::hint::black_box;

use smallvec::SmallVec;

use crate::input::mix;

/// How many items are pushed: all inline, and past the inline size.
pub const SIZES: [usize; 2] = [4, 8];

/// Collects the halves in a `Vec`, then folds them. Allocates for the first item, and for each growth.
pub fn naive(values: &[u32]) -> u64 {
    let mut kept = Vec::new();
    for value in values {
        kept.push(value >> 1);
    }
    fold(black_box(&kept))
}

/// The same with up to four items inline. No allocation up to four items; past them, as many as growing needs.
pub fn optimized(values: &[u32]) -> u64 {
    let mut kept: SmallVec<[u32; 4]> = SmallVec::new();
    for value in values {
        kept.push(value >> 1);
    }
    fold(black_box(&kept))
}

fn fold(values: &[u32]) -> u64 {
    values.iter().fold(0, |sum, value| mix(sum ^ u64::from(*value)))
}
