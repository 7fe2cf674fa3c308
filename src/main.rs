//! `cargo perfguard`: guards performance the way tests guard behaviour.

fn main() {}
