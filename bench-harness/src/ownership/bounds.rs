//! `bounds`: the same loop with checked indices, with iterators, and with `unsafe` and no checks.
//!
//! The guide: "use unsafe sparingly, document invariants". What `unsafe` buys is what the checks cost, and that depends on
//! the loop:
//!
//! * `dot` walks two slices of one length. The compiler can move the check out of the loop, and an iterator has none.
//! * `gather` looks up elements at indices that come from data. The checks stay, and no iterator helps.
//!
//! The invariants are held by types: [`EqualPair`] and [`Gather`] cannot be made otherwise.

use super::bounds_unchecked;

/// Elements per call.
pub const COUNT: usize = 1024;

/// Two slices of the same length.
#[derive(Debug, Clone, Copy)]
pub struct EqualPair<'a> {
    left: &'a [u32],
    right: &'a [u32],
}

impl<'a> EqualPair<'a> {
    /// The pair, or `None` when the lengths differ.
    pub fn new(left: &'a [u32], right: &'a [u32]) -> Option<Self> {
        (left.len() == right.len()).then_some(Self { left, right })
    }

    /// The left slice.
    pub fn left(&self) -> &'a [u32] {
        self.left
    }

    /// The right slice, as long as the left.
    pub fn right(&self) -> &'a [u32] {
        self.right
    }
}

/// A table, and indices that all lie within it.
#[derive(Debug, Clone, Copy)]
pub struct Gather<'a> {
    table: &'a [u32],
    indices: &'a [u32],
}

impl<'a> Gather<'a> {
    /// The table and the indices, or `None` when an index is too large.
    pub fn new(table: &'a [u32], indices: &'a [u32]) -> Option<Self> {
        indices.iter().all(|index| (*index as usize) < table.len()).then_some(Self { table, indices })
    }

    /// The table.
    pub fn table(&self) -> &'a [u32] {
        self.table
    }

    /// The indices, each less than the table's length.
    pub fn indices(&self) -> &'a [u32] {
        self.indices
    }
}

/// The wrapping dot product by index. In the source, the right slice is checked for each element.
pub fn naive_dot(pair: EqualPair<'_>) -> u32 {
    let mut sum = 0u32;
    for index in 0..pair.left.len() {
        sum = sum.wrapping_add(pair.left[index].wrapping_mul(pair.right[index]));
    }
    sum
}

/// The wrapping dot product by `zip`: nothing to check.
pub fn iterator_dot(pair: EqualPair<'_>) -> u32 {
    pair.left.iter().zip(pair.right).fold(0, |sum, (left, right)| sum.wrapping_add(left.wrapping_mul(*right)))
}

/// The wrapping dot product by `get_unchecked`.
pub fn optimized_dot(pair: EqualPair<'_>) -> u32 {
    bounds_unchecked::dot(pair)
}

/// The wrapping sum of the elements at the indices, each index checked.
pub fn naive_gather(gather: Gather<'_>) -> u32 {
    let mut sum = 0u32;
    for index in gather.indices {
        sum = sum.wrapping_add(gather.table[*index as usize]);
    }
    sum
}

/// The same with `get` and an iterator, which checks as well and skips instead of panicking.
pub fn iterator_gather(gather: Gather<'_>) -> u32 {
    let elements = gather.indices.iter().filter_map(|index| gather.table.get(*index as usize));
    elements.fold(0, |sum, element| sum.wrapping_add(*element))
}

/// The same by `get_unchecked`.
pub fn optimized_gather(gather: Gather<'_>) -> u32 {
    bounds_unchecked::gather(gather)
}
