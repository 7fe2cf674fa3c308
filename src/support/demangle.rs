//! Names of functions as people write them.

use std::fmt::{self, Write as _};

/// How much of a demangled name is kept, in bytes. A short mangled name can stand for megabytes.
pub const LONGEST_NAME: usize = 4 << 10;

/// A symbol as people write it, without its hash, which differs from build to build.
pub fn demangled(symbol: &str) -> String {
    let mut name = Name(String::new());
    // What was written before it grew too long is enough.
    let _ = write!(name, "{:#}", rustc_demangle::demangle(symbol));
    name.0
}

/// A text that refuses to grow too long.
struct Name(String);

impl fmt::Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = LONGEST_NAME - self.0.len();
        self.0.push_str(&text[..text.floor_char_boundary(left)]);
        if text.len() > left { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_go_and_long_names_end() {
        assert_eq!(demangled("_ZN3fib4grow17h0123456789abcdefE"), "fib::grow");
        assert_eq!(demangled("main"), "main");
        assert_eq!(demangled(&"ü".repeat(LONGEST_NAME)).len(), LONGEST_NAME);
    }
}
