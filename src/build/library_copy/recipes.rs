//! The edit that lets a benchmark take turns, as data: for every library and range of versions, which text becomes which.

use super::edit::{Replacement, Version, Versions};
use super::{criterion, divan};

/// What is known of each library, by the name of its package.
const RECIPES: [(&str, &[Versions]); 5] = [
    ("criterion", criterion::CRITERION),
    ("criterion2", criterion::CRITERION2),
    ("codspeed-criterion-compat-walltime", criterion::CODSPEED),
    ("divan", divan::DIVAN),
    ("codspeed-divan-compat-walltime", divan::CODSPEED),
];

/// The replacements for a version of a library. `None` for one that nobody has read.
pub(super) fn recipe(library: &str, version: Version) -> Option<&'static [Replacement]> {
    let (_, versions) = RECIPES.iter().find(|(name, _)| *name == library)?;
    versions.iter().find(|(range, _)| range.contains(&version)).map(|(_, replacements)| *replacements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::library::LIBRARIES;

    #[test]
    fn every_version_has_at_most_one_recipe_and_unread_ones_have_none() {
        for minor in 0..12 {
            for patch in 0..12 {
                let fitting =
                    criterion::CRITERION.iter().filter(|(range, _)| range.contains(&(0, minor, patch)));
                assert_eq!(fitting.count(), usize::from((3..9).contains(&minor)), "0.{minor}.{patch}");
            }
        }
        assert_eq!(recipe("criterion", (1, 0, 0)), None);
        assert!(recipe("criterion2", (3, 0, 5)).is_some() && recipe("criterion2", (4, 0, 0)).is_none());
        assert_eq!(recipe("stranger", (0, 5, 1)), None);
    }

    #[test]
    fn every_library_that_is_known_has_a_recipe() {
        let known: Vec<&str> = LIBRARIES.iter().map(|library| library.name).collect();
        assert_eq!(RECIPES.map(|(name, _)| name).to_vec(), known);
    }
}
