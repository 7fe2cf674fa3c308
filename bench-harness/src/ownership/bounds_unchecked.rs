//! The one place of `get_unchecked`. Both functions rest on what the types of their arguments guarantee: the fields are
//! private, and the only constructors check.
#![expect(unsafe_code, reason = "what leaving the bounds checks out buys is what is measured")]

use super::bounds::{EqualPair, Gather};

/// The wrapping dot product.
pub(super) fn dot(pair: EqualPair<'_>) -> u32 {
    let (left, right) = (pair.left(), pair.right());
    let mut sum = 0u32;
    for index in 0..left.len() {
        // SAFETY: index < left.len(), and `EqualPair` guarantees that both lengths are equal.
        let (left, right) = unsafe { (left.get_unchecked(index), right.get_unchecked(index)) };
        sum = sum.wrapping_add(left.wrapping_mul(*right));
    }
    sum
}

/// The wrapping sum of the elements at the indices.
pub(super) fn gather(gather: Gather<'_>) -> u32 {
    let table = gather.table();
    let mut sum = 0u32;
    for index in gather.indices() {
        // SAFETY: `Gather` guarantees that every index is less than the table's length.
        let element = unsafe { table.get_unchecked(*index as usize) };
        sum = sum.wrapping_add(*element);
    }
    sum
}
