//! `small_items`: a short list of records in a `Vec`, a `SmallVec<[Item; 10]>` or an `ArrayVec<Item, 10>`.
//!
//! The guide: "stack allocation for small sizes, heap for large". Its text says `ArrayVec` and its code imports
//! `smallvec::SmallVec`; both are here. An `ArrayVec` never spills: past ten items it refuses, and [`array_vec`] says `None`.

use std::hint::black_box;

use arrayvec::ArrayVec;
use smallvec::SmallVec;

use crate::input::{Generator, mix};

/// Items that fit inline.
pub const INLINE: usize = 10;
/// How many items are pushed: all inline, and past the inline size.
pub const SIZES: [usize; 2] = [INLINE, 2 * INLINE];

/// A record of 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub id: u32,
    /// How many of it.
    pub amount: u32,
    /// When it came, in milliseconds.
    pub at: u64,
}

/// `count` records.
pub fn items(seed: u64, count: usize) -> Vec<Item> {
    let mut generator = Generator::new(seed);
    (0..count)
        .map(|_| Item { id: generator.below(1000), amount: generator.below(100), at: generator.next_u64() })
        .collect()
}

/// A `Vec`. Allocates for the first item, and for each growth.
pub fn naive(source: &[Item]) -> u64 {
    let mut items = Vec::new();
    for item in source {
        items.push(*item);
    }
    fold(black_box(&items))
}

/// A `SmallVec`. No allocation up to ten items; past them, as many as growing needs.
pub fn optimized(source: &[Item]) -> u64 {
    let mut items: SmallVec<[Item; INLINE]> = SmallVec::new();
    for item in source {
        items.push(*item);
    }
    fold(black_box(&items))
}

/// An `ArrayVec`. Never allocates; `None` when there are more than ten items.
pub fn array_vec(source: &[Item]) -> Option<u64> {
    let mut items: ArrayVec<Item, INLINE> = ArrayVec::new();
    for item in source {
        items.try_push(*item).ok()?;
    }
    Some(fold(black_box(&items)))
}

fn fold(items: &[Item]) -> u64 {
    items.iter().fold(0, |sum, item| mix(sum ^ item.at ^ (u64::from(item.id) << 32) ^ u64::from(item.amount)))
}
