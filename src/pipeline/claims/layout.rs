//! Claims about layout, from what the harness says of its types on the target. Pure.

use serde::Deserialize;

use super::resolve::Resolved;
use crate::domain::{ClaimOutcome, ClaimVerdict};

/// One line of the harness's binary `perfguard-layout`.
#[derive(Debug, Deserialize)]
struct Fact {
    #[serde(rename = "type")]
    name: String,
    size: u64,
    expected_size: u64,
    holds: bool,
}

/// What the facts say about a claim of these types.
pub(super) fn outcome(
    resolved: &Resolved,
    types: &[String],
    facts: Option<&Result<String, String>>,
) -> ClaimOutcome {
    let text = match facts {
        Some(Ok(text)) => text,
        Some(Err(reason)) => return resolved.open(reason.clone()),
        None => return resolved.open("the harness was not asked about layout"),
    };
    let facts: Vec<Fact> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let fact = |wanted: &String| facts.iter().find(|fact| fact.name == *wanted);
    let unknown: Vec<&str> =
        types.iter().filter(|wanted| fact(wanted).is_none()).map(String::as_str).collect();
    if !unknown.is_empty() {
        return resolved.open(format!("the harness says nothing about {}", unknown.join(", ")));
    }
    let larger: Vec<String> = types
        .iter()
        .filter_map(fact)
        .filter(|fact| !fact.holds)
        .map(|fact| format!("{} takes {} bytes, not {}", fact.name, fact.size, fact.expected_size))
        .collect();
    if larger.is_empty() {
        ClaimOutcome { verdict: ClaimVerdict::Confirmed, reason: None, ..resolved.open("") }
    } else {
        ClaimOutcome { verdict: ClaimVerdict::Refuted, ..resolved.open(larger.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::resolve::Case;
    use super::*;
    use crate::domain::{Claim, ClaimOrigin, Claimed, Expectation};

    const FACTS: &str = r#"{"type":"Option<&u8>","size":8,"align":8,"expected_size":8,"holds":true}
{"type":"Option<u8>","size":2,"align":1,"expected_size":1,"holds":false}"#;

    fn verdict(types: &[&str], facts: Option<&Result<String, String>>) -> (ClaimVerdict, Option<String>) {
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        let claim = Claim {
            name: "abstraction/enum_layout".into(),
            origin: ClaimOrigin::Harness,
            section: None,
            statement: None,
            expectation: Expectation::Layout(types.clone()),
        };
        let case = Case::Laid(types.clone());
        let claimed = Claimed::Layout(types.len());
        let resolved = Resolved { claim, claimed, benchmarks: Vec::new(), build: None, case };
        let found = outcome(&resolved, &types, facts);
        (found.verdict, found.reason)
    }

    #[test]
    fn every_type_must_be_as_small_as_expected() {
        let facts = Ok(FACTS.to_owned());
        assert_eq!(verdict(&["Option<&u8>"], Some(&facts)), (ClaimVerdict::Confirmed, None));
        let (refuted, reason) = verdict(&["Option<&u8>", "Option<u8>"], Some(&facts));
        assert_eq!(refuted, ClaimVerdict::Refuted);
        assert_eq!(reason.as_deref(), Some("Option<u8> takes 2 bytes, not 1"));
    }

    #[test]
    fn what_is_not_known_decides_nothing() {
        let (open, reason) = verdict(&["u64"], Some(&Ok(FACTS.to_owned())));
        assert_eq!(open, ClaimVerdict::Undecided);
        assert!(reason.is_some_and(|reason| reason.contains("u64")));
        assert_eq!(verdict(&["u64"], Some(&Err("no".into()))).1.as_deref(), Some("no"));
        assert_eq!(verdict(&["u64"], None).0, ClaimVerdict::Undecided);
    }
}
