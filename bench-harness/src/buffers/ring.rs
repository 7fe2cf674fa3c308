//! `ring`: the last 256 bytes of a stream.
//!
//! The guide: `heapless::RingBuffer<u8, 256>`, "fixed memory, no allocation". That type does not exist and never did under
//! that name. `heapless` has three near it: `Deque` ([`optimized`], a double-ended queue that refuses when full),
//! `HistoryBuf` ([`history`], which overwrites the oldest) and `spsc::Queue` ([`spsc`], for two threads, one slot is lost).
//! The naive variant removes the first element of a `Vec`; `VecDeque` is the standard library's answer.

use std::collections::VecDeque;

use heapless::spsc::Queue;
use heapless::{Deque, HistoryBuf};

use crate::input::checksum;

/// Bytes that are kept.
pub const WINDOW: usize = 256;
/// Bytes per stream.
pub const STREAM_BYTES: usize = 4096;

/// `Vec::remove(0)`: every byte moves the whole window. Allocates while the window fills.
pub fn naive(stream: &[u8]) -> u64 {
    let mut window = Vec::new();
    for byte in stream {
        if window.len() == WINDOW {
            window.remove(0);
        }
        window.push(*byte);
    }
    checksum(&window)
}

/// `VecDeque` with its capacity from the start. One allocation.
pub fn vec_deque(stream: &[u8]) -> u64 {
    let mut window = VecDeque::with_capacity(WINDOW);
    for byte in stream {
        if window.len() == WINDOW {
            window.pop_front();
        }
        window.push_back(*byte);
    }
    checksum(&window)
}

/// `heapless::Deque`: a ring in place. No allocation.
pub fn optimized(stream: &[u8]) -> u64 {
    let mut window: Deque<u8, WINDOW> = Deque::new();
    for byte in stream {
        if window.is_full() {
            window.pop_front();
        }
        // There is room: one byte has just been taken out if there was none.
        let _ = window.push_back(*byte);
    }
    checksum(&window)
}

/// `heapless::HistoryBuf`: overwrites the oldest by itself. No allocation.
pub fn history(stream: &[u8]) -> u64 {
    let mut window: HistoryBuf<u8, WINDOW> = HistoryBuf::new();
    for byte in stream {
        window.write(*byte);
    }
    checksum(window.oldest_ordered())
}

/// `heapless::spsc::Queue`, which holds one element less than its size. No allocation.
pub fn spsc(stream: &[u8]) -> u64 {
    let mut window: Queue<u8, { WINDOW + 1 }> = Queue::new();
    for byte in stream {
        if window.is_full() {
            window.dequeue();
        }
        // There is room: one byte has just been taken out if there was none.
        let _ = window.enqueue(*byte);
    }
    checksum(window.iter())
}
