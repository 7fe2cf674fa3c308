//! `reuse`: chunks of a stream copied to a fresh buffer each, or to one that is cleared.
//!
//! The guide: "pre-allocate buffers to avoid reallocations", "reuse allocation". It reserves 1 MiB whatever the chunks are;
//! [`optimized`] does exactly that, although so large a request usually goes to the system. [`fitted`] asks for the size of
//! a chunk.

use std::hint::black_box;

use crate::input::mix;

/// Bytes per stream.
pub const STREAM_BYTES: usize = 64 * 1024;
/// Bytes per chunk.
pub const CHUNK_BYTES: usize = 1024;
/// The capacity that the guide reserves.
pub const GUIDE_CAPACITY: usize = 1024 * 1024;

/// A new buffer per chunk. One allocation per chunk.
pub fn naive(stream: &[u8]) -> u64 {
    stream.chunks(CHUNK_BYTES).fold(0, |sum, chunk| {
        let mut buffer = Vec::new();
        buffer.extend_from_slice(chunk);
        process(sum, black_box(&buffer))
    })
}

/// One buffer of 1 MiB, cleared for each chunk. One allocation.
pub fn optimized(stream: &[u8]) -> u64 {
    reused(stream, GUIDE_CAPACITY)
}

/// One buffer of the size of a chunk, cleared for each chunk. One allocation.
pub fn fitted(stream: &[u8]) -> u64 {
    reused(stream, CHUNK_BYTES)
}

fn reused(stream: &[u8], capacity: usize) -> u64 {
    let mut buffer = Vec::with_capacity(capacity);
    stream.chunks(CHUNK_BYTES).fold(0, |sum, chunk| {
        buffer.clear();
        buffer.extend_from_slice(chunk);
        process(sum, black_box(&buffer))
    })
}

/// Folds the words of a chunk, and the odd bytes at its end.
fn process(sum: u64, buffer: &[u8]) -> u64 {
    let (words, rest) = buffer.as_chunks::<8>();
    let sum = words.iter().fold(sum, |sum, word| sum.rotate_left(5) ^ u64::from_le_bytes(*word));
    rest.iter().fold(sum, |sum, byte| mix(sum ^ u64::from(*byte)))
}
