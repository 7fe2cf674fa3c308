//! The sum of `f32`s by x86-64 intrinsics: AVX2 where the CPU has it, SSE2, which every x86-64 CPU has, elsewhere.
#![expect(unsafe_code, reason = "vector loads take raw pointers, and AVX2 must be known to be there")]

use std::arch::x86_64::{
    __m128, __m256, _mm_add_ps, _mm_loadu_ps, _mm_setzero_ps, _mm_storeu_ps, _mm256_add_ps, _mm256_loadu_ps,
    _mm256_setzero_ps, _mm256_storeu_ps,
};

/// The sum, by the widest instructions there are. The answer of the detection is cached by the standard library.
pub(super) fn sum(data: &[f32]) -> f32 {
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has AVX2, as just found.
        unsafe { sum_avx2(data) }
    } else {
        // SAFETY: SSE2 is part of x86-64 itself.
        unsafe { sum_sse2(data) }
    }
}

/// Four vectors of eight lanes.
#[target_feature(enable = "avx2")]
fn sum_avx2(data: &[f32]) -> f32 {
    let (chunks, rest) = data.as_chunks::<32>();
    let mut sums = [_mm256_setzero_ps(); 4];
    for chunk in chunks {
        let (vectors, _) = chunk.as_chunks::<8>();
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum = _mm256_add_ps(*sum, load_256(vector));
        }
    }
    let [first, second, third, fourth] = sums;
    let total = _mm256_add_ps(_mm256_add_ps(first, second), _mm256_add_ps(third, fourth));
    let mut lanes = [0.0f32; 8];
    // SAFETY: `lanes` is writable for eight `f32`, and the store may be unaligned.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), total) };
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// Four vectors of four lanes.
#[target_feature(enable = "sse2")]
fn sum_sse2(data: &[f32]) -> f32 {
    let (chunks, rest) = data.as_chunks::<16>();
    let mut sums = [_mm_setzero_ps(); 4];
    for chunk in chunks {
        let (vectors, _) = chunk.as_chunks::<4>();
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum = _mm_add_ps(*sum, load_128(vector));
        }
    }
    let [first, second, third, fourth] = sums;
    let total = _mm_add_ps(_mm_add_ps(first, second), _mm_add_ps(third, fourth));
    let mut lanes = [0.0f32; 4];
    // SAFETY: `lanes` is writable for four `f32`, and the store may be unaligned.
    unsafe { _mm_storeu_ps(lanes.as_mut_ptr(), total) };
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_256(values: &[f32; 8]) -> __m256 {
    // SAFETY: the array is readable for eight `f32`, and the load may be unaligned.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn load_128(values: &[f32; 4]) -> __m128 {
    // SAFETY: the array is readable for four `f32`, and the load may be unaligned.
    unsafe { _mm_loadu_ps(values.as_ptr()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::f32s;
    use crate::simd::sum_f32::{naive, tolerance};

    #[test]
    fn both_widths_agree_with_the_plain_sum() {
        for count in [0, 1, 3, 15, 16, 17, 31, 32, 33, 1000] {
            let data = f32s(11, count);
            let plain = f64::from(naive(&data));
            // SAFETY: SSE2 is part of x86-64 itself.
            let narrow = f64::from(unsafe { sum_sse2(&data) });
            assert!((narrow - plain).abs() <= tolerance(&data), "SSE2 at {count}");
            assert!((f64::from(sum(&data)) - plain).abs() <= tolerance(&data), "widest at {count}");
        }
    }
}
