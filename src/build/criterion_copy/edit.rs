//! The edit that lets a benchmark take turns, as data: for every range of versions, which text becomes which.
//!
//! The hook sits in `analysis::common`, just before Criterion would sample: there a benchmark is about to be run for
//! real (not listed, tested or profiled), and a way to run it is at hand as a method of `Routine`. Waiting for a
//! turn between two calls of `Routine::bench` is outside everything Criterion times: `Bencher`'s own clock, a custom
//! `Measurement`, `iter_custom`, and the warm-up. `WallTime::start` would be inside all of them, would leave out the set-up
//! of a sample, and `iter_custom` and custom measurements never call it.

use std::ops::Range;

/// A version of Criterion: major, minor, patch.
pub type Version = (u64, u64, u64);

/// The module that is added to the copy.
pub(super) const MODULE: &str = include_str!("perfguard_turns.rs.in");

/// Where the module goes, in the copy.
pub(super) const MODULE_FILE: &str = "src/perfguard_turns.rs";

/// The module that has instructions counted by the Valgrind it may run under.
pub(super) const INSTRUCTIONS: &str = include_str!("perfguard_instructions.rs.in");

/// The module that counts allocations, with a global allocator.
pub(super) const ALLOCATIONS: &str = include_str!("perfguard_allocations.rs.in");

/// Where the one or the other goes, in the copy.
pub(super) const COUNTS_FILE: &str = "src/perfguard_counts.rs";

/// One text of one file, and what replaces it. The text must occur exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    /// The file, in Criterion's own folder.
    pub file: &'static str,
    /// What is there.
    pub old: &'static str,
    /// What is put there. The same as `old` where the text is only relied upon.
    pub new: &'static str,
}

/// A copied dependency is not exempt from lints as one from the registry is, so the copy has to ask for it.
const NO_LINTS: Replacement = Replacement {
    file: "src/lib.rs",
    old: "\n#![warn(bare_trait_objects)]\n",
    new: "\n#![allow(warnings, future_incompatible)]\n",
};

const MODULE_LINE: Replacement = Replacement {
    file: "src/lib.rs",
    old: "\nmod routine;\n",
    new: "\nmod routine;\nmod perfguard_counts;\nmod perfguard_turns;\n",
};

/// The method the hook calls must be what it was in every version read.
const BENCH: Replacement = relied_upon(
    "src/routine.rs",
    "    fn bench(&mut self, m: &M, iters: &[u64], parameter: &T) -> Vec<f64>;\n",
);
/// Without its line's end, which is that of Windows in two releases.
const UNIT: Replacement = relied_upon(
    "src/measurement.rs",
    "    fn scale_for_machines(&self, values: &mut [f64]) -> &'static str;",
);

/// Counting begins after the clock was read …
const BEGIN: Replacement = Replacement {
    file: "src/measurement.rs",
    old: "        Instant::now()",
    new: "        let start = Instant::now(); crate::perfguard_counts::begin(); start",
};
/// … and is finished before it is read again.
const FINISH: Replacement = Replacement {
    file: "src/measurement.rs",
    old: "        i.elapsed()",
    new: "        crate::perfguard_counts::finish(); i.elapsed()",
};

/// The hook, for a place in `analysis::common`.
macro_rules! hook {
    ($before:literal) => {
        Replacement {
            file: "src/analysis/mod.rs",
            old: $before,
            new: concat!(
                r#"
    let unit = criterion.measurement.formatter().scale_for_machines(&mut [1.0]);
    if crate::perfguard_turns::drive(id.id(), unit, &mut |iterations| {
        routine.bench(&criterion.measurement, &[iterations], parameter)[0]
    }) {
        return;
    }
"#,
                $before
            ),
        }
    };
}

/// Which replacements make which versions take turns: a half-open range of versions.
const RECIPES: [(Range<Version>, &[Replacement]); 3] = [
    (
        (0, 3, 0)..(0, 3, 1),
        &[
            Replacement {
                file: "src/lib.rs",
                old: "\n#![deny(warnings)]\n",
                new: "\n#![allow(warnings, future_incompatible)]\n",
            },
            MODULE_LINE,
            BENCH,
            UNIT,
            BEGIN,
            FINISH,
            hook!("\n    let (iters, times) = routine.sample(\n"),
        ],
    ),
    (
        (0, 3, 1)..(0, 3, 3),
        &[
            Replacement {
                file: "src/lib.rs",
                old: "\n#![deny(warnings)]\n",
                new: "\n#![allow(warnings, future_incompatible)]\n",
            },
            MODULE_LINE,
            BENCH,
            UNIT,
            BEGIN,
            FINISH,
            hook!("\n    let (iters, times);\n"),
        ],
    ),
    (
        (0, 3, 3)..(0, 9, 0),
        &[
            NO_LINTS,
            MODULE_LINE,
            BENCH,
            UNIT,
            BEGIN,
            FINISH,
            hook!("\n    let (sampling_mode, iters, times);\n"),
        ],
    ),
];

const fn relied_upon(file: &'static str, text: &'static str) -> Replacement {
    Replacement { file, old: text, new: text }
}

/// Reads `major.minor.patch`. `None` for anything else, pre-releases included.
pub fn parse_version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}

/// The replacements for a version. `None` for a version nobody has read.
pub fn recipe(version: Version) -> Option<&'static [Replacement]> {
    RECIPES.iter().find(|(range, _)| range.contains(&version)).map(|(_, replacements)| *replacements)
}

/// The text of a file with one replacement made. `None` unless the old text occurs exactly once.
pub fn apply(text: &str, replacement: &Replacement) -> Option<String> {
    let (before, after) = text.split_once(replacement.old)?;
    // The match may overlap itself by its first and last line break, hence from one byte into it.
    let first = before.len();
    if text[first + 1..].contains(replacement.old) {
        return None;
    }
    Some([before, replacement.new, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWAP: Replacement = Replacement { file: "f", old: "\nb\n", new: "\nc\n" };

    #[test]
    fn a_text_is_replaced_only_when_it_occurs_once() {
        assert_eq!(apply("a\nb\nd", &SWAP).unwrap(), "a\nc\nd");
        assert_eq!(apply("a\nbb\nd", &SWAP), None);
        assert_eq!(apply("a\nb\nb\nd", &SWAP), None);
        assert_eq!(apply("a\nb\n\nb\nd", &SWAP), None);
    }

    #[test]
    fn versions_are_whole_releases() {
        assert_eq!(parse_version("0.8.2"), Some((0, 8, 2)));
        for text in ["0.8", "0.8.2.1", "0.8.2-rc1", "", "a.b.c"] {
            assert_eq!(parse_version(text), None, "{text}");
        }
    }

    #[test]
    fn every_version_has_at_most_one_recipe_and_unread_ones_have_none() {
        for minor in 0..12 {
            for patch in 0..12 {
                let count = RECIPES.iter().filter(|(range, _)| range.contains(&(0, minor, patch))).count();
                assert_eq!(count, usize::from((3..9).contains(&minor)), "0.{minor}.{patch}");
            }
        }
        assert_eq!(recipe((1, 0, 0)), None);
    }

    #[test]
    fn the_modules_are_text_an_old_compiler_reads() {
        for module in [MODULE, INSTRUCTIONS, ALLOCATIONS] {
            for new in ["let else", "{error}", ".is_some_and(", "OnceLock", "const {", "c\""] {
                assert!(!module.contains(new), "{new}");
            }
        }
    }

    #[test]
    fn both_ways_to_count_offer_the_same() {
        for module in [INSTRUCTIONS, ALLOCATIONS] {
            for name in ["begin()", "finish()", "open()", "close() -> String"] {
                assert_eq!(module.matches(&format!("pub(crate) fn {name}")).count(), 1, "{name}");
            }
        }
    }
}
