//! Buffers that are kept, sized ahead or fixed. The guide's section "Buffer Management".

pub mod prealloc;
pub mod reuse;
pub mod ring;
pub mod small_items;
