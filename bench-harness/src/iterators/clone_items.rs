//! `clone_items`: records filtered by cloning them, or by looking at them.
//!
//! The guide's "Best Practices": "use references to avoid unnecessary clones".

use crate::input::{Generator, words};

/// Records per call.
pub const COUNT: usize = 256;

/// A record that owns a string, so that a clone allocates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub name: String,
    /// The value.
    pub value: u32,
}

/// `count` records.
pub fn records(seed: u64, count: usize) -> Vec<Record> {
    let mut generator = Generator::new(seed);
    words(seed, count).into_iter().map(|name| Record { name, value: generator.below(100) }).collect()
}

/// Clones every record, then keeps those of value 50 and more. One allocation per record, and those of the vector.
#[expect(clippy::iter_overeager_cloned, reason = "the clones are what is measured")]
pub fn naive(records: &[Record]) -> usize {
    let kept: Vec<Record> = records.iter().cloned().filter(|record| record.value >= 50).collect();
    kept.iter().map(|record| record.name.len()).sum()
}

/// Looks at every record by reference. No allocation.
pub fn optimized(records: &[Record]) -> usize {
    records.iter().filter(|record| record.value >= 50).map(|record| record.name.len()).sum()
}
