//! `prealloc`: a `Vec` and a `HashMap` that grow, or have their capacity from the start.
//!
//! The guide's "Best Practices": "pre-allocate vectors with capacity to avoid reallocations". The hash map hashes with fixed
//! keys, so that two runs execute the same instructions.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

/// Elements per call.
pub const COUNT: usize = 1000;

/// A hash map with the standard library's hash function and fixed keys.
pub type FixedMap = HashMap<u32, u32, BuildHasherDefault<DefaultHasher>>;

/// A `Vec` that grows as it is filled. One allocation per doubling.
pub fn naive_vec(values: &[u32]) -> Vec<u32> {
    fill_vec(Vec::new(), values)
}

/// A `Vec` with the capacity for all values. One allocation.
pub fn optimized_vec(values: &[u32]) -> Vec<u32> {
    fill_vec(Vec::with_capacity(values.len()), values)
}

/// A `HashMap` that grows, and hashes everything again each time. One allocation per doubling.
pub fn naive_map(values: &[u32]) -> FixedMap {
    fill_map(FixedMap::default(), values)
}

/// A `HashMap` with the capacity for all values. One allocation.
pub fn optimized_map(values: &[u32]) -> FixedMap {
    fill_map(FixedMap::with_capacity_and_hasher(values.len(), BuildHasherDefault::default()), values)
}

/// Pushes one by one: `extend` would ask the slice for its length and reserve it.
fn fill_vec(mut target: Vec<u32>, values: &[u32]) -> Vec<u32> {
    for value in values {
        target.push(value.rotate_left(7));
    }
    target
}

/// Counts how often each value occurs.
fn fill_map(mut target: FixedMap, values: &[u32]) -> FixedMap {
    for value in values {
        *target.entry(*value).or_insert(0) += 1;
    }
    target
}
