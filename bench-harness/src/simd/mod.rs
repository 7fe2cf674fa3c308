//! Several numbers per instruction. The guide's section "SIMD Operations".
//!
//! The guide imports `packed_simd::SimdVector`, which never existed under that name in a crate that is abandoned; it also
//! says "nightly Rust". Neither is needed: `wide` is stable, and so are the intrinsics of `std::arch`. Where the CPU must
//! be asked what it can do, it is asked at run time, so that one executable runs everywhere.

#[cfg(target_arch = "aarch64")]
mod arch_aarch64;
#[cfg(target_arch = "x86_64")]
mod arch_x86_64;
pub mod sum_f32;
pub mod vectorizable_map;
