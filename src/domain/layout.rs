//! Where functions lie in the executables of a pair, and why they do not lie as asked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What makes the compiler begin every function at a multiple of 64 bytes, behind `-C`.
pub const ALIGNED: &str = "llvm-args=-align-all-functions=6";

/// How the functions of both sides are laid out where pairs are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Both sides are linked again for every pair, in one random order: functions that are the same on both sides lie at
    /// the same addresses, what two versions of a function share as well, all else in random places after them.
    #[default]
    Drawn,
    /// Both sides are compiled with every function at a multiple of 64 bytes.
    Aligned,
    /// As the compiler and the linker make them.
    Default,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 3] = [Self::Drawn, Self::Aligned, Self::Default];

    /// What both sides are built for: where executables cannot be linked again, alignment takes away the most of what moved
    /// code does.
    #[must_use]
    pub fn possible(self, can_draw: bool) -> Self {
        if self == Self::Drawn && !can_draw { Self::Aligned } else { self }
    }

    /// The name in options, configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drawn => "drawn",
            Self::Aligned => "aligned",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLayout(String);

impl fmt::Display for UnknownLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no layout: use `drawn`, `aligned` or `default`", self.0)
    }
}

impl std::error::Error for UnknownLayout {}

impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|layout| layout.name() == text)
            .ok_or_else(|| UnknownLayout(text.to_owned()))
    }
}

/// What the order of a drawn layout grows from. The same seed and the same two builds give the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayoutSeed(pub u64);

/// In what layouts a run measured its pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayoutsUsed {
    /// What was asked for.
    pub asked: Layout,
    /// What became of it for each bench target, where layouts were drawn or could not be.
    pub targets: Vec<LayoutUse>,
}

/// In what layouts the pairs of a bench target were measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayoutUse {
    /// The bench target, as `package::target`.
    pub target: String,
    /// Why the executables of the build were used, or, where layouts were drawn, why later pairs had those of earlier ones; `None`
    /// where every pair had a layout of its own.
    pub fallback: Option<LayoutFallback>,
    /// Whether both sides were compiled with every function at a multiple of 64 bytes.
    #[serde(default)]
    pub is_aligned: bool,
    /// How many layouts were drawn.
    pub drawings: u32,
    /// How many functions are the same on both sides.
    pub same_functions: usize,
    /// How many of them lay at the same address in the last drawing that was used.
    pub in_place: usize,
    /// How many functions both sides have, each in its own way.
    #[serde(default)]
    pub edited_functions: usize,
    /// How many of them lay in that drawing so that what both versions share was at one address.
    #[serde(default)]
    pub edited_in_place: usize,
    /// How long drawing and linking took, in seconds.
    pub seconds: f64,
}

/// Why the executables of a bench target are measured as they were linked, although a drawn layout was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayoutFallback {
    /// Executables of this target cannot be linked again here, so both sides have aligned functions.
    Target(String),
    /// The compiler's flags name a linker, which wins over the one that Cargo is told.
    NamedLinker(String),
    /// What the linker was given was not kept, or is no longer there.
    NotKept(String),
    /// The linker failed.
    Linker(String),
    /// There is no linker that takes an order of functions.
    NoLinker,
    /// Linking again as before gives another executable than the build did.
    NotReproduced,
    /// The objects or the executable cannot be read.
    Unreadable(String),
    /// The order was not obeyed.
    Disobeyed {
        /// How many of the functions that are the same came to the same address.
        agree: usize,
        /// How many should have.
        same: usize,
    },
    /// A file could not be written.
    Files(String),
    /// As the report of another run says it.
    Quoted(String),
}

impl fmt::Display for LayoutFallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(target) => write!(
                f,
                "executables for {target} cannot be linked again here, so every function begins at a multiple of 64 bytes"
            ),
            Self::NamedLinker(linker) => {
                write!(f, "the compiler's flags name a linker (`{linker}`), so what it is given is not seen")
            }
            Self::NotKept(reason) => write!(f, "what the linker was given was not kept: {reason}"),
            Self::Linker(reason) => write!(f, "linking again failed: {reason}"),
            Self::NoLinker => f.write_str("there is no rust-lld beside the compiler"),
            Self::NotReproduced => f.write_str("linking again gives another executable than the build did"),
            Self::Unreadable(reason) => write!(f, "its functions cannot be read: {reason}"),
            Self::Disobeyed { agree, same } => write!(
                f,
                "only {agree} of {same} functions that are the same on both sides came to the same address"
            ),
            Self::Quoted(reason) => f.write_str(reason),
            Self::Files(reason) => write!(f, "a layout cannot be written: {reason}"),
        }
    }
}

impl std::error::Error for LayoutFallback {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for layout in Layout::ALL {
            assert_eq!(layout.to_string().parse(), Ok(layout));
            assert_eq!(serde_json::to_value(layout).unwrap(), layout.name());
        }
        assert!("random".parse::<Layout>().unwrap_err().to_string().contains("`drawn`"));
        assert_eq!(Layout::default(), Layout::Drawn);
    }

    #[test]
    fn where_nothing_can_be_drawn_functions_are_aligned_unless_the_build_is_asked_for() {
        assert_eq!(Layout::ALL.map(|layout| layout.possible(true)), Layout::ALL);
        assert_eq!(
            Layout::ALL.map(|layout| layout.possible(false)),
            [Layout::Aligned, Layout::Aligned, Layout::Default]
        );
    }
}
