//! What is not the same for the benchmarks of one pair of executables, and what a launch that met some of it shows. Pure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::super::layouts::Changed;
use crate::domain::reach::MOST_NAMED;
use crate::domain::{Reach, Side, Sides, SourceTree};
use crate::support::demangle::demangled;

/// What is not the same for the benchmarks of one pair of executables.
pub(super) struct Differing {
    pub(super) changed: Changed,
    /// Of each side, paths in its home.
    pub(super) paths: Sides<Vec<PathBuf>>,
    /// Of each side, files in its home that only compilers and tools read, as a rule.
    pub(super) sources: Sides<Vec<PathBuf>>,
    /// How many variables have other values.
    pub(super) variables: usize,
}

/// What a launch ran and opened of what differs, by their places.
#[derive(Debug, Default)]
pub(super) struct Met {
    pub(super) functions: Vec<usize>,
    pub(super) paths: BTreeSet<usize>,
}

impl Differing {
    /// How many functions differ: on the side that has more of them.
    pub(super) fn count(&self) -> usize {
        let Sides { baseline, candidate } = &self.changed.functions;
        baseline.len().max(candidate.len())
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.count() == 0 && Side::BOTH.into_iter().all(|side| self.paths.get(side).is_empty())
    }

    /// How much may be asked after without anything being opened: paths of the source tree, those that only one side has, and
    /// variables.
    pub(super) fn unopened(&self) -> usize {
        let Sides { baseline, candidate } = &self.paths;
        let all: BTreeSet<&PathBuf> = baseline.iter().chain(candidate).collect();
        let made_on_both = |path: &PathBuf| {
            !path.starts_with(SourceTree::FILES)
                && Side::BOTH.iter().all(|&side| self.paths.get(side).contains(path))
        };
        all.into_iter().filter(|path| !made_on_both(path)).count() + self.variables
    }

    /// What a launch of one side shows.
    pub(super) fn reach_of(&self, met: &Met, side: Side) -> Reach {
        let changed = self.count();
        if met.functions.is_empty() && met.paths.is_empty() {
            return Reach::Unreached { changed, unopened: self.unopened() };
        }
        let (functions, paths) = (self.changed.functions.get(side), self.paths.get(side));
        Reach::Reached {
            functions: some(met.functions.iter().map(|&at| demangled(&functions[at].1))),
            run: met.functions.len(),
            files: some(met.paths.iter().map(|&at| shown(&paths[at]))),
            changed,
        }
    }
}

/// Some of these names, as people read them.
fn some(names: impl Iterator<Item = String>) -> Vec<String> {
    let names: BTreeSet<String> = names.collect();
    names.into_iter().take(MOST_NAMED).collect()
}

/// A path in a home as the user knows it: from the repository's root, or in the target folder.
fn shown(path: &Path) -> String {
    match path.strip_prefix(SourceTree::FILES) {
        Ok(root) if root.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => below.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::bench;

    #[test]
    fn whatever_was_met_is_told_by_its_name() {
        let bench = bench("1");
        let changed = Changed::nothing(Sides { baseline: &bench, candidate: &bench });
        let functions = vec![(16, "f".to_owned()), (32, "g".to_owned()), (48, "g".to_owned())];
        let changed = Changed { functions: Sides { baseline: Vec::new(), candidate: functions }, ..changed };
        let paths = ["src", "src/src/lib.txt", "target/release/tool"].map(PathBuf::from).to_vec();
        let differing = Differing {
            changed,
            paths: Sides { baseline: Vec::new(), candidate: paths },
            sources: Sides::default(),
            variables: 0,
        };
        assert!(!differing.is_nothing());
        let of = |functions: &[usize], paths: &[usize]| {
            let met = Met { functions: functions.to_vec(), paths: paths.iter().copied().collect() };
            differing.reach_of(&met, Side::Candidate)
        };
        let texts = |of: &[&str]| of.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            of(&[], &[]),
            Reach::Unreached { changed: 3, unopened: 3 },
            "the baseline has none of them"
        );
        let made = Sides::from_fn(|_| vec![PathBuf::from("target/release/tool")]);
        let made = Differing {
            changed: differing.changed.clone(),
            paths: made,
            sources: Sides::default(),
            variables: 0,
        };
        assert_eq!(made.unopened(), 0, "both have that program, whoever starts it");
        assert_eq!(Differing { variables: 2, ..made }.unopened(), 2);
        let (functions, files) = (texts(&["f", "g"]), Vec::new());
        assert_eq!(of(&[0, 1, 2], &[]), Reach::Reached { functions, run: 3, files, changed: 3 });
        let (functions, files) = (Vec::new(), texts(&[".", "src/lib.txt", "target/release/tool"]));
        assert_eq!(of(&[], &[0, 1, 2]), Reach::Reached { functions, run: 0, files, changed: 3 });
    }
}
