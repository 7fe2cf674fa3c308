//! The sum of `f32`s by NEON intrinsics, which every aarch64 CPU of the standard targets has.
#![expect(unsafe_code, reason = "vector loads take raw pointers")]

use std::arch::aarch64::{float32x4_t, vaddq_f32, vaddvq_f32, vdupq_n_f32, vld1q_f32};

/// The sum. Where the target leaves NEON out, the CPU is asked.
pub(super) fn sum(data: &[f32]) -> f32 {
    if std::arch::is_aarch64_feature_detected!("neon") {
        // SAFETY: the CPU has NEON, as just found.
        unsafe { sum_neon(data) }
    } else {
        super::sum_f32::lanes(data)
    }
}

/// Four vectors of four lanes.
#[target_feature(enable = "neon")]
fn sum_neon(data: &[f32]) -> f32 {
    let (chunks, rest) = data.as_chunks::<16>();
    let mut sums = [vdupq_n_f32(0.0); 4];
    for chunk in chunks {
        let (vectors, _) = chunk.as_chunks::<4>();
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum = vaddq_f32(*sum, load(vector));
        }
    }
    let [first, second, third, fourth] = sums;
    let total = vaddq_f32(vaddq_f32(first, second), vaddq_f32(third, fourth));
    vaddvq_f32(total) + rest.iter().sum::<f32>()
}

#[inline]
#[target_feature(enable = "neon")]
fn load(values: &[f32; 4]) -> float32x4_t {
    // SAFETY: the array is readable for four `f32`; the load needs only their alignment.
    unsafe { vld1q_f32(values.as_ptr()) }
}
