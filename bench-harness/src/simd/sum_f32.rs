//! `sum_f32`: the sum of a slice of `f32`, plain or several lanes at a time.
//!
//! The guide says of `data.iter().sum()` "compiler may vectorize with SIMD" and of explicit SIMD "much faster for large
//! data". The first cannot be: floating-point addition is not associative, the language fixes the order, and LLVM keeps it.
//! A test holds that the plain sum is the sum in order, to the last bit.
//!
//! Adding in another order gives another rounding. All variants agree within [`tolerance`].

use wide::f32x8;

/// The sizes that are benchmarked, in elements: too small to matter, in the first cache, in the second.
pub const SIZES: [usize; 3] = [64, 4096, 65536];

/// How far two orders of adding up `data` may be apart: `2 · n · ε · Σ|x|`, twice the worst error of one order
/// (Higham, *Accuracy and Stability of Numerical Algorithms*, section 4.2).
pub fn tolerance(data: &[f32]) -> f64 {
    let magnitude: f64 = data.iter().map(|value| f64::from(value.abs())).sum();
    2.0 * data.len() as f64 * f64::from(f32::EPSILON) * magnitude
}

/// The guide's `vectorizable_sum`: one addition after the other.
#[inline]
pub fn naive(data: &[f32]) -> f32 {
    data.iter().sum()
}

/// Sixteen sums side by side in plain Rust, which the compiler can vectorise because the order is ours.
pub fn lanes(data: &[f32]) -> f32 {
    let (chunks, rest) = data.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// Four vectors of eight lanes, by the `wide` crate.
pub fn wide(data: &[f32]) -> f32 {
    let (chunks, rest) = data.as_chunks::<32>();
    let mut sums = [f32x8::ZERO; 4];
    for chunk in chunks {
        let (vectors, _) = chunk.as_chunks::<8>();
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum += f32x8::from(*vector);
        }
    }
    let [first, second, third, fourth] = sums;
    ((first + second) + (third + fourth)).reduce_add() + rest.iter().sum::<f32>()
}

/// The best this CPU can do by `std::arch`: AVX2 or SSE2 on x86-64, NEON on aarch64, [`lanes`] elsewhere.
pub fn optimized(data: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    {
        super::arch_x86_64::sum(data)
    }
    #[cfg(target_arch = "aarch64")]
    {
        super::arch_aarch64::sum(data)
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        lanes(data)
    }
}
