//! The patterns of a Rust performance guide as tested library functions.
//!
//! Each section of the guide is a *group*, each advice in it a *pattern*, and each pattern has two or more *variants* that
//! return the same result: usually `naive`, the form the guide warns of, and `optimized`, the form it asks for. What the
//! guide says about them is a *claim*, kept as data in `claims.toml` ([`CLAIMS_TOML`]). A claim may well be false on the
//! machine at hand. The code is not bent until the guide is right: finding out is the point.
//!
//! | group | section of the guide |
//! |---|---|
//! | [`memory`] | Stack vs Heap Allocation |
//! | [`abstraction`] | Zero-Cost Abstractions, Best Practices |
//! | [`strings`] | String Handling |
//! | [`async_runtime`] | Tokio Tuning |
//! | [`buffers`] | Buffer Management |
//! | [`iterators`] | Iterator Efficiency |
//! | [`parallel`] | Parallel Processing |
//! | [`simd`] | SIMD Operations, Iterator Efficiency |
//! | [`ownership`] | Best Practices |
//!
//! # The work must not be optimized away
//!
//! A variant that the compiler can see through measures nothing. Four things prevent it, and the tests hold them:
//!
//! 1. every benchmark passes its inputs through [`std::hint::black_box`], and Criterion's `iter` does the same to the result;
//! 2. where the memory itself is the subject (a buffer on the stack or the heap, a clone), the variant passes the buffer
//!    through `black_box` too, because LLVM may remove an allocation that nobody can observe;
//! 3. changing any one element of the input changes the result, so all of it is needed;
//! 4. the number of heap allocations of each variant is counted and is exactly what its documentation says.
//!
//! # Inputs
//!
//! All inputs come from [`input`], a small generator with fixed seeds: the same bytes on every machine and at every commit.
//! Hash maps use fixed keys for the same reason.

pub mod abstraction;
pub mod async_runtime;
pub mod buffers;
pub mod catalog;
pub mod input;
pub mod iterators;
pub mod layout;
pub mod memory;
pub mod ownership;
pub mod parallel;
pub mod simd;
pub mod strings;

/// The guide's claims: the text of `claims.toml`, which also ships beside the sources.
///
/// The file explains its own keys.
pub const CLAIMS_TOML: &str = include_str!("../claims.toml");
