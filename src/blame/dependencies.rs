//! Two lock files beside each other.

use std::collections::BTreeMap;

use crate::domain::{DependencyDifference, LockedPackage, Side, Sides};

/// The dependencies that are pinned otherwise, by name. Packages of the workspace itself are code, not dependencies.
pub fn dependencies(locked: Sides<&[LockedPackage]>) -> Vec<DependencyDifference> {
    let mut versions: BTreeMap<&str, (Sides<Vec<String>>, bool)> = BTreeMap::new();
    for side in Side::BOTH {
        for package in *locked.get(side) {
            let (known, outside) = versions.entry(&package.name).or_default();
            known.get_mut(side).push(package.version.clone());
            // A replaced dependency has no source on one side; a member has none on either.
            *outside |= package.source.is_some();
        }
    }
    versions
        .into_iter()
        .filter_map(|(name, (mut versions, outside))| {
            versions.baseline.sort();
            versions.candidate.sort();
            let differ = outside && versions.baseline != versions.candidate;
            differ.then(|| DependencyDifference { name: name.to_owned(), versions })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, source: Option<&str>) -> LockedPackage {
        LockedPackage { name: name.into(), version: version.into(), source: source.map(str::to_owned) }
    }

    #[test]
    fn what_is_pinned_otherwise_is_named() {
        let registry = Some("registry+x");
        let baseline = [
            package("app", "0.1.0", None),
            package("gone", "1.0.0", registry),
            package("same", "1.0.0", registry),
            package("twice", "1.0.0", registry),
            package("criterion", "0.8.2", registry),
        ];
        let candidate = [
            package("app", "0.2.0", None),
            package("fresh", "0.1.0", registry),
            package("same", "1.0.0", registry),
            package("twice", "2.0.0", registry),
            package("twice", "1.0.0", registry),
            package("criterion", "0.8.2", None),
        ];
        let found = dependencies(Sides { baseline: &baseline, candidate: &candidate });
        let told: Vec<(&str, String, String)> = found
            .iter()
            .map(|one| (one.name.as_str(), one.versions.baseline.join(" "), one.versions.candidate.join(" ")))
            .collect();
        assert_eq!(
            told,
            [
                ("fresh", String::new(), "0.1.0".to_owned()),
                ("gone", "1.0.0".to_owned(), String::new()),
                ("twice", "1.0.0".to_owned(), "1.0.0 2.0.0".to_owned()),
            ]
        );
    }
}
