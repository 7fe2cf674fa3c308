//! The measuring libraries that are known: the one table of their names and of how each is spoken to.

use super::command::{COMMAND_LIBRARY, LIBTEST_LIBRARY};

/// A way in which measuring libraries are spoken to. Forks mostly speak as what they were forked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Criterion and its forks.
    Criterion,
    /// divan and its fork.
    Divan,
    /// No library: a whole command is measured from outside.
    Command,
    /// libtest, which comes with the compiler: `#[bench]`.
    Libtest,
}

/// A measuring library that is known by the name of its crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Library {
    /// The name of its package.
    pub name: &'static str,
    /// The name that symbols have in it: that of its library target.
    pub krate: &'static str,
    /// How it is spoken to.
    pub family: Family,
}

/// Every library whose releases are found in bench targets and copied, so that their samples can be interleaved.
pub const LIBRARIES: [Library; 5] = [
    Library { name: "criterion", krate: "criterion", family: Family::Criterion },
    Library { name: "criterion2", krate: "criterion", family: Family::Criterion },
    Library {
        name: "codspeed-criterion-compat-walltime",
        krate: "codspeed_criterion_compat_walltime",
        family: Family::Criterion,
    },
    Library { name: "divan", krate: "divan", family: Family::Divan },
    Library {
        name: "codspeed-divan-compat-walltime",
        krate: "codspeed_divan_compat_walltime",
        family: Family::Divan,
    },
];

/// Crates that measure nothing themselves, but hand on one of the libraries, by which family it is.
const FRONTS: [(&str, Family); 2] =
    [("codspeed-criterion-compat", Family::Criterion), ("codspeed-divan-compat", Family::Divan)];

/// The library of a name.
pub fn library(name: &str) -> Option<&'static Library> {
    LIBRARIES.iter().find(|library| library.name == name)
}

/// The family of the library that a crate hands on without measuring itself.
pub fn handed_on(name: &str) -> Option<Family> {
    FRONTS.iter().find(|(front, _)| *front == name).map(|(_, family)| *family)
}

/// How a library is spoken to, by the name of its package. What is not known is a stand-in that a manifest calls
/// `criterion`.
pub fn family(name: &str) -> Family {
    match name {
        COMMAND_LIBRARY => Family::Command,
        LIBTEST_LIBRARY => Family::Libtest,
        _ => library(name).map_or(Family::Criterion, |library| library.family),
    }
}

/// Whether a crate's functions belong to a measuring library, by the name that symbols have in it.
pub fn measures(krate: &str) -> bool {
    LIBRARIES.iter().any(|library| library.krate == krate)
}

impl Family {
    /// Whether its benches can be measured, one process after the other, where no copy of the library can be made. All that
    /// divan tells of its samples otherwise is a table for people.
    pub fn measures_uncopied(self) -> bool {
        match self {
            Self::Criterion | Self::Command | Self::Libtest => true,
            Self::Divan => false,
        }
    }

    /// Whether it is a crate that executables are linked to, of which a copy may be made.
    pub fn is_linked(self) -> bool {
        match self {
            Self::Criterion | Self::Divan => true,
            Self::Command | Self::Libtest => false,
        }
    }

    /// The name that users know it by.
    pub fn title(self) -> &'static str {
        match self {
            Self::Criterion => "Criterion",
            Self::Divan => "divan",
            Self::Command => "command",
            Self::Libtest => "libtest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_are_known_and_strangers_are_taken_for_stand_ins() {
        for name in ["criterion", "criterion2", "codspeed-criterion-compat-walltime"] {
            assert_eq!(library(name).unwrap().family, Family::Criterion);
        }
        for name in ["divan", "codspeed-divan-compat-walltime"] {
            assert_eq!(family(name), Family::Divan);
        }
        assert_eq!(handed_on("codspeed-divan-compat"), Some(Family::Divan));
        assert_eq!(handed_on("codspeed-criterion-compat"), Some(Family::Criterion));
        assert_eq!((library("my-criterion"), family("my-criterion")), (None, Family::Criterion));
        assert!(measures("codspeed_criterion_compat_walltime") && !measures("serde"));
    }
}
