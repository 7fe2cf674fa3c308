//! Stack or heap, fresh or kept. The guide's section "Stack vs Heap Allocation".

pub mod buffer;
pub mod large_buffer;
