//! Strings and small vectors. The guide's section "String Handling".

pub mod borrow;
pub mod concat;
pub mod join_many;
pub mod small_vec;
