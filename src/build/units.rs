//! How far Cargo is with a build, from the bar that it draws. Pure.
//!
//! Stable Cargo tells nowhere else how many units a build has. A bar that cannot be read is passed over, and nothing but what
//! is shown depends on it.

/// How wide Cargo is told to draw: there is room for the bar and a few names.
pub(super) const WIDTH: &str = "160";

/// What a bar says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Units {
    /// How many units are finished.
    pub(super) done: usize,
    /// How many there are.
    pub(super) total: usize,
    /// The crates that are compiled now, as Cargo names them.
    pub(super) names: String,
}

/// A line of Cargo's, without what erases a bar before it.
pub(super) fn without_erasing(line: &str) -> &str {
    line.strip_prefix("\u{1b}[K").unwrap_or(line)
}

impl Units {
    /// Reads `Building [====>    ] 12/48: serde, syn(build)`, coloured or not.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (verb, rest) = line.split_once(" [")?;
        if !verb.trim_end_matches("\u{1b}[0m").ends_with("Building") {
            return None;
        }
        let (bar, rest) = rest.split_once(']')?;
        if !bar.bytes().all(|byte| b"=> ".contains(&byte)) {
            return None;
        }
        let (count, names) = rest.split_once(':').unwrap_or((rest, ""));
        let (done, total) = count.trim().split_once('/')?;
        let (done, total) = (done.parse().ok()?, total.parse().ok()?);
        Some(Self { done, total, names: names.trim().to_owned() }).filter(|_| done <= total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(done: usize, total: usize, names: &str) -> Units {
        Units { done, total, names: names.to_owned() }
    }

    #[test]
    fn bars_are_read_coloured_or_not() {
        let plain = "    Building [=====>       ] 12/48: serde, syn(build.rs)   ";
        assert_eq!(Units::parse(plain), Some(units(12, 48, "serde, syn(build.rs)")));
        let colored = "\u{1b}[1m\u{1b}[96m    Building\u{1b}[0m [       ] 0/1: itoa    ";
        assert_eq!(Units::parse(colored), Some(units(0, 1, "itoa")));
        assert_eq!(Units::parse("    Building [============>] 48/48"), Some(units(48, 48, "")));
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        for line in [
            "",
            "   Compiling serde v1.0.0",
            "    Building x [1/2] 3/4: a",
            "    Blocking waiting for file lock on build directory",
            "Building [==>] many/more: a",
            "Building [==>] 4/3: a",
            "error[E0308]: mismatched types [==>] 1/2: Building",
            "Downloading [==>] 1/2: a",
            "Building",
        ] {
            assert_eq!(Units::parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_line_may_begin_by_erasing_the_bar() {
        assert_eq!(without_erasing("\u{1b}[K   Compiling x"), "   Compiling x");
        assert_eq!(without_erasing("   Compiling x"), "   Compiling x");
    }
}
