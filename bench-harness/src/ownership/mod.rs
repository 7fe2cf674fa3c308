//! Clones, boxes and bounds. The guide's section "Best Practices".

pub mod bounds;
mod bounds_unchecked;
pub mod boxed_items;
pub mod clone_vs_borrow;
