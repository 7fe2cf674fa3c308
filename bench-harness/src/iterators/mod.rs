//! Iterators: lazy chains, zips, references. The guide's section "Iterator Efficiency".

pub mod clone_items;
pub mod collect_chain;
pub mod zip_add;
