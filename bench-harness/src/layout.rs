//! `enum_layout`: how large the enums are, which needs no running, only asking.
//!
//! The guide: "zero overhead - no boxing, discriminant is minimal". Two things follow. Where the payload has a value to
//! spare, the discriminant is free: the enum is as large as its payload. Where it has none, the discriminant costs one
//! unit of alignment and no more. Sizes differ by target; so the expected ones are written in terms of the payload.
//!
//! The binary `perfguard-layout` prints [`facts`] as JSON lines.

use std::num::{NonZeroU32, NonZeroU64, ParseIntError};
use std::ptr::NonNull;

/// The guide's own enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuideResult<T, E> {
    /// A value.
    Ok(T),
    /// An error.
    Err(E),
}

/// One type, its layout on this target, and the size the guide lets one expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// The type, as one would write it.
    pub type_name: &'static str,
    /// Its size in bytes.
    pub size: usize,
    /// Its alignment in bytes.
    pub align: usize,
    /// The size the claim asks for, in bytes.
    pub expected_size: usize,
}

impl Fact {
    const fn free<T, Payload>(type_name: &'static str) -> Self {
        Self { type_name, size: size_of::<T>(), align: align_of::<T>(), expected_size: size_of::<Payload>() }
    }

    const fn minimal<T, Payload>(type_name: &'static str) -> Self {
        let expected_size = size_of::<Payload>() + align_of::<Payload>();
        Self { type_name, size: size_of::<T>(), align: align_of::<T>(), expected_size }
    }

    /// Whether the type is as small as it should be.
    pub const fn holds(&self) -> bool {
        self.size <= self.expected_size
    }
}

/// Every fact, for the target this was built for.
pub fn facts() -> Vec<Fact> {
    vec![
        Fact::free::<Option<&u8>, &u8>("Option<&u8>"),
        Fact::free::<Option<Box<u8>>, Box<u8>>("Option<Box<u8>>"),
        Fact::free::<Option<NonNull<u8>>, NonNull<u8>>("Option<NonNull<u8>>"),
        Fact::free::<Option<fn()>, fn()>("Option<fn()>"),
        Fact::free::<Option<NonZeroU32>, u32>("Option<NonZeroU32>"),
        Fact::free::<Option<NonZeroU64>, u64>("Option<NonZeroU64>"),
        Fact::free::<Option<bool>, bool>("Option<bool>"),
        Fact::free::<Option<char>, char>("Option<char>"),
        Fact::free::<Option<String>, String>("Option<String>"),
        Fact::free::<Result<Box<u8>, ()>, Box<u8>>("Result<Box<u8>, ()>"),
        Fact::free::<Result<String, ParseIntError>, String>("Result<String, ParseIntError>"),
        Fact::minimal::<Option<u8>, u8>("Option<u8>"),
        Fact::minimal::<Option<u32>, u32>("Option<u32>"),
        Fact::minimal::<Result<u64, u8>, u64>("Result<u64, u8>"),
        Fact::minimal::<Result<u32, u32>, u32>("Result<u32, u32>"),
        Fact::minimal::<GuideResult<u32, u32>, u32>("GuideResult<u32, u32>"),
    ]
}
