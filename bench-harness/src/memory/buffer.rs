//! `buffer_1k` and `buffer_64`: a zeroed scratch buffer of fixed size, on the heap or on the stack.
//!
//! The guide: "1KB on stack - very fast", "1KB on heap - slower", and for 64 bytes "fast access, no allocation".
//!
//! The guide's `process_buffer` is left open there; here it writes a short message into the buffer and reads it back, so
//! that the cost of having the buffer is not drowned by its use. The buffer passes through `black_box` in both variants:
//! otherwise LLVM removes the heap allocation, whose address nobody can see.

use std::hint::black_box;

use crate::input::mix;

/// Heap: `vec![0u8; SIZE]` for every message. One allocation.
pub fn naive<const SIZE: usize>(message: u64) -> u64 {
    let mut buffer = vec![0u8; SIZE];
    process_buffer(black_box(&mut buffer), message)
}

/// Stack: `[0u8; SIZE]` for every message. No allocation.
pub fn optimized<const SIZE: usize>(message: u64) -> u64 {
    let mut buffer = [0u8; SIZE];
    process_buffer(black_box(&mut buffer), message)
}

/// Writes `message` to the front of the buffer and folds the front and the last byte to one number.
#[inline]
fn process_buffer(buffer: &mut [u8], message: u64) -> u64 {
    let tail = buffer.last().copied().unwrap_or(0);
    let Some(front) = buffer.first_chunk_mut::<8>() else { return 0 };
    *front = message.to_le_bytes();
    mix(u64::from_le_bytes(*front) ^ u64::from(tail))
}
