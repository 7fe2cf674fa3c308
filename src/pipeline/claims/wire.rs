//! Claims as they are written: `[[claim]]` tables of a configuration and of the harness's `claims.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::problem::{ClaimError, ClaimProblem};
use crate::domain::{AllocationBound, AtLeast, Claim, ClaimOrigin, Expectation, Instructions};

/// One `[[claim]]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClaimWire {
    name: String,
    section: Option<String>,
    statement: Option<String>,
    faster: Option<String>,
    slower: Option<String>,
    at_least: Option<AtLeastWire>,
    equal: Option<[String; 2]>,
    equal_within: Option<f64>,
    also_instructions: Option<bool>,
    allocations: Option<AllocationsWire>,
    layout: Option<Vec<String>>,
}

/// A number, or one for each architecture.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "`at-least` is a number, or a table such as { x86_64 = 1.5, aarch64 = 1.2 }")]
enum AtLeastWire {
    Everywhere(f64),
    PerArchitecture(BTreeMap<String, f64>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AllocationsWire {
    of: String,
    exactly: Option<u64>,
    at_most: Option<u64>,
    fewer_than: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    claim: Vec<ClaimWire>,
}

/// Reads the harness's `claims.toml`.
///
/// # Errors
/// No such text, or a claim that makes no sense.
pub fn harness_claims(text: &str) -> Result<Vec<Claim<String>>, ClaimError> {
    let file: File = toml::from_str(text).map_err(|error| ClaimError {
        claim: "claims.toml".to_owned(),
        problem: ClaimProblem::Syntax(error.message().to_owned()),
    })?;
    check_all(file.claim, ClaimOrigin::BuiltIn)
}

/// Checks claims as they were written, each for itself and their names against each other.
///
/// # Errors
/// The first claim that makes no sense.
pub fn check_all(wires: Vec<ClaimWire>, origin: ClaimOrigin) -> Result<Vec<Claim<String>>, ClaimError> {
    let mut claims: Vec<Claim<String>> = Vec::new();
    for wire in wires {
        let name = wire.name.clone();
        let checked = wire.check(origin).and_then(|claim| {
            let known = claims.iter().any(|known| known.name == claim.name);
            if known { Err(ClaimProblem::NameTwice) } else { Ok(claim) }
        });
        claims.push(checked.map_err(|problem| ClaimError { claim: name, problem })?);
    }
    Ok(claims)
}

impl ClaimWire {
    fn check(self, origin: ClaimOrigin) -> Result<Claim<String>, ClaimProblem> {
        if self.name.trim().is_empty() {
            return Err(ClaimProblem::NoName);
        }
        let kinds = [
            self.faster.is_some() || self.slower.is_some() || self.at_least.is_some(),
            self.equal.is_some() || self.equal_within.is_some() || self.also_instructions.is_some(),
            self.allocations.is_some(),
            self.layout.is_some(),
        ];
        if kinds.iter().filter(|kind| **kind).count() != 1 {
            return Err(ClaimProblem::Kind);
        }
        let expectation = if let Some(allocations) = self.allocations {
            allocations.check()?
        } else if let Some(types) = self.layout {
            if origin == ClaimOrigin::User {
                return Err(ClaimProblem::Layout);
            }
            Expectation::Layout(types)
        } else if kinds[1] {
            equality(self.equal, self.equal_within, self.also_instructions)?
        } else {
            speed(self.faster, self.slower, self.at_least)?
        };
        different(&expectation)?;
        let Self { name, section, statement, .. } = self;
        Ok(Claim { name, origin, section, statement, expectation })
    }
}

fn speed(
    faster: Option<String>,
    slower: Option<String>,
    at_least: Option<AtLeastWire>,
) -> Result<Expectation<String>, ClaimProblem> {
    let faster = faster.ok_or(ClaimProblem::Missing("faster"))?;
    let slower = slower.ok_or(ClaimProblem::Missing("slower"))?;
    let at_least = match at_least.ok_or(ClaimProblem::Missing("at-least"))? {
        AtLeastWire::Everywhere(ratio) => AtLeast::Everywhere(ratio),
        AtLeastWire::PerArchitecture(ratios) => AtLeast::PerArchitecture(ratios),
    };
    let ratios = at_least.ratios();
    if ratios.is_empty() {
        return Err(ClaimProblem::Missing("at-least"));
    }
    match ratios.into_iter().find(|ratio| !(ratio.is_finite() && *ratio > 0.0)) {
        Some(ratio) => Err(ClaimProblem::AtLeast(ratio)),
        None => Ok(Expectation::Faster { faster, slower, at_least }),
    }
}

fn equality(
    equal: Option<[String; 2]>,
    within: Option<f64>,
    also_instructions: Option<bool>,
) -> Result<Expectation<String>, ClaimProblem> {
    let [one, other] = equal.ok_or(ClaimProblem::Missing("equal"))?;
    let within = within.ok_or(ClaimProblem::Missing("equal-within"))?;
    if !(within > 0.0 && within < 1.0) {
        return Err(ClaimProblem::Within(within));
    }
    let instructions =
        if also_instructions == Some(true) { Instructions::AsWell } else { Instructions::Open };
    Ok(Expectation::Equal { one, other, within, instructions })
}

impl AllocationsWire {
    fn check(self) -> Result<Expectation<String>, ClaimProblem> {
        let bound = match (self.exactly, self.at_most, self.fewer_than) {
            (Some(count), None, None) => AllocationBound::Exactly(count),
            (None, Some(count), None) => AllocationBound::AtMost(count),
            (None, None, Some(other)) => AllocationBound::FewerThan(other),
            _ => return Err(ClaimProblem::Bound),
        };
        Ok(Expectation::Allocations { of: self.of, bound })
    }
}

/// A benchmark is not set against itself.
pub(super) fn different<N: PartialEq + ToString>(expectation: &Expectation<N>) -> Result<(), ClaimProblem> {
    match expectation.benchmarks()[..] {
        [one, other] if one == other => Err(ClaimProblem::SameSide(one.to_string())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let file: File = toml::from_str(&format!("[[claim]]\n{text}")).unwrap();
        check_all(file.claim, ClaimOrigin::User).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_claims_are_understood() {
        let claims = harness_claims(include_str!("../../../bench-harness/claims.toml")).unwrap();
        assert!(claims.len() > 50);
        assert!(claims.iter().all(|claim| claim.section.is_some() && claim.statement.is_some()));
    }

    #[test]
    fn a_number_per_architecture_is_understood() {
        let text = "[[claim]]\nname = \"n\"\nfaster = \"a\"\nslower = \"b\"\nat-least = { x86_64 = 1.5, aarch64 = 1 }";
        let claims = harness_claims(text).unwrap();
        let Expectation::Faster { at_least, .. } = &claims[0].expectation else { panic!("another kind") };
        assert_eq!(at_least.on("aarch64"), Some(1.0));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let sides = "name = \"n\"\nfaster = \"a\"\nslower = \"b\"\n";
        for (text, part) in [
            (format!("{sides}at-least = 0"), "at-least is 0"),
            (format!("{sides}at-least = -1.5"), "at-least is -1.5"),
            (format!("{sides}at-least = nan"), "at-least is NaN"),
            (format!("{sides}at-least = {{ x86_64 = 1.5, aarch64 = 0 }}"), "at-least is 0"),
            (format!("{sides}at-least = {{}}"), "`at-least` is missing"),
            (sides.to_owned(), "`at-least` is missing"),
            ("name = \"n\"\nfaster = \"a\"\nslower = \"a\"\nat-least = 1".to_owned(), "with itself"),
            ("name = \"n\"\nequal = [\"a\", \"b\"]\nequal-within = 0".to_owned(), "equal-within is 0"),
            ("name = \"n\"".to_owned(), "of one kind"),
            (format!("{sides}at-least = 1\nequal-within = 0.1"), "of one kind"),
            ("name = \"\"\nfaster = \"a\"".to_owned(), "has no name"),
            ("name = \"n\"\nallocations = { of = \"a\" }".to_owned(), "one of `exactly`"),
            ("name = \"n\"\nlayout = [\"u8\"]".to_owned(), "only the harness"),
        ] {
            let found = problem(&text);
            assert!(found.contains(part), "{text}: {found}");
        }
        let twice = format!("{sides}at-least = 1\n[[claim]]\n{sides}at-least = 1");
        assert!(problem(&twice).contains("another claim"), "{}", problem(&twice));
    }
}
