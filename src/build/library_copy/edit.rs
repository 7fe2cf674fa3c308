//! What edits are made of: texts and what replaces them, and the modules that come in.

use std::borrow::Cow;
use std::ops::Range;

use crate::domain::library::Family;

/// A version of a library: major, minor, patch.
pub type Version = (u64, u64, u64);

/// The module that is added to the copy.
pub(super) const MODULE: &str = include_str!("perfguard_turns.rs.in");

/// Where the module goes, in the copy.
pub(super) const MODULE_FILE: &str = "src/perfguard_turns.rs";

/// The module that only copies of divan get.
const DIVAN: &str = include_str!("perfguard_divan.rs.in");

/// The modules that are added to the copy of a library of a family, by where they go.
pub(super) const fn modules(family: Family) -> &'static [(&'static str, &'static str)] {
    match family {
        Family::Criterion => &[(MODULE_FILE, MODULE)],
        Family::Divan => &[(MODULE_FILE, MODULE), ("src/perfguard_divan.rs", DIVAN)],
        // Nothing of the kind is copied.
        Family::Command | Family::Libtest => &[],
    }
}

/// The module that has instructions counted by the Valgrind it may run under.
pub(super) const INSTRUCTIONS: &str = include_str!("perfguard_instructions.rs.in");

/// The module that counts allocations, with a global allocator.
pub(super) const ALLOCATIONS: &str = include_str!("perfguard_allocations.rs.in");

/// Where the one or the other goes, in the copy.
pub(super) const COUNTS_FILE: &str = "src/perfguard_counts.rs";

/// One text of one file, and what replaces it. The text must occur exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    /// The file, in the library's own folder.
    pub file: &'static str,
    /// What is there.
    pub old: &'static str,
    /// What is put there. The same as `old` where the text is only relied upon.
    pub new: &'static str,
}

/// A half-open range of versions, and the replacements that make them take turns.
pub(super) type Versions = (Range<Version>, &'static [Replacement]);

/// A text that is only relied upon.
pub(super) const fn relied_upon(file: &'static str, text: &'static str) -> Replacement {
    Replacement { file, old: text, new: text }
}

/// Reads `major.minor.patch`. `None` for anything else, pre-releases included.
pub fn parse_version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}

/// A module's text as an edition takes it. Since 2024, what is foreign must be called unsafe, which older compilers refuse.
pub(super) fn in_edition(module: &str, edition: u32) -> Cow<'_, str> {
    if edition < 2024 {
        return module.into();
    }
    module.replace("\n    extern \"C\" {\n", "\n    unsafe extern \"C\" {\n").into()
}

/// The text of a module that refuses nothing. Cargo caps the lints of what comes from a registry, and not those of a copy: what
/// its authors forbade themselves, and a newer compiler sees in more places, must not fail the user's build.
pub(super) fn refusing_nothing(text: &str) -> String {
    let refusals = [
        ("#![deny(", "#![allow("),
        ("#![forbid(", "#![allow("),
        ("#[deny(", "#[allow("),
        ("#[forbid(", "#[allow("),
    ];
    refusals.into_iter().fold(text.to_owned(), |text, (refused, allowed)| text.replace(refused, allowed))
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
    fn the_modules_are_text_an_old_compiler_reads() {
        for module in [MODULE, DIVAN, INSTRUCTIONS, ALLOCATIONS] {
            for new in ["let else", "{error}", ".is_some_and(", "OnceLock", "const {", "c\""] {
                assert!(!module.contains(new), "{new}");
            }
        }
    }

    #[test]
    fn foreign_functions_are_unsafe_since_2024() {
        assert_eq!(in_edition(INSTRUCTIONS, 2021), INSTRUCTIONS);
        let newer = in_edition(INSTRUCTIONS, 2024);
        assert_eq!(
            newer.matches("unsafe extern \"C\" {").count(),
            INSTRUCTIONS.matches("extern \"C\" {").count()
        );
        assert!(INSTRUCTIONS.contains("extern \"C\" {"));
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
