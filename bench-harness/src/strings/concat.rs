//! `concat`: two words and a space, by `+`, by a builder, by `format!`.
//!
//! The guide orders them: `+` "allocates" three times, the builder is "efficient", `format!` is "optimal, single allocation".
//! It joins literals; the compiler could fold those, so the words are arguments here. One exception: the guide's `format!`
//! has no arguments at all, which the standard library special-cases. Both forms are here: [`format()`] with arguments, and
//! [`format_literal`] as the guide writes it.

/// The guide's first word.
pub const FIRST: &str = "Hello";
/// The guide's second word.
pub const SECOND: &str = "World";

/// `+` on a growing string. Allocates whenever the capacity is used up.
#[expect(
    clippy::string_add_assign,
    clippy::assign_op_pattern,
    reason = "the guide's own code is what is measured"
)]
pub fn naive(first: &str, second: &str) -> String {
    let mut result = String::new();
    result = result + first;
    result = result + " ";
    result = result + second;
    result
}

/// A builder: `with_capacity` and `push_str`. One allocation.
///
/// The guide asks for 20 bytes; so does this, or more when the words need more.
pub fn optimized(first: &str, second: &str) -> String {
    let mut result = String::with_capacity(20.max(first.len() + 1 + second.len()));
    result.push_str(first);
    result.push(' ');
    result.push_str(second);
    result
}

/// `format!` with two arguments. The macro cannot know their length, so it starts small and grows.
pub fn format(first: &str, second: &str) -> String {
    format!("{first} {second}")
}

/// `format!` of a literal, as the guide writes it. One allocation.
#[expect(clippy::useless_format, reason = "the guide's own code is what is measured")]
pub fn format_literal() -> String {
    format!("Hello World")
}
