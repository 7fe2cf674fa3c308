//! `generic`: additions written by hand for one type, or through a function that is generic over `Add`.
//!
//! The guide: "no runtime overhead - specialized assembly". The claim is therefore not *faster* but *equal*, in time and
//! in instructions. A single addition is too short to measure, so the functions add up a slice, starting from zero.

use std::ops::Add;

/// Elements per call.
pub const COUNT: usize = 1024;

/// The sum of `i32`s, written for `i32`.
pub fn naive_i32(values: &[i32]) -> i32 {
    let mut sum = 0;
    for value in values {
        sum += *value;
    }
    sum
}

/// The sum of `f64`s, written for `f64`.
pub fn naive_f64(values: &[f64]) -> f64 {
    let mut sum = 0.0;
    for value in values {
        sum += *value;
    }
    sum
}

/// The sum of `i32`s through [`sum`].
pub fn optimized_i32(values: &[i32]) -> i32 {
    sum(values)
}

/// The sum of `f64`s through [`sum`].
pub fn optimized_f64(values: &[f64]) -> f64 {
    sum(values)
}

/// The guide's `generic_add`.
pub fn generic_add<T: Add<Output = T>>(left: T, right: T) -> T {
    left + right
}

/// The sum of any numbers by [`generic_add`].
pub fn sum<T: Add<Output = T> + Default + Copy>(values: &[T]) -> T {
    let mut sum = T::default();
    for value in values {
        sum = generic_add(sum, *value);
    }
    sum
}
