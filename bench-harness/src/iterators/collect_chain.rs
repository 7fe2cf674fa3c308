//! `collect_chain`: two intermediate vectors, or one lazy chain.
//!
//! The guide's efficient form has "no intermediate allocations". The guide doubles each number and then keeps the even ones,
//! which are all of them: the compiler knows that and counts nothing. Here the multiples of three are kept. The guide's
//! five numbers are one of the sizes.

/// Numbers per call: the guide's five, and a thousand.
pub const SIZES: [usize; 2] = [5, 1000];

/// Collects after each step. An allocation for the first vector, and as many as growing needs for the second.
pub fn naive(numbers: &[i32]) -> usize {
    let doubled: Vec<i32> = numbers.iter().map(|number| number * 2).collect();
    let kept: Vec<&i32> = doubled.iter().filter(|number| *number % 3 == 0).collect();
    kept.len()
}

/// One chain, counted. No allocation.
pub fn optimized(numbers: &[i32]) -> usize {
    numbers.iter().map(|number| number * 2).filter(|number| number % 3 == 0).count()
}
