//! Which features of a package are on.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Package, Target};

use crate::domain::Features;

/// The features of one package that the flags turn on, with everything that those turn on in turn. Features of
/// dependencies stay in the set as `dependency/feature`.
///
/// `table` is the package's `[features]`. Features that another member turns on are not counted here.
pub(super) fn turned_on(
    package: &str,
    table: &BTreeMap<String, Vec<String>>,
    flags: &Features,
) -> BTreeSet<String> {
    let mut pending: Vec<String> = Vec::new();
    if flags.all {
        pending.extend(table.keys().cloned());
    }
    if !flags.no_default && table.contains_key("default") {
        pending.push("default".to_owned());
    }
    pending.extend(flags.names().into_iter().map(|name| match name.split_once('/') {
        Some((owner, feature)) if owner == package => feature.to_owned(),
        _ => name.to_owned(),
    }));
    let mut on = BTreeSet::new();
    while let Some(feature) = pending.pop() {
        if on.insert(feature.clone()) {
            pending.extend(table.get(&feature).into_iter().flatten().cloned());
        }
    }
    on
}

/// What to do about the features that a target requires and that are off; `None` where all are on.
pub(super) fn objection(target: &Target, on: &BTreeSet<String>) -> Option<String> {
    let missing = target.required_features.iter().filter(|name| !on.contains(*name));
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    (!missing.is_empty())
        .then(|| format!("needs features that are off; add `--features {}`", missing.join(",")))
}

/// Those of the features asked for that a package knows, by itself or as features of its dependencies.
pub(super) fn known(package: &Package, flags: &Features) -> Vec<String> {
    let depends = |name: &str| {
        let mut dependencies = package.dependencies.iter();
        dependencies.any(|dependency| dependency.rename.as_deref().unwrap_or(&dependency.name) == name)
    };
    let knows = |name: &&str| match name.split_once('/') {
        Some((owner, feature)) if owner == package.name.as_str() => package.features.contains_key(feature),
        Some((owner, _)) => depends(owner.trim_end_matches('?')),
        None => package.features.contains_key(*name),
    };
    flags.names().into_iter().filter(knows).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> BTreeMap<String, Vec<String>> {
        let entry = |name: &str, on: &[&str]| {
            (name.to_owned(), on.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        BTreeMap::from([
            entry("default", &["small"]),
            entry("small", &[]),
            entry("large", &["huge", "dep:x", "y/z"]),
            entry("huge", &["large"]),
        ])
    }

    fn on(list: &[&str], all: bool, no_default: bool) -> Vec<String> {
        let flags = Features { list: list.iter().map(ToString::to_string).collect(), all, no_default };
        turned_on("pkg", &table(), &flags).into_iter().filter(|name| !name.starts_with("dep:")).collect()
    }

    #[test]
    fn features_turn_on_features_even_in_a_circle() {
        assert_eq!(on(&[], false, false), ["default", "small"]);
        assert_eq!(on(&["large"], false, true), ["huge", "large", "y/z"]);
        assert_eq!(on(&["pkg/huge"], false, true), ["huge", "large", "y/z"]);
        assert_eq!(on(&["other/huge"], false, true), ["other/huge"]);
        assert_eq!(on(&[], true, false), ["default", "huge", "large", "small", "y/z"]);
    }
}
