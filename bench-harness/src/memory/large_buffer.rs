//! `large_buffer`: a working copy of a large message, in a fresh `Vec` each time or in one that is kept.
//!
//! The guide: "heap for large allocations", "scalable, slightly slower". Its `large_buffer(size)` allocates on every call;
//! the variant that keeps the buffer shows how much of the cost is the allocation (and, above the allocator's threshold for
//! asking the system, the page faults) and how much is the work. Sizes: [`SIZES`].

use std::hint::black_box;

use crate::input::mix;

/// The sizes that are benchmarked, in bytes: 64 KiB, and 1 MiB, which most allocators take from the system each time.
pub const SIZES: [usize; 2] = [64 * 1024, 1024 * 1024];

/// A fresh zeroed `Vec` for every message. One allocation.
pub fn naive(message: &[u8]) -> u64 {
    let mut buffer = vec![0u8; message.len()];
    buffer.copy_from_slice(message);
    process(black_box(&buffer))
}

/// One buffer for all messages. No allocation once the buffer has reached the size of the largest message.
#[derive(Debug, Default)]
pub struct Kept {
    buffer: Vec<u8>,
}

impl Kept {
    /// A buffer that can hold `capacity` bytes without growing.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { buffer: Vec::with_capacity(capacity) }
    }

    /// The same work as [`naive`], in the kept buffer.
    pub fn optimized(&mut self, message: &[u8]) -> u64 {
        self.buffer.clear();
        self.buffer.extend_from_slice(message);
        process(black_box(&self.buffer))
    }
}

/// Reads one word in each cache line, and the rest of the last line, so that the copy matters and the reading is short.
fn process(buffer: &[u8]) -> u64 {
    let (lines, rest) = buffer.as_chunks::<64>();
    let sum = lines.iter().fold(0u64, |sum, line| {
        let (words, _) = line.as_chunks::<8>();
        words.first().map_or(sum, |word| sum.wrapping_add(u64::from_le_bytes(*word)))
    });
    rest.iter().fold(mix(sum), |sum, byte| mix(sum ^ u64::from(*byte)))
}
