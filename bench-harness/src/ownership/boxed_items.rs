//! `boxed_items`: a list of boxed records, or of records.
//!
//! The guide: "avoid unnecessary boxing". The boxes are made in the order of the list and then shuffled, as a list looks
//! after some time of use.

use crate::input::Generator;

/// Records per call.
pub const COUNT: usize = 1000;

/// A record of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Four readings.
    pub readings: [u64; 4],
}

/// `count` records in a shuffled order.
pub fn boxed(seed: u64, count: usize) -> Vec<Box<Item>> {
    let mut generator = Generator::new(seed);
    let mut items: Vec<Box<Item>> = (0..count)
        .map(|_| Box::new(Item { readings: std::array::from_fn(|_| generator.next_u64()) }))
        .collect();
    for last in (1..items.len()).rev() {
        let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
        items.swap(last, generator.below(bound) as usize);
    }
    items
}

/// The same records in the same order, without boxes.
pub fn plain(items: &[Box<Item>]) -> Vec<Item> {
    items.iter().map(|item| **item).collect()
}

/// The wrapping sum of the first readings, through the boxes.
pub fn naive(items: &[Box<Item>]) -> u64 {
    items.iter().fold(0, |sum, item| sum.wrapping_add(item.readings[0]))
}

/// The wrapping sum of the first readings.
pub fn optimized(items: &[Item]) -> u64 {
    items.iter().fold(0, |sum, item| sum.wrapping_add(item.readings[0]))
}
