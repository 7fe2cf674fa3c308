//! The end of a long output.

use std::borrow::Cow;
use std::fmt;

/// How much of an output is kept, in bytes.
const KEPT: usize = 64 * 1024;

/// The last 64 KiB of what a process wrote, cut at the start of a line where one was cut.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tail {
    bytes: Vec<u8>,
    cut: bool,
}

impl Tail {
    /// What was kept, as text.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.kept())
    }

    /// Whether something before it was dropped.
    pub fn is_cut(&self) -> bool {
        self.cut || self.bytes.len() > KEPT
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cut rarely, so that a long output is not moved for every line.
        if self.bytes.len() > 4 * KEPT {
            self.bytes.drain(..self.bytes.len() - KEPT);
            self.cut = true;
        }
    }

    fn kept(&self) -> &[u8] {
        let all = &self.bytes;
        if !self.is_cut() {
            return all;
        }
        let end = &all[all.len().saturating_sub(KEPT)..];
        let line = end.iter().position(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        if line < end.len() { &end[line..] } else { end }
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tail").field(&self.text()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_output_is_kept_whole() {
        let mut tail = Tail::default();
        tail.push(b"one\n");
        tail.push(b"two");
        assert_eq!(tail.text(), "one\ntwo");
        assert!(!tail.is_cut());
    }

    proptest! {
        #[test]
        fn what_is_kept_is_the_end_from_a_line_on(lines in prop::collection::vec(0usize..2000, 1..400)) {
            let mut tail = Tail::default();
            let mut all = Vec::new();
            for length in lines {
                let mut line = vec![b'x'; length];
                line.push(b'\n');
                tail.push(&line);
                all.extend_from_slice(&line);
            }
            let text = tail.text().into_owned().into_bytes();
            prop_assert!(all.ends_with(&text));
            prop_assert!(text.len() <= KEPT);
            if tail.is_cut() {
                prop_assert!(text.len() > KEPT - 2001);
                prop_assert_eq!(all[all.len() - text.len() - 1], b'\n');
            } else {
                prop_assert_eq!(text, all);
            }
        }
    }
}
