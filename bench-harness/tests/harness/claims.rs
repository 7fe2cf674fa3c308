//! The claims name benchmarks, sections and types that exist, and every pattern has one.

use std::collections::{BTreeMap, BTreeSet};

use perfguard_harness::catalog::PATTERNS;
use perfguard_harness::{CLAIMS_TOML, layout};
use serde::Deserialize;

/// The guide's headings.
const SECTIONS: [&str; 9] = [
    "Stack vs Heap Allocation",
    "Zero-Cost Abstractions",
    "String Handling",
    "Tokio Tuning",
    "Buffer Management",
    "Iterator Efficiency",
    "Parallel Processing",
    "SIMD Operations",
    "Best Practices",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    claim: Vec<Claim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Claim {
    name: String,
    section: String,
    statement: String,
    faster: Option<String>,
    slower: Option<String>,
    at_least: Option<AtLeast>,
    equal: Option<[String; 2]>,
    equal_within: Option<f64>,
    also_instructions: Option<bool>,
    allocations: Option<Allocations>,
    layout: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AtLeast {
    Everywhere(f64),
    PerArchitecture(BTreeMap<String, f64>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Allocations {
    of: String,
    exactly: Option<u64>,
    at_most: Option<u64>,
    fewer_than: Option<String>,
}

impl Claim {
    fn benchmarks(&self) -> Vec<&str> {
        let allocations = self.allocations.as_ref();
        [self.faster.as_ref(), self.slower.as_ref()]
            .into_iter()
            .flatten()
            .chain(self.equal.iter().flatten())
            .chain(allocations.map(|claim| &claim.of))
            .chain(allocations.and_then(|claim| claim.fewer_than.as_ref()))
            .map(String::as_str)
            .collect()
    }

    fn pattern(&self) -> String {
        self.name.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")
    }
}

fn claims() -> Vec<Claim> {
    toml::from_str::<Claims>(CLAIMS_TOML).expect("claims.toml parses").claim
}

#[test]
fn every_named_benchmark_exists_and_belongs_to_the_pattern() {
    for claim in claims() {
        let pattern = PATTERNS.iter().find(|pattern| pattern.path() == claim.pattern());
        let pattern = pattern.unwrap_or_else(|| panic!("{} is about no pattern", claim.name));
        let known: BTreeSet<String> = pattern.benchmarks().collect();
        for benchmark in claim.benchmarks() {
            assert!(known.contains(benchmark), "{} names {benchmark}", claim.name);
        }
        assert_eq!(claim.section, pattern.section, "{}", claim.name);
        assert!(!claim.statement.is_empty(), "{}", claim.name);
    }
}

#[test]
fn the_list_of_benchmarks_is_that_of_the_catalog() {
    let names: Vec<String> =
        PATTERNS.iter().flat_map(perfguard_harness::catalog::Pattern::benchmarks).collect();
    assert_eq!(include_str!("../../benchmarks.txt"), format!("{}\n", names.join("\n")));
}

#[test]
fn every_pattern_has_a_claim_of_its_own_name_and_a_section_of_the_guide() {
    let names: Vec<String> = claims().into_iter().map(|claim| claim.name).collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "a name is used twice");
    for pattern in PATTERNS {
        assert!(distinct.contains(&pattern.path()), "{} has no claim", pattern.path());
        assert!(SECTIONS.contains(&pattern.section), "{} is no section of the guide", pattern.section);
    }
    for section in SECTIONS {
        assert!(PATTERNS.iter().any(|pattern| pattern.section == section), "{section} has no pattern");
    }
}

#[test]
fn every_claim_is_of_exactly_one_kind_and_complete() {
    for claim in claims() {
        let name = &claim.name;
        let faster = [claim.faster.is_some(), claim.slower.is_some(), claim.at_least.is_some()];
        let equal = [claim.equal.is_some(), claim.equal_within.is_some()];
        assert!(faster == [true; 3] || faster == [false; 3], "{name} is half a claim of speed");
        assert!(equal == [true; 2] || equal == [false; 2], "{name} is half a claim of equality");
        assert!(claim.also_instructions.is_none() || equal[0], "{name} counts instructions of nothing");
        let kinds = [faster[0], equal[0], claim.allocations.is_some(), claim.layout.is_some()];
        assert_eq!(kinds.iter().filter(|kind| **kind).count(), 1, "{name} is not of one kind");
    }
}

#[test]
fn the_numbers_make_sense() {
    for claim in claims() {
        let name = &claim.name;
        if let Some(at_least) = &claim.at_least {
            let ratios = match at_least {
                AtLeast::Everywhere(ratio) => vec![*ratio],
                AtLeast::PerArchitecture(ratios) => ratios.values().copied().collect(),
            };
            assert!(!ratios.is_empty() && ratios.iter().all(|ratio| *ratio >= 1.0), "{name}");
        }
        if let Some(within) = claim.equal_within {
            assert!((0.0..1.0).contains(&within), "{name}");
        }
        if let Some(Allocations { exactly, at_most, fewer_than, .. }) = &claim.allocations {
            let limits = [exactly.is_some(), at_most.is_some(), fewer_than.is_some()];
            assert_eq!(limits.iter().filter(|limit| **limit).count(), 1, "{name} has not one limit");
        }
    }
}

#[test]
fn the_layout_claim_and_the_layout_facts_name_the_same_types() {
    let claimed: BTreeSet<String> = claims().into_iter().filter_map(|claim| claim.layout).flatten().collect();
    let known: BTreeSet<String> = layout::facts().iter().map(|fact| fact.type_name.to_owned()).collect();
    assert_eq!(claimed, known);
}
