//! All cores by `rayon`. The guide's section "Parallel Processing".

pub mod custom_pool;
pub mod map_collect;
