//! `zip_add`: two slices added element by element, by index or by `zip`.
//!
//! The guide: "compiler may vectorize this". The index loop asks before each push whether there is room in the vector,
//! although there always is. The guide's four numbers are one of the sizes.

/// Numbers per call: the guide's four, and a thousand and some.
pub const SIZES: [usize; 2] = [4, 1024];

/// An index loop that pushes. The result is as long as the shorter slice. One allocation.
pub fn naive(left: &[i32], right: &[i32]) -> Vec<i32> {
    let count = left.len().min(right.len());
    let mut sums = Vec::with_capacity(count);
    for index in 0..count {
        sums.push(left[index] + right[index]);
    }
    sums
}

/// `zip`, `map`, `collect`. The result is as long as the shorter slice. One allocation.
pub fn optimized(left: &[i32], right: &[i32]) -> Vec<i32> {
    left.iter().zip(right.iter()).map(|(left, right)| left + right).collect()
}
