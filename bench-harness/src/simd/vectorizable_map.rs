//! `vectorizable_map`: `left · factor + right` for every element, one at a time or as the compiler likes.
//!
//! The guide: "loop unrolling, SIMD", "compiler may vectorize this". The element-wise operation has no order to keep, so the
//! compiler may. What stops it is a decision per element that has an effect: [`naive`] pushes, and each push asks whether
//! there is room. Bounds checks no longer stop it, at least on x86-64 with LLVM 22: they are moved out of the loop, as
//! [`indexed`] shows.
//!
//! The output vector is kept by the caller, so that no variant allocates.

/// Elements per call. Three slices of this size fit in the first cache.
pub const COUNT: usize = 1024;

/// By pushing: one decision per element, which keeps the loop scalar. As many elements as the shorter slice has.
pub fn naive(out: &mut Vec<f32>, left: &[f32], right: &[f32], factor: f32) {
    out.clear();
    let count = left.len().min(right.len());
    for index in 0..count {
        out.push(left[index] * factor + right[index]);
    }
}

/// By index, into elements that are there already. As many elements as the shorter slice has.
pub fn indexed(out: &mut Vec<f32>, left: &[f32], right: &[f32], factor: f32) {
    out.resize(left.len().min(right.len()), 0.0);
    for index in 0..out.len() {
        out[index] = left[index] * factor + right[index];
    }
}

/// By iterators, which know their length. As many elements as the shorter slice has.
pub fn optimized(out: &mut Vec<f32>, left: &[f32], right: &[f32], factor: f32) {
    out.clear();
    out.extend(left.iter().zip(right).map(|(left, right)| left * factor + right));
}
