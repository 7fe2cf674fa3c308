//! `join_many`: a thousand pieces, by `+` in a loop, with the capacity known, and by the standard library's `concat`.
//!
//! The guide's section warns that `+` "allocates again". `String + &str` takes the string by value and grows it by
//! doubling, so there are few allocations, not a thousand: how much knowing the capacity saves is what is measured.

/// Pieces per call.
pub const COUNT: usize = 1000;

/// `+` in a loop. Allocates once per doubling.
#[expect(clippy::string_add_assign, reason = "the guide's own code is what is measured")]
pub fn naive(pieces: &[String]) -> String {
    let mut result = String::new();
    for piece in pieces {
        result = result + piece;
    }
    result
}

/// The capacity is added up first. One allocation.
pub fn optimized(pieces: &[String]) -> String {
    let mut result = String::with_capacity(pieces.iter().map(String::len).sum());
    for piece in pieces {
        result.push_str(piece);
    }
    result
}

/// `[String]::concat`, which does the same by itself. One allocation.
pub fn std_concat(pieces: &[String]) -> String {
    pieces.concat()
}
